"""Draws docs/tour.webp and the picture of a shared link, from screenshots of the running page.

python docs/tour.py http://127.0.0.1:7860

Needs the embedded products, requirements-dev.txt and Chromium (from PATH or CHROMIUM_PATH).
"""

import io
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PRODUCT, EXAMPLE = "screw_block", "one missing"
WINDOW = {"width": 1280, "height": 800}
SIZE, CAPTION, SECONDS = (1000, 625), 40, 2.9
CARD = (1200, 630)


def inspected(page: Page, name: str) -> None:
    page.wait_for_function(f"dfsc.current() && document.querySelector('#results .file').textContent.includes('{name}')")
    page.wait_for_selector("#results [data-drawn]")


def tour(page: Page) -> Iterator[str]:
    """Goes through the page; at each caption the page shows what it says."""
    page.get_by_role("button", name="Got it").click()
    page.check(f"#product input[value={PRODUCT}]")
    inspected(page, EXAMPLE)
    page.mouse.move(0, 0)
    yield "A photo in: verdicts and maps of all detectors, on one scale"
    page.check("[name=region]")
    yield "Examples show where their fault really is"
    page.locator("#results .map.fused .enlarge").first.click()
    page.wait_for_selector(".viewer canvas")
    ring = page.locator(".viewer canvas").nth(3).bounding_box()
    page.mouse.move(ring["x"] + 0.68 * ring["width"], ring["y"] + 0.26 * ring["height"])
    page.mouse.wheel(0, -350)
    yield "Full screen: one zoom for the photo and all maps"
    page.keyboard.press("Escape")
    page.uncheck("[name=region]")
    page.locator("#upload input[type=file]").first.set_input_files(
        sorted((ROOT / "weights/examples" / PRODUCT).glob("[!r]*/*.jpg"))
    )
    page.wait_for_selector("#many a[download]")
    page.wait_for_function("dfsc.current()")
    page.wait_for_selector("#results [data-drawn]")
    yield "Many photos: filter, sort, and go through them by keys"
    page.locator("#many .photos button").last.click()
    page.wait_for_function("dfsc.current()")
    page.wait_for_selector("#results [data-drawn]")
    page.locator(".defect .stage").scroll_into_view_if_needed()
    page.check(".defect [value=scratch]")
    stage = page.locator(".defect .stage").bounding_box()
    for share, act in ((0.3, page.mouse.down), (0.5, page.mouse.up)):
        page.mouse.move(stage["x"] + share * stage["width"], stage["y"] + share * stage["height"], steps=6)
        act()
    inspected(page, "made by hand")
    yield "Make a defect, and see which detector notices"
    page.get_by_role("tab", name="Retrain").click()
    page.click("#sample-terminal_block")
    page.wait_for_selector("#pair-actions")
    page.evaluate("scrollTo(0, 0)")
    yield "Your own good parts: three steps and two minutes"
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#study .tau svg")
    yield "What the constraint gains, and what it does not"


def shot(page: Page) -> Image.Image:
    page.wait_for_timeout(800)  # transitions
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def captioned(picture: Image.Image, caption: str) -> Image.Image:
    frame = Image.new("RGB", (SIZE[0], SIZE[1] + CAPTION), "#17202c")
    frame.paste(picture.resize(SIZE, Image.Resampling.LANCZOS), (0, CAPTION))
    place = SIZE[0] / 2, CAPTION / 2
    ImageDraw.Draw(frame).text(place, caption, "white", ImageFont.load_default(20), anchor="mm")
    return frame


def main(address: str) -> None:
    chromium = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=WINDOW)
        page.set_default_timeout(300_000)
        page.goto(address)
        page.wait_for_selector("#results [data-drawn]")
        shots = [(caption, shot(page)) for caption in tour(page)]
        browser.close()
    frames = [captioned(picture, caption) for caption, picture in shots]
    frames[0].save(
        ROOT / "docs/tour.webp",
        save_all=True,
        append_images=frames[1:],
        duration=round(1000 * SECONDS),
        loop=0,
        quality=60,
        method=6,
    )
    first = shots[0][1]
    card = first.crop((0, 0, first.width, round(first.width * CARD[1] / CARD[0])))
    card.resize(CARD, Image.Resampling.LANCZOS).save(ROOT / "dfsc/interface/static/card.jpg", quality=80)


if __name__ == "__main__":
    main(sys.argv[1])

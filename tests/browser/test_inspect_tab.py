"""The Inspect tab as a visitor uses it."""

import base64
import io
import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from visiting import encoded, expect_inspected, map_pictures, shown_name, upload

from dfsc.checkpoints.embedded import products
from dfsc.checkpoints.weights import weights_folder

METHODS = ("ead-s", "dfsc")


def highest_values(page: Page) -> list[str]:
    return page.locator("#results .map figcaption b").all_inner_texts()


@pytest.fixture(scope="module")
def photograph(draw) -> bytes:
    return encoded(draw(7, width=640, height=480))


def test_arrival_shows_an_example_with_both_methods(visit):
    page = visit()
    rows = page.locator("#results .method-row")
    assert [row.get_attribute("data-method") for row in rows.all()] == list(METHODS)
    for row in rows.all():
        expect(row.locator(".verdict .badge")).to_have_text(re.compile("Accepted|Rejected", re.I))
        assert re.search(r"Score\s+−?\d+\.\d{2,3}\s+Limit\s+−?\d+\.\d{2,3}", row.inner_text())
        assert "held-out good parts" not in row.inner_text()
        row.get_by_text("Why?").click()
        assert "held-out good parts" in row.inner_text()
        assert "The layout differs from good parts" in row.inner_text()
        assert "built in" in row.inner_text()
        assert re.search(r"\d+ ms", row.inner_text())
        widths = row.locator(".map canvas").evaluate_all("maps => maps.map(map => map.width)")
        assert len(widths) == 3
        assert min(widths) >= 200
    assert "never stretched to a photo" in page.locator("#results .legend").inner_text()


def test_every_product_has_examples_that_are_inspected_on_a_click(visit):
    page = visit()
    for product in products():
        page.locator(f"#product input[value='{product}']").check()
        examples = sorted((weights_folder() / "examples" / product).glob("*/*.jpg"))
        expect(page.locator("#examples button[data-index]")).to_have_count(len(examples))
        expect(page.locator("#results .origin").first).to_contain_text(product)
        before = map_pictures(page)
        page.locator("#examples button[data-kind='good']").first.click()
        expect_inspected(page, "Example: good 1")
        assert map_pictures(page) != before


def test_an_upload_is_inspected_by_both_methods(visit, photograph):
    page = visit()
    before = map_pictures(page)
    upload(page, "part 17.png", photograph)
    expect_inspected(page, "part 17.png")
    assert "640 × 480 pixels" in page.locator("#results .summary").inner_text()
    after = map_pictures(page)
    assert len(after) == 6
    assert not set(after) & set(before)
    expect(page.locator("#message")).to_contain_text("part 17.png: inspected in")


def test_the_photograph_stays_when_the_product_changes(visit, photograph):
    page = visit()
    upload(page, "mine.png", photograph)
    expect_inspected(page, "mine.png")
    before = highest_values(page)
    page.locator(f"#product input[value='{products()[-1]}']").check()
    expect(page.locator("#results .origin").first).to_contain_text(products()[-1])
    assert shown_name(page) == "mine.png"
    assert highest_values(page) != before


def test_paste_and_drop_work_anywhere_on_the_page(visit, photograph):
    page = visit()
    script = """([type, name, data]) => {
        const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
        const files = new DataTransfer();
        files.items.add(new File([bytes], name, {type: 'image/png'}));
        const event = type === 'paste'
            ? new ClipboardEvent('paste', {clipboardData: files, bubbles: true, cancelable: true})
            : new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true});
        document.querySelector('#results').dispatchEvent(event);
    }"""
    for kind in ("paste", "drop"):
        page.evaluate(script, [kind, f"{kind}.png", base64.b64encode(photograph).decode()])
        expect_inspected(page, f"{kind}.png")


def test_the_camera_stays_on_from_one_photograph_to_the_next(visit):
    page = visit()
    page.locator("#camera-fold button").first.click()
    page.click("#camera [data-act=start]")
    page.wait_for_function("document.querySelector('#camera video').videoWidth > 0")
    names = []
    for _ in range(2):
        before = page.get_attribute("#results [data-finding]", "data-finding")
        page.click("#camera [data-act=take]")
        expect(page.locator(f"#results [data-finding]:not([data-finding='{before}'])")).to_be_visible()
        names.append(page.locator("#results .file").inner_text())
        assert page.evaluate("document.querySelector('#camera video').srcObject.active")
    assert all(re.fullmatch(r"Camera \d\d\.\d\d\.\d\d\.jpg", name) for name in names)
    page.click("#camera [data-act=stop]")
    expect(page.locator("#camera [data-act=start]")).to_be_visible()


def test_the_wipe_moves_between_the_methods(visit):
    page = visit()
    wipe = page.locator("#results .wipe")
    slider = wipe.locator("input[type=range]")
    slider.focus()
    cut = "element => getComputedStyle(element.querySelector('.right')).clipPath"
    before = wipe.evaluate(cut)
    for _ in range(10):
        slider.press("ArrowRight")
    assert wipe.evaluate(cut) != before
    pictures = wipe.locator("canvas").evaluate_all("maps => maps.map(map => map.toDataURL())")
    assert len(set(pictures)) == 2


def huge_header() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def test_files_that_cannot_be_inspected_get_one_sentence_and_nothing_is_lost(visit, photograph, draw):
    page = visit()
    upload(page, "first.png", photograph)
    expect_inspected(page, "first.png")
    hostile = {
        "empty.png": b"",
        "cut off.png": photograph[: len(photograph) // 2],
        "letter.jpg": b"Dear Sir or Madam, this is not a photograph.",
        "giant.png": huge_header(),
        "dot.png": encoded(draw(1)[:1, :1]),
    }
    for name, content in hostile.items():
        upload(page, name, content)
        said = page.locator("#message .notice.error")
        expect(said).to_contain_text(name)
        sentence = said.inner_text()
        assert len(sentence) < 250
        assert not re.search(r"Traceback|Error|/tmp|gradio", sentence)
        assert shown_name(page) == "first.png"
    upload(page, "after.png", photograph)
    expect_inspected(page, "after.png")


def test_unusual_files_work_as_a_person_would_expect(visit, draw):
    page = visit()
    pixels = draw(3, width=320, height=200)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    frames = [Image.fromarray(draw(seed, width=320, height=200)) for seed in (4, 5)]
    animated = io.BytesIO()
    frames[0].save(animated, "GIF", save_all=True, append_images=frames[1:])
    grey16 = (pixels[..., 0].astype(np.uint16) * 257).astype(np.uint16)
    unusual = {
        "animated.gif": (animated.getvalue(), "320 × 200"),
        "print.jpg": (encoded(pixels, "JPEG", "CMYK"), "320 × 200"),
        "deep.png": (encoded(grey16), "320 × 200"),
        "palette.png": (encoded(pixels, "PNG", "P", transparency=0), "320 × 200"),
        "phone.jpg": (encoded(pixels, "JPEG", exif=exif), "200 × 320"),
        "large.jpg": (encoded(np.tile(pixels, (30, 25, 1)), "JPEG", quality=60), "8000 × 6000"),
    }
    for name, (content, size) in unusual.items():
        upload(page, name, content)
        expect_inspected(page, name)
        assert f"{size} pixels" in page.locator("#results .summary").inner_text()


def test_a_file_name_is_text_and_nothing_else(visit, photograph):
    page = visit()
    name = "<img src=x onerror=\"document.title='owned'\">${1+1}{{3}}.png"
    upload(page, name, photograph)
    expect(page.locator("#results .file")).to_contain_text("<img src=x")
    assert page.title() == "DFSC Inspector"
    assert page.locator("#results .summary img").count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1360])
def test_nothing_overflows_and_text_is_readable(visit, theme, width):
    page = visit(f"?__theme={theme}", viewport={"width": width, "height": 844})
    page.eval_on_selector_all("#results details", "all => all.forEach(one => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    clipped = page.evaluate(
        """() => [...document.querySelectorAll('#results h2, #results h3, #results p, #results b')]
            .filter(e => e.offsetParent && !e.classList.contains('file') && e.scrollWidth > e.clientWidth + 1
                         && getComputedStyle(e).display !== 'inline').map(e => e.textContent)"""
    )
    assert clipped == []
    contrasts = page.evaluate(
        """() => {
            const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => (v / 255) ** 2.2);
                                 return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05; };
            const ground = light(getComputedStyle(document.querySelector('#results .card')).backgroundColor);
            return ['.file', '.quiet', '.verdict p', '.legend li'].map(selector => {
                const ink = light(getComputedStyle(document.querySelector('#results ' + selector)).color);
                return Math.max(ink, ground) / Math.min(ink, ground); });
        }"""
    )
    assert min(contrasts) >= 4.5


def test_one_visitor_never_sees_anothers_photograph(visit, photograph):
    one, other = visit(), visit()
    upload(one, "secret.png", photograph)
    expect_inspected(one, "secret.png")
    assert "secret" not in other.content()
    other.locator(f"#product input[value='{products()[-1]}']").check()
    expect(other.locator("#results .origin").first).to_contain_text(products()[-1])
    assert "secret" not in other.content()


def test_uploads_are_deleted_after_they_were_read(visit, photograph, monkeypatch):
    from gradio.utils import get_upload_folder

    page = visit()
    upload(page, "ephemeral-part.png", photograph)
    expect_inspected(page, "ephemeral-part.png")
    from pathlib import Path

    assert not list(Path(get_upload_folder()).rglob("*ephemeral*"))


def test_only_the_documented_endpoints_are_public(address):
    import json
    from urllib.request import urlopen

    with urlopen(address.rstrip("/") + "/gradio_api/info") as answer:
        info = json.load(answer)
    assert set(info["named_endpoints"]) == {"/inspect", "/open_checkpoint", "/train"}

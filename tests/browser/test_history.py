"""The History tab: what was inspected, what people say of it, and limits that follow."""

import csv
import io
import re
import zipfile

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from visiting import encoded, expect_inspected, launch, upload

from dfsc import Inspector, open_checkpoints, product_detectors
from dfsc.checkpoints.embedded import products
from dfsc.inspection.feedback import joined
from dfsc.interface.page import build_page


@pytest.fixture
def parts(draw) -> dict[str, np.ndarray]:
    return {"fine.png": draw(3), "false reject.png": draw(5, scratch=True), "miss.png": draw(31, missing=[1])}


def inspect_all(page: Page, parts: dict[str, np.ndarray]) -> None:
    for name, pixels in parts.items():
        upload(page, name, encoded(pixels))
        expect_inspected(page, name)


def go_to_history(page: Page, entries: int) -> None:
    page.get_by_role("tab", name="History").click()
    expect(page.locator("#history-list tbody tr")).to_have_count(entries)
    page.wait_for_function("document.querySelector('#history-overview .limit .says')?.innerText")


def says(page: Page, method: int = 0) -> str:
    return page.locator("#history-overview .limit .says").nth(method).inner_text()


def limit(page: Page, method: int = 0) -> float:
    return float(re.match(r"Limit (\S+):", says(page, method))[1].replace("−", "-"))


def mark(page: Page, photo: str, as_: str) -> None:
    page.get_by_role("button", name=f"{photo}: was {as_}").click()


def test_own_photos_are_listed_and_examples_are_not(visit, parts):
    page = visit()
    page.locator("#examples button").last.click()
    inspect_all(page, parts)
    page.locator(f"#product input[value='{products()[-1]}']").check()  # the same photo once more, as another product
    expect(page.locator("#results .as")).to_contain_text(products()[-1].replace("_", " ").capitalize())
    page.get_by_role("tab", name="History").click()
    expect(page.locator("#history-list .photo")).to_have_text(["miss.png"])
    page.get_by_role("tab", name="Inspect").click()
    page.locator(f"#product input[value='{products()[0]}']").check()
    expect(page.locator("#results .as")).to_contain_text(products()[0].replace("_", " ").capitalize())
    go_to_history(page, 3)
    expect(page.locator("#history-list .photo")).to_have_text(["miss.png", "false reject.png", "fine.png"])
    expect(page.locator("#history-list .badge")).to_have_text(["Accepted", "Rejected", "Accepted"])
    expect(page.locator("#history-overview .rate")).to_have_text("1 of 3 parts rejected (33.3%).")
    with page.expect_download() as download:
        page.get_by_text("Download list (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert [(row["photograph"], row["detector"]) for row in rows[:2]] == [
        ("miss.png", f"{products()[0]}-ead-s"),
        ("miss.png", f"{products()[0]}-dfsc"),
    ]


def test_marks_are_counted_and_good_parts_join_the_calibration_and_leave_it(visit, parts):
    page = visit()
    inspect_all(page, parts)
    go_to_history(page, 3)
    before = limit(page)
    assert "0 of 8 good parts rejected, 0 of 0 bad parts missed" in says(page)
    mark(page, "false reject.png", "good")
    mark(page, "miss.png", "bad")
    expect(page.locator("#history-overview .says").first).to_contain_text("1 of 9 good parts rejected, 1 of 1 bad")
    assert limit(page) == before
    join = page.locator("#history-overview [name=join]")
    join.check()
    expect(page.locator("#history-overview .says").first).to_contain_text("0 of 9 good parts rejected, 1 of 1 bad")
    detectors = product_detectors(products()[0])
    raw = [result.raw for result in Inspector(detectors).inspect(parts["false reject.png"]).results]
    for method, detector in enumerate(joined(detectors, [raw])):
        assert limit(page, method) == pytest.approx(detector.calibration.good_parts.threshold(), abs=6e-4)
    assert limit(page) > before + 0.1
    with page.expect_download() as download:
        page.click("#history-overview [data-act=model]")
    file = download.value.path()
    assert [d.calibration.count for d in open_checkpoints(file, "model.zip")] == [9, 9]
    with zipfile.ZipFile(file) as archive:
        assert "false reject.png" in archive.read("history.csv").decode("utf-8-sig")
    page.get_by_role("tab", name="Inspect").click()
    shown = page.locator("#results .method-row").first.locator("[data-fill=limit]")
    expect(shown).not_to_have_text(f"{before:.2f}")
    page.get_by_role("tab", name="History").click()
    join.uncheck()
    expect(page.locator("#history-overview .says").first).to_contain_text(f"Limit {before:.3f}")
    mark(page, "false reject.png", "good")  # pressed again, it is taken back
    expect(page.locator("#history-overview .says").first).to_contain_text("of 8 good parts")


def test_a_limit_is_moved_by_keys_counts_everywhere_and_stays_in_this_browser(visit, parts):
    page = visit()
    inspect_all(page, {"part.png": parts["false reject.png"]})
    expect(page.locator("#results .method-row .badge").first).to_have_text("Rejected")
    go_to_history(page, 1)
    mark(page, "part.png", "good")
    expect(page.locator("#history-overview .says").first).to_contain_text("1 of 9 good parts rejected")
    for method in (0, 1):
        slider = page.locator("#history-overview .limit input").nth(method)
        slider.focus()
        slider.press("End")
        expect(page.locator("#history-overview .says").nth(method)).to_contain_text("0 of 9 good parts rejected")
        expect(page.locator("#history-overview .hand").nth(method)).to_be_visible()
    page.get_by_role("tab", name="Inspect").click()
    expect(page.locator("#results .agreement")).to_have_text("Accepted by both detectors.")
    expect(page.locator("#results .sliders")).to_contain_text("set by hand in the History tab")
    page.reload()
    page.wait_for_selector("#results [data-drawn]")
    go_to_history(page, 1)
    for method in (0, 1):
        page.locator("#history-overview [data-act=automatic]").nth(method).click()
        expect(page.locator("#history-overview .hand").nth(method)).to_be_hidden()
    page.locator("#history-list button.photo").click()
    expect_inspected(page, "part.png")
    expect(page.locator("#results .agreement")).to_have_text("Rejected by both detectors.")


def test_a_limit_is_dragged(visit, parts):
    page = visit()
    inspect_all(page, {"part.png": parts["false reject.png"]})
    go_to_history(page, 1)
    histogram = page.locator("#history-overview .histogram").first
    box = histogram.bounding_box()
    before = limit(page)
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.05 * box["width"], box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    assert limit(page) < before
    assert "0 of 8 good parts rejected" not in says(page)


def test_a_reload_keeps_the_list_in_this_browser_and_no_other_sees_it(visit, parts):
    page, other = visit(), visit()
    inspect_all(page, parts)
    page.reload()
    page.wait_for_selector("#results [data-drawn]")
    go_to_history(page, 3)
    other.get_by_role("tab", name="History").click()
    expect(other.locator("#history-overview .rate")).to_contain_text("Photos of this product")
    expect(other.locator("#history-list tr")).to_have_count(0)
    assert "miss.png" not in other.content()
    page.locator("#history-list button.photo").first.click()
    expect(page.locator("#results .file")).to_have_text("false reject.png")
    page.get_by_role("tab", name="History").click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#history-overview [data-act=clear]")
    expect(page.locator("#history-list tr")).to_have_count(0)


def test_on_ones_own_machine_it_is_there_after_a_restart(
    browser: Browser, page_weights, tmp_path, monkeypatch, parts, draw
):
    monkeypatch.setenv("DFSC_WEIGHTS", str(page_weights))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("DFSC_HOME", str(tmp_path / "home"))
    context = browser.new_context()
    page = context.new_page()

    def started() -> tuple:
        blocks = build_page()
        page.goto(launch(blocks))
        page.wait_for_selector("#results [data-drawn]")
        return blocks

    blocks = started()
    name = page.evaluate("localStorage.dfscBrowser")
    inspect_all(page, parts)
    go_to_history(page, 3)
    mark(page, "false reject.png", "good")
    page.locator("#history-overview [name=join]").check()
    expect(page.locator("#history-overview .says").first).to_contain_text("0 of 9 good parts rejected")
    page.get_by_role("tab", name="Retrain").click()
    page.click("#sample-toy_block")
    expect(page.locator("#retrain-result h3")).to_have_text("Ready at once: FRE")
    page.fill("#model-name input", "my part")
    page.click("#keep-model")
    expect(page.locator("#retrain-message")).to_contain_text("My part is kept on this machine")
    page.goto("about:blank")
    blocks.close()
    # Another port is another origin, which has its own storage.
    context.add_init_script(f"localStorage.dfscBrowser = '{name}'")
    blocks = started()
    go_to_history(page, 3)
    expect(page.locator("#history-overview .says").first).to_contain_text("0 of 9 good parts rejected")
    expect(page.locator("#history-overview")).to_contain_text("Kept on this machine")
    page.get_by_role("tab", name="Inspect").click()
    page.locator("#product input[value='my part']").check()
    upload(page, "fine.png", encoded(parts["fine.png"]))
    expect(page.locator("#results .as")).to_contain_text("My part")
    stranger = browser.new_context().new_page()
    stranger.goto(page.url)
    stranger.get_by_role("tab", name="History").click()
    expect(stranger.locator("#history-overview .rate")).to_contain_text("Photos of this product")
    stranger.context.close()
    context.close()
    blocks.close()

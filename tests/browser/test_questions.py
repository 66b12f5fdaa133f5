"""A finding belongs to what was asked last, however slow the line and the networks are.

Every test has 120 ms of latency, and inspections that take a while: what a Space is like.
"""

import json
import threading
import time
import zipfile

import pytest
from playwright.sync_api import Page, expect
from visiting import PATIENCE, UPLOAD, encoded, expect_inspected, upload

from dfsc.checkpoints.embedded import products
from dfsc.interface.session import photograph as photographs
from dfsc.interface.wording import product_name

LATENCY = 120
SLOW = 0.25


@pytest.fixture(autouse=True)
def slow_inspections(monkeypatch):
    """Inspections that can be held up: they take their time, and longer while `hold` is not set."""
    quick = photographs._results
    free = threading.Event()
    free.set()

    def slow(*arguments):
        time.sleep(SLOW)
        free.wait(PATIENCE / 1000)
        return quick(*arguments)

    monkeypatch.setattr(photographs, "_results", slow)
    return free


@pytest.fixture
def slowly(visit):
    """A visitor's page behind a slow line."""

    def open_page(path: str = "", **options) -> Page:
        page = visit(path, **options)
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        rates = {"downloadThroughput": -1, "uploadThroughput": -1}
        line.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY, **rates})
        return page

    return open_page


def tiles(page: Page):
    return page.locator("#examples button[data-photo]")


def settled(page: Page) -> None:
    """Wait until the page is no longer waiting for anything, and stays so."""
    page.wait_for_function("!dfsc.waiting() && dfsc.current()")
    page.wait_for_timeout(2 * LATENCY + 1000 * SLOW)
    page.wait_for_function("!dfsc.waiting() && dfsc.current()")
    page.wait_for_selector("#results [data-drawn]")


def about(page: Page) -> tuple[str, str]:
    """Photograph and product of the finding that is shown, which its words and the choice of product agree with."""
    finding = page.locator("#results [data-finding]")
    photo, product = finding.get_attribute("data-photo"), finding.get_attribute("data-product")
    assert page.locator("#results .file").inner_text() == photo
    assert product_name(product) in page.locator("#results .as").inner_text()
    assert page.locator("#product input:checked").get_attribute("value") == product
    assert {tile.get_attribute("data-product") for tile in tiles(page).all()} == {product}
    return photo, product


def other_product() -> str:
    return products()[-1]


def choose(page: Page, product: str) -> None:
    page.locator(f"#product input[value='{product}']").check()


def draw_line(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    stage = page.locator(".defect .stage")
    stage.scroll_into_view_if_needed()
    place = stage.bounding_box()
    points = [(place["x"] + x * place["width"], place["y"] + y * place["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=4)
    page.mouse.up()


def test_of_three_quick_clicks_on_examples_the_last_one_counts(slowly):
    page = slowly()
    for number in (0, 2, 4):
        tiles(page).nth(number).click()
    wanted = tiles(page).nth(4)
    settled(page)
    assert about(page) == (wanted.get_attribute("data-photo"), wanted.get_attribute("data-product"))


def test_what_is_shown_meanwhile_is_dimmed_and_called_earlier(slowly, slow_inspections):
    page = slowly()
    before = about(page)
    slow_inspections.clear()
    tiles(page).nth(3).click()
    wanted = tiles(page).nth(3).get_attribute("data-photo")
    said = page.locator("#waiting p")
    expect(said).to_contain_text(f"Inspecting {wanted}")
    expect(said).to_contain_text(f"the earlier finding: {before[0]}, {product_name(before[1])}")
    opacity = "parseFloat(getComputedStyle(document.querySelector('#results .findings')).opacity)"
    page.wait_for_function(f"{opacity} < 0.5")
    assert page.locator("#findings").get_attribute("aria-busy") == "true"
    expect(page.locator("#message")).to_be_hidden()
    slow_inspections.set()
    settled(page)
    assert about(page)[0] == wanted
    page.wait_for_function(f"{opacity} === 1")
    expect(said).to_be_hidden()


def test_a_product_chosen_during_an_inspection_is_the_one_that_is_found(slowly):
    page = slowly()
    tiles(page).nth(1).click()
    choose(page, other_product())
    settled(page)
    assert about(page)[1] == other_product()


def test_an_example_clicked_after_the_product_brings_its_own_product_back(slowly):
    page = slowly()
    tile = tiles(page).nth(1)
    wanted = tile.get_attribute("data-photo"), tile.get_attribute("data-product")
    choose(page, other_product())
    tile.click()
    settled(page)
    assert about(page) == wanted


def test_products_chosen_to_and_fro(slowly):
    page = slowly()
    for product in (products()[-1], products()[0], products()[-1], products()[0]):
        choose(page, product)
    settled(page)
    assert about(page)[1] == products()[0]


def test_of_quick_clicks_on_photos_the_last_one_counts(slowly, draw):
    page = slowly()
    drawn = [encoded(draw(seed, width=200, height=150)) for seed in range(4)]
    parts = [{"name": f"part {i}.png", "mimeType": "image/png", "buffer": data} for i, data in enumerate(drawn)]
    page.locator(UPLOAD).first.set_input_files(parts)
    expect(page.locator("#message")).to_contain_text("4 photos inspected in")
    photos = page.locator("#many .photos button")
    for number in (0, 3, 1):
        photos.nth(number).click()
    settled(page)
    assert about(page)[0] == photos.nth(1).get_attribute("data-photo")


def test_a_photo_clicked_right_after_another_product_is_inspected_as_that_product(slowly, draw):
    page = slowly()
    drawn = [encoded(draw(seed, width=200, height=150)) for seed in range(2)]
    parts = [{"name": f"part {i}.png", "mimeType": "image/png", "buffer": data} for i, data in enumerate(drawn)]
    page.locator(UPLOAD).first.set_input_files(parts)
    expect(page.locator("#message")).to_contain_text("2 photos inspected in")
    wanted = page.locator("#many .photos button").nth(1).get_attribute("data-photo")
    choose(page, other_product())
    page.locator("#many .photos button").nth(1).click()
    expect(page.locator("#many h2")).to_contain_text(product_name(other_product()))
    settled(page)
    finding = page.locator("#results [data-finding]")
    assert finding.get_attribute("data-photo") == wanted
    assert finding.get_attribute("data-product") == other_product()


def test_a_strip_is_finished_but_opens_nothing_when_something_else_was_asked(slowly, draw):
    page = slowly()
    drawn = [encoded(draw(seed, width=200, height=150)) for seed in range(3)]
    parts = [{"name": f"part {i}.png", "mimeType": "image/png", "buffer": data} for i, data in enumerate(drawn)]
    page.locator(UPLOAD).first.set_input_files(parts)
    expect(page.locator("#many h2")).to_be_visible()
    tiles(page).nth(2).click()
    expect(page.locator("#many a[download]")).to_be_visible()
    settled(page)
    assert about(page)[0] == tiles(page).nth(2).get_attribute("data-photo")
    expect(page.locator("#many .photos button")).to_have_count(3)


def test_two_strokes_both_count_and_both_are_undone(slowly, draw):
    page = slowly()
    upload(page, "part.png", encoded(draw(9, width=320, height=240)))
    expect_inspected(page, "part.png")
    settled(page)
    whole = page.get_attribute("#results .defect img", "src")
    page.locator(".defect input[value=scratch]").check()
    draw_line(page, (0.2, 0.2), (0.4, 0.3))
    draw_line(page, (0.6, 0.6), (0.8, 0.7))
    settled(page)
    assert page.get_attribute("#results .defect", "data-strokes") == "2"
    both = page.get_attribute("#results .defect img", "src")
    expect(page.locator(".defect input[value=scratch]")).to_be_checked()
    page.click(".defect .tools button")
    settled(page)
    assert page.get_attribute("#results .defect img", "src") not in (both, whole)
    page.click(".defect .tools button")
    settled(page)
    assert page.get_attribute("#results .defect img", "src") == whole
    assert about(page)[0] == "part.png"


def test_a_report_is_of_where_the_slider_stands(slowly):
    page = slowly()
    slider = page.locator("#results .sliders input[name=weight]")
    move = """(slider, value) => { slider.value = value;
        for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, {bubbles: true})); }"""
    slider.evaluate(move, 55)
    slider.evaluate(move, 100)
    with page.expect_download() as download:
        page.locator("button[data-act=report]").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        record = json.loads(archive.read("inspection.json"))
    for result in record["results"]:
        assert result["score"] == pytest.approx(result["local_peak"])


def test_values_are_those_of_the_last_place_that_was_clicked_and_are_in_view(slowly):
    page = slowly()
    canvas = page.locator("#results .map.local canvas").first
    box = canvas.bounding_box()
    for share in (0.3, 0.7):
        canvas.click(position={"x": box["width"] * share, "y": box["height"] / 2})
    probe = page.locator("#probe .probe")
    expect(probe).to_be_visible()
    page.wait_for_timeout(3 * LATENCY)
    width = int(page.locator("#results .summary .quiet").first.inner_text().split("·")[1].split()[0])
    x = int(probe.locator("h3").inner_text().split()[2].rstrip(","))
    assert x == pytest.approx(0.7 * width, abs=0.02 * width)
    expect(probe).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(probe).to_be_hidden()
    canvas.click(position={"x": box["width"] * 0.7, "y": box["height"] / 2})
    expect(probe).to_be_visible()
    probe.locator("button").click()
    expect(probe).to_be_hidden()


def test_an_upload_during_an_inspection_is_not_lost(slowly, draw, slow_inspections):
    page = slowly()
    slow_inspections.clear()
    upload(page, "first.png", encoded(draw(5, width=200, height=150)))
    page.wait_for_function("dfsc.waiting()")
    page.wait_for_timeout(3 * LATENCY)
    page.wait_for_selector(UPLOAD, state="attached")  # the field is empty again long before the answer
    tiles(page).nth(1).click()
    upload(page, "second.png", encoded(draw(6, width=200, height=150)))
    slow_inspections.set()
    settled(page)
    assert about(page)[0] == "second.png"


def test_a_failed_upload_takes_the_finding_s_place_in_words(slowly):
    page = slowly()
    before = about(page)
    upload(page, "letter.jpg", b"Dear Sir or Madam", "image/jpeg")
    error = page.locator("#message .notice.error")
    expect(error).to_contain_text("letter.jpg is not an image")
    expect(page.locator("#waiting p")).to_have_text(
        f"Below is still the earlier finding: {before[0]}, {product_name(before[1])}."
    )
    assert "earlier" in page.get_attribute("#findings", "class")
    assert error.bounding_box()["y"] < page.locator("#results .summary").bounding_box()["y"]
    tiles(page).nth(1).click()
    settled(page)
    expect(error).to_have_count(0)


def test_leaving_the_tab_and_coming_back_shows_what_was_asked(slowly):
    page = slowly()
    tiles(page).nth(2).click()
    page.get_by_role("tab", name="Retrain").click()
    page.wait_for_selector("#train")
    page.get_by_role("tab", name="Inspect").click()
    settled(page)
    assert about(page)[0] == tiles(page).nth(2).get_attribute("data-photo")


def test_two_visitors_side_by_side_get_what_each_has_asked(slowly):
    one, other = slowly(), slowly()
    choose(other, other_product())
    for number in (1, 3):
        tiles(one).nth(number).click()
    settled(one)
    settled(other)
    assert about(one) == (tiles(one).nth(3).get_attribute("data-photo"), products()[0])
    assert about(other)[1] == other_product()


def test_a_card_and_then_an_example(slowly):
    page = slowly()
    page.get_by_role("tab", name="Compare").click()
    page.locator("#cases button.case").first.click()
    expect(page.locator("#inspect-tab-button")).to_have_attribute("aria-selected", "true")
    # The card's own product brings other tiles, so that what is clicked is told by the click itself.
    wanted = tiles(page).nth(1).evaluate("tile => (tile.click(), [tile.dataset.photo, tile.dataset.product])")
    settled(page)
    assert list(about(page)) == wanted

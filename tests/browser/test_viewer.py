"""Maps at full screen: one zoom and one place for the photo and all maps, by pointer, wheel, keys and fingers."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from visiting import encoded, expect_inspected, upload

PICTURES = "all => all.map(map => map.toDataURL())"


@pytest.fixture
def inspected(visit, draw):
    """inspected(**context options) → a page with an inspected photo of 640 × 480 pixels."""

    def open_page(**options) -> Page:
        page = visit(**options)
        upload(page, "part.png", encoded(draw(7, width=640, height=480)))
        expect_inspected(page, "part.png")
        return page

    return open_page


def panes(page: Page):
    return page.locator(".viewer canvas")


def zoom(page: Page) -> int:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return int(page.locator(".viewer .zoom").inner_text().split()[0])


def values(page: Page) -> list[str]:
    return page.locator(".viewer figcaption b").all_inner_texts()[1:]


def test_enter_opens_all_maps_and_escape_returns_the_focus(inspected):
    page = inspected()
    button = page.get_by_role("button", name="DFSC, global map: full screen")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(panes(page)).to_have_count(7)
    expect(page.locator(".viewer h2")).to_have_text("part.png")
    whole = zoom(page)
    before = panes(page).evaluate_all(PICTURES)
    for _ in range(4):
        page.keyboard.press("+")
    assert zoom(page) > 2 * whole
    closer = panes(page).evaluate_all(PICTURES)
    assert not set(before) & set(closer)
    page.keyboard.press("ArrowRight")
    zoom(page)
    assert not set(closer) & set(panes(page).evaluate_all(PICTURES))
    page.keyboard.press("0")
    assert zoom(page) == whole
    assert panes(page).evaluate_all(PICTURES) == before
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()


def test_a_double_click_opens_and_the_wheel_zooms_where_the_pointer_is(inspected):
    page = inspected()
    page.locator("#results .map.local canvas").first.dblclick()
    expect(page.get_by_role("dialog")).to_be_visible()
    box = panes(page).nth(1).bounding_box()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
    whole, place = zoom(page), page.locator(".viewer .place").inner_text()
    assert place.startswith("At x ")
    page.mouse.wheel(0, -600)
    page.wait_for_function(f"parseInt(document.querySelector('.viewer .zoom').textContent) > {2 * whole}")
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"] + 1)
    zoom(page)
    moved = page.locator(".viewer .place").inner_text()
    x = [int(text.split()[2].rstrip(",")) for text in (place, moved)]
    assert x[1] == pytest.approx(x[0], abs=2)


def test_values_are_told_for_every_map_by_pointer_and_keys(inspected):
    page = inspected()
    page.locator("#results .enlarge").first.click()
    box = panes(page).nth(5).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    zoom(page)
    shown = values(page)
    assert len(shown) == 6
    assert all(float(value.replace("−", "-")) < 100 for value in shown)
    page.mouse.move(0, 0)
    for _ in range(3):
        page.keyboard.press("+")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    zoom(page)
    assert values(page) != shown


def test_dragging_moves_all(inspected):
    page = inspected()
    page.locator("#results .enlarge").first.click()
    for _ in range(5):
        page.keyboard.press("+")
    zoom(page)
    before = panes(page).evaluate_all(PICTURES)
    box = panes(page).nth(2).bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 60, middle[1], steps=3)
    page.mouse.up()
    zoom(page)
    assert not set(before) & set(panes(page).evaluate_all(PICTURES))


def test_two_fingers_zoom_on_a_phone(inspected):
    page = inspected(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.locator("#results .map.fused .enlarge").first.tap()
    expect(page.get_by_role("dialog")).to_be_visible()
    whole = zoom(page)
    box = panes(page).first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *apart: float) -> None:
        points = [{"x": x + side * d, "y": y, "id": i} for d in apart for i, side in enumerate((-1, 1))]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 15)
    for apart in (25, 40, 60):
        fingers("touchMove", apart)
    fingers("touchEnd")
    assert zoom(page) > 2 * whole
    page.get_by_role("button", name="Close (Esc)").tap()
    expect(page.get_by_role("dialog")).to_be_hidden()


# How much neighbouring pixels in the middle of the first pane differ.
CONTRAST = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(canvas.width / 2 - 40, canvas.height / 2 - 40, 80, 80);
    const greens = Array.from({ length: 6400 }, (_, pixel) => data[4 * pixel + 1]);
    return Math.max(...greens) - Math.min(...greens);
}"""


def zoomed_in(page: Page) -> None:
    for _ in range(20):
        page.keyboard.press("+")
    zoom(page)


def test_the_photo_has_its_own_resolution_and_is_loaded_when_the_viewer_opens(visit):
    page = visit()
    rows, columns = np.indices((1500, 2000))
    fine = np.repeat((255 * ((rows + columns) % 2)).astype(np.uint8)[..., None], 3, axis=2)
    upload(page, "fine.png", encoded(fine))
    expect_inspected(page, "fine.png")
    expect(page.locator("#original img")).to_have_count(0)
    page.locator("#results .enlarge").first.click()
    expect(page.locator(".viewer[data-sharp='2000']")).to_be_visible()
    zoomed_in(page)
    assert panes(page).first.evaluate(CONTRAST) > 150
    page.keyboard.press("Escape")
    upload(page, "small.png", encoded(fine[:300, :400]))
    expect_inspected(page, "small.png")
    page.locator("#results .enlarge").first.click()
    zoomed_in(page)
    expect(page.locator(".viewer[data-sharp]")).to_have_count(0)
    assert panes(page).first.evaluate(CONTRAST) > 150

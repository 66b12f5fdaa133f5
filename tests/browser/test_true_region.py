"""The true region of an example's fault, outlined on the photo and all maps for who wants to see it."""

import pytest
from playwright.sync_api import expect
from visiting import encoded, expect_inspected, map_pictures, upload

OUTLINE = "#results svg.region"


def pictures_once_drawn(page) -> list[str]:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return map_pictures(page)


def test_the_outline_is_drawn_everywhere_and_stays_wanted(visit):
    page = visit()
    box = page.get_by_label("Show the true region")
    expect(box).not_to_be_checked()
    expect(page.locator(OUTLINE)).to_be_hidden()
    plain = pictures_once_drawn(page)
    box.focus()
    page.keyboard.press("Space")
    expect(page.locator(OUTLINE)).to_be_visible()
    photo, outline = (page.locator(f"#results {one}").bounding_box() for one in ("img.photograph", "svg.region"))
    assert outline == pytest.approx(photo, abs=1)
    outlined = pictures_once_drawn(page)
    assert len(set(outlined) | set(plain)) == 12
    page.locator("#examples button[data-kind=good]").first.click()
    expect_inspected(page, "Example: good 1")
    expect(box).to_have_count(0)
    page.locator("#examples button[data-kind=logical]").first.click()
    expect(page.locator("#results .file")).to_contain_text("logical fault 1")
    page.wait_for_selector("#results [data-drawn]")
    expect(box).to_be_checked()
    expect(page.locator(OUTLINE)).to_be_visible()
    assert pictures_once_drawn(page) == outlined
    box.uncheck()
    assert pictures_once_drawn(page) == plain


def test_a_photo_of_ones_own_has_no_region(visit, draw):
    page = visit()
    page.get_by_label("Show the true region").check()
    upload(page, "part.png", encoded(draw(7, width=400, height=300)))
    expect_inspected(page, "part.png")
    expect(page.get_by_label("Show the true region")).to_have_count(0)
    expect(page.locator(OUTLINE)).to_have_count(0)

"""First steps: shown on the first visit with a browser, gone on a click and on the next visit, over nothing."""

from playwright.sync_api import expect


def test_hints_are_shown_once_and_dismissed_by_keyboard(visit):
    page = visit()
    hints = page.get_by_role("complementary", name="New here?")
    assert hints.locator("li").count() == 3
    box, others = hints.bounding_box(), page.locator("#examples .examples, #findings, #start").all()
    for other in others:
        there = other.bounding_box()
        apart = box["y"] + box["height"] <= there["y"] or there["y"] + there["height"] <= box["y"]
        assert apart or box["x"] + box["width"] <= there["x"]
    hints.get_by_role("button", name="Got it").focus()
    page.keyboard.press("Enter")
    expect(hints).to_be_hidden()
    expect(page.locator("#examples button").first).to_be_focused()
    page.reload()
    page.wait_for_selector("#results [data-drawn]")
    expect(hints).to_be_hidden()


def test_where_storage_is_forbidden_hints_can_be_dismissed_too(browser, address):
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden'); } })")
    page.goto(address)
    page.wait_for_selector("#results [data-drawn]")
    page.get_by_role("button", name="Got it").click()
    expect(page.locator("#hints")).to_be_hidden()
    page.close()

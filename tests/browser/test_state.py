"""The address says what is shown, this browser keeps what is set, and keys do what people do all day."""

from playwright.sync_api import Page, expect
from visiting import encoded, expect_inspected, upload

from dfsc.checkpoints.embedded import products


def slide(page: Page, name: str, value: int) -> None:
    page.locator(f"#results .sliders [name={name}]").evaluate(
        """(slider, value) => { slider.value = value;
            for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, { bubbles: true })); }""",
        value,
    )


def address_says(page: Page, **state: str) -> None:
    page.wait_for_function(
        """state => { const says = new URLSearchParams(location.search);
            return Object.entries(state).every(([name, value]) => says.get(name) === value); }""",
        arg=state,
    )


def test_the_address_opens_a_view_and_follows_it(visit):
    page = visit(f"?product={products()[-1]}&example=structural-2&mix=80")
    tile = page.locator("#examples button[data-kind=structural]").nth(1)
    expect_inspected(page, tile.get_attribute("data-photo"))
    assert page.locator("#product input:checked").get_attribute("value") == products()[-1]
    expect(page.locator("#results .sliders [name=weight]")).to_have_value("80")
    page.locator("#examples button[data-kind=good]").first.click()
    address_says(page, product=products()[-1], example="good-1", mix="80")
    slide(page, "weight", 30)
    address_says(page, mix="30")
    page.locator(f"#product input[value='{products()[0]}']").check()
    address_says(page, product=products()[0])
    page.reload()
    page.wait_for_selector("#results [data-drawn]")
    assert page.locator("#product input:checked").get_attribute("value") == products()[0]


def test_an_address_that_names_nothing_shows_what_is_there(visit):
    page = visit("?product=../../etc&example=<b>&mix=many")
    assert page.locator("#product input:checked").get_attribute("value") == products()[0]
    expect(page.locator("#results .sliders [name=weight]")).to_have_value("50")


def test_settings_stay_in_this_browser(visit):
    page = visit()
    slide(page, "strength", 40)
    slide(page, "rejected", 1)
    page.wait_for_function("JSON.parse(localStorage.dfscSettings ?? '{}').strength === 40")
    page.reload()
    page.wait_for_selector("#results [data-drawn]")
    expect(page.locator("#results .sliders [name=strength]")).to_have_value("40")
    expect(page.locator("#results .sliders [name=rejected]")).to_have_value("1")
    page.evaluate('localStorage.dfscSettings = \'{"weight": "many", "strength": -3, "limits": 7, "x": 1}\'')
    page.reload()
    page.wait_for_selector("#results [data-drawn]")
    expect(page.locator("#results .sliders [name=strength]")).to_have_value("86")
    expect(visit().locator("#results .sliders [name=rejected]")).to_have_value("0")


def test_arrows_and_digits_go_through_the_examples(visit):
    page = visit()
    tiles = page.locator("#examples button[data-photo]")
    page.keyboard.press("3")
    expect_inspected(page, tiles.nth(2).get_attribute("data-photo"))
    page.keyboard.press("ArrowRight")
    expect_inspected(page, tiles.nth(3).get_attribute("data-photo"))
    page.keyboard.press("ArrowLeft")
    expect_inspected(page, tiles.nth(2).get_attribute("data-photo"))


def test_arrows_go_through_ones_own_photos_where_there_are_several(visit, draw):
    page = visit()
    files = [
        {"name": f"part {i}.png", "mimeType": "image/png", "buffer": encoded(draw(i, width=200, height=150))}
        for i in range(3)
    ]
    page.locator("#upload input[type=file]").first.set_input_files(files)
    expect(page.locator("#message")).to_contain_text("3 photos inspected in")
    rows = page.locator("#many .photos button")
    expect(rows.first).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowRight")
    expect_inspected(page, rows.nth(1).get_attribute("data-photo"))
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")


def test_space_hides_the_colours_and_shows_them_again(visit):
    page = visit()
    strength = page.locator("#results .sliders [name=strength]")
    page.keyboard.press("Space")
    expect(strength).to_have_value("0")
    page.keyboard.press("Space")
    expect(strength).to_have_value("86")


def test_the_sheet_of_keys_opens_and_closes(visit):
    page = visit()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    page.keyboard.press("3")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    assert not page.evaluate("dfsc.waiting()")
    page.get_by_role("button", name="Keys (?)").click()
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_who_types_or_moves_a_slider_does_nothing_else(visit, draw):
    page = visit()
    upload(page, "part.png", encoded(draw(3)))
    expect_inspected(page, "part.png")
    page.get_by_role("button", name="Load another model").click()
    field = page.locator("#hub-name textarea, #hub-name input").first
    field.fill("")
    field.press_sequentially("3 ?")
    expect(field).to_have_value("3 ?")
    slider = page.locator("#results .sliders [name=weight]")
    slider.focus()
    slider.press("ArrowRight")
    expect(slider).to_have_value("55")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert page.locator("#results .file").inner_text() == "part.png"
    assert not page.evaluate("dfsc.waiting()")

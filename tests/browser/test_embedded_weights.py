"""What a visitor of a fresh checkout sees: the shipped detectors judge the shipped examples as a person would."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from visiting import launch

from dfsc.checkpoints.embedded import product_detectors, products
from dfsc.checkpoints.weights import weights_folder
from dfsc.interface.page import build_page

VERDICTS = {
    "good": ["Accepted", "Accepted"],
    "logical": ["Rejected", "Rejected"],
    "structural": ["Rejected", "Rejected"],
    "disagree": ["Accepted", "Rejected"],
    "missed": ["Accepted", "Accepted"],
}


@pytest.fixture
def page(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The page as app.py launches it, on the repository's own weights."""
    monkeypatch.delenv("DFSC_WEIGHTS", raising=False)
    blocks = build_page()
    address = launch(blocks)
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()
    blocks.close()


def test_an_example_of_each_kind_gets_its_verdict_from_both_methods(page):
    """That all of them do is tested without a browser."""
    for product in products():
        page.locator(f"#product input[value='{product}']").check()
        expect(page.locator("#results .origin").first).to_contain_text(product)
        buttons = page.locator("#examples button[data-index]")
        expect(buttons).to_have_count(len(list((weights_folder() / "examples" / product).glob("*/*.jpg"))))
        kinds = {button.get_attribute("data-kind"): button for button in buttons.all()}
        for kind, button in kinds.items():
            button.click()
            expect(page.locator("#results .file")).to_have_text(button.get_attribute("title"))
            badges = page.locator("#results .method-row .verdict .badge")
            expect(badges).to_have_count(len(product_detectors(product)))
            for switch in page.locator("#results .sliders [name=partner]").all():
                switch.uncheck()
                expect(page.locator("#results .method-row h3").first).to_have_text("EAD-S")
            assert sorted(badges.all_text_contents()[:2]) == VERDICTS[kind]


def test_fre_is_embedded_beside_the_dosing_vials_pair_and_finds_a_plug_in_the_wrong_socket(page):
    page.locator("#product input[value='dosing_vial']").check()
    page.locator("#examples button[data-kind=missed]").nth(1).click()
    titles = page.locator("#results .method-row h3")
    expect(titles).to_have_text(["EAD-S + FRE", "DFSC + FRE", "FCL + FRE", "FRE"])
    badges = page.locator("#results .method-row .verdict .badge")
    expect(badges).to_have_text(["Rejected"] * 4)
    page.locator("#results .sliders [name=partner]").uncheck()
    expect(titles).to_have_text(["EAD-S", "DFSC", "FCL", "FRE"])
    expect(badges).to_have_text([*["Accepted"] * 3, "Rejected"])

"""The Compare tab from its figures to an image in the Inspect tab, on a study that is made up."""

from playwright.sync_api import expect
from visiting import expect_inspected


def test_figures_and_images_of_interest_lead_to_the_inspect_tab(visit):
    page = visit()
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#study .meaning p")).to_have_count(3)
    expect(page.locator("#study .study table").first).to_contain_text("+5.0")
    assert page.locator("#study .tau svg").first.bounding_box()["width"] > 200
    column = page.locator("#study .tau .column").first
    column.hover()
    expect(column.locator(".tip")).to_be_visible()
    page.mouse.move(0, 0)
    expect(column.locator(".tip")).to_be_hidden()
    column.focus()
    expect(column.locator(".tip")).to_be_visible()
    assert "τ′ = " in column.get_attribute("aria-label")

    page.get_by_text("Every setting as a table").click()
    with page.expect_download() as download:
        page.get_by_text("Download all figures (CSV)").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("product,method,tau,margin,seeds,faults,auroc,difference")
    assert {line.split(",")[1] for line in lines[1:]} >= {"ead-s", "dfsc"}

    cards = page.locator("#cases button.case")
    expect(cards).to_have_count(1)
    expect(cards.locator("img")).to_have_count(3)
    assert all(page.eval_on_selector_all("#cases img", "all => all.map(image => image.complete && image.naturalWidth)"))
    expect(page.locator("#cases")).not_to_contain_text("The detectors here are not those")
    page.locator("#case-outcome input[value=only-ead-s]").check()
    expect(page.locator("#cases [role=status]")).to_have_text("There is no test image on which EAD-S alone is right.")
    page.locator("#case-outcome input[value=only-dfsc]").check()

    card = cards.first
    card.focus()
    shown = [badge.inner_text() for badge in card.locator(".badge").all()]
    page.keyboard.press("Enter")
    expect(page.locator("#inspect-tab-button")).to_have_attribute("aria-selected", "true")
    expect_inspected(page, "Toy plate, logical 20: missing")
    expect(page.locator("#product input[value=toy_plate]")).to_be_checked()
    assert [badge.inner_text() for badge in page.locator("#results .method-row .badge").all()] == shown


def test_verdicts_are_compared_at_the_same_share_of_good_parts_rejected_too(visit):
    page = visit()
    page.get_by_role("tab", name="Compare").click()
    status = page.locator("#cases [role=status]")
    expect(status).to_contain_text("Only DFSC is right: 1 image")
    expect(page.locator("#case-outcome")).to_contain_text("Both succeed (0)")
    page.get_by_label("At the same share of good parts rejected").check()
    expect(page.locator("#case-outcome")).to_contain_text("Both succeed (1)")
    page.locator("#case-outcome input[value=both-right]").check()
    expect(status).to_contain_text("Both succeed: 1 image")
    expect(page.locator("#cases")).to_contain_text("where each method rejects 2 of the 8 good test images")
    card = page.locator("#cases button.case")
    expect(card.locator("img")).to_have_count(3)
    assert [badge.inner_text() for badge in card.locator(".badge").all()] == ["REJECTED", "REJECTED"]
    expect(card).to_contain_text("limit 0.05")
    card.click()
    expect_inspected(page, "Toy plate, logical 20: missing")

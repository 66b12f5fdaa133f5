"""The page for everybody: axe-core finds nothing, all tools work by keyboard, nothing scrolls sideways when zoomed."""

import io
from importlib.resources import files
from urllib.request import Request, urlopen

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from visiting import encoded, expect_inspected, upload

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
WINDOWS = {"desk": {"width": 1360, "height": 900}, "phone": {"width": 390, "height": 844}}


def violations(page: Page) -> list[str]:
    """What axe-core finds on what is shown, a line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    page.wait_for_timeout(400)  # a half-done transition has half the contrast
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_on_any_tab(visit, window, theme):
    page = visit(f"?__theme={theme}", viewport=WINDOWS[window])
    assert violations(page) == []
    page.get_by_text("Why?").first.click()
    page.get_by_role("button", name="Load another model").click()
    assert violations(page) == []
    page.get_by_role("tab", name="Live").click()
    page.wait_for_selector("#live .stage")
    assert violations(page) == []
    page.get_by_role("tab", name="Retrain").click()
    page.wait_for_selector("#train")
    assert violations(page) == []
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#study .tau svg")
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_what_opens_over_the_page_or_after_an_error(visit, draw, theme):
    page = visit(f"?__theme={theme}")
    page.locator("#results .enlarge").first.click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("#results .map canvas").first.click()
    expect(page.locator("#probe .probe")).to_be_visible()
    assert violations(page) == []
    upload(page, "not this product.png", encoded(draw(3)[::-1] // 4))
    expect_inspected(page, "not this product.png")
    assert violations(page) == []
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name="not this product.png: was bad").click()
    expect(page.locator("#history-overview .says").first).to_contain_text("of 1 bad parts missed")
    assert violations(page) == []
    page.get_by_role("tab", name="Inspect").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert violations(page) == []


def test_a_defect_is_made_by_keyboard_alone(visit):
    page = visit()
    whole = page.get_attribute("#results .defect img", "src")
    page.locator(".defect input[value=erase]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".defect input[value=scratch]")).to_be_checked()
    page.locator(".defect .stage").focus()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#results .file")).to_contain_text("with a defect made by hand")
    assert page.get_attribute("#results .defect img", "src") != whole


def test_each_upload_field_has_a_name_of_its_own(visit):
    page = visit()
    expect(page.get_by_role("button", name="Your photos, or a zip of them")).to_be_visible()
    page.get_by_role("button", name="Load another model").click()
    expect(page.get_by_role("button", name="Load a saved model pair (.zip)")).to_be_visible()


def test_a_defect_that_is_given_up_changes_nothing(visit):
    page = visit()
    page.locator(".defect .stage").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".defect .stage svg rect")).to_have_count(0)
    assert not page.evaluate("dfsc.waiting()")


@pytest.mark.parametrize("width", [360, 680])
def test_a_page_at_200_percent_and_more_needs_no_sideways_scrolling(visit, width):
    page = visit(viewport={"width": width, "height": 450})
    for tab in ("Inspect", "Retrain", "Compare"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_selector({"Inspect": "#results", "Retrain": "#train", "Compare": "#study .tau svg"}[tab])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab


def test_who_wants_no_motion_sees_none(visit):
    page = visit(reduced_motion="reduce")
    assert page.locator("#results .findings").evaluate("e => getComputedStyle(e).transitionDuration") == "0s"


def test_papers_licence_and_citation_are_named_and_a_shared_link_too(visit, address):
    page = visit()
    about = page.locator("#about footer")
    links = about.locator("a").evaluate_all("all => all.map(link => link.href)")
    for paper in ("2303.14535", "2407.17909", "10.1109/TIM.2024.3522399", "1909.11786"):
        assert any(paper in link for link in links)
    expect(about).to_contain_text("Apache-2.0")
    about.get_by_text("How to cite").click()
    expect(about.locator("pre")).to_contain_text("eprint = {2407.17909}")
    assert page.get_attribute("meta[property='og:title'] >> nth=0", "content") == "DFSC Inspector"
    assert "trained only on good parts" in page.get_attribute("meta[property='og:description'] >> nth=0", "content")
    assert "@Gradio" not in page.content()
    for kind in ("property='og:image'", "name='twitter:image'"):
        picture = page.get_attribute(f"meta[{kind}] >> nth=0", "content")
        assert picture == f"{address.rstrip('/')}/card.jpg"
    with urlopen(picture) as answer:
        assert Image.open(io.BytesIO(answer.read())).size == (1200, 630)


@pytest.mark.parametrize("host", ['x"><script>', "evil.example/path", "a b"])
def test_a_made_up_host_is_no_place_of_the_shared_picture(address, host):
    with urlopen(Request(address, headers={"X-Forwarded-Host": host})) as answer:
        page = answer.read().decode()
    assert 'property="og:image" content=""' in " ".join(page.split())

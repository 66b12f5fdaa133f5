"""A checkpoint from the Hub on the page, against a Hub on loopback."""

import re
from pathlib import Path

import pytest
from hub_server import LoopbackHub
from playwright.sync_api import Page, expect
from visiting import encoded, open_loading, upload

from dfsc.hub.publishing import push


@pytest.fixture
def block(address: str, hub: LoopbackHub, page_weights: Path) -> LoopbackHub:
    """The Hub with a pair of the page's own weights as org/block."""
    push(page_weights / "toy_block", "org/block")
    hub.asked.clear()
    return hub


def look_up(page: Page, name: str) -> None:
    open_loading(page)
    page.fill("#hub-name textarea, #hub-name input", name)
    page.press("#hub-name textarea, #hub-name input", "Enter")


def test_a_checkpoint_is_described_before_it_is_fetched_and_then_belongs_to_one_visitor(block, visit, draw):
    page, other = visit(), visit()
    look_up(page, "org/block")
    card = page.locator("#hub-card .hub")
    expect(card).to_contain_text("dfsc, ead-s")
    expect(card.locator("button")).to_have_text(re.compile(r"Download \d\.\d MB and open"))
    assert not [request for request in block.asked if "/resolve/" in request]
    card.locator("button").click()
    expect(page.locator("#message")).to_contain_text("2 detectors opened, for you only. Your model is chosen")
    expect(card.locator("button")).to_have_text("Open")
    upload(page, "part.png", encoded(draw(5, width=200, height=150)))
    expect(page.locator("#results .file")).to_have_text("part.png")
    expect(page.locator("#results .origin").first).to_contain_text(re.compile(r"org/block@\w{7} on the Hub"))
    assert page.locator("#results .method-row").count() == 2
    assert "Your model" not in other.locator("#product").inner_text()


def test_what_can_not_be_had_is_said_and_nothing_is_lost(block, visit):
    page = visit()
    before = page.locator("#results .file").inner_text()
    look_up(page, "not a name")
    expect(page.locator("#hub-card .notice.error")).to_contain_text("should look like org/name")
    expect(page.locator("#hub-card .notice.error")).to_be_visible()
    look_up(page, "org/nothing")
    expect(page.locator("#hub-card .notice.error")).to_contain_text("org/nothing was not found")
    block.repositories["org/block"].private = True  # and the server has a token that may read it
    look_up(page, "org/block")
    expect(page.locator("#hub-card .notice.error")).to_contain_text("public repositories")
    block.repositories["org/block"].private = False
    look_up(page, "org/block")
    block.changed.add("dfsc/model")
    page.locator("#hub-card .hub button").click()
    expect(page.locator("#message .notice.error")).to_contain_text("does not match the Hub's hash")
    expect(page.locator("#hub-card .hub button")).to_have_text(re.compile("Download"))
    assert page.locator("#results .file").inner_text() == before


def test_what_is_opened_is_what_the_card_showed(block, visit, draw):
    page = visit()
    look_up(page, "org/block")
    card = page.locator("#hub-card .hub")
    version = card.locator("dd").last.inner_text()
    repository = block.repositories["org/block"]
    repository.commit({"dfsc/README.md": b"# newer"})
    card.locator("button").click()
    expect(page.locator("#message")).to_contain_text("2 detectors opened")
    upload(page, "part.png", encoded(draw(5, width=200, height=150)))
    expect(page.locator("#results .origin").first).to_contain_text(f"org/block@{version} on the Hub")


def test_a_card_that_is_no_longer_shown_opens_nothing(block, visit, page_weights):
    page = visit()
    push(page_weights / "toy_plate", "org/plate")
    look_up(page, "org/block")
    page.wait_for_selector("#hub-card .hub button")
    # As a slow line may have it: the click is about the first card when the second look-up is through.
    about = page.evaluate("({ ...document.querySelector('#hub-card button').dataset })")
    look_up(page, "org/plate")
    expect(page.locator("#hub-card h3")).to_have_text("org/plate")
    page.evaluate("about => Object.assign(document.querySelector('#hub-card button').dataset, about)", about)
    page.locator("#hub-card .hub button").click()
    expect(page.locator("#message .notice.error")).to_contain_text("Another repository has been looked up")

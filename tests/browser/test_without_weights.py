"""An installed package has teachers, but no product: the page says what to do, and all of that can be done."""

from collections.abc import Iterator

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Page, expect
from visiting import encoded, expect_inspected, launch

from dfsc.interface.page import build_page

SAID = "This installation knows no product yet: train one in the Retrain tab"


@pytest.fixture
def address(tmp_path, monkeypatch) -> Iterator[str]:
    monkeypatch.setenv("DFSC_WEIGHTS", str(tmp_path))
    blocks = build_page()
    yield launch(blocks)
    blocks.close()


@pytest.fixture
def page(browser, address) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def file(draw, number: int) -> dict:
    return {"name": f"part {number}.jpg", "mimeType": "image/jpeg", "buffer": encoded(draw(number), "JPEG")}


def test_what_is_learned_in_the_retrain_tab_inspects(page, draw):
    expect(page.locator("#message")).to_contain_text(SAID)
    page.locator("#upload input[type=file]").first.set_input_files([file(draw, 7)])
    expect(page.locator("#message .error")).to_contain_text(SAID)
    page.get_by_role("tab", name="Retrain").click()
    page.locator("#photographs input[type=file]").first.set_input_files([file(draw, number) for number in range(6)])
    expect(page.locator("#album h3")).to_have_text("6 photos of good parts")
    page.get_by_role("tab", name="Inspect").click()
    expect(page.locator("#product input:checked")).to_have_value("own")
    page.locator("#upload input[type=file]").first.set_input_files([file(draw, 8)])
    expect_inspected(page, "part 8.jpg")


def test_a_program_is_told_the_same(address, draw, tmp_path):
    Image.fromarray(draw(3)).save(tmp_path / "part.png")
    with pytest.raises(AppError, match=SAID):
        Client(address, verbose=False).predict(handle_file(tmp_path / "part.png"), api_name="/inspect")

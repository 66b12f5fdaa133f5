"""A fresh checkout without checkpoints: the page says what is missing and invents nothing."""

from playwright.sync_api import expect

from dfsc.interface.page import build_page, launch_arguments


def test_the_page_says_in_one_sentence_what_is_missing(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("DFSC_WEIGHTS", str(tmp_path))
    blocks = build_page()
    _, address, _ = blocks.launch(**launch_arguments() | {"server_port": None, "prevent_thread_lock": True})
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#no-weights .notice")).to_contain_text("no trained detectors in this installation")
        assert page.locator("#product, #upload, #results").count() == 0
    finally:
        context.close()
        blocks.close()

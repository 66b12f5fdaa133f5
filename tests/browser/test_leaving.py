"""What stays on the server of a visitor who has gone: nothing."""

import time
from dataclasses import replace

import numpy as np
from playwright.sync_api import Browser, expect
from visiting import PATIENCE, encoded, expect_inspected, launch, upload

from dfsc import product_detectors
from dfsc.checkpoints.embedded import products
from dfsc.interface.page import build_page
from dfsc.interface.session import visitors
from dfsc.models.self_test import SelfTest

NOTES = {"fitted": 12, "steps": "900 student", "seed": 0, "license": "unknown"}


def test_photographs_are_forgotten_with_their_visitor(browser: Browser, demo_weights, tmp_path, monkeypatch, draw):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    blocks = build_page()
    address = launch(blocks)
    before = set(visitors._visitors)
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    upload(page, "part.png", encoded(np.asarray(draw(5))))
    expect_inspected(page, "part.png")
    assert set(visitors._visitors) - before
    context.close()
    until = time.monotonic() + PATIENCE / 1000
    while blocks.state_holder.session_data and time.monotonic() < until:
        time.sleep(0.2)
    assert not blocks.state_holder.session_data
    assert set(visitors._visitors) <= before
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    blocks.close()


def test_a_pair_is_there_after_a_reload_and_in_no_other_browser(visit):
    page = visit()
    (known,) = [one for one in visitors._visitors.values() if one.browser == page.evaluate("localStorage.dfscBrowser")]
    tried = SelfTest({"erased": (19, 20)}, 900)
    pair = [
        replace(d, config=replace(d.config, training=NOTES, self_test=tried)) for d in product_detectors(products()[0])
    ]
    known._take([visitors.Pair("own_1", tuple(pair))])
    page.reload()
    page.wait_for_selector("#results [data-drawn]")
    expect(page.locator("#product")).to_contain_text("Your model")
    page.get_by_role("tab", name="Retrain").click()
    expect(page.locator("#retrain-result")).to_contain_text("finds 19 of 20 made-up faults")
    with page.expect_download() as download:
        page.click("#download-pair")
    assert download.value.suggested_filename == "own_1.zip"
    assert "Your model" not in visit().locator("#product").inner_text()

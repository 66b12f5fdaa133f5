"""What stays on the server of a visitor who has gone: nothing."""

import json
import time
from dataclasses import replace
from urllib.request import Request, urlopen

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


def test_who_leaves_while_waiting_for_a_turn_stops_nobody_elses(browser: Browser, demo_weights, draw):
    blocks = build_page()
    address = launch(blocks)
    first, function = next(one for one in blocks.fns.items() if one[1].concurrency_id == "inspect")
    blocks._queue.create_event_queue_for_fn(function)
    lane = blocks._queue.event_queue_per_concurrency_id["inspect"]
    lane.current_concurrency = lane.concurrency_limit  # as if others were inspecting
    for _ in range(3):
        body = json.dumps({"data": ["{}"], "fn_index": first, "session_hash": "gone"}).encode()
        urlopen(Request(f"{address}gradio_api/queue/join", body, {"Content-Type": "application/json"})).close()
    # What Gradio does first when a connection ends; the waiting requests are taken away a moment later.
    blocks._queue.pending_messages_per_session.pop("gone")
    lane.current_concurrency = 0
    page = browser.new_context().new_page()
    page.goto(address)
    upload(page, "part.png", encoded(np.asarray(draw(5))))
    expect_inspected(page, "part.png")
    page.context.close()
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

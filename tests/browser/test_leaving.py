"""What stays on the server of a visitor who has gone: nothing."""

import time

import numpy as np
from playwright.sync_api import Browser
from visiting import encoded, expect_inspected, upload

from dfsc.interface import visitors
from dfsc.interface.page import build_page, launch_arguments


def test_photographs_are_forgotten_with_their_visitor(browser: Browser, demo_weights, tmp_path, monkeypatch, draw):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    blocks = build_page()
    _, address, _ = blocks.launch(**launch_arguments() | {"server_port": None, "prevent_thread_lock": True})
    before = set(visitors._visitors)
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    upload(page, "part.png", encoded(np.asarray(draw(5))))
    expect_inspected(page, "part.png")
    assert set(visitors._visitors) - before
    context.close()
    until = time.monotonic() + 200
    while blocks.state_holder.session_data and time.monotonic() < until:
        time.sleep(0.2)
    assert not blocks.state_holder.session_data
    assert set(visitors._visitors) <= before
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    blocks.close()

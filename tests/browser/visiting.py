"""What several tests do: launch the page; upload a photograph, wait until it is inspected, look at the maps."""

import io
import os
import socket
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from dfsc.interface.page import launch_arguments, queued

# Milliseconds after which something hangs, however busy the machine is.
PATIENCE = int(os.environ.get("PATIENCE", 200_000))
UPLOAD = "#upload input[type=file]"


def launch(page: gr.Blocks) -> str:
    """Launch a page as app.py does, on a port that no test beside takes; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    _, address, _ = queued(page, 64).launch(
        **launch_arguments() | {"server_port": port, "prevent_thread_lock": True, "quiet": True}
    )
    return address


def encoded(pixels: np.ndarray, kind: str = "PNG", mode: str | None = None, **options) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
    return buffer.getvalue()


def upload(page: Page, name: str, content: bytes, mime: str = "image/png") -> None:
    page.locator(UPLOAD).first.set_input_files({"name": name, "mimeType": mime, "buffer": content})


def open_loading(page: Page) -> None:
    """Unfold what loads another model, from a zip or the Hub."""
    fold = page.locator("#load-fold > button")
    if not page.locator("#checkpoint").count():
        fold.click()
    expect(page.locator("#checkpoint")).to_be_visible()


def load_model(page: Page, file: Path) -> None:
    open_loading(page)
    page.locator("#checkpoint input[type=file]").first.set_input_files(file)


def shown_name(page: Page) -> str:
    return page.locator("#results .file").inner_text()


def expect_inspected(page: Page, name: str) -> None:
    expect(page.locator("#results .file")).to_have_text(name)
    page.wait_for_selector("#results [data-drawn]")


def map_pictures(page: Page) -> list[str]:
    return page.eval_on_selector_all("#results .map canvas", "maps => maps.map(map => map.toDataURL())")

"""The Inspect tab: product, upload and examples on the left, what the detectors found on the right."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from dfsc import DFSCError, products
from dfsc.interface import models, wording
from dfsc.interface.examples_view import CLICK_SCRIPT, examples_html
from dfsc.interface.markup import notice
from dfsc.interface.photograph import Photograph, inspect_photograph, passing_file, read_photograph
from dfsc.interface.results_view import results_html

# What a handler returns: results, message, photograph of the session.
Shown = tuple[Any, Any, Any]

PRIVATE = {"api_visibility": "private", "show_progress": "minimal", "trigger_mode": "always_last"}
SHARED_LANE = {"concurrency_id": "inspect", "concurrency_limit": 2}


def inspect_tab(page: gr.Blocks) -> None:
    """Put the tab's components and handlers into the Blocks context; with no product, the sentence that says so."""
    names = products()
    if not names:
        gr.HTML(notice(wording.NO_WEIGHTS, "error"), elem_id="no-weights", label="Notice")
        return
    session = gr.State(None)
    with gr.Row(elem_id="inspect", equal_height=False):
        with gr.Column(scale=0, min_width=300, elem_id="controls"):
            choices = [(wording.product_name(name), name) for name in names]
            product = gr.Radio(choices, value=names[0], label=wording.PRODUCT_LABEL, elem_id="product")
            upload = gr.File(label=wording.UPLOAD_LABEL, elem_id="upload", height=132)
            message = gr.HTML(notice(wording.INVITATION), elem_id="message", label="Message")
            gallery = gr.HTML(examples_html(names[0]), elem_id="examples", label="Examples", js_on_load=CLICK_SCRIPT)
        with gr.Column(scale=1, min_width=320, elem_id="findings"):
            results = gr.HTML("", elem_id="results", label="Results")

    shown = [results, message, session]
    events = PRIVATE | SHARED_LANE | {"show_progress_on": message}
    page.load(show_first, [product], shown, **events)
    gallery.click(show_example, [product], shown, **events)
    # Unread by gradio: a corrupt file has to reach read_photograph, and the visitor's own name for it is kept.
    upload.upload(show_upload, [upload, product], [*shown, upload], preprocess=False, **events)
    product.input(change_product, [product, session], [*shown, gallery], **events)


def show_first(product: str) -> Shown:
    """What a visitor finds on arrival: an example with the detectors' findings, if there is one."""
    example = models.first_example(product)
    if example is None:
        return gr.skip(), notice(wording.INVITATION), gr.skip()
    return _show_example(example, product, wording.INVITATION)


def show_example(product: str, event: gr.EventData) -> Shown:
    """Inspect the example whose button was clicked."""
    found = models.examples(product)
    index = getattr(event, "index", None)
    if not isinstance(index, int) or not 0 <= index < len(found):
        return _kept(notice(wording.UNKNOWN_EXAMPLE, "error"))
    return _show_example(found[index], product)


def show_upload(file: dict | None, product: str) -> tuple[Any, ...]:
    """Inspect what was uploaded, dropped or pasted; the field is emptied for the next one, results stay on an error.

    Args:
        file: gradio's record of an uploaded file: "path" (checked by gradio to be an upload) and "orig_name".
        product: name of an embedded product.
    """
    if not file:
        return *_kept(notice(wording.UNKNOWN_UPLOAD, "error")), None
    path = Path(file["path"])
    name = Path(file.get("orig_name") or path.name).name
    with passing_file(path):
        return *_guarded(lambda: read_photograph(path, name, uploaded=True), product), None


def change_product(product: str, photograph: Photograph | None) -> tuple[Any, ...]:
    """Compare a visitor's own photograph with the other product; without one, show that product's first example."""
    if photograph is None or not photograph.uploaded:
        return *show_first(product), examples_html(product)
    said = wording.product_changed(product, photograph.name)
    return *_guarded(lambda: photograph, product, said), examples_html(product)


def _show_example(example: models.Example, product: str, said: str | None = None) -> Shown:
    name = wording.example_name(example.kind, example.number)
    return _guarded(lambda: read_photograph(example.path, name, uploaded=False), product, said)


def _guarded(photograph_of: Callable[[], Photograph], product: str, said: str | None = None) -> Shown:
    """Read and inspect; a photograph or checkpoint that can't be used becomes its sentence and nothing else changes."""
    started = time.perf_counter()
    try:
        photograph = photograph_of()
        inspector = models.inspector(product)
        inspection = inspect_photograph(photograph, inspector)
    except DFSCError as error:
        return _kept(notice(str(error), "error"))
    html = results_html(photograph, inspection, [detector.config for detector in inspector.detectors])
    said = said or wording.inspected(photograph.name, time.perf_counter() - started, inspection.results)
    return html, notice(said), photograph


def _kept(message: str) -> Shown:
    return gr.skip(), message, gr.skip()

"""The Inspect tab: product, upload and examples on the left, what the detectors found on the right."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from dfsc import DFSCError, products
from dfsc.bundles import open_checkpoints
from dfsc.interface import models, wording
from dfsc.interface.defect_view import with_defect
from dfsc.interface.examples_view import CLICK_SCRIPT, examples_html
from dfsc.interface.lane import courtesy
from dfsc.interface.markup import notice
from dfsc.interface.photograph import Photograph, inspect_photograph, passing_file, read_photograph
from dfsc.interface.results_view import results_html
from dfsc.interface.visitors import visitor
from dfsc.interface.wording import OWN
from dfsc.uploads import shown_name

# What a handler returns: results, message, photograph of the session.
Shown = tuple[Any, Any, Any]

STROKES = (Path(__file__).parent / "static" / "defect.js").read_text(encoding="utf-8")
PRIVATE = {"api_visibility": "private", "show_progress": "minimal", "trigger_mode": "always_last"}
INSPECTING = PRIVATE | {"concurrency_id": "inspect", "concurrency_limit": 2}


@dataclass(frozen=True)
class InspectTab:
    """What the page connects with the other tab: the choice of product, the photograph, what a new choice changes."""

    product: gr.Radio
    photograph: gr.State
    changed: list[gr.components.Component]


def inspect_tab(page: gr.Blocks) -> InspectTab | None:
    """Put the tab's components and handlers into the Blocks context; with no product, the sentence that says so."""
    names = products()
    if not names:
        gr.HTML(notice(wording.NO_WEIGHTS, "error"), elem_id="no-weights", label="Notice")
        return None
    session = gr.State(None)
    with gr.Row(elem_id="inspect", equal_height=False):
        with gr.Column(scale=0, min_width=300, elem_id="controls"):
            product = gr.Radio(_choices(), value=names[0], label=wording.PRODUCT_LABEL, elem_id="product")
            upload = gr.File(label=wording.UPLOAD_LABEL, elem_id="upload", height=132)
            message = gr.HTML(notice(wording.INVITATION), elem_id="message", label="Message")
            checkpoint = gr.File(label=wording.CHECKPOINT_LABEL, file_types=[".zip"], elem_id="checkpoint", height=110)
            gallery = gr.HTML(examples_html(names[0]), elem_id="examples", label="Examples", js_on_load=CLICK_SCRIPT)
        with gr.Column(scale=1, min_width=320, elem_id="findings"):
            results = gr.HTML("", elem_id="results", label="Results", js_on_load=STROKES)

    shown = [results, message, session]
    events = INSPECTING | {"show_progress_on": message}
    page.load(show_first, [product], shown, **events)
    gallery.click(show_example, [product], shown, **events)
    # Unread by gradio: a corrupt file has to reach read_photograph, and the visitor's own name for it is kept.
    upload.upload(show_upload, [upload, product], [*shown, upload], preprocess=False, **events)
    results.click(make_defect, [product, session], shown, **events)
    product.input(change_product, [product, session], [*shown, gallery], **events)
    changed = [*shown, gallery]
    checkpoint.upload(
        open_checkpoint, [checkpoint, session], [*changed, product, checkpoint], preprocess=False, **events
    )
    return InspectTab(product, session, changed)


def show_first(product: str, request: gr.Request) -> Shown:
    """What a visitor finds on arrival: an example with the detectors' findings, if there is one."""
    example = models.first_example(product)
    if example is None:
        return gr.skip(), notice(wording.INVITATION), gr.skip()
    return _show_example(example, product, request, wording.INVITATION)


def show_example(product: str, event: gr.EventData, request: gr.Request) -> Shown:
    """Inspect the example whose button was clicked, which may be another product's than what is chosen."""
    of, index = getattr(event, "product", None), getattr(event, "index", None)
    found = models.examples(of) if of in products() else []
    if not isinstance(index, int) or not 0 <= index < len(found):
        return _kept(notice(wording.UNKNOWN_EXAMPLE, "error"))
    return _show_example(found[index], product, request)


def show_upload(file: dict | None, product: str, request: gr.Request) -> tuple[Any, ...]:
    """Inspect what was uploaded, dropped or pasted; the field is emptied for the next one, results stay on an error.

    Args:
        file: gradio's record of an uploaded file: "path" (checked by gradio to be an upload) and "orig_name".
        product: name of an embedded product, or OWN.
    """
    if not file:
        return *_kept(notice(wording.UNKNOWN_UPLOAD, "error")), None
    path = Path(file["path"])
    name = Path(file.get("orig_name") or path.name).name
    with passing_file(path):
        return *_guarded(lambda: read_photograph(path, name, uploaded=True), product, request), None


def change_product(product: str, photograph: Photograph | None, request: gr.Request) -> tuple[Any, ...]:
    """Compare a visitor's own photograph with the other product; without one, show that product's first example."""
    if photograph is None or (not photograph.uploaded and product != OWN):
        return *show_first(product, request), examples_html(product)
    said = wording.product_changed(product, photograph.name)
    gallery = gr.skip() if product == OWN else examples_html(product)
    return *_guarded(lambda: photograph, product, request, said), gallery


def make_defect(product: str, photograph: Photograph | None, event: gr.EventData, request: gr.Request) -> Shown:
    """Change the photograph by a stroke on it and inspect it once more."""
    if photograph is None:
        return _kept(notice(wording.UNKNOWN_STROKE, "error"))
    tool, points = getattr(event, "tool", None), getattr(event, "points", None)
    return _guarded(lambda: with_defect(photograph, tool, points), product, request)


def open_checkpoint(file: dict | None, photograph: Photograph | None, request: gr.Request) -> tuple[Any, ...]:
    """Put the detectors of an uploaded zip beside the visitor's own, and inspect with them."""
    if not file:
        return *_kept(notice(wording.UNKNOWN_UPLOAD, "error")), gr.skip(), gr.skip(), None
    path = Path(file["path"])
    name = shown_name(file.get("orig_name") or path.name)
    with passing_file(path):
        try:
            detectors = open_checkpoints(path, name)
        except DFSCError as error:
            return *_kept(notice(str(error), "error")), gr.skip(), gr.skip(), None
    visitor(request).open(detectors)
    results, message, session, gallery = change_product(OWN, photograph, request)
    message = notice(wording.opened(name, len(detectors))) if photograph else message
    return results, message, session, gallery, gr.Radio(_choices(own=True), value=OWN), None


def offer_own(product: str, request: gr.Request) -> Any:
    """The choices with the visitor's own models among them, if he has any; what is chosen stays."""
    return gr.Radio(_choices(own=bool(visitor(request).detectors)), value=product)


def inspect_with_own(request: gr.Request) -> tuple[Any, Any]:
    """Go to the Inspect tab and choose the visitor's own models."""
    if not visitor(request).detectors:
        return gr.skip(), gr.skip()
    return gr.Tabs(selected="inspect-tab"), gr.Radio(_choices(own=True), value=OWN)


def _choices(own: bool = False) -> list[tuple[str, str]]:
    names = [*products(), *([OWN] if own else [])]
    return [(wording.product_name(name), name) for name in names]


def _show_example(example: models.Example, product: str, request: gr.Request, said: str | None = None) -> Shown:
    name = wording.example_name(example.kind, example.number)
    return _guarded(lambda: read_photograph(example.path, name, uploaded=False), product, request, said)


def _guarded(
    photograph_of: Callable[[], Photograph], product: str, request: gr.Request, said: str | None = None
) -> Shown:
    """Read and inspect; a photograph or checkpoint that can't be used becomes its sentence and nothing else changes."""
    started = time.perf_counter()
    try:
        photograph = photograph_of()
        inspector = visitor(request).inspector() if product == OWN else models.inspector(product)
        with courtesy.inspecting():
            inspection = inspect_photograph(photograph, inspector)
    except DFSCError as error:
        return _kept(notice(str(error), "error"))
    html = results_html(photograph, inspection, [detector.config for detector in inspector.detectors])
    said = said or wording.inspected(photograph.name, time.perf_counter() - started, inspection.results)
    return html, notice(said), photograph


def _kept(message: str) -> Shown:
    return gr.skip(), message, gr.skip()

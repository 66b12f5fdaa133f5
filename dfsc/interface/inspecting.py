"""What happens on the Inspect tab to one photograph: chosen, inspected, changed, looked at closely."""

import time
from collections.abc import Callable
from typing import Any

import gradio as gr

from dfsc import Detector, DFSCError, Inspector, products
from dfsc.bundles import open_checkpoints
from dfsc.interface import many_view, models, wording
from dfsc.interface.defect_view import with_defect
from dfsc.interface.downloads import report_file
from dfsc.interface.examples_view import examples_html
from dfsc.interface.lane import courtesy
from dfsc.interface.markup import clicked_index, notice
from dfsc.interface.passing_files import taken_over
from dfsc.interface.photograph import Photograph, inspect_photograph, read_photograph
from dfsc.interface.probing import place_from, probe_html
from dfsc.interface.results_view import results_html
from dfsc.interface.settings import settings_from
from dfsc.interface.visitors import visitor
from dfsc.interface.wording import OWN
from dfsc.uploads import shown_name

# What a handler returns: results, message, photograph of the session.
Shown = tuple[Any, Any, Any]


def show_first(product: str, request: gr.Request) -> Shown:
    """What a visitor finds on arrival: an example with the detectors' findings, if there is one."""
    example = models.first_example(product)
    if example is None:
        return gr.skip(), notice(wording.INVITATION), gr.skip()
    return _show_example(example, product, request, wording.INVITATION)


def show_example(product: str, event: gr.EventData, request: gr.Request) -> Shown:
    """Inspect the example whose button was clicked, which may be another product's than what is chosen."""
    of, index = getattr(event, "product", None), clicked_index(event)
    found = models.examples(of) if of in products() else []
    if index is None or index >= len(found):
        return kept(notice(wording.UNKNOWN_EXAMPLE, "error"))
    return _show_example(found[index], product, request)


def show_capture(file: dict | None, product: str, request: gr.Request) -> tuple[Any, ...]:
    """Inspect what the camera has taken; its picture goes, so that the camera is ready for the next part."""
    if not file:
        return *kept(gr.skip()), gr.skip()
    name = wording.captured(time.strftime("%H:%M:%S"))
    with taken_over(file) as uploads:
        if not uploads:
            return *kept(notice(wording.UNKNOWN_UPLOAD, "error")), None
        return *guarded(lambda: read_photograph(uploads[0][0], name, uploaded=True), product, request), None


def change_product(product: str, photograph: Photograph | None, request: gr.Request) -> tuple[Any, ...]:
    """Compare a visitor's own photograph with the other product; without one, show that product's first example.

    His own model has none: an example of another product would only be told to be another one.
    """
    visitor(request).chosen = product
    gallery = "" if product == OWN else examples_html(product)
    if photograph is None or not photograph.uploaded:
        shown = ("", notice(wording.OWN_READY), None) if product == OWN else show_first(product, request)
        return *shown, gallery
    said = wording.product_changed(product, photograph.name)
    return *guarded(lambda: photograph, product, request, said), gallery


def make_defect(product: str, photograph: Photograph | None, event: gr.EventData, request: gr.Request) -> Shown:
    """Change the photograph by a stroke on it and inspect it once more."""
    if photograph is None:
        return kept(notice(wording.UNKNOWN_STROKE, "error"))
    tool, points = getattr(event, "tool", None), getattr(event, "points", None)
    return guarded(lambda: with_defect(photograph, tool, points), product, request)


def show_values(photograph: Photograph | None, event: gr.EventData, request: gr.Request) -> Any:
    """The values at the place of a map that was clicked."""
    known, at = visitor(request), place_from(event)
    if photograph is None or known.inspection is None or at is None:
        return gr.skip()
    return probe_html(known.settings.applied(known.inspection), at, photograph.width, photograph.height)


def keep_settings(event: gr.EventData, request: gr.Request) -> Any:
    """Remember where the sliders stand, for what is computed here: values at a place, the table, downloads."""
    known = visitor(request)
    known.settings = settings_from(event) or known.settings
    return many_view.many_html(known.many, known.settings) if known.many else gr.skip()


def download_report(photograph: Photograph | None, request: gr.Request) -> Any:
    """Write the report of what is shown, as the sliders judge it, for the hidden download button."""
    known = visitor(request)
    if photograph is None or known.inspection is None:
        return gr.skip()
    return report_file(known, known.settings.applied(known.inspection), photograph.name)


def open_bundle(file: dict | None, photograph: Photograph | None, request: gr.Request) -> tuple[Any, ...]:
    """Put the detectors of an uploaded zip beside the visitor's own, and inspect with them."""
    with taken_over(file) as uploads:
        if not uploads:
            return *kept(notice(wording.UNKNOWN_UPLOAD, "error")), gr.skip(), gr.skip(), None
        path, name = uploads[0][0], shown_name(uploads[0][1])
        try:
            detectors = open_checkpoints(path, name)
        except DFSCError as error:
            return *kept(notice(str(error), "error")), gr.skip(), gr.skip(), None
    return *show_opened(detectors, name, photograph, request), None


def show_opened(
    detectors: list[Detector], name: str, photograph: Photograph | None, request: gr.Request
) -> tuple[Any, ...]:
    """Put detectors beside the visitor's own and inspect with them: what `changed` and the choice of product show."""
    visitor(request).open(detectors)
    results, message, session, gallery = change_product(OWN, photograph, request)
    said = wording.opened(name, len(detectors))
    message = notice(said if photograph and photograph.uploaded else f"{said} {wording.OWN_READY}")
    return results, message, session, gallery, gr.Radio(choices(own=True), value=OWN)


def choices(own: bool = False) -> list[tuple[str, str]]:
    names = [*products(), *([OWN] if own else [])]
    return [(wording.product_name(name), name) for name in names]


def _show_example(example: models.Example, product: str, request: gr.Request, said: str | None = None) -> Shown:
    name = wording.example_name(example.kind, example.number)
    return guarded(lambda: read_photograph(example.path, name, uploaded=False), product, request, said)


def guarded(
    photograph_of: Callable[[], Photograph], product: str, request: gr.Request, said: str | None = None
) -> Shown:
    """Read and inspect; a photograph or checkpoint that can't be used becomes its sentence and nothing else changes."""
    started = time.perf_counter()
    try:
        photograph = photograph_of()
        inspector = inspector_of(product, request)
        with courtesy.inspecting():
            inspection = inspect_photograph(photograph, inspector)
    except DFSCError as error:
        return kept(notice(str(error), "error"))
    visitor(request).inspection = inspection
    html = results_html(photograph, inspection, [detector.config for detector in inspector.detectors], product)
    said = said or wording.inspected(photograph.name, time.perf_counter() - started)
    return html, notice(said), photograph


def inspector_of(product: str, request: gr.Request) -> Inspector:
    """Raises DFSCError when it can't be loaded, or the visitor has no detectors of his own."""
    return visitor(request).inspector() if product == OWN else models.inspector(product)


def kept(message: str) -> Shown:
    return gr.skip(), message, gr.skip()


def offer_own(product: str, request: gr.Request) -> Any:
    """The choices with the visitor's own models among them, if he has any; what is chosen stays."""
    return gr.Radio(choices(own=bool(visitor(request).detectors)), value=product)


def inspect_with_own(request: gr.Request) -> tuple[Any, Any]:
    """Go to the Inspect tab and choose the visitor's own models."""
    if not visitor(request).detectors:
        return gr.skip(), gr.skip()
    return gr.Tabs(selected="inspect-tab"), gr.Radio(choices(own=True), value=OWN)

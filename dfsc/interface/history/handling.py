"""What happens in the History tab: shown, marked, taken away, opened again."""

from typing import Any

import gradio as gr

from dfsc import DFSCError, Inspector
from dfsc.inspection.history import GOOD
from dfsc.interface.history import wording
from dfsc.interface.history.limits_view import limits_html
from dfsc.interface.history.view import list_html, overview_html
from dfsc.interface.inspect.inspecting import UNCHANGED, Answer, answered, inspector_of, refused
from dfsc.interface.markup import notice
from dfsc.interface.session.asking import Question, question_from
from dfsc.interface.session.downloads import model_file
from dfsc.interface.session.visitors import Visitor, visitor

LONGEST_NUMBER = 16


def show_history(query: str, product: str | None, request: gr.Request) -> tuple[str, str]:
    """Overview and list of a product's inspections."""
    known, question = visitor(request), question_from(query)
    return _overview(product, question, known), list_html(known.feedback.history.entries(product))


def take_marks(query: str, product: str | None, request: gr.Request) -> str:
    """Keep what was said of parts, all of it since the page was opened, and show what follows from it."""
    known, question = visitor(request), question_from(query)
    try:
        known.feedback.take(question.about)
    except DFSCError as error:
        return notice(str(error), "error")
    return _overview(product, question, known)


def judge_anew(query: str, request: gr.Request) -> Answer:
    """The displayed photo by the good parts as they are now; nothing if that was not asked."""
    known, question = visitor(request), question_from(query)
    finding = known.finding
    if finding is None or question.number <= finding.number:
        return UNCHANGED
    return answered(question, known, finding.product, lambda: finding.photograph)


def open_kept(query: str, request: gr.Request) -> tuple[Any, ...]:
    """Go to the Inspect tab with a photo that was kept."""
    known, question = visitor(request), question_from(query)
    entry = question.about.get("entry")
    sound = isinstance(entry, str) and entry.isascii() and entry.isdecimal() and len(entry) < LONGEST_NUMBER
    kept = known.feedback.photograph(int(entry)) if sound else None
    if kept is None:
        return gr.Tabs(selected="inspect-tab"), *refused(question, known, wording.GONE)
    product, photograph = kept
    return gr.Tabs(selected="inspect-tab"), *answered(question, known, product, lambda: photograph)


def clear_history(query: str, product: str | None, request: gr.Request) -> tuple[str, str]:
    """Forget all inspections of this visitor."""
    visitor(request).feedback.history.clear()
    return show_history(query, product, request)


def download_model(query: str, product: str | None, request: gr.Request) -> Any:
    """Write a product's detectors, as they are calibrated for this visitor, and the list for the hidden button."""
    known = visitor(request)
    inspector = _adjusted(product, known)
    if inspector is None:
        return gr.skip()
    return model_file(known, product, inspector.detectors, known.feedback.history.entries(product))


def _overview(product: str | None, question: Question, known: Visitor) -> str:
    history = known.feedback.history
    overview = overview_html(product, history.entries(product) if product else [])
    inspector = _adjusted(product, known)
    if inspector is None:
        return overview
    parts = known.feedback.known_parts(product, inspector, question.settings)
    good = history.numbers(product, GOOD)
    return overview + limits_html(parts, question.settings, product, history.joins(product), good)


def _adjusted(product: str | None, known: Visitor) -> Inspector | None:
    """The product's inspector, None where there is none."""
    try:
        return inspector_of(product, known)
    except DFSCError:
        return None

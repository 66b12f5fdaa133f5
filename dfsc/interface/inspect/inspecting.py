"""What happens on the Inspect tab to one photograph: chosen, inspected, changed, looked at closely.

Each handler that brings another finding takes the question it answers (see asking) and returns a `Answer`.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from dfsc import Detector, DFSCError, Inspection, Inspector, products
from dfsc.images.uploads import display_name
from dfsc.interface import wording
from dfsc.interface.inspect import many_view
from dfsc.interface.inspect.defect_view import with_defects
from dfsc.interface.inspect.input_view import examples_html
from dfsc.interface.inspect.probing import place_from, probe_html
from dfsc.interface.inspect.results_view import results_html
from dfsc.interface.interest import drawn_region
from dfsc.interface.markup import arriving, notice
from dfsc.interface.session import inspectors
from dfsc.interface.session.asking import Question, question_from
from dfsc.interface.session.downloads import report_file
from dfsc.interface.session.interest import within
from dfsc.interface.session.lane import courtesy
from dfsc.interface.session.many import Entry
from dfsc.interface.session.passing_files import taken_over
from dfsc.interface.session.photograph import Finding, Photograph, inspect_photograph, read_photograph
from dfsc.interface.session.visitors import Visitor, visitor, welcome
from dfsc.interface.wording import OWN
from dfsc.sources import open_checkpoints

# What an answer changes: finding, message, choice of product, examples.
Answer = tuple[Any, Any, Any, Any]
UNCHANGED: Answer = (gr.skip(), gr.skip(), gr.skip(), gr.skip())


def show_first(query: str, product: str | None, request: gr.Request) -> Answer:
    """What a visitor sees on arrival: an inspected example, if there is one.

    Without any product: the visitor's own models from before, or how to get one.
    """
    known, question = visitor(request), question_from(query)
    known.gallery = product
    welcome(known, question.about.get("browser"))
    wished, example = _wished(question.about.get("wished"))
    if example:
        return answered(question, known, wished, lambda: _example(example), wording.INVITATION)
    product = wished or product
    if product:
        return show_product(question, product, known, wording.INVITATION)
    if known.detectors:
        return show_product(question, OWN, known)
    return show_product(question, None, known, wording.NO_PRODUCTS)


def show_example(query: str, request: gr.Request) -> Answer:
    """Inspect the example whose tile was clicked, by the detectors of its own product."""
    known, question = visitor(request), question_from(query)
    of = question.about.get("product")
    found = inspectors.examples(of) if of in products() else []
    if question.index is None or question.index >= len(found):
        return refused(question, known, wording.UNKNOWN_EXAMPLE)
    return answered(question, known, of, lambda: _example(found[question.index]))


def change_product(query: str, product: str, request: gr.Request) -> Answer:
    """Inspect the visitor's own photo as the other product; without one, show that product's first example."""
    known, question = visitor(request), question_from(query)
    known.judged_by = product
    return by_product(question, product, known)


def by_product(question: Question, product: str, known: Visitor, message: str | None = None) -> Answer:
    """What `change_product` shows."""
    photograph = known.finding.photograph if known.finding else None
    if photograph is None or not photograph.uploaded:
        return show_product(question, product, known, message)
    return answered(question, known, product, lambda: photograph, message or wording.product_changed(product))


def show_product(question: Question, product: str | None, known: Visitor, message: str | None = None) -> Answer:
    """A product's first example; without one, as for a visitor's own model, a hint what to do."""
    example = inspectors.first_example(product) if product else None
    if example is not None:
        return answered(question, known, product, lambda: _example(example), message)
    if not known.asks(question) or not known.shows(question, None):
        return UNCHANGED
    message = message or (wording.OWN_READY if product == OWN else wording.INVITATION)
    return arriving("", question.number), notice(message, answer=question.number), *_choice(known, product)


def draw_on_photo(query: str, request: gr.Request) -> Answer:
    """Apply strokes to the photo, or restrict what counts to an outline, and inspect it again."""
    known, question = visitor(request), question_from(query)
    finding = known.finding
    if finding is None or finding.photograph.brought != question.about.get("brought"):
        return refused(question, known, wording.UNKNOWN_STROKE)
    if "corners" in question.about:
        return restrict(question, known, finding)
    strokes = question.about.get("strokes")
    return answered(question, known, finding.product, lambda: with_defects(finding.photograph, strokes))


def restrict(question: Question, known: Visitor, finding: Finding) -> Answer:
    """Let only what is drawn around count for the finding's product and this visitor, or all of it again."""
    product, name = finding.product, wording.product_name(finding.product)
    try:
        region = drawn_region(question.about["corners"])
        if region is None:
            known.within.pop(product, None)
            message = wording.INTEREST_UNSET.format(product=name)
        else:
            detectors = known.detectors if product == OWN else inspectors.inspector(product).detectors
            known.within[product], left_out = within(region, detectors)
            without = wording.INTEREST_WITHOUT.format(titles=" and ".join(left_out)) if left_out else ""
            message = wording.INTEREST_SET.format(product=name, without=without)
    except DFSCError as error:
        return refused(question, known, str(error))
    return answered(question, known, product, lambda: finding.photograph, message)


def show_values(query: str, request: gr.Request) -> Any:
    """The values at the clicked spot of a map, while its finding is displayed."""
    known, question = visitor(request), question_from(query)
    finding, at = known.finding_for(question), place_from(question.about.get("at"))
    if finding is None or at is None:
        return gr.skip()
    judged = question.settings.applied(finding.inspection)
    return probe_html(judged, at, finding.photograph, finding.number, question.about.get("click"))


def keep_settings(query: str, request: gr.Request) -> Any:
    """Remember the sliders' positions and apply them to the table."""
    known, question = visitor(request), question_from(query)
    known.settings = question.settings
    return many_view.many_html(known.many, known.settings) if known.many else gr.skip()


def download_report(query: str, request: gr.Request) -> Any:
    """Write the report of the displayed finding, with the sliders' settings, for the hidden download button."""
    known, question = visitor(request), question_from(query)
    finding = known.finding_for(question)
    if finding is None:
        return gr.skip()
    product = wording.product_name(finding.product)
    return report_file(known, question.settings.applied(finding.inspection), finding.photograph, product)


def open_bundle(query: str, file: dict | None, request: gr.Request) -> tuple[Any, ...]:
    """Add the detectors of an uploaded zip to the visitor's own and inspect with them."""
    known, question = visitor(request), question_from(query)
    with taken_over(file) as uploads:
        if not uploads:
            return *refused(question, known, wording.UNKNOWN_UPLOAD), None
        return *open_file(question, *uploads[0], known), None


def open_file(question: Question, path: Path, name: str, known: Visitor) -> Answer:
    """Add the detectors of a zip, which the visitor calls `name`, to their own and inspect with them."""
    try:
        detectors = open_checkpoints(path, name)
    except DFSCError as error:
        return refused(question, known, str(error))
    return show_opened(question, detectors, display_name(name), known)


def show_opened(question: Question, detectors: list[Detector], name: str, known: Visitor) -> Answer:
    """Add detectors to the visitor's own and inspect with them."""
    try:
        known.open(detectors)
    except DFSCError as error:
        return refused(question, known, str(error))
    message = wording.opened(name, len(detectors))
    inspects = known.finding is not None and known.finding.photograph.uploaded
    return by_product(question, OWN, known, message if inspects else f"{message} {wording.OWN_READY}")


def inspect_with_models(query: str, request: gr.Request) -> tuple[Any, ...]:
    """Go to the Inspect tab and inspect with the visitor's own models."""
    known, question = visitor(request), question_from(query)
    if not known.detectors:
        return gr.skip(), *UNCHANGED
    return gr.Tabs(selected="inspect-tab"), *by_product(question, OWN, known)


def offer_models(request: gr.Request) -> Any:
    """The choice of products, including the visitor's own models if any; the current choice stays."""
    has_models = bool(visitor(request).detectors)
    return gr.Radio(choices(has_models)) if products() or not has_models else gr.Radio(choices(has_models), value=OWN)


def choices(has_models: bool = False) -> list[tuple[str, str]]:
    names = [*products(), *([OWN] if has_models else [])]
    return [(wording.product_name(name), name) for name in names]


def answered(
    question: Question,
    known: Visitor,
    product: str,
    photograph_of: Callable[[], Photograph],
    message: str | None = None,
    known_as: Entry | None = None,
) -> Answer:
    """Read and inspect; an unusable photo or checkpoint becomes an error message, and nothing else changes.

    Nothing changes either if there is a newer question, before or afterwards.

    Args:
        known_as: what was found in it before; networks run only if other detectors are asked now.
    """
    if not known.asks(question):
        return UNCHANGED
    started = time.perf_counter()
    try:
        photograph = photograph_of()
        if not photograph.strokes and not photograph.brought:
            photograph = replace(photograph, brought=question.number)
        inspector = inspector_of(product, known)
        with courtesy.inspecting():
            inspection = _inspected(photograph, inspector, known_as)
        if photograph.uploaded and photograph.digest:
            known.feedback.record(product, inspector, photograph, inspection.results, question.settings)
    except DFSCError as error:
        return refused(question, known, str(error))
    except OSError as error:
        return refused(question, known, wording.SERVER_REFUSED.format(error.strerror or "error"))
    finding = Finding(question.number, product, photograph, inspection)
    if not known.shows(question, finding):
        return UNCHANGED
    html = results_html(finding, [detector.config for detector in inspector.detectors])
    message = message or wording.inspected(photograph.name, time.perf_counter() - started)
    return arriving(html, question.number), notice(message, answer=question.number), *_choice(known, product)


def _inspected(photograph: Photograph, inspector: Inspector, known_as: Entry | None) -> Inspection:
    if known_as is not None and known_as.inspector is inspector:
        return Inspection(photograph.display, known_as.results)
    return inspect_photograph(photograph, inspector)


def refused(question: Question, known: Visitor, sentence: str) -> Answer:
    """An error message instead of a finding; the previous finding stays, and the page marks it as outdated."""
    if not known.asks(question):
        return UNCHANGED
    return gr.skip(), notice(sentence, "error", answer=question.number), gr.skip(), gr.skip()


def inspector_of(product: str | None, known: Visitor) -> Inspector:
    """A product's inspector, with the region that the visitor drew for it, and with the good parts that shall count.

    Raises:
        DFSCError: if there is none, it can't be loaded, or the visitor has no detectors.
    """
    if not product:
        raise DFSCError(wording.NO_PRODUCTS)
    inspector = known.within.get(product) or (known.inspector() if product == OWN else inspectors.inspector(product))
    return known.feedback.adjusted(product, inspector)


def _choice(known: Visitor, product: str | None) -> tuple[Any, Any]:
    """Choice of product and examples as they belong to what is shown."""
    choice = gr.Radio(choices(has_models=bool(known.detectors)), value=product)
    if known.gallery == product:
        return choice, gr.skip()
    known.gallery = product
    return choice, "" if product in (OWN, None) else examples_html(product)


def _wished(named: object) -> tuple[str | None, inspectors.Example | None]:
    """The product and the example, as kind-number, that the page's address names, as far as they are there."""
    product, example = (named.get(name) for name in ("product", "example")) if isinstance(named, dict) else (None, None)
    if product not in products():
        return None, None
    found = inspectors.examples(product)
    return product, next((one for one in found if f"{one.kind}-{one.number}" == example), None)


def _example(example: inspectors.Example) -> Photograph:
    name = wording.example_name(example.kind, example.number, example.fault)
    return replace(read_photograph(example.path, name, uploaded=False), region=example.region)

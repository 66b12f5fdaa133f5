"""What happens on the Compare tab: images of interest are drawn when they are asked for, and opened on a click."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import gradio as gr

from dfsc import DFSCError, products
from dfsc.images.display import display_copy
from dfsc.inspection.colours import overlay
from dfsc.interface.compare import wording
from dfsc.interface.compare.cases_view import TITLES, Look, cases_html
from dfsc.interface.inspect.inspecting import UNCHANGED, answered, refused
from dfsc.interface.markup import notice, picture
from dfsc.interface.session import inspectors
from dfsc.interface.session.asking import Question, question_from
from dfsc.interface.session.lane import courtesy
from dfsc.interface.session.photograph import Photograph, inspect_photograph, photograph_of
from dfsc.interface.session.visitors import visitor
from dfsc.models.methods import PAIR
from dfsc.study.cases import Case, Finding, Outcome
from dfsc.study.selection import Selection, case_picture, read_selection, selected_products, study_folder
from dfsc.training.progress import Throttle

PICTURE_EDGE = 360
KEPT_LOOKS = 256
DRAWING_TICK = 0.4


def shown_products() -> list[str]:
    """Products that have images of interest, and detectors to judge them with."""
    return [product for product in selected_products(study_folder()) if product in products()]


def show_cases(product: str, limits: str, outcome: str, request: gr.Request) -> Iterator[tuple[Any, str]]:
    """The choice of outcomes with this product's counts, and its cards: at once, then with pictures as they come."""
    known, own = visitor(request), object()
    known.cases = own
    try:
        selection, judged = _selection(product, limits)
        same = _same_weights(selection)
    except DFSCError as error:
        yield gr.skip(), notice(str(error), "error")
        return
    kind, tick = Outcome(outcome), Throttle(DRAWING_TICK)
    looks: dict[int, Look | str] = {}
    shown = partial(cases_html, selection, kind, looks, same, judged, limits != judged)
    if known.cases is not own:
        return
    yield gr.Radio(wording.outcome_choices(selection)), shown()
    for index, case in selection.of(kind):
        look = _looked_at(product, case)
        if judged == wording.SAME_RATE and isinstance(look, Look):
            look = replace(look, findings=case.findings)
        looks[index] = look
        if known.cases is not own:
            return
        if tick.due():
            yield gr.skip(), shown()
    yield gr.skip(), shown()


def _selection(product: str, limits: object) -> tuple[Selection, str]:
    """What was chosen with these limits, or else with the calibrated ones, and which of both they are."""
    selection = read_selection(study_folder(), product)
    if limits == wording.SAME_RATE and selection.same_rate:
        return selection.at(selection.same_rate), wording.SAME_RATE
    return selection, wording.CALIBRATED


def open_case(asked: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Go to the Inspect tab and inspect the image whose card was clicked: tabs, and what a finding changes."""
    known, question = visitor(request), question_from(asked)
    product, case = _clicked(question)
    if case is None:
        yield gr.Tabs(selected="inspect-tab"), *refused(question, known, wording.UNKNOWN_CASE)
        return
    said = notice(wording.opening(wording.case_name(product, case)))
    yield gr.Tabs(selected="inspect-tab"), gr.skip(), said, *UNCHANGED[2:]
    yield gr.skip(), *answered(question, known, product, lambda: _photograph(product, case))


def _clicked(question: Question) -> tuple[str, Case | None]:
    product, index = question.about.get("product"), question.index
    if product not in shown_products() or index is None:
        return "", None
    try:
        cases = _selection(product, question.about.get("limits"))[0].cases
    except DFSCError:
        return product, None
    return product, cases[index] if index < len(cases) else None


def _photograph(product: str, case: Case) -> Photograph:
    pixels, region = case_picture(product, case)
    return replace(photograph_of(pixels, wording.case_title(product, case), uploaded=False), region=region)


def _looked_at(product: str, case: Case) -> Look | str:
    """The look of a case, or a sentence where there is none."""
    try:
        return _look(product, case)
    except DFSCError as error:
        return str(error)


@lru_cache(KEPT_LOOKS)
def _look(product: str, case: Case) -> Look:
    photograph = _photograph(product, case)
    with courtesy.inspecting():
        inspection = inspect_photograph(photograph, inspectors.inspector(product))
    results = {result.method: result for result in inspection.results}
    small = display_copy(photograph.display, PICTURE_EDGE)
    maps = [overlay(small, results[method].fused) for method in PAIR]
    titles = [wording.picture_of(title, photograph.name) for title in (None, *TITLES)]
    ead_s, dfsc = (Finding(r.score, r.threshold, r.verdict) for r in (results[method] for method in PAIR))
    itself, of_ead_s, of_dfsc = map(picture, [small, *maps], titles)
    return Look((itself, of_ead_s, of_dfsc), (ead_s, dfsc))


def _same_weights(selection: Selection) -> bool:
    """Whether the detectors that are here are those by which the images were counted and chosen."""
    detectors = inspectors.inspector(selection.product).detectors
    found = {detector.config.method: detector.weights_digest for detector in detectors}
    return tuple(map(found.get, PAIR)) == selection.weights

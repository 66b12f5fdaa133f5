"""The Compare tab: what a study found, and its images of interest; only there when weights/study holds any of it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from dfsc import DFSCError
from dfsc.interface.compare import wording
from dfsc.interface.compare.comparing import show_cases, shown_products
from dfsc.interface.compare.tau_curves import tau_curves_html
from dfsc.interface.compare.view import comparison_html, meaning_html, settings_html, switches_html
from dfsc.interface.markup import notice
from dfsc.interface.session.asking import click_script
from dfsc.interface.wording import product_name
from dfsc.study.cases import Outcome
from dfsc.study.file import NAME, read_study
from dfsc.study.selection import Selection, read_selection, study_folder

DRAWING: dict[str, Any] = {
    "api_visibility": "private",
    "show_progress": "hidden",
    "trigger_mode": "multiple",
    "concurrency_id": "cases",
    "concurrency_limit": 2,
}


def has_study() -> bool:
    """Whether there is anything to compare."""
    return (study_folder() / NAME).is_file() or bool(shown_products())


def compare_tab(tab: gr.Tab) -> gr.HTML | None:
    """Put the tab's components and handlers into the Blocks context and return the cards, if there are any."""
    study, *selections = _readable([read_study, *(partial(read_selection, product=p) for p in shown_products())])
    if study:
        views = (meaning_html, comparison_html, tau_curves_html, switches_html, settings_html)
        gr.HTML("".join(view(study) for view in views), elem_id="study", label="Study")
    found = [selection for selection in selections if selection]
    return _cases(tab, found) if found else None


def _readable(readers: list[Callable[[Path], Any]]) -> list[Any]:
    """What can be read of the study's folder, and None with a notice where a file is damaged."""
    read, told = [], []
    for reader in readers:
        try:
            read.append(reader(study_folder()))
        except DFSCError as error:
            read.append(None)
            told.append(notice(str(error), "error"))
    if told:
        gr.HTML("".join(told), elem_id="no-study", label="Notice")
    return read


def _cases(tab: gr.Tab, selections: list[Selection]) -> gr.HTML:
    gr.HTML(
        f'<section class="cases-head"><h2>{wording.CASES_TITLE}</h2><p>{wording.CASES_NOTE}</p></section>',
        elem_id="cases-head",
        label=wording.CASES_TITLE,
    )
    names = [(product_name(selection.product), selection.product) for selection in selections]
    start = max(selections, key=_disagreements)
    first = next((outcome for outcome in Outcome if start.of(outcome)), Outcome.BOTH_RIGHT)
    product = gr.Radio(names, value=start.product, label=wording.CASE_PRODUCT_LABEL, elem_id="case-product")
    limits = gr.Radio(
        [(title, limits) for limits, title in wording.LIMITS.items()],
        value=wording.CALIBRATED,
        label=wording.CASE_LIMITS_LABEL,
        elem_id="case-limits",
        visible=any(selection.same_rate for selection in selections),
    )
    outcome = gr.Radio(
        wording.outcome_choices(start),
        value=first.value,
        label=wording.CASE_OUTCOME_LABEL,
        elem_id="case-outcome",
    )
    cards = gr.HTML("", elem_id="cases", label=wording.CASES_TITLE, js_on_load=click_script("case"))
    for asked in (tab.select, product.input, limits.input, outcome.input):
        asked(show_cases, [product, limits, outcome], [outcome, cards], **DRAWING)
    return cards


def _disagreements(selection: Selection) -> int:
    """How many images can be shown on which one method alone is right."""
    return len(selection.of(Outcome.ONLY_DFSC)) + len(selection.of(Outcome.ONLY_EAD_S))

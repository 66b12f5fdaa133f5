"""The History tab: what was inspected, what people say of it, and where the limits are."""

from dataclasses import dataclass

import gradio as gr

from dfsc.interface.history import wording
from dfsc.interface.history.handling import clear_history, download_model, show_history, take_marks
from dfsc.interface.inspect.inspecting import keep_settings
from dfsc.interface.inspect.tab import CLICKED, LANE, PRIVATE, QUICK, InspectTab, script
from dfsc.interface.session.asking import asking, asking_beside
from dfsc.interface.session.downloads import fetch_script


@dataclass(frozen=True)
class HistoryTab:
    """What the page connects with the Inspect tab: changed good parts, and the list whose photos open there."""

    overview: gr.HTML
    listed: gr.HTML


def history_tab(tab: gr.Tab, inspecting: InspectTab) -> HistoryTab:
    """Put the tab's components and handlers into the Blocks context."""
    with gr.Column(elem_id="history"):
        overview = gr.HTML("", elem_id="history-overview", label=wording.TITLE, js_on_load=script("limits.js"))
        listed = gr.HTML("", elem_id="history-list", label=wording.LIST_LABEL, js_on_load=script("history.js"))
        file = gr.DownloadButton(wording.MODEL_LABEL, elem_id="model-file", elem_classes="fetched")
    one = [inspecting.question, inspecting.product]
    tab.select(show_history, one, [overview, listed], js=asking_beside("history", 1), **QUICK)
    for said in (overview.click, listed.click):
        said(take_marks, one, overview, js=asking("marks", 1), **CLICKED, **LANE)
    overview.input(keep_settings, inspecting.question, inspecting.many, js=asking_beside("settings"), **QUICK)
    overview.select(clear_history, one, [overview, listed], js=asking_beside("history", 1), **QUICK)
    overview.submit(download_model, one, file, js=asking_beside("history", 1), **PRIVATE, **LANE).then(
        None, js=fetch_script("model-file")
    )
    return HistoryTab(overview, listed)

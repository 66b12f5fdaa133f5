"""The Live tab: a camera or a video file, inspected frame by frame."""

import gradio as gr

from dfsc import DFSCError
from dfsc.interface.inspect.inspecting import inspector_of
from dfsc.interface.inspect.tab import QUICK, InspectTab, script
from dfsc.interface.live import wording
from dfsc.interface.live.view import choice_html, live_html
from dfsc.interface.markup import notice
from dfsc.interface.session.visitors import visitor


def live_tab(tab: gr.Tab, inspecting: InspectTab) -> gr.HTML:
    """Put the tab's components into the Blocks context; returns what the last rejects are clicked in."""
    choice = gr.HTML("", elem_id="live-choice", label="Product and methods")
    live = gr.HTML(
        live_html(), elem_id="live", label=wording.TITLE, js_on_load=script("stream.js", "trigger.js", "live.js")
    )
    tab.select(show_choice, inspecting.product, choice, **QUICK)
    return live


def show_choice(product: str | None, request: gr.Request) -> str:
    """What can be watched: the product of the Inspect tab with its methods."""
    known = visitor(request)
    try:
        titles = inspector_of(product, known).titles
    except DFSCError as error:
        return notice(str(error), "error")
    return choice_html(product, known.token, titles)

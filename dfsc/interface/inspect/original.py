"""The photo at its own resolution, for the full-screen viewer: sent when that opens, kept in no file."""

from typing import Any

import gradio as gr

from dfsc import DFSCError
from dfsc.interface.markup import picture
from dfsc.interface.session.asking import question_from
from dfsc.interface.session.photograph import large_copy
from dfsc.interface.session.visitors import visitor


def show_original(query: str, request: gr.Request) -> Any:
    """The photo of the displayed finding, where that has more pixels than its display copy."""
    finding = visitor(request).finding_for(question_from(query))
    if finding is None or not finding.photograph.original:
        return gr.skip()
    try:
        return f'<div data-of="{finding.number}">{picture(large_copy(finding.photograph), "")}</div>'
    except DFSCError:
        return gr.skip()  # the viewer goes on with the display copy

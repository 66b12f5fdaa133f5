"""What happens on the Inspect tab to several photographs: uploaded, inspected one after the other, opened again."""

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from dfsc import DFSCError
from dfsc.archives import is_zip
from dfsc.interface import wording
from dfsc.interface.inspecting import Shown, guarded, inspector_of, kept
from dfsc.interface.many import Many, inspect_again, inspect_uploads
from dfsc.interface.many_view import many_html
from dfsc.interface.markup import clicked_index, notice
from dfsc.interface.passing_files import Upload, taken_over
from dfsc.interface.photograph import read_photograph
from dfsc.interface.visitors import visitor
from dfsc.interface.wording import OWN

TABLE_TICK = 0.5


def show_uploads(files: list[dict] | None, product: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Inspect what was uploaded, dropped or pasted; the field is emptied for the next one, results stay on an error.

    Args:
        files: gradio's records of uploaded files (see passing_files.taken_over).
        product: name of an embedded product, or OWN.
    """
    with taken_over(files) as uploads:
        if not uploads:
            yield *kept(notice(wording.UNKNOWN_UPLOAD, "error")), None, gr.skip()
        elif len(uploads) == 1 and not is_zip(uploads[0][0]):
            path, name = uploads[0]
            shown = guarded(lambda: read_photograph(path, name, uploaded=True), product, request)
            yield *shown, None, gr.skip()
        else:
            yield from _show_many(uploads, product, request)


def _show_many(uploads: list[Upload], product: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Inspect several photographs, tell how far that is, and open the one with the highest score."""
    known, started = visitor(request), time.monotonic()
    known.chosen = product
    try:
        for many in _told(inspect_uploads(uploads, product, inspector_of(product, request))):
            known.many = many
            said = notice(wording.many_so_far(many.done, many.total))
            yield gr.skip(), said, gr.skip(), None, many_html(many, known.settings)
    except DFSCError as error:
        yield *kept(notice(str(error), "error")), None, gr.skip()
        return
    table = many_html(many, known.settings)
    if not many.entries:
        yield *kept(notice(many.left_out[0], "error")), None, table
        return
    if known.chosen != product:
        # Another product was chosen meanwhile, and what is shown is of that one.
        yield *kept(notice(wording.many_other(product))), None, table
        return
    said = wording.many_done(time.monotonic() - started, len(many.entries))
    entry = many.ranked(known.settings)[0].entry
    yield *guarded(entry.opened, product, request, said), None, table


def _told(states: Iterator[Many]) -> Iterator[Many]:
    """The states that are worth a new table: the first, one each half second, and the last."""
    told, latest = 0.0, None
    for latest in states:
        if time.monotonic() - told > TABLE_TICK:
            told = time.monotonic()
            yield latest
    yield latest


def open_one(product: str, event: gr.EventData, request: gr.Request) -> Shown:
    """Show the photograph whose row was clicked."""
    many, index = visitor(request).many, clicked_index(event)
    if many is None or index is None or index >= len(many.entries):
        return kept(notice(wording.NO_SUCH_PHOTOGRAPH, "error"))
    return guarded(many.entries[index].opened, product, request)


def judge_again(product: str, request: gr.Request) -> Iterator[Any]:
    """Inspect the photographs of the table with another product's detectors, unless others come meanwhile."""
    known = visitor(request)
    before = known.many
    if before is None or (before.product == product and product != OWN):
        yield gr.skip()
        return
    try:
        for many in _told(inspect_again(before, product, inspector_of(product, request))):
            if known.many is not before:
                yield gr.skip()
                return
            yield many_html(many, known.settings)
        known.many = many
    except DFSCError:
        yield gr.skip()  # what changed the product has said so

"""What happens on the Inspect tab to several photographs: uploaded, inspected one after the other, opened again."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from dfsc import DFSCError, Inspector
from dfsc.checkpoints.bundles import is_bundle
from dfsc.images.archives import is_zip
from dfsc.interface import wording
from dfsc.interface.inspect.inspecting import UNCHANGED, Answer, answered, inspector_of, open_file, refused
from dfsc.interface.inspect.many_view import many_html
from dfsc.interface.markup import notice
from dfsc.interface.session.asking import Question, question_from
from dfsc.interface.session.many import Many, inspect_again, inspect_uploads
from dfsc.interface.session.passing_files import Upload, taken_over
from dfsc.interface.session.photograph import Photograph, read_photograph
from dfsc.interface.session.visitors import Visitor, visitor
from dfsc.training.progress import Throttle

TABLE_TICK = 0.5
# The upload field and the table, of which the field is emptied for the next photographs.
EMPTIED = (None, gr.skip())
UNCHANGED_TABLE = (gr.skip(), gr.skip())


def show_uploads(query: str, files: list[dict] | None, product: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Inspect what was uploaded, dropped or pasted, or with it if it is a model; results stay on an error.

    The field is emptied for the next one.

    Args:
        files: gradio's records of uploaded files (see passing_files.taken_over).
        product: name of an embedded product, or OWN.
    """
    known, question = visitor(request), question_from(query)
    known.asks(question)
    with taken_over(files) as uploads:
        yield *UNCHANGED, *EMPTIED
        if not uploads:
            yield *refused(question, known, wording.UNKNOWN_UPLOAD), *UNCHANGED_TABLE
        elif len(uploads) == 1 and is_bundle(uploads[0][0]):
            yield *open_file(question, *uploads[0], known), *UNCHANGED_TABLE
        elif len(uploads) == 1 and not is_zip(uploads[0][0]):
            path, name = uploads[0]
            yield (
                *answered(question, known, product, lambda: _read(path, name, inspector_of(product, known).bits)),
                *UNCHANGED_TABLE,
            )
        else:
            yield from _show_many(question, uploads, product, known)


def _read(path: Path, name: str, bits: int | None) -> Photograph:
    return read_photograph(path, name, uploaded=True, bits=bits)


def _show_many(question: Question, uploads: list[Upload], product: str, known: Visitor) -> Iterator[tuple[Any, ...]]:
    """Inspect several photographs, tell how far that is, and open the one with the highest score.

    Whatever is asked meanwhile, the table is finished; but then no photograph of it is opened.
    """
    started, known.judged_by = time.monotonic(), product
    try:
        inspector = inspector_of(product, known)
        states = _recorded(inspect_uploads(uploads, product, inspector, question.number), inspector, known)
        for many in _worth_showing(states):
            if known.many and known.many.number > question.number:
                return  # others were uploaded since
            known.many = many
            message = notice(wording.many_so_far(many.done, many.total), answer=question.number)
            yield (
                gr.skip(),
                message if known.still_asks(question) else gr.skip(),
                *UNCHANGED[2:],
                gr.skip(),
                _table(known),
            )
    except DFSCError as error:
        yield *refused(question, known, str(error)), *UNCHANGED_TABLE
        return
    if not many.entries:
        yield *refused(question, known, many.left_out[0]), gr.skip(), _table(known)
        return
    message = wording.many_done(time.monotonic() - started, len(many.entries))
    entry = many.ranked(known.settings)[0].entry
    yield *answered(question, known, product, entry.opened, message, entry), gr.skip(), _table(known)


def _table(known: Visitor) -> str:
    return many_html(known.many, known.settings)


def _recorded(states: Iterator[Many], inspector: Inspector, known: Visitor) -> Iterator[Many]:
    """The same states, with each photo in the visitor's history."""
    count = 0
    for many in states:
        for entry in many.entries[count:]:
            known.feedback.record(many.product, inspector, entry.opened(), entry.results, known.settings)
        count = len(many.entries)
        yield many


def _worth_showing(states: Iterator[Many]) -> Iterator[Many]:
    """The states that are worth a new table: the first, one each half second, and the last."""
    tick, latest = Throttle(TABLE_TICK, at_once=True), None
    for latest in states:
        if tick.due():
            yield latest
    yield latest


def open_one(query: str, request: gr.Request) -> Answer:
    """Show the photograph that was clicked; no network runs, unless another product was chosen just before."""
    known, question = visitor(request), question_from(query)
    many, index = known.many, question.index
    if many is None or question.about.get("table") != str(many.number) or index is None or index >= len(many.entries):
        return refused(question, known, wording.NO_SUCH_PHOTOGRAPH)
    entry = many.entries[index]
    return answered(question, known, known.judged_by, entry.opened, known_as=entry)


def judge_again(product: str, request: gr.Request) -> Iterator[Any]:
    """Inspect the photographs of the table with another product's detectors, unless others come meanwhile."""
    known = visitor(request)
    before = known.many
    if before is None:
        yield gr.skip()
        return
    known.judged_by = product
    try:
        inspector = inspector_of(product, known)
        if before.product == product and before.is_of(inspector):
            yield gr.skip()
            return
        for many in _worth_showing(_recorded(inspect_again(before, product, inspector), inspector, known)):
            if known.many is not before or known.judged_by != product:
                yield gr.skip()
                return
            yield many_html(many, known.settings)
        known.many = many
    except DFSCError:
        yield gr.skip()  # what changed the product has said so

"""The Retrain tab's photographs: uploads and samples become the visitor's set, and τ′ shows what is novel on one."""

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from dfsc.checkpoints import embedded_teacher
from dfsc.interface import retrain_view as view
from dfsc.interface import retrain_wording as wording
from dfsc.interface.markup import notice
from dfsc.interface.passing_files import taken_over
from dfsc.interface.samples import samples
from dfsc.interface.visitors import Visitor, visitor
from dfsc.interface.wording import UNKNOWN_UPLOAD
from dfsc.optimization import load_optimizers
from dfsc.photoset import PhotoSet, joined, photo_set, read_photographs
from dfsc.previews import stand_in

READING_TICK = 0.25
SIZE = "demo"


def add_uploads(files: list[dict] | dict | None, tau: float, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Read what was uploaded and add it to the visitor's photographs; the files are gone afterwards."""
    told, known = 0.0, visitor(request)
    album = known.album
    with taken_over(files) as uploads:
        if not uploads:
            yield notice(UNKNOWN_UPLOAD, "error"), gr.skip(), gr.skip(), None
            return
        yield gr.skip(), gr.skip(), gr.skip(), None
        for progress in read_photographs(uploads):
            if known.album is not album:
                return  # he started over, or took a sample instead
            if progress.photographs is None and time.monotonic() - told > READING_TICK:
                told = time.monotonic()
                yield notice(wording.read_so_far(progress.done, progress.total, progress.name)), *[gr.skip()] * 3
    for shown in _take(known, album, progress.photographs, tau):
        yield *shown, gr.skip()


def take_sample(name: str, tau: float, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Read or draw a product's own good photographs, in place of what was there."""
    sample, images, told = samples()[name], [], 0.0
    known = visitor(request)
    album = known.album = object()
    for image in sample.read():
        if known.album is not album:
            return
        images.append(image)
        if time.monotonic() - told > READING_TICK:
            told = time.monotonic()
            yield notice(wording.read_so_far(len(images), sample.count, image[0])), gr.skip(), gr.skip()
    yield from _take(known, album, photo_set(images), tau, added=False)


def start_over(request: gr.Request) -> tuple[str, str, str]:
    """Forget the photographs; models stay."""
    known = visitor(request)
    known.album = object()
    known.photographs = known.stand_in = None
    return notice(wording.INVITATION), "", ""


def _take(
    known: Visitor, album: object, photographs: PhotoSet, tau: float, added: bool = True
) -> Iterator[tuple[Any, ...]]:
    """Take photographs, show them, and then what is novel on the first one before any training.

    Args:
        album: what `known.album` was when they were asked for.
        added: to what is there already, or in its place.
    """
    with known.adding:
        if known.album is not album:
            return
        found = joined(known.photographs, photographs) if known.photographs and added else photographs
        known.photographs, known.stand_in = found, None
    said = notice(found.shortage, "error") if found.shortage else notice(wording.ready(len(found), found.surplus))
    yield said, view.album_html(found), ""
    if len(found) < 2:
        return
    for novel in stand_in(found.images, embedded_teacher(SIZE)):
        if known.photographs is not found:
            return
        known.stand_in = novel
        yield gr.skip(), gr.skip(), gr.skip()
    yield gr.skip(), gr.skip(), novelty_of(known, tau)
    # While the visitor looks at it, so that the training's first step does not wait for that.
    load_optimizers()


def show_novelty(tau: float, request: gr.Request) -> str:
    """The novel features at another τ′."""
    return novelty_of(visitor(request), tau)


def novelty_of(known: Visitor, tau: float) -> Any:
    """The view of what is novel at a τ′: by the trained auto-encoder if there is one, else by the stand-in."""
    job, photographs = known.retraining, known.photographs
    if job is not None and job.novel is not None and job.photographs is photographs:
        return view.novelty_html(photographs, job.novel, tau, job.held_out, wording.REAL)
    if photographs is None or known.stand_in is None:
        return gr.skip()
    sentence = wording.STAND_IN.format(name=photographs.names[0])
    return view.novelty_html(photographs, known.stand_in, tau, photographs.images[0], sentence)

"""The Retrain tab's photographs: uploads and samples become the visitor's set, and τ′ shows what is novel on one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from dfsc import DFSCError
from dfsc.checkpoints.embedded import embedded_teacher
from dfsc.interface.interest import drawn_region
from dfsc.interface.markup import notice
from dfsc.interface.retrain import view, wording
from dfsc.interface.retrain.samples import samples
from dfsc.interface.session.asking import question_from
from dfsc.interface.session.lane import courtesy
from dfsc.interface.session.passing_files import taken_over
from dfsc.interface.session.retraining import learn_at_once
from dfsc.interface.session.visitors import Visitor, visitor
from dfsc.interface.wording import UNKNOWN_UPLOAD
from dfsc.material.photographs import PhotoSet, joined, photo_set, read_photographs
from dfsc.models.fre import MIN_IMAGES
from dfsc.training.optimizer import load_optimizers
from dfsc.training.previews import stand_in
from dfsc.training.progress import Throttle

READING_TICK = 0.25
SIZE = "demo"


@dataclass
class Seen:
    """What photographs change on the tab, of which what is left out stays as it is."""

    message: Any = field(default_factory=gr.skip)
    album: Any = field(default_factory=gr.skip)
    novelty: Any = field(default_factory=gr.skip)
    result: Any = field(default_factory=gr.skip)
    actions: Any = field(default_factory=gr.skip)
    counting: Any = field(default_factory=gr.skip)

    def outputs(self) -> tuple[Any, ...]:
        """In the order in which the tab names its components."""
        return self.message, self.album, self.novelty, self.result, self.actions, self.counting


def add_uploads(files: list[dict] | dict | None, tau: float, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Read what was uploaded and add it to the visitor's photographs; the files are gone afterwards."""
    tick, known = Throttle(READING_TICK, at_once=True), visitor(request)
    album = known.album
    with taken_over(files) as uploads:
        if not uploads:
            yield *Seen(message=notice(UNKNOWN_UPLOAD, "error")).outputs(), None
            return
        yield *Seen().outputs(), None
        for progress in read_photographs(uploads):
            if known.album is not album:
                return  # he started over, or took a sample instead
            if progress.photographs is None and tick.due():
                said = wording.read_so_far(progress.done, progress.total, progress.name)
                yield *Seen(message=notice(said)).outputs(), gr.skip()
    for seen in _take(known, album, progress.photographs, tau):
        yield *seen.outputs(), gr.skip()


def take_sample(name: str, tau: float, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Read or draw a product's own good photographs, in place of what was there."""
    sample, images, tick = samples()[name], [], Throttle(READING_TICK, at_once=True)
    known = visitor(request)
    album = known.album = object()
    for image in sample.read():
        if known.album is not album:
            return
        images.append(image)
        if tick.due():
            yield Seen(message=notice(wording.read_so_far(len(images), sample.count, image[0]))).outputs()
    for seen in _take(known, album, photo_set(images), tau, added=False):
        yield seen.outputs()


def start_over(request: gr.Request) -> tuple[Any, ...]:
    """Forget the photographs; models stay."""
    known = visitor(request)
    known.album = object()
    known.photographs = known.stand_in = known.counts = None
    return Seen(notice(wording.INVITATION), "", "", counting="").outputs()


def choose_what_counts(query: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Let only what is drawn around count of the photographs from now on, or all of it again."""
    known, corners = visitor(request), question_from(query).about.get("corners")
    photographs = known.photographs
    if photographs is None:
        return
    try:
        known.lets_count(drawn_region(corners))
    except DFSCError as error:
        yield Seen(message=notice(str(error), "error")).outputs()
        return
    said = notice(wording.counts(known.counts))
    yield Seen(said, result="", actions=gr.Row(visible=False), counting=_counting(known)).outputs()
    if len(photographs) >= MIN_IMAGES:
        yield _learned_at_once(known, photographs).outputs()


def _take(known: Visitor, album: object, photographs: PhotoSet, tau: float, added: bool = True) -> Iterator[Seen]:
    """Take photographs, show them, what is novel on the first one before any training, and what FRE makes of them.

    Args:
        album: what `known.album` was when they were asked for.
        added: to what is there already, or in its place.
    """
    with known.adding:
        if known.album is not album:
            return
        found = joined(known.photographs, photographs) if known.photographs and added else photographs
        known.photographs, known.stand_in = found, None
        if not added:
            known.counts = None
    said = notice(found.shortage, "error") if found.shortage else notice(wording.ready(len(found), found.surplus))
    yield Seen(said, view.album_html(found), "", counting=_counting(known))
    if len(found) < 2:
        return
    for novel in stand_in(found.images, embedded_teacher(SIZE)):
        if known.photographs is not found:
            return
        known.stand_in = novel
        yield Seen()
    yield Seen(novelty=novelty_of(known, tau))
    if len(found) >= MIN_IMAGES:
        yield _learned_at_once(known, found)
    # While the visitor looks at it, so that the training's first step does not wait for that.
    load_optimizers()


def _learned_at_once(known: Visitor, photographs: PhotoSet) -> Seen:
    """FRE of the photographs, which is the visitor's model until a pair is trained."""
    with courtesy.inspecting():
        region = known.counts
        detector = learn_at_once(photographs, embedded_teacher(SIZE), known.next_product, region)
    if known.photographs is not photographs or known.counts is not region:
        return Seen()
    known.learned_at_once(detector)
    return Seen(result=view.result_html((detector,), photographs), actions=gr.Row(visible=True))


def _counting(known: Visitor) -> str:
    return view.counting_html(known.photographs, known.counts)


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

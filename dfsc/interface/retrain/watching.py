"""The Retrain tab's training: lined up, watched while it runs, given up when nobody watches."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from dfsc import DFSCError, products
from dfsc.checkpoints.kept import keep
from dfsc.interface.markup import notice
from dfsc.interface.retrain import view, wording
from dfsc.interface.retrain.collecting import novelty_of
from dfsc.interface.retrain.curves import curves_html
from dfsc.interface.session.asking import question_from
from dfsc.interface.session.downloads import pair_file
from dfsc.interface.session.lane import lane
from dfsc.interface.session.retraining import Retraining, State, matched_recipe
from dfsc.interface.session.visitors import Visitor, visitor, welcome
from dfsc.interface.wording import OWN
from dfsc.models.separation import SeparationSettings

TICK = 0.4


@dataclass
class Changes:
    """A watched training's outputs, of which those that are left out stay as they are.

    `seen` is what was drawn of the job: number of points, preview, novel channels.
    """

    message: Any = field(default_factory=gr.skip)
    novelty: Any = field(default_factory=gr.skip)
    result: Any = field(default_factory=gr.skip)
    actions: Any = field(default_factory=gr.skip)
    curves: Any = field(default_factory=gr.skip)
    preview: Any = field(default_factory=gr.skip)
    seen: tuple[int, Any, Any] = (0, None, None)

    def outputs(self) -> tuple[Any, ...]:
        """In the order in which the tab names its components."""
        return self.message, self.novelty, self.result, self.actions, self.curves, self.preview


def train_pair(
    tau: float,
    ratio: float,
    seconds: float,
    movement: float,
    seed: float,
    warm_up: float,
    weight: float,
    also: list[str],
    request: gr.Request,
) -> Iterator[tuple[Any, ...]]:
    """Train a pair, and what is wanted beside it, on the visitor's photographs and show how it goes."""
    known = visitor(request)
    try:
        separation = SeparationSettings(tau=tau, margin_ratio=ratio, warm_up=warm_up, weight=weight)
        recipe = matched_recipe(seconds, movement, int(seed or 0), separation, also)
    except DFSCError as error:
        yield _refusal(str(error))
        return
    if known.photographs is None or known.photographs.shortage:
        yield _refusal(known.photographs.shortage if known.photographs else wording.INVITATION)
        return
    yield from _watch(known, known.wishes(known.photographs, recipe), tau)


def train_longer(seconds: float, tau: float, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Go on with the last pair for another time."""
    known = visitor(request)
    if known.prolongable is None:
        yield _refusal(wording.NOTHING_TO_PROLONG)
        return
    yield from _watch(known, known.prolongable.prolonged(seconds), tau)


def stop_training(request: gr.Request) -> str:
    known = visitor(request)
    if not known.trains:
        return notice(wording.NOTHING_TO_STOP)
    job = known.retraining
    job.stop()
    return view.progress_html(job, *lane.place(job))


def download_pair(request: gr.Request) -> Any:
    """Write the last pair for the hidden download button."""
    known = visitor(request)
    return pair_file(known, known.pairs[-1]) if known.pairs else gr.skip()


def keep_model(name: str, request: gr.Request) -> tuple[Any, Any]:
    """Keep the last pair under a name on this machine, and say so; the name is gone from the field then."""
    known = visitor(request)
    if not known.pairs:
        return gr.skip(), gr.skip()
    try:
        keep(known.pairs[-1].detectors, name, [OWN, *products()])
    except DFSCError as error:
        return notice(str(error), "error"), gr.skip()
    return notice(wording.kept(name.strip())), ""


def pair_again(asked: str, request: gr.Request) -> tuple[Any, Any]:
    """The pair that this browser trained before its page was loaded again, and what can be done with it."""
    known = visitor(request)
    welcome(known, question_from(asked).about.get("browser"))
    return (
        (view.result_html(known.pairs[-1].detectors), gr.Row(visible=True)) if known.pairs else (gr.skip(), gr.skip())
    )


def _watch(known: Visitor, job: Retraining, tau: float) -> Iterator[tuple[Any, ...]]:
    """Line the job up and show it until it is over; when nobody looks any more, it is given up."""
    if known.trains:
        yield _refusal(wording.ALREADY_TRAINING)
        return
    if not lane.enter(job):
        yield _refusal(wording.TOO_MANY_WAIT)
        return
    known.retraining = job
    shown = Changes()
    try:
        while not job.finished:
            shown = _changes(known, job, tau, shown)
            yield shown.outputs()
            time.sleep(TICK)
        shown = _changes(known, job, tau, shown)
        yield (_with_pair(known, job, shown) if job.state is State.DONE else shown).outputs()
    finally:
        if not job.finished:
            job.abandon()


def _changes(known: Visitor, job: Retraining, tau: float, last: Changes) -> Changes:
    """What is to be drawn anew since the last time."""
    new = Changes(message=view.progress_html(job, *lane.place(job)), seen=(len(job.points), job.preview, job.novel))
    points, preview, novel = last.seen
    if len(job.points) != points:
        new.curves = curves_html(job.points)
    if job.preview is not preview:
        new.preview = view.preview_html(job.preview, job.photographs)
    if job.novel is not novel:
        new.novelty = novelty_of(known, tau)
    return new


def _with_pair(known: Visitor, job: Retraining, shown: Changes) -> Changes:
    known.keep(job)
    shown.result = view.result_html(job.detectors, job.photographs)
    shown.actions = gr.Row(visible=True)
    return shown


def _refusal(sentence: str) -> tuple[Any, ...]:
    return Changes(message=notice(sentence, "error")).outputs()

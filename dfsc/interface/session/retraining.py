"""A visitor's retraining as the lane runs it and the page watches it: state, curves, previews, and the trained pair."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from dfsc import Detector, DFSCError, Region
from dfsc.errors import lacks_memory
from dfsc.interface.session.lane import courtesy
from dfsc.interface.session.zerogpu import own_device
from dfsc.material.photographs import PhotoSet
from dfsc.models.detector import Teacher
from dfsc.models.methods import CONSTRAINED, METHODS, PAIR, PARTNER
from dfsc.models.separation import SeparationSettings
from dfsc.training.closed_form import closed_form_detector, closed_form_notes
from dfsc.training.notes import training_notes
from dfsc.training.pacing import Budget
from dfsc.training.previews import NovelChannels, Preview, novel_channels, preview
from dfsc.training.progress import StepRecord
from dfsc.training.recipe import Recipe, start
from dfsc.training.training import Training

POINT_SECONDS = 1.0
# Before so many steps of a stage its pace says too little about how many will fit.
SURE_STEPS = 10
PREVIEW_SECONDS = 4.0
# How often at most it is measured how many faults are found, and for which share of the time.
MOST_GLIMPSES, GLIMPSING_SHARE = 6, 0.05
PATIENCE = 5.0
OWN_SOURCE = "your own training"
# What can be trained beside the pair: titles by method.
OPTIONAL = {name: method.title for name, method in METHODS.items() if method.trained and name not in PAIR}
# Lowest and highest that a visitor may wish for; one training holds up all others.
SECONDS, TAUS = (30, 900), (0.5, 1.0)


class State(StrEnum):
    """How far a retraining is."""

    WAITING = "waiting"
    PREPARING = "preparing"
    LEARNING = "learning"
    CALIBRATING = "calibrating"
    DONE = "done"
    FAILED = "failed"


def matched_recipe(
    seconds: float, movement: float, seed: int, separation: SeparationSettings, also: Sequence[str] = ()
) -> Recipe:
    """A matched pair from few photographs in little time, and its partner in closed form.

    Args:
        also: other methods to train with the pair, keys of OPTIONAL.

    Raises:
        DFSCError: for wishes that make no sense.
    """
    if unknown := set(also) - OPTIONAL.keys():
        raise DFSCError(f"Beside the pair, {', '.join(OPTIONAL)} can be trained, not {min(unknown)!r:.40}.")
    methods = (*PAIR, *(method for method in OPTIONAL if method in also), PARTNER)
    return Recipe(methods, seconds=seconds, quick=True, movement=movement, separation=separation, seed=seed)


def learn_at_once(photographs: PhotoSet, teacher: Teacher, product: str, region: Region | None = None) -> Detector:
    """FRE of what counts of a visitor's photographs; a second's work. Raises DFSCError for fewer than four."""
    notes = {"data": f"{len(photographs)} photographs of a visitor", "license": "unknown"}
    known = closed_form_notes(notes, len(photographs))
    region = region and region.filled(photographs.images)
    detector = closed_form_detector(
        photographs.images, teacher, product, known, bits=photographs.bits, device=own_device(), region=region
    )
    return replace(detector, source=OWN_SOURCE)


@dataclass(frozen=True)
class Point:
    """A point of a curve: mean over about a second, or what was found. `plot` is a key of wording.PLOT_TITLES."""

    plot: str
    seconds: float
    series: str
    value: float


class Retraining:
    """One job. What it offers to look at is only ever replaced, never changed, so another thread may look at it."""

    def __init__(
        self,
        photographs: PhotoSet,
        recipe: Recipe,
        product: str,
        earlier: "Retraining | None" = None,
        at_once: Detector | None = None,
        region: Region | None = None,
    ):
        """Args:
        product: what the detectors' product is called.
        earlier: a finished retraining that is to go on, instead of one from scratch.
        at_once: what was learned in closed form of the same photographs before, to compare with while it trains.
        region: what counts of the photographs.
        """
        self.photographs, self.recipe, self.product, self.region = photographs, recipe, product, region
        self.state = State.WAITING
        self.error = ""
        self.points: tuple[Point, ...] = earlier.points if earlier else ()
        self.record: StepRecord | None = None
        self.preview: Preview | None = None
        self.novel: NovelChannels | None = None
        self.foreseen: int | None = None  # steps of all stages
        self.detectors: tuple[Detector, ...] = ()
        self.training: Training | None = earlier.training if earlier else None
        self.took: float = earlier.took if earlier else 0.0
        self._budget: Budget | None = None
        self._stopped = self._abandoned = False
        self._told = self._looked = self.took
        self._values: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._glimpses: list[float] | None = None  # at which shares of the student's stage, once it has begun
        self._glimpsed = 0.0
        self._level: float | None = earlier._level if earlier else None
        if at_once:
            self._level = at_once.config.self_test.share

    @property
    def finished(self) -> bool:
        return self.state in (State.DONE, State.FAILED) or (self.state is State.WAITING and self._abandoned)

    @property
    def usable(self) -> bool:
        """Whether the trained pair's verdicts mean something; its partner in closed form speaks for itself."""
        trained = (detector.config for detector in self.detectors if METHODS[detector.config.method].trained)
        return all(config.usable for config in trained)

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop and has not stopped learning yet."""
        return self._stopped and self.state in (State.PREPARING, State.LEARNING)

    @property
    def stages(self) -> list[str]:
        """Names of the stages in order, once it learns."""
        return [name for name, _ in self.training.stages]

    @property
    def seconds_left(self) -> float:
        if self.finished:
            return 0.0
        return self._budget.left if self._budget else self.recipe.seconds

    @property
    def steps_taken(self) -> int:
        """Steps over all stages so far; stands still once the work has stopped, 0 when closed."""
        return sum(self.training.taken.values()) if self.training else 0

    @property
    def would_keep(self) -> bool:
        """Whether something comes of what was learned so far, if it is stopped now."""
        return self.training is not None and self.training.learns_to_inspect

    @property
    def held_out(self) -> np.ndarray:
        """The photograph on which novel features are shown: uint8 256×256×3, never learned from."""
        return self.training.data.held_out[0]

    def close(self) -> None:
        """Keep the detectors alone: this retraining will not be prolonged."""
        self.training = self.preview = self.novel = None

    def prolonged(self, seconds: float) -> "Retraining":
        """A job that goes on where this finished one stopped."""
        return Retraining(self.photographs, replace(self.recipe, seconds=seconds), self.product, self)

    def stop(self) -> None:
        """Stop learning soon and keep what was learned; a job that still waits is over at once."""
        self._stopped = True
        if self.state is State.WAITING:
            self._fail("It was stopped before its turn came.")

    def abandon(self) -> None:
        """Stop soon and keep nothing: nobody is there to use it."""
        self._abandoned = True

    def run(self) -> None:
        """The work, in the lane's thread."""
        if self.finished:
            return
        self._budget = Budget(self.recipe.seconds)
        try:
            self._learn()
            if not self._abandoned:
                self._calibrate()
        except DFSCError as error:
            self._fail(str(error))
        except Exception as error:
            logging.getLogger(__name__).exception("A training broke off.")
            self._fail(
                "The server has too little memory for this training now; try it later, or with fewer photos."
                if lacks_memory(error)
                else "The training broke off for a reason that the page does not know; please start it again."
            )
        finally:
            if self.training:
                self.training.forget()
        if self._abandoned:
            self._fail("It was given up.")

    def _fail(self, why: str) -> None:
        self.error, self.state = why, State.FAILED

    def _learn(self) -> None:
        self.state = State.PREPARING
        if self.training is None:
            self.training = start(
                self.recipe, self.photographs, budget=self._budget, device=own_device(), region=self.region
            )
        else:
            self.training.prolong(self._budget)
        for progress in self.training.run():
            self.state = State.LEARNING
            self._note(progress.record)
            if self._stopped or self._abandoned:
                return
            courtesy.give_way(PATIENCE)

    def _calibrate(self) -> None:
        if not self.would_keep:
            left = "the pair stays as it was" if self.took else "there is no detector yet"
            self._fail(f"It was stopped before the students had learned both their tasks, so {left}.")
            return
        self.state = State.CALIBRATING
        fitted = f"{len(self.photographs)} photographs of a visitor"
        notes = training_notes(self.recipe, self.training, fitted, self.took + self._budget.spent, "unknown")
        pair = self.training.detectors(self.product, notes).values()
        self.detectors = tuple(replace(detector, source=OWN_SOURCE) for detector in pair)
        self.took += self._budget.spent
        self._note_found({d.config.method: d.config.self_test.share for d in self.detectors})
        self.state = State.DONE

    def _note(self, record: StepRecord) -> None:
        """Take a step into the curves; its last method's record comes last."""
        ended = self.record and self.record.stage == "autoencoder" != record.stage
        self.record = record
        for name, value in record.losses.items():
            self._values["autoencoder" if name == "autoencoder" else "student", _series(record, name)].append(value)
        if "active_share" in record.watch:
            self._values["active", _series(record, "active_share")].append(record.watch["active_share"])
        if ended:
            self.preview = preview(self.training)
            self._look_for_novelty()
        if record.method != self._last_method:
            return
        if record.step >= SURE_STEPS:
            self.foreseen = self._budget.foreseen(record.stage, record.step, self.training.stages)
        now = self.took + self._budget.spent
        if now - self._told > POINT_SECONDS or not self.points:
            means = [Point(plot, now, series, float(np.mean(v))) for (plot, series), v in self._values.items()]
            self.points = (*self.points, *means)
            self._values.clear()
            self._told = now
        if now - self._looked > PREVIEW_SECONDS:
            self._look()
            self._looked = now
        if self.training.learns_to_inspect:
            self._glimpse(record.step / record.steps)

    @property
    def _last_method(self) -> str:
        """The last of those that take steps."""
        return [method for method in self.recipe.methods if METHODS[method].trained][-1]

    def _look(self) -> None:
        if self.record.stage == "imitation":
            return  # What is shown until the students' last stage, the auto-encoder, does not change.
        self.preview = preview(self.training)
        if not self.training.learns_to_inspect and self.record.step > self.record.steps // 2:
            self._look_for_novelty()

    def _look_for_novelty(self) -> None:
        self.novel = novel_channels(self.training)[CONSTRAINED]

    def _glimpse(self, progress: float) -> None:
        """Measure how many faults are found, a few times evenly over the student's stage, as far as the time allows."""
        allowed = GLIMPSING_SHARE * self.recipe.seconds
        if self._glimpses is None:
            count = min(MOST_GLIMPSES, int(allowed / self.training.glimpse_seconds))
            self._glimpses = [number / (count + 1) for number in range(1, count + 1)]
        if not self._glimpses or progress < self._glimpses[0]:
            return
        before = self._budget.spent
        found = self.training.found()
        took = self._budget.spent - before
        self._glimpsed += took
        self._glimpses = [at for at in self._glimpses if at > progress] if self._glimpsed + took <= allowed else []
        self._note_found(found, self.took + self._budget.spent)

    def _note_found(self, found: dict[str, float], now: float | None = None) -> None:
        """Take into the curves which share of the faults each method finds; in closed form from the start on."""
        now = self.took if now is None else now
        self._level = found.get(PARTNER, self._level)
        trained = {method: share for method, share in found.items() if method != PARTNER}
        points = [Point("found", now, METHODS[method].title, share) for method, share in trained.items()]
        if self._level is not None:
            points += [Point("found", at, METHODS[PARTNER].title, self._level) for at in (0.0, now)]
        earlier = [p for p in self.points if (p.plot, p.series) != ("found", METHODS[PARTNER].title)]
        self.points = (*earlier, *points)


def _series(record: StepRecord, name: str) -> str:
    return f"{METHODS[record.method].title} {name.replace('_', ' ')}"

"""Training one method or a matched pair: a generator of step records that page, command line and tests share.

Methods of a pair take turns step by step. They share seed, image order, penalty images, teacher and numbers of steps,
and nothing else, so a difference between them is the method's.
"""

import pickle
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from dfsc.checkpoints.files import halved
from dfsc.errors import TooShortError, TrainingError
from dfsc.machine import give_back
from dfsc.material.on_demand import OnDemand
from dfsc.material.training_set import CHUNK, TrainingSet, evenly
from dfsc.models.calibration import Calibration, PositionScale, RawMaps
from dfsc.models.detector import Detector, DetectorConfig, network_input, raw_maps
from dfsc.models.objectives import METHODS
from dfsc.models.self_test import Fault, judge, make_faults
from dfsc.training.closed_form import closed_form_detector, closed_form_notes
from dfsc.training.learner import MethodTraining
from dfsc.training.pacing import Budget, Forecast
from dfsc.training.plan import TrainingPlan
from dfsc.training.progress import Progress, StepRecord
from dfsc.training.strangeness import by_another_camera, other_things, usual_error

SAVE_SECONDS = 30.0
PACE_STEPS = 4
# Beside the held-out ones; a fitted image's errors are smaller than a new one's.
POSITION_IMAGES = 24
CALIBRATION_MARGIN = 1.2
# So many held-out images are never spared for want of time.
LEAST_CALIBRATION = 20
STEPS_FIELD = {
    "autoencoder": "autoencoder_steps",
    "imitation": "imitation_steps",
    "student": "student_steps",
    "joint": "student_steps",
}


class Training:
    """One or several methods in training on the same images."""

    def __init__(
        self,
        methods: Sequence[str],
        plan: TrainingPlan,
        data: TrainingSet,
        penalty: OnDemand,
        budget: Budget | None = None,
        leader: MethodTraining | None = None,
    ):
        """Args:
        methods: keys of dfsc.models.objectives.METHODS.
        penalty: the pool of penalty images, uint8 P×256×256×3.
        budget: a time that decides the plan's numbers of steps.
        leader: see MethodTraining; the first method where nothing is said.
        """
        self.plan, self.data, self.budget = plan, data, budget
        self.seconds = 0.0  # in `run`, over all resumptions
        self.methods = tuple(methods)
        self.trainings: dict[str, MethodTraining] = {}
        for method in (method for method in methods if METHODS[method].trained):
            self.trainings[method] = MethodTraining(method, plan, data, penalty, leader or self.leader)

    def run(self, state_file: Path | None = None) -> Iterator[Progress]:
        """Train all methods to the end of plan or budget; resumes from `state_file`, keeps it up to date, leaves it.

        Closing the generator keeps the latest state, in memory and in the file.

        Raises:
            DivergenceError: one method diverged; it is back at its last good state, which the file keeps too.
            TooShortError: the budget is; the file is as it was before, since so few steps are not worth going on with.
        """
        if not self.trainings:
            return  # what is in closed form takes no steps
        resumes = state_file is not None and state_file.is_file()
        if resumes:
            self._restore(state_file)
        if self.budget:
            self._plan_calibration()
        runs = {method: training.run() for method, training in self.trainings.items()}
        forecast, saved, began = Forecast(len(self.trainings)), time.monotonic(), time.monotonic() - self.seconds
        try:
            while records := self._round(runs):
                first = records[0]
                left = self.budget.left if self.budget else forecast.left(first.stage, first.step, self.leader.stages)
                self.seconds = time.monotonic() - began
                yield from (Progress(record, left) for record in records)
                if self.budget and len(records) == len(runs):
                    self._fit_into_budget(records[0])
                if state_file and time.monotonic() - saved > SAVE_SECONDS:
                    self._save(state_file)
                    saved = time.monotonic()
        except TooShortError:
            if state_file and not resumes:
                state_file.unlink(missing_ok=True)
            state_file = None
            raise
        finally:
            if state_file:
                self._save(state_file)

    def prolong(self, budget: Budget) -> None:
        """Let the next `run` train on for another time, from the networks as they are."""
        self.budget = budget
        for training in self.trainings.values():
            training.prolong(self.plan)

    def forget(self) -> None:
        """Free what can be computed anew, for a training that may or may not be prolonged."""
        self.data.forget()
        for training in self.trainings.values():
            training.forget()
        give_back()

    @property
    def leader(self) -> MethodTraining | None:
        """The first method's training."""
        return next(iter(self.trainings.values()), None)

    @property
    def taken(self) -> dict[str, int]:
        """Steps of each stage that every method has taken, over all laps."""
        return self.leader.taken if self.leader else {}

    @property
    def learns_to_inspect(self) -> bool:
        """Whether the students have begun to learn from the auto-encoders as they are, or there is no detector."""
        return all(training.learns_to_inspect for training in self.trainings.values())

    @cached_property
    def faults(self) -> list[Fault]:
        """Faults made on the held-out images for the self-test, the same for all methods."""
        return make_faults(self.data.held_out, self.plan.seed)

    @cached_property
    def comparisons(self) -> tuple[np.ndarray, np.ndarray]:
        """Held-out images as other cameras may give them, and other things: what tells strange images."""
        return by_another_camera(self.data.held_out, self.plan.seed), other_things(self.plan.seed)

    def raw_maps(self, images: np.ndarray) -> dict[str, RawMaps]:
        """Each method's raw maps (N×56×56) of uint8 N×256×256×3 images, with the networks as they are."""
        return _raw_maps({m: training.model.eval() for m, training in self.trainings.items()}, self.data, images)

    def detectors(self, product: str, notes: dict, self_tested: bool = True) -> dict[str, Detector]:
        """Calibrate copies of the networks as they are now on the held-out good images: a detector a method.

        Each is then tried on made-up faults, unless nobody is going to ask.

        The scale of each position is of held-out and of fitted images, but a held-out one is judged without itself.

        Parameters are rounded to the float16 that a checkpoint keeps, so that a saved detector equals the measured one.
        """
        models = {method: halved(deepcopy(training.model)).eval() for method, training in self.trainings.items()}
        good = _raw_maps(models, self.data, self.data.held_out)
        floor, fitted = self.plan.position_floor, {}
        if floor is not None:
            fitted = _raw_maps(models, self.data, self.data.fitted_images(POSITION_IMAGES))
        changed, others = (_raw_maps(models, self.data, images) for images in self.comparisons)
        detectors = {}
        for method, model in models.items():
            usual = usual_error(good[method].local, changed[method].local, others[method].local)
            position = None if floor is None else PositionScale.of(_stacked([good[method], fitted[method]]), floor)
            config = self._config(method, product, notes)
            detectors[method] = self._detector(config, model, Calibration(good[method], position, usual))
        trained = self._self_tested(detectors) if self_tested and detectors else detectors
        closed = {m: self._closed_form(product, notes, self_tested) for m in self.methods if not METHODS[m].trained}
        return {method: (trained | closed)[method] for method in self.methods}

    def _closed_form(self, product: str, notes: dict, self_tested: bool) -> Detector:
        held_out, fitted = self.data.held_out, self.data.fitted_images(self.data.fitted)
        return closed_form_detector(
            np.concatenate([held_out, fitted]),
            self.data.teacher,
            product,
            closed_form_notes(notes, len(held_out) + len(fitted)),
            len(held_out),
            self.data.held_out_digest,
            self.data.bits,
            self_tested,
            self.plan.seed,
        )

    def _self_tested(self, detectors: dict[str, Detector]) -> dict[str, Detector]:
        models = {method: detector.model for method, detector in detectors.items()}
        maps = _raw_maps(models, self.data, np.stack([fault.image for fault in self.faults]))
        steps = self.taken.get(self.leader.stages[-1][0], 0)
        tests = {m: judge(self.faults, maps[m], one.calibration, steps) for m, one in detectors.items()}
        return {m: replace(one, config=replace(one.config, self_test=tests[m])) for m, one in detectors.items()}

    def _config(self, method: str, product: str, notes: dict) -> DetectorConfig:
        return DetectorConfig(
            product=product,
            method=method,
            size=self.data.teacher.size.name,
            teacher_digest=self.data.teacher.digest,
            separation=self.plan.separation if METHODS[method].separates else None,
            schedule=str(self.plan.schedule),
            training=notes,
            bits=self.data.bits,
            held_out=self.data.held_out_digest,
        )

    def _detector(self, config: DetectorConfig, model: nn.Module, calibration: Calibration) -> Detector:
        data = self.data
        return Detector(config, data.teacher, model, data.channel_mean, data.channel_std, calibration)

    def _round(self, runs: dict[str, Iterator[StepRecord]]) -> list[StepRecord]:
        """One step of every method, or of that alone which lags behind since it diverged; nothing at the end of all."""
        first = min(training.due for training in self.trainings.values())
        due = [runs[method] for method, training in self.trainings.items() if training.due == first]
        return [record for run in due if (record := next(run, None))]

    def _fit_into_budget(self, record: StepRecord) -> None:
        """Correct the running stage's number of steps; all methods are at the same step here."""
        steps = self.budget.steps(record.stage, record.step, record.steps)
        self.plan = replace(self.plan, **{STEPS_FIELD[record.stage]: steps})
        for training in self.trainings.values():
            training.plan = self.plan

    def _plan_calibration(self) -> None:
        """Keep time for `detectors`; where all held-out images would take too much of it, use fewer of them."""
        seconds_each = self._inspection_seconds()
        others = len(self.faults) + sum(map(len, self.comparisons))
        if self.plan.position_floor is not None:
            others += min(self.data.fitted, POSITION_IMAGES)
        most = max(LEAST_CALIBRATION, self.budget.affordable(seconds_each) - others)
        held_out = self.data.held_out
        if most < len(held_out):
            # Made-up faults are of those that are left, and the first, which previews show, is among them.
            self.data = replace(self.data, held_out=held_out[evenly(len(held_out), most)])
            self.__dict__.pop("faults", None)
            self.__dict__.pop("comparisons", None)
        self.budget.keep(seconds_each * (len(self.data.held_out) + others))

    def _inspection_seconds(self) -> float:
        """What one image takes in `detectors`: the faster of two tries, after a first one, which takes longer."""
        few, seconds = self.data.held_out[:2], []
        for _ in range(3):
            started = time.monotonic()
            self.raw_maps(few)
            seconds.append(time.monotonic() - started)
        return CALIBRATION_MARGIN * min(seconds[1:]) / len(few)

    def _save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        methods = {method: training.state() for method, training in self.trainings.items()}
        state = {"methods": methods, "seconds": self.seconds}
        if self.budget:
            state["steps"] = {name: getattr(self.plan, name) for name in STEPS_FIELD.values()}
        temporary = file.with_suffix(".part")
        torch.save(state, temporary)
        temporary.replace(file)

    def _restore(self, file: Path) -> None:
        try:
            self._take_up(file, torch.load(file, map_location="cpu", weights_only=True))
        except (RuntimeError, EOFError, LookupError, TypeError, ValueError, pickle.UnpicklingError) as error:
            raise TrainingError(
                f"{file} is damaged or of another version; start anew (train --anew, or delete {file.parent.name})."
            ) from error

    def _take_up(self, file: Path, state: dict) -> None:
        methods = state["methods"]
        if methods.keys() != self.trainings.keys():
            raise TrainingError(
                f"The unfinished training in {file.parent.name} is of other methods; choose another folder."
            )
        self.seconds = state["seconds"]
        if self.budget:
            self.plan = replace(self.plan, **state["steps"])
        for method, training in self.trainings.items():
            training.plan = self.plan
            training.restore(methods[method])


def _stacked(stacks: Sequence[RawMaps]) -> RawMaps:
    return RawMaps(np.concatenate([s.local for s in stacks]), np.concatenate([s.global_ for s in stacks]))


@torch.inference_mode()
def _raw_maps(models: dict[str, nn.Module], data: TrainingSet, images: np.ndarray) -> dict[str, RawMaps]:
    """Raw maps of images by method, in float32 arithmetic and a few images at a time; the teacher looks once."""
    stacks: dict[str, list[RawMaps]] = {method: [] for method in models}
    for start in range(0, len(images), CHUNK):
        x = network_input(images[start : start + CHUNK])
        teacher = (data.teacher.network(x) - data.channel_mean) / data.channel_std
        for method, model in models.items():
            stacks[method].append(raw_maps(model, teacher, x))
    return {method: _stacked(own) for method, own in stacks.items()}


def paces(plan: TrainingPlan, data: TrainingSet, penalty: OnDemand) -> dict[str, float]:
    """Seconds a step of each stage takes on this machine, by a few of them: medians."""
    imitation_steps = min(PACE_STEPS, plan.imitation_steps)
    probe = replace(plan, autoencoder_steps=PACE_STEPS, imitation_steps=imitation_steps, student_steps=PACE_STEPS)
    times: dict[str, list[float]] = {}
    last = time.monotonic()
    for record in MethodTraining("ead-s", probe, data, penalty).run():
        now = time.monotonic()
        times.setdefault(record.stage, []).append(now - last)
        last = now
    return {stage: float(np.median(of)) for stage, of in times.items()}

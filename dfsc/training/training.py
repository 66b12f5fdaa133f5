"""Training one method or a matched pair: a generator of step records that page, command line and tests share.

Methods of a pair take turns step by step. They share seed, image order, penalty images, teacher and numbers of steps,
and nothing else, so a difference between them is the method's.
"""

import math
import pickle
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from dfsc.checkpoints.files import halved, in_bytes
from dfsc.errors import TooShortError, TrainingError
from dfsc.machine import give_back
from dfsc.material.on_demand import OnDemand
from dfsc.material.training_set import TrainingSet
from dfsc.models.calibration import RawMaps
from dfsc.models.detector import Detector, DetectorConfig, network_input
from dfsc.models.methods import BASELINE, METHODS
from dfsc.models.self_test import SelfTest
from dfsc.training.calibrating import HeldOut
from dfsc.training.closed_form import closed_form_detector, closed_form_notes, looks
from dfsc.training.method_training import MethodTraining, share
from dfsc.training.pacing import Budget, Forecast
from dfsc.training.plan import TrainingPlan
from dfsc.training.progress import Progress, StepRecord
from dfsc.training.stages import STAGES
from dfsc.training.unfinished import write_state

SAVE_SECONDS = 30.0
PACE_STEPS = 4
CALIBRATION_MARGIN = 1.2
# So many held-out images are never spared for want of time.
LEAST_CALIBRATION = 20


class Training:
    """One or several methods in training on the same images.

    Attributes:
        held_out: what its detectors are calibrated on and tried with.
        seconds: spent in `run`, over all resumptions.
        glimpse_seconds: about what `found` takes; known once a training with a budget runs.
    """

    def __init__(
        self,
        methods: Sequence[str],
        plan: TrainingPlan,
        data: TrainingSet,
        penalty: OnDemand,
        budget: Budget | None = None,
    ):
        """Args:
        methods: keys of dfsc.models.methods.METHODS.
        penalty: the pool of penalty images, uint8 P×256×256×3.
        budget: a time that decides the plan's numbers of steps.
        """
        self.methods, self.plan, self.data, self.budget = tuple(methods), plan, data, budget
        self.held_out = HeldOut(data, plan.seed, plan.position_floor)
        self.seconds = 0.0
        self.glimpse_seconds = math.inf
        self.trainings = {m: MethodTraining(m, plan, data, penalty) for m in methods if METHODS[m].trained}

    def run(self, state_file: Path | None = None) -> Generator[Progress, None, None]:
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
                left = self.budget.left if self.budget else forecast.left(first.stage, first.step, self.stages)
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
        except GeneratorExit:
            raise
        except BaseException:
            # Whatever broke off may have done so in the middle of a step.
            for training in self.trainings.values():
                training.retreat()
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
    def first(self) -> MethodTraining:
        """The first method's training, where any method learns in steps."""
        return next(iter(self.trainings.values()))

    @property
    def stages(self) -> list[tuple[str, int]]:
        """Names and lengths of the stages in order."""
        return self.first.stages if self.trainings else []

    @property
    def taken(self) -> dict[str, int]:
        """Steps of each stage that every method has taken, over all laps."""
        return self.first.taken if self.trainings else {}

    @property
    def learns_to_inspect(self) -> bool:
        """Whether the students have begun to learn from the auto-encoders as they are, or there is no detector."""
        return all(training.learns_to_inspect for training in self.trainings.values())

    def raw_maps(self, images: np.ndarray) -> dict[str, RawMaps]:
        """Each method's raw maps (N×56×56) of uint8 N×256×256×3 images, with the networks as they are."""
        models = {method: training.model.eval() for method, training in self.trainings.items()}
        return self.held_out.raw_maps(models, images)

    def found(self) -> dict[str, float]:
        """By method, which share of some made-up faults (0 to 1) the networks find as they are."""
        return self.held_out.found({method: training.model.eval() for method, training in self.trainings.items()})

    def detectors(self, product: str, notes: dict, self_tested: bool = True) -> dict[str, Detector]:
        """Calibrate copies of the networks as they are now on the held-out good images: a detector a method.

        Each is then tried on made-up faults, unless nobody is going to ask.

        Parameters are rounded to what a checkpoint keeps, so that a saved detector equals the measured one: kernels to
        bytes, or as published to float16.
        """
        data, rounded = self.data, halved if self.plan.plain_arithmetic else in_bytes
        models = {method: rounded(deepcopy(training.model)).eval() for method, training in self.trainings.items()}
        calibrations = self.held_out.calibrations(models) if models else {}
        tests: dict[str, SelfTest] = {}
        if models and self_tested:
            tests = self.held_out.self_tests(models, calibrations, self.taken.get(self.stages[-1][0], 0))
        detectors = {}
        for method in self.methods:
            if not METHODS[method].trained:
                detectors[method] = self._closed_form(product, notes, self_tested)
                continue
            config = self._config(method, product, notes, tests.get(method))
            detectors[method] = Detector(
                config, data.teacher, models[method].cpu(), data.channel_mean, data.channel_std, calibrations[method]
            )
        return detectors

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
            self.data.device,
            self.data.region,
        )

    def _config(self, method: str, product: str, notes: dict, test: SelfTest | None) -> DetectorConfig:
        return DetectorConfig(
            product=product,
            method=method,
            size=self.data.teacher.size.name,
            teacher_digest=self.data.teacher.digest,
            separation=self.plan.separation if METHODS[method].separates else None,
            consistency=METHODS[method].coding(self.plan.consistency),
            schedule=str(self.plan.schedule),
            training=notes,
            self_test=test,
            bits=self.data.bits,
            held_out=self.data.held_out_digest,
        )

    def _round(self, runs: dict[str, Iterator[StepRecord]]) -> list[StepRecord]:
        """One step of every method, or of that alone which lags behind since it diverged; nothing at the end of all."""
        first = min(training.due for training in self.trainings.values())
        due = {method: training for method, training in self.trainings.items() if training.due == first}
        share(list(due.values()))
        return [record for method in due if (record := next(runs[method], None))]

    def _fit_into_budget(self, record: StepRecord) -> None:
        """Correct the running stage's number of steps; all methods are at the same step here."""
        steps = self.budget.steps(record.stage, record.step, record.steps)
        self.plan = self.plan.lengthened({STAGES[record.stage].length: steps})
        for training in self.trainings.values():
            training.plan = self.plan

    def _plan_calibration(self) -> None:
        """Keep time for `detectors`; where all held-out images would take too much of it, use fewer of them."""
        seconds_each = self._inspection_seconds()
        most = max(LEAST_CALIBRATION, self.budget.affordable(seconds_each) - self.held_out.others)
        if most < len(self.data.held_out):
            # Made-up faults are of those that are left, and the first, which previews show, is among them.
            self.held_out = self.held_out.reduced(most)
            self.data = self.held_out.data
        self.glimpse_seconds = seconds_each * self.held_out.glimpsed
        inspected = seconds_each * (len(self.data.held_out) + self.held_out.others)
        self.budget.keep(inspected + self._closed_form_seconds())

    def _inspection_seconds(self) -> float:
        """What one image takes the networks in `detectors`."""
        few = self.data.held_out[:2]
        return _seconds(lambda: self.raw_maps(few)) / len(few)

    def _closed_form_seconds(self) -> float:
        """What methods without steps take in `detectors`, which is their teacher's looks."""
        closed = sum(not METHODS[method].trained for method in self.methods)
        if not closed:
            return 0.0
        teacher, x = self.data.teacher_there, network_input(self.data.held_out[:1], self.data.device)
        with torch.inference_mode():
            return closed * looks(self.data.fitted + len(self.data.held_out)) * _seconds(lambda: teacher(x).cpu())

    def _save(self, file: Path) -> None:
        methods = {method: training.state() for method, training in self.trainings.items()}
        state = {"methods": methods, "seconds": self.seconds}
        if self.budget:
            state["steps"] = {name: getattr(self.plan, name) for name in {stage.length for stage in STAGES.values()}}
        write_state(file, state)

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
            self.plan = self.plan.lengthened(state["steps"])
        for method, training in self.trainings.items():
            training.plan = self.plan
            training.restore(methods[method])


def _seconds(look: Callable[[], object]) -> float:
    """What something takes, with a margin: the faster of two tries, after a first one, which takes longer."""
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        look()
        seconds.append(time.monotonic() - started)
    return CALIBRATION_MARGIN * min(seconds[1:])


def paces(plan: TrainingPlan, data: TrainingSet, penalty: OnDemand) -> dict[str, float]:
    """Seconds a step of each stage takes on this machine, by a few of them: medians."""
    imitation_steps = min(PACE_STEPS, plan.imitation_steps)
    probe = replace(plan, autoencoder_steps=PACE_STEPS, imitation_steps=imitation_steps, student_steps=PACE_STEPS)
    times: dict[str, list[float]] = {}
    last = time.monotonic()
    for record in MethodTraining(BASELINE, probe, data, penalty).run():
        now = time.monotonic()
        times.setdefault(record.stage, []).append(now - last)
        last = now
    return {stage: float(np.median(of)) for stage, of in times.items()}

"""Training one method or a matched pair: a generator of step records that page, command line and tests share.

Methods of a pair take turns step by step. They share seed, image order, penalty images, teacher and numbers of steps,
and nothing else, so a difference between them is the method's.
"""

import pickle
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from dfsc.calibration import BranchMaps, Calibration
from dfsc.checkpoints import halved
from dfsc.detector import Detector, DetectorConfig, network_input, raw_maps
from dfsc.errors import TrainingError
from dfsc.penalty import PenaltySource
from dfsc.plan import TrainingPlan
from dfsc.trainer import MethodTraining, StepRecord
from dfsc.trainingset import CHUNK, TrainingSet

SAVE_SECONDS = 30.0
PACE_STEPS = 4
AUTOENCODER_TIME = 0.2
CALIBRATION_SECONDS = 1.0


@dataclass(frozen=True)
class Progress:
    """A step's record with the time left for all methods together, in seconds."""

    record: StepRecord
    seconds_left: float


class Training:
    """One or several methods in training on the same images."""

    def __init__(self, methods: Sequence[str], plan: TrainingPlan, data: TrainingSet, penalty: np.ndarray):
        """Args:
        methods: keys of dfsc.objectives.METHODS.
        penalty: uint8 P×256×256×3, the pool of penalty images.
        """
        self.plan, self.data = plan, data
        self.trainings = {method: MethodTraining(method, plan, data, penalty) for method in methods}

    def run(self, state_file: Path | None = None) -> Iterator[Progress]:
        """Train all methods to the plan's end; resumes from `state_file`, keeps it up to date, leaves it at the end.

        Closing the generator keeps the latest state, in memory and in the file.

        Raises:
            DivergenceError: one method diverged; it is back at its last good state, which the file keeps too.
        """
        if state_file and state_file.is_file():
            self._restore(state_file)
        runs = [training.run() for training in self.trainings.values()]
        started, saved, first_done = time.monotonic(), time.monotonic(), None
        try:
            for records in zip(*runs, strict=True):
                for record in records:
                    first_done = record.done if first_done is None else first_done
                    pace = (time.monotonic() - started) / max(record.done - first_done, 1e-9)
                    left = pace * (1 - record.done) if record.done > first_done else float("nan")
                    yield Progress(record, left)
                if state_file and time.monotonic() - saved > SAVE_SECONDS:
                    self._save(state_file)
                    saved = time.monotonic()
        finally:
            if state_file:
                self._save(state_file)

    def detectors(self, product: str, notes: dict) -> dict[str, Detector]:
        """Calibrate the networks as they are now on the held-out good images: a detector a method.

        Parameters are rounded to the float16 that a checkpoint keeps, so that a saved detector equals the measured one.
        """
        return {method: self._detector(training, product, notes) for method, training in self.trainings.items()}

    def _detector(self, training: MethodTraining, product: str, notes: dict) -> Detector:
        data = self.data
        student, autoencoder = halved(training.student).eval(), halved(training.autoencoder).eval()
        config = DetectorConfig(
            product=product,
            method=training.method.name,
            size=data.teacher.size.name,
            teacher_digest=data.teacher.digest,
            separation=self.plan.separation if training.method.separates else None,
            schedule=str(self.plan.schedule),
            training=notes,
        )
        good = Calibration(_held_out_maps(student, autoencoder, data))
        return Detector(config, data.teacher, student, autoencoder, data.channel_mean, data.channel_std, good)

    def _save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".part")
        torch.save({method: training.state() for method, training in self.trainings.items()}, temporary)
        temporary.replace(file)

    def _restore(self, file: Path) -> None:
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise TrainingError(f"{file} is damaged; delete {file.parent.name} to start anew.") from error
        if state.keys() != self.trainings.keys():
            raise TrainingError(
                f"The unfinished training in {file.parent.name} is of other methods; choose another folder."
            )
        for method, training in self.trainings.items():
            training.restore(state[method])


@torch.inference_mode()
def _held_out_maps(student: nn.Module, autoencoder: nn.Module, data: TrainingSet) -> BranchMaps:
    """Raw maps of the held-out images, in float32 arithmetic and a few images at a time."""
    stacks = []
    for start in range(0, len(data.held_out), CHUNK):
        x = network_input(data.held_out[start : start + CHUNK])
        teacher = (data.teacher.network(x) - data.channel_mean) / data.channel_std
        stacks.append(raw_maps(student, autoencoder, teacher, x))
    return BranchMaps(np.concatenate([s.local for s in stacks]), np.concatenate([s.global_ for s in stacks]))


def penalty_pool(source: PenaltySource, count: int) -> np.ndarray:
    """The first `count` penalty images of a source: uint8 count×256×256×3."""
    return np.stack([source(number) for number in range(count)])


def paces(plan: TrainingPlan, data: TrainingSet, penalty: np.ndarray) -> dict[str, float]:
    """Seconds a step of each stage takes on this machine, by a few of them: medians."""
    probe = replace(plan, autoencoder_steps=PACE_STEPS, student_steps=PACE_STEPS)
    times: dict[str, list[float]] = {}
    last = time.monotonic()
    for record in MethodTraining("ead-s", probe, data, penalty).run():
        now = time.monotonic()
        times.setdefault(record.stage, []).append(now - last)
        last = now
    return {stage: float(np.median(of)) for stage, of in times.items()}


def plan_for_seconds(
    plan: TrainingPlan, seconds: float, methods: int, data: TrainingSet, penalty: np.ndarray
) -> TrainingPlan:
    """The plan with as many steps as `methods` methods can take in `seconds`, by timing a few steps of each stage.

    In a staged training 20 % of the time goes to the auto-encoder, the rest to the student.

    Raises:
        TrainingError: when that is too short for a training.
    """
    started = time.monotonic()
    pace = paces(plan, data, penalty)
    left = seconds - (time.monotonic() - started) - CALIBRATION_SECONDS
    shares = {"joint": 1.0, "autoencoder": AUTOENCODER_TIME, "student": 1 - AUTOENCODER_TIME}
    steps = {stage: int(left * shares[stage] / methods / pace[stage]) for stage in pace}
    if min(steps.values()) < PACE_STEPS:
        raise TrainingError(f"{seconds:.0f} seconds are too short to train here; give more time.")
    return replace(
        plan, autoencoder_steps=steps.get("autoencoder", 0), student_steps=steps.get("student", steps.get("joint", 0))
    )

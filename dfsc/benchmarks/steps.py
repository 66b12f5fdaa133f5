"""Training steps through all loss terms: as the library takes them, against the reference way.

The reference is how EfficientAD implementations train: default memory layout, float32, the teacher run at each step on
both views of an image, all of the student's outputs computed, Adam. Both ways take joint steps of EAD-S with random
weights at the same batch, in turns in one process; medians are compared.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch

from dfsc import arithmetic
from dfsc.geometry import INPUT_SIZE
from dfsc.machine import dtype_for, dtype_name, in_arithmetic
from dfsc.material.on_demand import OnDemand
from dfsc.material.training_set import prepare
from dfsc.models.detector import Teacher, network_input
from dfsc.models.methods import BASELINE
from dfsc.models.networks import SIZES, AutoEncoder, NetworkSize, student_network, teacher_network
from dfsc.models.objectives import hard_feature_loss, penalty_loss, student_autoencoder_loss
from dfsc.training.method_training import MethodTraining
from dfsc.training.plan import PUBLISHED_PLAN, Schedule, TrainingPlan

IMAGES = 8
WARM_UP = 2


@dataclass(frozen=True)
class StepComparison:
    """Samples a second of each way, how many times the reference's the library's are, and in which it trains."""

    size: str
    batch: int
    reference: float
    ways: dict[str, float]
    arithmetic: str

    def sentence(self) -> str:
        own = "; ".join(
            f"{name} {rate:.2f} samples/s, {rate / self.reference:.2f} times as many"
            for name, rate in self.ways.items()
        )
        return (
            f"Joint training of size {self.size}, batch {self.batch}: reference {self.reference:.2f} samples/s; {own} "
            f"({torch.get_num_threads()} threads). Trainings here are in {self.arithmetic}."
        )


def compare(size_name: str, batch: int, rounds: int) -> StepComparison:
    """Measure one size and batch."""
    size = SIZES[size_name]
    images = _images()
    ways = arithmetic.NAMES if arithmetic.multiplies_bfloat16() else {"float32": torch.float32}
    steps = {"reference": _reference(size, images, batch)}
    steps |= {name: _own(size, images, batch, dtype) for name, dtype in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for name, step in list(steps.items()) * (rounds + WARM_UP):
        started = time.perf_counter()
        step()
        times[name].append(time.perf_counter() - started)
    rates = {name: batch / median(taken[WARM_UP:]) for name, taken in times.items()}
    return StepComparison(size_name, batch, rates.pop("reference"), rates, dtype_name(dtype_for("training")))


def own_steps(size_name: str, batch: int, dtype: torch.dtype) -> Callable[[], object]:
    """What takes the library's next step of a joint training of EAD-S with random weights."""
    return _own(SIZES[size_name], _images(), batch, dtype)


def _images() -> np.ndarray:
    """Three views of each image."""
    return np.random.default_rng(0).integers(0, 256, (3, IMAGES, INPUT_SIZE, INPUT_SIZE, 3), np.uint8)


def _own(size: NetworkSize, images: np.ndarray, batch: int, dtype: torch.dtype) -> Callable[[], object]:
    """The library's steps, once all teacher outputs are known."""
    torch.manual_seed(0)
    data = prepare(images[0], images[1], Teacher(teacher_network(size).eval(), size, "random"), 2, 0.0, seed=0)
    for stack in (data.jittered_teacher, data.plain_teacher):
        stack[range(len(data))]
    penalty = OnDemand(IMAGES, lambda number: images[2][number], np.stack)
    plan = TrainingPlan(schedule=Schedule.JOINT, student_batch=batch, student_steps=10**9, autoencoder_steps=0)
    run = MethodTraining(BASELINE, plan, data, penalty).run()

    def step() -> object:
        with in_arithmetic(dtype):
            return next(run)

    return step


def _reference(size: NetworkSize, images: np.ndarray, batch: int) -> Callable[[], object]:
    torch.manual_seed(0)
    teacher = teacher_network(size).eval().requires_grad_(False)
    student, autoencoder = student_network(size), AutoEncoder(size.teacher_channels)
    rate, decay = PUBLISHED_PLAN.student_rate, PUBLISHED_PLAN.weight_decay
    optimizer = torch.optim.Adam([*student.parameters(), *autoencoder.parameters()], lr=rate, weight_decay=decay)
    plain, jittered, penalty = (network_input(view[:batch]).contiguous() for view in images)
    channels = size.teacher_channels

    def step() -> None:
        with torch.no_grad():
            of_plain, of_jittered = teacher(plain), teacher(jittered)
        a = autoencoder(jittered)
        losses = (
            hard_feature_loss(of_plain, student(plain)[:, :channels]),
            penalty_loss(student(penalty)[:, :channels]),
            (of_jittered - a).square().mean(),
            student_autoencoder_loss(a, student(jittered)[:, channels:]),
        )
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        optimizer.step()

    return step

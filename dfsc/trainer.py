"""One method's training, step by step (arXiv 2303.14535, section 3; appendix A.1).

What is taken from the papers and what is not is told in dfsc.plan.
"""

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dfsc.detector import empty_networks, network_input
from dfsc.errors import TrainingError
from dfsc.objectives import METHODS, hard_feature_loss, penalty_loss, student_autoencoder_loss, total
from dfsc.ondemand import OnDemand
from dfsc.optimization import NetworkOptimizer, rate_share
from dfsc.plan import Schedule, TrainingPlan
from dfsc.processor import fast_arithmetic
from dfsc.trainingset import TrainingSet

LARGEST_LOSS = 1e4
SNAPSHOT_EVERY = 50
AVERAGE_MOMENTUM = 0.98


class DivergenceError(TrainingError):
    """A loss is not finite or has grown without bound; the networks are back at their last good state."""


@dataclass(frozen=True)
class StepRecord:
    """What one step of one method did.

    Attributes:
        method: key of the method.
        stage: "autoencoder", "student" or "joint".
        step, steps: 1-based count within the stage and the stage's length.
        losses: each term of the loss by name.
        watch: what is logged beside the losses, e.g. "active_share" (0 to 1) and "similar_mean".
        done: share (0 to 1] of all the work of this method.
    """

    method: str
    stage: str
    step: int
    steps: int
    losses: dict[str, float]
    watch: dict[str, float]
    done: float


class MethodTraining:
    """One method's networks in training; `run` yields a record each step and goes on where the last run stopped.

    `averages` are moving averages of what the steps logged, by stage and name; `lap` counts how often the training was
    prolonged, `taken` the steps of each stage over all laps.
    """

    def __init__(self, method: str, plan: TrainingPlan, data: TrainingSet, penalty: OnDemand):
        """Args:
        penalty: the pool of penalty images, uint8 P×256×256×3.
        """
        self.method, self.plan, self.data, self.penalty = METHODS[method], plan, data, penalty
        torch.manual_seed(plan.seed)
        student, autoencoder = empty_networks(data.teacher.size)
        self.student = student.to(memory_format=torch.channels_last)
        self.autoencoder = autoencoder.to(memory_format=torch.channels_last)
        self.reconstruction = self.method.reconstruction(plan.separation, None)
        self._optimizers = {
            "student": self._optimizer(self.student, plan.student_rate),
            "autoencoder": self._optimizer(self.autoencoder, plan.autoencoder_rate),
        }
        self.lap, self._stage, self._step = 0, 0, 0
        self.taken: dict[str, int] = {}
        self.averages: dict[str, dict[str, float]] = {}
        self._imitated = self._nothing_imitated()
        self._good_state = self.state()

    @property
    def stages(self) -> list[tuple[str, int]]:
        """Names and lengths of the stages in order."""
        if self.plan.schedule is Schedule.JOINT:
            return [("joint", self.plan.student_steps)]
        return [("autoencoder", self.plan.autoencoder_steps), ("student", self.plan.student_steps)]

    def run(self) -> Iterator[StepRecord]:
        """Train to the end of the plan, which may be given other numbers of steps on the way.

        Raises:
            DivergenceError: when a loss is not finite or beyond all bounds; the last good state is back by then.
        """
        take = {"autoencoder": self._autoencoder_step, "student": self._student_step, "joint": self._joint_step}
        while self._stage < len(self.stages):
            name, steps = self.stages[self._stage]
            if self._step >= steps:
                self._stage, self._step = self._stage + 1, 0
                continue
            rng = np.random.default_rng((self.plan.seed, self.lap, self._stage, self._step))
            torch.manual_seed(int(rng.integers(2**31)))
            losses, watch = take[name](rng, self._step / steps)
            self._guard(losses | watch)
            self._average(name, losses | watch)
            self._step += 1
            self.taken[name] = self.taken.get(name, 0) + 1
            yield StepRecord(self.method.name, name, self._step, steps, losses, watch, self._done())

    def prolong(self, plan: TrainingPlan) -> None:
        """Begin another lap: the next `run` goes through the stages of `plan` from the networks as they are now."""
        self.plan = plan
        self.lap, self._stage, self._step = self.lap + 1, 0, 0
        self._imitated = self._nothing_imitated()

    def forget(self) -> None:
        """Free what can be computed anew."""
        self._imitated.forget()
        self.penalty.forget()

    def state(self) -> dict:
        """Everything that `restore` needs to go on as if nothing had happened; tensors and plain values only."""
        return {
            "student": _cloned(self.student.state_dict()),
            "autoencoder": _cloned(self.autoencoder.state_dict()),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self._optimizers.items()},
            "reconstruction": dict(self.reconstruction.state),
            "averages": deepcopy(self.averages),
            "lap": self.lap,
            "stage": self._stage,
            "step": self._step,
            "taken": dict(self.taken),
        }

    def restore(self, state: dict) -> None:
        self.student.load_state_dict(state["student"])
        self.autoencoder.load_state_dict(state["autoencoder"])
        for name, optimizer in self._optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.reconstruction = self.method.reconstruction(self.plan.separation, state["reconstruction"])
        self.averages = deepcopy(state["averages"])
        self.lap, self._stage, self._step = state["lap"], state["stage"], state["step"]
        self.taken = dict(state["taken"])
        self._imitated = self._nothing_imitated()

    def _done(self) -> float:
        earlier = sum(steps for _, steps in self.stages[: self._stage])
        return (earlier + self._step) / sum(steps for _, steps in self.stages)

    def _average(self, stage: str, values: dict[str, float]) -> None:
        averages = self.averages.setdefault(stage, {})
        for name, value in values.items():
            averages[name] = AVERAGE_MOMENTUM * averages.get(name, value) + (1 - AVERAGE_MOMENTUM) * value

    def _guard(self, values: dict[str, float]) -> None:
        wrong = [name for name, value in values.items() if not math.isfinite(value) or abs(value) > LARGEST_LOSS]
        if wrong:
            self.restore(self._good_state)
            raise DivergenceError(
                f"The training of {self.method.title} was stopped because {wrong[0].replace('_', ' ')} grew without "
                "bound; try a smaller margin ratio, a larger τ′ or a smaller learning rate."
            )
        if self._step % SNAPSHOT_EVERY == 0:
            self._good_state = self.state()

    def _autoencoder_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        rows = _draw(rng, len(self.data), self.plan.autoencoder_batch)
        self.autoencoder.train()
        with fast_arithmetic():
            a = self.autoencoder(network_input(self.data.jittered[rows]))
        constrained = self._constrained(progress)
        outcome = self.reconstruction(self.data.jittered_teacher[rows].float(), a.float(), constrained)
        self._descend({"autoencoder": outcome.loss}, ("autoencoder",), progress)
        return {"autoencoder": outcome.loss.item()}, outcome.watch

    def _constrained(self, progress: float) -> bool:
        """Whether the warm-up is over; in later laps the auto-encoder has learned before."""
        return self.lap > 0 or progress >= self.plan.separation.warm_up

    def _student_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        rows = _draw(rng, len(self.data), self.plan.student_batch)
        losses = self._student_losses(rng, rows, self._imitated[rows].float())
        self._descend(losses, ("student",), progress)
        return {name: loss.item() for name, loss in losses.items()}, {}

    def _joint_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        rows = _draw(rng, len(self.data), self.plan.student_batch)
        self.autoencoder.train()
        with fast_arithmetic():
            a = self.autoencoder(network_input(self.data.jittered[rows])).float()
        constrained = self._constrained(progress)
        outcome = self.reconstruction(self.data.jittered_teacher[rows].float(), a, constrained)
        losses = {"autoencoder": outcome.loss}
        losses |= self._student_losses(rng, rows, a.detach() if self.plan.detach else a)
        self._descend(losses, ("student", "autoencoder"), progress)
        return {name: loss.item() for name, loss in losses.items()}, outcome.watch

    def _student_losses(self, rng: np.random.Generator, rows: np.ndarray, imitated: Tensor) -> dict[str, Tensor]:
        penalty = self.penalty[_draw(rng, len(self.penalty), len(rows))]
        images = np.concatenate([self.data.plain[rows], penalty, self.data.jittered[rows]])
        with fast_arithmetic():
            of_teacher, of_autoencoder = _student_halves(self.student, network_input(images), 2 * len(rows))
        on_plain, on_penalty = of_teacher.float().chunk(2)
        return {
            "hard": hard_feature_loss(self.data.plain_teacher[rows].float(), on_plain, self.plan.hard_quantile),
            "penalty": penalty_loss(on_penalty),
            "student_autoencoder": student_autoencoder_loss(imitated, of_autoencoder.float()),
        }

    def _nothing_imitated(self) -> OnDemand:
        """The auto-encoder's output on the jittered copies, bfloat16 M×C×56×56; each is computed once it is drawn."""
        return OnDemand(len(self.data), self._reconstructed, torch.stack)

    @torch.no_grad()
    def _reconstructed(self, row: int) -> Tensor:
        self.autoencoder.eval()
        with fast_arithmetic():
            return self.autoencoder(network_input(self.data.jittered[[row]]))[0].to(torch.bfloat16)

    def _optimizer(self, network: nn.Module, rate: float) -> NetworkOptimizer:
        return NetworkOptimizer(network, self.plan.algorithm, rate, self.plan.weight_decay)

    def _descend(self, losses: dict[str, Tensor], networks: tuple[str, ...], progress: float) -> None:
        for name in networks:
            self._optimizers[name].zero_grad()
        total(losses).backward()
        for name in networks:
            self._optimizers[name].step(rate_share(self.plan.decay, progress))


def _draw(rng: np.random.Generator, available: int, count: int) -> np.ndarray:
    return rng.choice(available, count, replace=available < count)


def _cloned(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in tensors.items()}


def _student_halves(student: nn.Sequential, images: Tensor, split: int) -> tuple[Tensor, Tensor]:
    """The student's first half of channels on the first `split` images, its second half on the others.

    Neither loss reads the other halves, so the last convolution does not compute them: a quarter of a step's work.
    """
    last = student[-1]
    features = student[:-1](images)
    half = last.out_channels // 2
    first = F.conv2d(features[:split], last.weight[:half], last.bias[:half])
    return first, F.conv2d(features[split:], last.weight[half:], last.bias[half:])

"""One method's training, step by step (arXiv 2303.14535, section 3; appendix A.1).

What is taken from the papers and what is not is told in dfsc.training.plan.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.errors import DivergenceError
from dfsc.machine import fast_arithmetic, plain_arithmetic
from dfsc.material.on_demand import OnDemand
from dfsc.material.training_set import TrainingSet
from dfsc.models.detector import StudentAutoencoder, network_input
from dfsc.models.objectives import METHODS, total
from dfsc.training.optimizer import rate_share
from dfsc.training.plan import Schedule, TrainingPlan
from dfsc.training.progress import StepRecord, average_in, out_of_bounds
from dfsc.training.student import reconstructions, student_losses, teacher_losses

SNAPSHOT_EVERY = 50


class MethodTraining:
    """One method's networks in training; `run` yields a record each step and goes on where the last run stopped.

    `averages` are moving averages of what the steps logged, by stage and name; `lap` counts how often the training was
    prolonged, `taken` the steps of each stage over all laps.
    """

    def __init__(
        self,
        method: str,
        plan: TrainingPlan,
        data: TrainingSet,
        penalty: OnDemand,
        leader: "MethodTraining | None" = None,
    ):
        """Args:
        penalty: the pool of penalty images, uint8 P×256×256×3.
        leader: a training on the same with the same plan but for the constraint; where it has just made the step that
            is due here, what is common to both comes from it.
        """
        self.method, self.plan, self.data, self.penalty = METHODS[method], plan, data, penalty
        self._leader, self._imitation_losses, self._output = leader, {}, None
        torch.manual_seed(plan.seed)
        self.model = StudentAutoencoder.empty(data.teacher.size).to(memory_format=torch.channels_last)
        self.student, self.autoencoder = self.model.student, self.model.autoencoder
        self.reconstruction = self.method.reconstruction(plan.separation, None)
        self._optimizers = {
            "student": plan.optimizer(self.student, plan.student_rate),
            "autoencoder": plan.optimizer(self.autoencoder, plan.autoencoder_rate),
        }
        self.lap, self._stage, self._step, self._parted = 0, 0, 0, False
        self._made: tuple[int, int, int] | None = None
        self.taken: dict[str, int] = {}
        self.averages: dict[str, dict[str, float]] = {}
        self._imitated = reconstructions(self.autoencoder, self.data)
        self._good_state = self.state()

    @property
    def stages(self) -> list[tuple[str, int]]:
        """Names and lengths of the stages in order."""
        if self.plan.schedule is Schedule.JOINT:
            return [("joint", self.plan.student_steps)]
        plan = self.plan
        # Once students have learned from different auto-encoders, nothing is common any more.
        imitation = [("imitation", plan.imitation_steps)] if plan.imitation_steps and not self.lap else []
        return [("autoencoder", plan.autoencoder_steps), *imitation, ("student", plan.student_steps)]

    def run(self) -> Iterator[StepRecord]:
        """Train to the end of the plan, which may be given other numbers of steps on the way.

        Raises:
            DivergenceError: when a loss is not finite or beyond all bounds; the last good state is back by then.
        """
        take = {
            "autoencoder": self._autoencoder_step,
            "imitation": self._imitation_step,
            "student": self._student_step,
            "joint": self._joint_step,
        }
        while self._stage < len(self.stages):
            name, steps = self.stages[self._stage]
            if self._step >= steps:
                self._stage, self._step = self._stage + 1, 0
                self._good_state = self.state()
                continue
            rng = np.random.default_rng((self.plan.seed, self.lap, self._stage, self._step))
            torch.manual_seed(int(rng.integers(2**31)))
            with plain_arithmetic() if self.plan.plain_arithmetic else nullcontext():
                losses, watch = take[name](rng, self._step / steps)
            average_in(losses | watch, self.averages.setdefault(name, {}))
            self._guard(losses | watch, self.averages[name])
            self._made = self.due
            self._step += 1
            self.taken[name] = self.taken.get(name, 0) + 1
            if self._step % SNAPSHOT_EVERY == 0:
                self._good_state = self.state()
            yield StepRecord(self.method.name, name, self._step, steps, losses, watch)

    def prolong(self, plan: TrainingPlan) -> None:
        """Begin another lap: the next `run` goes through the stages of `plan` from the networks as they are now.

        It has a warm-up of its own: what counts as novel, and how far q′ reaches, has changed since the last one's.
        """
        self.plan = plan
        self.reconstruction = self.method.reconstruction(plan.separation, None)
        self.lap, self._stage, self._step, self._parted = self.lap + 1, 0, 0, False
        self._good_state = self.state()
        self._imitated = reconstructions(self.autoencoder, self.data)

    def forget(self) -> None:
        """Free what can be computed anew."""
        self._imitated.forget()
        self.penalty.forget()
        self._output = None

    def state(self) -> dict:
        """Everything that `restore` needs to go on as if nothing had happened; tensors and plain values only."""
        return {
            "student": deepcopy(self.student.state_dict()),
            "autoencoder": deepcopy(self.autoencoder.state_dict()),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self._optimizers.items()},
            "reconstruction": dict(self.reconstruction.state),
            "averages": deepcopy(self.averages),
            "lap": self.lap,
            "stage": self._stage,
            "step": self._step,
            "parted": self._parted,
            "taken": dict(self.taken),
        }

    def restore(self, state: dict) -> None:
        self.student.load_state_dict(state["student"])
        self.autoencoder.load_state_dict(state["autoencoder"])
        for name, optimizer in self._optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.reconstruction = self.method.reconstruction(self.plan.separation, state["reconstruction"])
        self.averages = deepcopy(state["averages"])
        self.lap, self._stage, self._step, self._parted = (state[n] for n in ("lap", "stage", "step", "parted"))
        self.taken = dict(state["taken"])
        self._made, self._good_state = None, state
        self._imitated = reconstructions(self.autoencoder, self.data)

    @property
    def learns_to_inspect(self) -> bool:
        """Whether the last stage, which makes student and auto-encoder fit together, has begun in this lap."""
        return (self._stage, self._step) > (len(self.stages) - 1, 0)

    @property
    def due(self) -> tuple[int, int, int]:
        """Which step comes next: lap, stage and step, from 0."""
        return self.lap, self._stage, self._step

    @property
    def _led(self) -> bool:
        """Whether the leader has just made the step that is due here."""
        return self._leader is not None and self._leader._made == self.due

    def _guard(self, values: dict[str, float], averages: dict[str, float]) -> None:
        # A margin is what was asked for, or a multiple of a quantile that is guarded itself.
        wrong = out_of_bounds({name: value for name, value in values.items() if name != "margin"}, averages)
        if wrong:
            self.restore(self._good_state)
            advice = "a smaller margin ratio or a larger τ′" if self.method.separates else "another seed"
            raise DivergenceError(
                f"The training of {self.method.title} was stopped because {wrong} grew without bound; try {advice}."
            )

    def _autoencoder_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        rows = self._rows(rng, self.plan.autoencoder_batch)
        teacher = self.data.jittered_teacher[rows].float()
        constrained = self._constrained(progress)
        if self._led and not self.lap and not constrained and not self._leader._parted:
            outcome = self.reconstruction(teacher, self._leader._output, constrained)
            self._take_over("autoencoder", self.autoencoder, self._leader.autoencoder)
        else:
            self.autoencoder.train()
            with fast_arithmetic():
                a = self.autoencoder(network_input(self.data.jittered[rows])).float()
            outcome = self.reconstruction(teacher, a, constrained)
            self._descend({"autoencoder": outcome.loss}, ("autoencoder",), progress)
            self._output = a.detach()
        return {"autoencoder": outcome.loss.item()}, outcome.watch

    def _constrained(self, progress: float) -> bool:
        """Whether this lap's warm-up is over, for good."""
        if not self.method.separates:
            return False
        # A budget that grants more steps on the way lets progress fall.
        self._parted = self._parted or progress >= self.plan.separation.warm_up
        return self._parted

    def _imitation_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        """The student imitates the teacher alone, which is the same for all methods of a pair."""
        if self._led:
            self._take_over("student", self.student, self._leader.student)
            return dict(self._leader._imitation_losses), {}
        rows = self._rows(rng, self.plan.student_batch)
        penalty = self._drawn_penalty(rng, len(rows))
        losses = teacher_losses(self.student, self.data, rows, penalty, self.plan.hard_quantile)
        self._descend(losses, ("student",), progress)
        self._imitation_losses = {name: loss.item() for name, loss in losses.items()}
        return dict(self._imitation_losses), {}

    def _take_over(self, name: str, network: nn.Module, leaders: nn.Module) -> None:
        """Be where the leader is after its step."""
        network.load_state_dict(leaders.state_dict())
        self._optimizers[name].load_state_dict(self._leader._optimizers[name].state_dict())

    def _student_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        rows = self._rows(rng, self.plan.student_batch)
        losses = self._student_losses(rng, rows, self._imitated[rows].float())
        self._descend(losses, ("student",), progress)
        return {name: loss.item() for name, loss in losses.items()}, {}

    def _joint_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        rows = self._rows(rng, self.plan.student_batch)
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
        penalty = self._drawn_penalty(rng, len(rows))
        return student_losses(self.student, self.data, rows, penalty, imitated, self.plan.hard_quantile)

    def _rows(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Which copies a step looks at."""
        if self.plan.passes:
            return self.data.in_passes(self._step * count, count, (self.plan.seed, self.lap, self._stage))
        return _draw(rng, len(self.data), count)

    def _drawn_penalty(self, rng: np.random.Generator, count: int) -> np.ndarray:
        if self.plan.passes:
            return self.penalty[(self._step * count + np.arange(count)) % len(self.penalty)]
        return self.penalty[_draw(rng, len(self.penalty), count)]

    def _descend(self, losses: dict[str, Tensor], networks: tuple[str, ...], progress: float) -> None:
        for name in networks:
            self._optimizers[name].zero_grad()
        total(losses).backward()
        for name in networks:
            self._optimizers[name].step(rate_share(self.plan.decay, progress))


def _draw(rng: np.random.Generator, available: int, count: int) -> np.ndarray:
    return rng.choice(available, count, replace=available < count)

"""One method's training, step by step (arXiv 2303.14535, section 3; appendix A.1).

What is taken from the papers and what is not is told in dfsc.training.plan.
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from typing import cast

import numpy as np
from torch import Tensor, nn

from dfsc.errors import DivergenceError
from dfsc.machine import fast_arithmetic, layout, looked_at, patience, plain_arithmetic, repeatable, seeded
from dfsc.material.on_demand import OnDemand
from dfsc.material.training_set import TrainingSet
from dfsc.models.consistency import ConsistencySettings, SncUse, consistency_losses
from dfsc.models.detector import StudentAutoencoder, network_input
from dfsc.models.methods import METHODS
from dfsc.models.objectives import total
from dfsc.training.learner import Learner
from dfsc.training.optimizer import rate_share
from dfsc.training.plan import TrainingPlan
from dfsc.training.progress import StepRecord, average_in, out_of_bounds
from dfsc.training.stages import AUTOENCODER, STUDENT, Stage
from dfsc.training.student import reconstructions, student_losses, teacher_losses

SNAPSHOT_EVERY = 50


class MethodTraining:
    """One method's networks in training; `run` yields a record each step and goes on where the last run stopped.

    `learners` are its networks, some of them in common with other methods (see `share`); `averages` are moving averages
    of what the steps logged, by stage and name; `lap` counts how often the training was prolonged, `taken` the steps of
    each stage over all laps, `patience` after how many steps their numbers are looked at.
    """

    def __init__(self, method: str, plan: TrainingPlan, data: TrainingSet, penalty: OnDemand):
        """`penalty` is the pool of penalty images, uint8 P×256×256×3."""
        self.method, self.plan, self.data, self.penalty = METHODS[method], plan, data, penalty
        with seeded(plan.seed):
            model = StudentAutoencoder.empty(data.teacher.size)
        model = model.to(data.device).to(memory_format=layout(data.device))
        self.learners = {
            STUDENT: Learner(model.student, plan.optimizer(model.student, plan.student_rate)),
            AUTOENCODER: Learner(model.autoencoder, plan.optimizer(model.autoencoder, plan.autoencoder_rate)),
        }
        self.reconstruction = self.method.reconstruction(plan.separation, None)
        self.patience = patience(data.device)
        self.lap, self._stage, self._step, self._parted = 0, 0, 0, False
        self.taken: dict[str, int] = {}
        self.averages: dict[str, dict[str, float]] = {}
        self._unread: list[tuple[str, dict, dict]] = []
        self._latest: tuple[dict[str, float], dict[str, float]] = {}, {}
        self._good_state = self.state()

    @property
    def student(self) -> nn.Sequential:
        return cast(nn.Sequential, self.learners[STUDENT].network)

    @property
    def autoencoder(self) -> nn.Module:
        return self.learners[AUTOENCODER].network

    @property
    def model(self) -> StudentAutoencoder:
        """Both networks as they are now."""
        return StudentAutoencoder(self.student, self.autoencoder, self.method.coding(self.plan.consistency))

    @property
    def stages(self) -> list[tuple[str, int]]:
        """Names and lengths of this lap's stages in order."""
        return [(stage.name, steps) for stage, steps in self.plan.stages(self.lap)]

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
                self._read()
                self._stage, self._step = self._stage + 1, 0
                self._good_state = self.state()
                continue
            self._parted = self.constrained
            rng = np.random.default_rng((self.plan.seed, *self.due))
            plain = plain_arithmetic() if self.plan.plain_arithmetic else nullcontext()
            with seeded(int(rng.integers(2**31))), plain, repeatable(self.data.device):
                self._unread.append((name, *take[name](rng, self._step / steps)))
            if self._step in (0, steps - 1) or (self._step + 1) % self.patience == 0:
                losses, watch = self._read()
                self._guard(losses | watch, self.averages[name])
            self._step += 1
            self.taken[name] = self.taken.get(name, 0) + 1
            if self._step % SNAPSHOT_EVERY == 0:
                self._good_state = self.state()
            yield StepRecord(self.method.name, name, self._step, steps, *self._latest)

    def prolong(self, plan: TrainingPlan) -> None:
        """Begin another lap: the next `run` goes through the stages of `plan` from the networks as they are now.

        It has a warm-up of its own: what counts as novel, and how far q′ reaches, has changed since the last one's.
        """
        self.plan = plan
        self.reconstruction = self.method.reconstruction(plan.separation, None)
        self.lap, self._stage, self._step, self._parted = self.lap + 1, 0, 0, False
        self.learners[AUTOENCODER].reconstructions = None
        self._good_state = self.state()

    def forget(self) -> None:
        """Free what can be computed anew."""
        self.penalty.forget()
        for learner in self.learners.values():
            learner.forget()

    def state(self) -> dict:
        """Everything that `restore` needs to go on as if nothing had happened; tensors and plain values only."""
        self._read()
        states = {name: learner.state() for name, learner in self.learners.items()}
        return {
            **{name: network for name, (network, _) in states.items()},
            "optimizers": {name: optimizer for name, (_, optimizer) in states.items()},
            "reconstruction": dict(self.reconstruction.state),
            "averages": deepcopy(self.averages),
            "lap": self.lap,
            "stage": self._stage,
            "step": self._step,
            "parted": self._parted,
            "taken": dict(self.taken),
        }

    def restore(self, state: dict) -> None:
        """Be as a state says, with networks of its own."""
        self.learners = {name: learner.copy() for name, learner in self.learners.items()}
        for name, learner in self.learners.items():
            learner.restore(state[name], state["optimizers"][name])
        self.reconstruction = self.method.reconstruction(self.plan.separation, state["reconstruction"])
        self.averages = deepcopy(state["averages"])
        self.lap, self._stage, self._step, self._parted = (state[n] for n in ("lap", "stage", "step", "parted"))
        self.taken = dict(state["taken"])
        self._good_state = state
        self._unread.clear()

    def retreat(self) -> None:
        """Go back to the last good state."""
        self.restore(self._good_state)

    @property
    def learns_to_inspect(self) -> bool:
        """Whether the last stage, which makes student and auto-encoder fit together, has begun in this lap."""
        return (self._stage, self._step) > (len(self.stages) - 1, 0)

    @property
    def due(self) -> tuple[int, int, int]:
        """Which step comes next: lap, stage and step, from 0."""
        return self.lap, self._stage, self._step

    @property
    def constrained(self) -> bool:
        """Whether the method's own constraint acts in the step that is due.

        Once it does, it stays: a budget that grants more steps on the way lets the progress fall.
        """
        if self._parted or self._running is None:
            return self._parted
        stage, steps = self._running
        begun = self._step / max(steps, 1) >= self.method.parts_at(self.plan.separation)
        return AUTOENCODER in stage.networks and begun

    @property
    def ways(self) -> dict[str, Hashable]:
        """By network, how it has learned so far and does in the step that is due.

        From the same beginning, what has learned in the same way is the same in any two methods.
        """
        if self.lap or self._running is None:
            return {network: id(self) for network in self.learners}
        stage, _ = self._running
        coding = self._coding
        of_autoencoder: list[Hashable] = [id(self) if self.constrained else None]
        trains_both = set(stage.networks) == {AUTOENCODER, STUDENT} and not self.plan.detach
        of_autoencoder.append(coding if coding and (coding.autoencoder_weight or trains_both) else None)
        return {
            AUTOENCODER: tuple(of_autoencoder),
            STUDENT: (coding, None if stage.common else tuple(of_autoencoder)),
        }

    @property
    def _coding(self) -> ConsistencySettings | None:
        """How its losses code neighbourhoods; None where they don't."""
        coding = self.method.coding(self.plan.consistency)
        return replace(coding, snc=SncUse.BOTH) if coding and coding.in_training else None

    @property
    def _running(self) -> tuple[Stage, int] | None:
        """The stage of the step that is due and its length; None at the end of the lap."""
        stages = self.plan.stages(self.lap)
        number, step = self._stage, self._step
        while number < len(stages) and step >= stages[number][1]:
            number, step = number + 1, 0
        return stages[number] if number < len(stages) else None

    def _read(self) -> tuple[dict[str, float], dict[str, float]]:
        """Take what the steps since the last look logged into the averages; returns the latest losses and watch."""
        logged = looked_at([values for _, *both in self._unread for values in both])
        for (stage, *_), losses, watch in zip(self._unread, logged[::2], logged[1::2], strict=True):
            average_in(losses | watch, self.averages.setdefault(stage, {}))
            self._latest = losses, watch
        self._unread.clear()
        return self._latest

    def _guard(self, values: dict[str, float], averages: dict[str, float]) -> None:
        # A margin is what was asked for, or a multiple of a quantile that is guarded itself.
        wrong = out_of_bounds({name: value for name, value in values.items() if name != "margin"}, averages)
        if wrong:
            self.retreat()
            raise DivergenceError(
                f"The training of {self.method.title} was stopped because {wrong} grew without bound; "
                f"try {self.method.remedy}."
            )

    def _autoencoder_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        rows = self._rows(rng, self.plan.autoencoder_batch)
        teacher, learner = self.data.jittered_teacher[rows].float(), self.learners[AUTOENCODER]
        a = learner.outcome(self.due)
        made = a is not None
        if not made:
            a = self._reconstructed(rows)
        outcome = self.reconstruction(teacher, a, self._parted)
        if not made:
            losses = {"autoencoder": outcome.loss} | self._reconstructed_neighbourhoods(teacher, a)
            self._descend(losses, (AUTOENCODER,), progress)
            learner.note(self.due, a.detach())
        return {"autoencoder": outcome.loss.detach()}, outcome.watch

    def _imitation_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        """The student imitates the teacher alone, which is the same for all methods of a pair."""
        losses = self.learners[STUDENT].outcome(self.due)
        if losses is None:
            rows = self._rows(rng, self.plan.student_batch)
            penalty = self._drawn_penalty(rng, len(rows))
            terms = teacher_losses(self.student, self.data, rows, penalty, self.plan.hard_quantile, self._coding)
            losses = self._descend(terms, (STUDENT,), progress)
            self.learners[STUDENT].note(self.due, losses)
        return dict(losses), {}

    def _student_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        finished = self.learners[AUTOENCODER]
        if finished.reconstructions is None:
            finished.reconstructions = reconstructions(self.autoencoder, self.data)
        losses = self.learners[STUDENT].outcome(self.due)
        if losses is None:
            rows = self._rows(rng, self.plan.student_batch)
            terms = self._student_losses(rng, rows, finished.reconstructions[rows].float())
            losses = self._descend(terms, (STUDENT,), progress)
            self.learners[STUDENT].note(self.due, losses)
        return dict(losses), {}

    def _joint_step(self, rng: np.random.Generator, progress: float) -> tuple[dict, dict]:
        rows = self._rows(rng, self.plan.student_batch)
        teacher, learner = self.data.jittered_teacher[rows].float(), self.learners[AUTOENCODER]
        made = learner.outcome(self.due)
        a, losses = made or (self._reconstructed(rows), {})
        outcome = self.reconstruction(teacher, a, self._parted)
        if made is None:
            terms = {"autoencoder": outcome.loss} | self._reconstructed_neighbourhoods(teacher, a)
            terms |= self._student_losses(rng, rows, a.detach() if self.plan.detach else a)
            losses = self._descend(terms, (STUDENT, AUTOENCODER), progress)
            learner.note(self.due, (a.detach(), losses))
        return losses | {"autoencoder": outcome.loss.detach()}, outcome.watch

    def _reconstructed(self, rows: np.ndarray) -> Tensor:
        """The auto-encoder's output N×C×56×56 on jittered copies."""
        self.autoencoder.train()
        with fast_arithmetic(self.data.device):
            return self.autoencoder(network_input(self.data.jittered_there[rows], self.data.device)).float()

    def _reconstructed_neighbourhoods(self, teacher: Tensor, a: Tensor) -> dict[str, Tensor]:
        """What makes the auto-encoder's neighbourhoods consistent with the teacher's, where that has a weight."""
        coding = self._coding
        if not coding or not coding.autoencoder_weight:
            return {}
        losses = consistency_losses(teacher, a, coding)
        return {f"autoencoder_{name}": coding.autoencoder_weight * loss for name, loss in losses.items()}

    def _student_losses(self, rng: np.random.Generator, rows: np.ndarray, imitated: Tensor) -> dict[str, Tensor]:
        penalty = self._drawn_penalty(rng, len(rows))
        quantile, coding = self.plan.hard_quantile, self._coding
        return student_losses(self.student, self.data, rows, penalty, imitated, quantile, coding)

    def _rows(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Which copies a step looks at."""
        if self.plan.passes:
            return self.data.in_passes(self._step * count, count, (self.plan.seed, self.lap, self._stage))
        return _draw(rng, len(self.data), count)

    def _drawn_penalty(self, rng: np.random.Generator, count: int) -> np.ndarray | Tensor:
        if self.plan.passes:
            return self.penalty[(self._step * count + np.arange(count)) % len(self.penalty)]
        return self.penalty[_draw(rng, len(self.penalty), count)]

    def _descend(self, losses: dict[str, Tensor], networks: tuple[str, ...], progress: float) -> dict[str, Tensor]:
        """One step down the sum of the losses; returns their values."""
        optimizers = {name: self.learners[name].optimizer for name in networks}
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        total(losses).backward()
        share, steps = rate_share(self.plan.decay, progress), self.stages[self._stage][1]
        for name, optimizer in optimizers.items():
            optimizer.step(share * self.plan.rate_for(name, steps))
        return {name: loss.detach() for name, loss in losses.items()}


def share(trainings: Sequence[MethodTraining]) -> None:
    """Let methods have networks in common for the step that is due, as far as all would learn the same in it.

    That is the auto-encoder until a constraint begins, and the student as long as it imitates the teacher alone in the
    same way; from then on each has a copy of its own, so that it becomes what it would have become by itself. They have
    the same material and the same plan but for the method's settings; those at different steps share nothing.
    """
    for network in (AUTOENCODER, STUDENT):
        owners: dict[Hashable, Learner] = {}
        for training in trainings:
            way = training.due, training.ways[network]
            own = training.learners[network]
            if way not in owners and own in owners.values():
                own = own.copy()
            training.learners[network] = owners.setdefault(way, own)


def _draw(rng: np.random.Generator, available: int, count: int) -> np.ndarray:
    return rng.choice(available, count, replace=available < count)

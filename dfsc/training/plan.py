"""What decides a training's result beside its images (arXiv 2303.14535, section 3 and appendix A.1).

Two schedules: `joint` is the paper's, every step trains student and auto-encoder together; `staged` trains the
auto-encoder first and the student against the finished one, whose output is then computed once for each copy.

Differences from the paper, for the sake of minutes instead of a day: Muon in place of Adam, larger learning rates with
a cosine decay, the auto-encoder's lower in a longer stage, a limit to each step's gradient, bfloat16 where it is
faster, the teacher's output kept so, 20 % of the images held out instead of 10 %, independent draws from a fixed pool
of penalty images and of jittered copies, a hard-feature loss over the hardest 1 % instead of 0.1 % of the elements,
with which a student of some thousand steps gets closer to the teacher, a calibration by position, since such a student
still errs at the same places of every good image, and kernels rounded to bytes before it.

A recipe as published, PUBLISHED_PLAN, takes back all of this: float32, 10 %, shuffled passes over the images, a new
jitter and a new penalty image at each step (of a training whose length is given in seconds, from pools). What deviates
in it all the same: colours are jittered after the photograph is resized, not before; penalty images are rendered unless
a folder of photographs is named; weights are rounded to float16 before the calibration, and so are the maps that it
keeps; maps are placed at their cells' true centres instead of padded; the teacher was distilled from another backbone.

QUICK_PLAN goes the other way: a stage in
which the student imitates the teacher alone, twice its rate, the hardest 50 % of the elements, and a constraint that
begins after 0.8 of the auto-encoder's steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from torch import nn

from dfsc.models.consistency import ConsistencySettings
from dfsc.models.separation import SeparationSettings
from dfsc.training.optimizer import Algorithm, Decay, NetworkOptimizer
from dfsc.training.stages import AUTOENCODER, STAGES, Stage

# Found on development products (docs/measurements.md): what is usual at a position says less where the part moves.
FIXTURE_FLOOR, MOVING_FLOOR = 0.25, 1.0
# The share of the auto-encoder's rate that is left in stages of ten times its usual length and more.
LEAST_RATE = 0.1


class Schedule(StrEnum):
    """Whether auto-encoder and student learn one after the other or together."""

    STAGED = "staged"
    JOINT = "joint"


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that decides a training's result beside its images.

    Attributes:
        autoencoder_steps: steps of the auto-encoder's stage (staged only).
        imitation_steps: steps between the two stages in which the student imitates the teacher alone (staged only).
        student_steps: steps of the student's stage, or of the joint training.
        autoencoder_batch, student_batch: images a step; a student's step also sees as many jittered copies and
            penalty images. A joint step takes the student's batch for everything.
        full_rate_steps: an auto-encoder that learns for more steps has its rate times full_rate_steps / steps, but no
            less than a tenth of it; None for the same rate at any length.
        gradient_limit: how many times as long as usual lately a step's gradient may be (see NetworkOptimizer); None for
            no limit.
        hard_quantile: share (0 to 1) of the elements of D that the hard-feature loss leaves out.
        position_floor: calibrate in units of what is usual at each position, with this floor (see
            calibration.PositionScale.of); None calibrates as the papers do.
        passes: take images in shuffled passes and penalty images one after another, instead of independent draws.
        plain_arithmetic: float32 also where bfloat16 is faster.
        detach: keep d^{SA} from training the auto-encoder; always so in a staged training.
    """

    autoencoder_steps: int = 1200
    imitation_steps: int = 0
    student_steps: int = 1200
    autoencoder_batch: int = 1
    student_batch: int = 1
    autoencoder_rate: float = 4e-3
    full_rate_steps: int | None = 300
    student_rate: float = 4e-3
    weight_decay: float = 1e-5
    algorithm: Algorithm = Algorithm.MUON
    decay: Decay = Decay.COSINE
    gradient_limit: float | None = 2.0
    hard_quantile: float = 0.99
    schedule: Schedule = Schedule.STAGED
    position_floor: float | None = FIXTURE_FLOOR
    passes: bool = False
    plain_arithmetic: bool = False
    detach: bool = False
    separation: SeparationSettings = field(default_factory=SeparationSettings)
    consistency: ConsistencySettings = field(default_factory=ConsistencySettings)
    seed: int = 0

    def stages(self, lap: int = 0) -> list[tuple[Stage, int]]:
        """The stages of a lap in order, each with its number of steps."""
        names = ["joint"] if self.schedule is Schedule.JOINT else ["autoencoder", "imitation", "student"]
        # Once students have learned from different auto-encoders, nothing is common to methods any more.
        skipped = "imitation" if lap or not self.imitation_steps else ""
        return [(STAGES[name], getattr(self, STAGES[name].length)) for name in names if name != skipped]

    def lengthened(self, lengths: Mapping[str, int]) -> "TrainingPlan":
        """With other numbers of steps, by the names of their fields."""
        return replace(self, **dict[str, Any](lengths))

    @property
    def rates(self) -> str:
        """Both networks' highest rates, in words."""
        steps = self.student_steps if self.schedule is Schedule.JOINT else self.autoencoder_steps
        autoencoder = self.autoencoder_rate * self.rate_for(AUTOENCODER, steps)
        return f"{autoencoder:.2g} auto-encoder, {self.student_rate:.2g} student"

    def rate_for(self, network: str, steps: int) -> float:
        """The share of a network's rate in a stage of so many steps.

        Muon's steps have one size, so that a network strays too far in many large ones (docs/measurements.md, "The
        auto-encoder's rate").
        """
        if network != AUTOENCODER or self.full_rate_steps is None:
            return 1.0
        return min(1.0, max(LEAST_RATE, self.full_rate_steps / steps))

    def optimizer(self, network: nn.Module, rate: float) -> NetworkOptimizer:
        """A network's optimiser at its rate."""
        return NetworkOptimizer(network, self.algorithm, rate, self.weight_decay, self.gradient_limit)


def calibration_name(plan: TrainingPlan) -> str:
    """How detectors are calibrated, in words that change whenever limits or scores would."""
    if plan.position_floor is None:
        return "as published"
    return "by position, held-out images without themselves; not in the papers"


# Appendix A.1 of arXiv 2303.14535; arXiv 2407.17909 trains the same networks in the same way.
PUBLISHED_PLAN = TrainingPlan(
    algorithm=Algorithm.ADAM,
    decay=Decay.LAST_TENTH,
    autoencoder_rate=1e-4,
    student_rate=1e-4,
    weight_decay=1e-5,
    full_rate_steps=None,
    gradient_limit=None,
    hard_quantile=0.999,
    position_floor=None,
    schedule=Schedule.JOINT,
    passes=True,
    plain_arithmetic=True,
)

# Also found there, on 24 images: after 300 steps the student's hardest elements are where it has not looked yet, not
# where it fails; the constraint, which needs an auto-encoder that has learned, costs least near the end of so few; and
# a student that has imitated the teacher alone, which is less work and for a pair is done once, learns both halves
# better in the time that is left.
QUICK_SEPARATION = SeparationSettings(warm_up=0.8)
QUICK_PLAN = TrainingPlan(student_rate=8e-3, hard_quantile=0.5, imitation_steps=1200, separation=QUICK_SEPARATION)

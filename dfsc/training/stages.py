"""The stages of a training, a row each: what learns in it, where its length is said, and what its steps cost."""

from dataclasses import dataclass

AUTOENCODER, STUDENT = "autoencoder", "student"


@dataclass(frozen=True)
class Stage:
    """A stage of a training.

    Attributes:
        networks: which networks learn in it.
        length: the field of TrainingPlan that says how many steps it has.
        end: where in the time of the learning (0 to 1) it ends.
        least: how many times the time of its fewest steps a training should have; a slow machine needs so much.
        cost: what a step costs beside one of the auto-encoder, roughly; of size small the student's cost more.
        pair_cost: the same as measured for a quick pair of size demo (docs/measurements.md, "Retraining in minutes"):
            15, 20 and 65 % of the learning were some 300, 290 and 340 steps.
        common: whether the methods of a pair learn the same in it, at least until a constraint begins, so that its
            steps are made once for all.
    """

    name: str
    networks: tuple[str, ...]
    length: str
    end: float
    least: int
    cost: float
    pair_cost: float
    common: bool = False


STAGES = {
    stage.name: stage
    for stage in (
        Stage("autoencoder", (AUTOENCODER,), "autoencoder_steps", 0.15, 12, cost=1, pair_cost=1, common=True),
        Stage("imitation", (STUDENT,), "imitation_steps", 0.35, 6, cost=3, pair_cost=1.4, common=True),
        Stage("student", (STUDENT,), "student_steps", 1.0, 3, cost=4, pair_cost=3.9),
        Stage("joint", (STUDENT, AUTOENCODER), "student_steps", 1.0, 3, cost=5, pair_cost=5),
    )
}

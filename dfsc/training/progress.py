"""What a training tells of itself, step by step; page, command line and tests read the same records."""

from dataclasses import dataclass
from time import monotonic

LARGEST = 1e4
# Of mean (T − A)²; an auto-encoder that says 0 everywhere is 1 away from the standardised teacher.
FARTHEST = 10.0
MOMENTUM = 0.98


@dataclass(frozen=True)
class StepRecord:
    """What one step of one method did.

    Attributes:
        method: key of the method.
        stage: "autoencoder", "imitation", "student" or "joint".
        step, steps: 1-based count within the stage and the stage's length.
        losses: each term of the loss by name, on a GPU as they were when it was last looked at (see machine.patience).
        watch: what is logged beside the losses, e.g. "active_share" (0 to 1) and "similar_mean".
    """

    method: str
    stage: str
    step: int
    steps: int
    losses: dict[str, float]
    watch: dict[str, float]


@dataclass(frozen=True)
class Progress:
    """A step's record with the time left for all methods together, in seconds; NaN as long as it is not known."""

    record: StepRecord
    seconds_left: float


def average_in(values: dict[str, float], averages: dict[str, float]) -> None:
    """Take a step's values into their moving averages, which begin with the first."""
    for name, value in values.items():
        averages[name] = MOMENTUM * averages.get(name, value) + (1 - MOMENTUM) * value


def out_of_bounds(values: dict[str, float], averages: dict[str, float]) -> str | None:
    """What has a value that no training that goes well would have, in words; None where nothing has.

    One step may be far off and the next ones find back, so that the auto-encoder's distance is judged by its average.
    """
    if averages.get("autoencoder", 0.0) > FARTHEST:
        return "the auto-encoder's distance from the teacher"
    return next((name.replace("_", " ") for name, value in values.items() if not abs(value) <= LARGEST), None)


class Throttle:
    """Says of each occasion whether it is due: when some seconds have passed since the last one that was."""

    def __init__(self, seconds: float, at_once: bool = False):
        """`at_once`: the first occasion is due; otherwise the seconds run from now on."""
        self._seconds, self._due_from = seconds, monotonic() + (0 if at_once else seconds)

    def due(self) -> bool:
        now = monotonic()
        if now < self._due_from:
            return False
        self._due_from = now + self._seconds
        return True

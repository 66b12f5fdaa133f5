"""What a limit does to parts that people know to be good or bad, and what is to be expected of it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dfsc.models.calibration import GoodParts

# Of further good parts, the share that is rejected lies between these two with 90 % probability; the upper one is that
# of GoodParts.rejection.
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Rejection:
    """Which share of further good parts a limit rejects: expectation, and the ends of a 90 % interval, in [0, 1]."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class LimitReport:
    """What a limit does.

    Attributes:
        good, rejected: number of good parts, and of those above the limit.
        bad, missed: number of bad parts, and of those up to the limit.
        rejection: what to expect of further good parts, like these.
    """

    good: int
    rejected: int
    bad: int
    missed: int
    rejection: Rejection


def limit_report(limit: float, good: Sequence[float] | np.ndarray, bad: Sequence[float] | np.ndarray) -> LimitReport:
    """What a limit makes of the scores of N ≥ 1 good and M ≥ 0 bad parts; a part is rejected above it."""
    rejected = int((np.asarray(good) > limit).sum())
    missed = int((np.asarray(bad) <= limit).sum())
    return LimitReport(len(good), rejected, len(bad), missed, rejection(rejected, len(good)))


def rejection(rejected: int, good: int) -> Rejection:
    """What to expect of a limit above which `rejected` of N exchangeable good parts lie.

    The share follows Beta(k + 1, N − k) if the limit is the highest score of the others, as GoodParts.threshold has it;
    a limit between two scores rejects no more than that. No good part may have been left out for its score.
    """
    from scipy.special import betaincinv  # a fifth of a second, for whoever wants to know

    if rejected == good:  # a limit below all of them
        return Rejection(1.0, float(betaincinv(good, 1, INTERVAL[0])), 1.0)
    low, high = (float(betaincinv(rejected + 1, good - rejected, end)) for end in INTERVAL)
    return Rejection((rejected + 1) / (good + 1), low, high)


def rejections(good: int) -> list[Rejection]:
    """For each number of rejected ones, from 0 to N."""
    return [rejection(rejected, good) for rejected in range(good + 1)]


def limit_key(good: GoodParts, local_weight: float) -> str:
    """What a limit set by hand belongs to: these good parts' scores at this mix. Other ones have other scales."""
    return f"{good_key(good)}:{round(100 * local_weight)}"


def good_key(good: GoodParts) -> str:
    """Sixteen digits that tell these good parts' scores from all others'."""
    scores = np.concatenate([good.scores(0.0), good.scores(1.0)]).astype("<f4")
    return hashlib.sha256(scores.tobytes()).hexdigest()[:16]


def overall(verdicts: Sequence[str]) -> str:
    """One verdict of several detectors on a part: rejected by any is rejected, and accepted is accepted by all.

    Detectors that are not usable have no voice beside others.
    """
    voices = [verdict for verdict in verdicts if verdict != "unsure"] or ["unsure"]
    return next(verdict for verdict in ("reject", "foreign", "accept", "unsure") if verdict in voices)

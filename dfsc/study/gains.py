"""Differences of AUROC to the baseline, and their mean over products."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True)
class Gain:
    """Mean difference of AUROC to the baseline of the same seeds, with a 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


def gains_of(record: dict, groups: Sequence[str]) -> dict[str, Gain]:
    """By group, those of a row as a sweep writes it."""
    return {group: Gain(g["mean"], *g["interval"]) for group, g in record["gain"].items() if group in groups}


def mean_gain(gains: Sequence[Gain]) -> Gain:
    """The mean of gains on products that have nothing in common, its interval put together from theirs.

    The limits are recovered from each interval's two sides as variances are (Zou & Donner, Statistics in Medicine 27,
    2008), which asks for no symmetry.
    """
    middle, count = fmean(gain.mean for gain in gains), len(gains)
    below = math.hypot(*(gain.mean - gain.low for gain in gains)) / count
    above = math.hypot(*(gain.high - gain.mean for gain in gains)) / count
    return Gain(middle, middle - below, middle + above)

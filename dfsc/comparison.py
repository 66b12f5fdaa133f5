"""How sure a figure is: bootstrap intervals of AUROC, and two detectors compared on the same images.

Both take the images as the sample; that another training of the same method gives another detector shows only over
seeds (see dfsc.benchmarks.accuracy).
"""

import math
from dataclasses import dataclass

import numpy as np

from dfsc.metrics import checked, image_auroc, mid_ranks

RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """A percentile bootstrap interval, both ends in [0, 1]."""

    low: float
    high: float


@dataclass(frozen=True)
class PairedComparison:
    """Two AUROCs on the same images (DeLong, DeLong & Clarke-Pearson, Biometrics 44, 1988).

    Attributes:
        difference: the second's AUROC minus the first's, from -1 to 1.
        standard_error: of the difference; 0 where neither detector's ranks leave anything to chance.
        p_value: two-sided, for no difference; 1 where there is none and nothing that could vary.
    """

    difference: float
    standard_error: float
    p_value: float


def bootstrap_interval(
    scores: np.ndarray, anomalous: np.ndarray, seed: int = 0, level: float = 0.95, resamples: int = RESAMPLES
) -> Interval:
    """Interval of image AUROC, good and anomalous images drawn anew apart from one another.

    Args:
        scores: N values, higher for what looks more anomalous.
        anomalous: N booleans.
        level: share of the resampled AUROCs within the interval.

    Raises:
        DFSCError: as image_auroc does.
    """
    scores, anomalous = checked(scores, anomalous)
    rng = np.random.default_rng(seed)
    bad, good = scores[anomalous], scores[~anomalous]
    labels = np.repeat([True, False], [len(bad), len(good)])
    values = [
        image_auroc(np.concatenate([rng.choice(bad, len(bad)), rng.choice(good, len(good))]), labels)
        for _ in range(resamples)
    ]
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def compare(first: np.ndarray, second: np.ndarray, anomalous: np.ndarray) -> PairedComparison:
    """DeLong's test of two detectors' scores (N values each) on the same N images.

    Raises:
        DFSCError: as image_auroc does.
    """
    placements = [_placements(*checked(scores, anomalous)) for scores in (first, second)]
    of_bad = placements[1][0] - placements[0][0]
    of_good = placements[1][1] - placements[0][1]
    difference = float(of_bad.mean())
    variance = sum(float(d.var(ddof=1)) / len(d) if len(d) > 1 else 0.0 for d in (of_bad, of_good))
    error = math.sqrt(variance)
    if error == 0:
        return PairedComparison(difference, 0.0, 1.0 if difference == 0 else 0.0)
    return PairedComparison(difference, error, math.erfc(abs(difference) / error / math.sqrt(2)))


def _placements(scores: np.ndarray, anomalous: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each anomalous image the share of good ones below it, for each good one the share of anomalous ones above.

    Ties count half, so the mean of either is the AUROC.
    """
    ranks, bad, good = mid_ranks(scores), scores[anomalous], scores[~anomalous]
    below = (ranks[anomalous] - mid_ranks(bad)) / len(good)
    above = 1 - (ranks[~anomalous] - mid_ranks(good)) / len(bad)
    return below, above

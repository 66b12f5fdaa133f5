"""How sure a figure is: bootstrap intervals of AUROC, and two detectors compared on the same images.

A detector's own figures take the images as the sample; that another training of the same method gives another detector
shows only over seeds, which `compare_over_seeds` draws anew as well.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dfsc.evaluation.auroc import checked, image_auroc, mid_ranks

RESAMPLES = 2000
# Of one class; with 5 good and 100 anomalous images, 10 % of the differences that are none have p < 0.05.
FEW = 20


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
        standard_error: of the difference; 0 where neither detector's ranks leave anything to chance, None where there
            is but one good or one anomalous image, which says nothing of how others vary.
        p_value: two-sided, for no difference; 1 where there is none and nothing that could vary, None likewise.
    """

    difference: float
    standard_error: float | None
    p_value: float | None


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

    It holds for many images: with few of a class, errors and p-values are too small (see FEW).

    Raises:
        DFSCError: as image_auroc does.
    """
    placements = [_placements(*checked(scores, anomalous)) for scores in (first, second)]
    of_bad = placements[1][0] - placements[0][0]
    of_good = placements[1][1] - placements[0][1]
    difference = float(of_bad.mean())
    if min(len(of_bad), len(of_good)) < 2:
        return PairedComparison(difference, None, None)
    variance = sum(float(d.var(ddof=1)) / len(d) for d in (of_bad, of_good))
    error = math.sqrt(variance)
    if error == 0:
        return PairedComparison(difference, 0.0, 1.0 if difference == 0 else 0.0)
    return PairedComparison(difference, error, math.erfc(abs(difference) / error / math.sqrt(2)))


@dataclass(frozen=True)
class Seed:
    """Two methods trained with the same seed: their scores (N values each) on the same N images.

    `names` say which images of different seeds are the same; the test images may differ from seed to seed.
    """

    names: Sequence[str]
    anomalous: np.ndarray
    first: np.ndarray
    second: np.ndarray


@dataclass(frozen=True)
class SeedsComparison:
    """Two methods over several seeds.

    Attributes:
        differences: the second's AUROC minus the first's, seed by seed.
        interval: of their mean, drawing both seeds and images anew.
    """

    differences: tuple[float, ...]
    interval: Interval

    @property
    def mean(self) -> float:
        return sum(self.differences) / len(self.differences)


def compare_over_seeds(
    seeds: Sequence[Seed], level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> SeedsComparison:
    """The mean difference of AUROC over seeds, with a percentile bootstrap over seeds and images at once.

    An image that is drawn twice counts twice in every seed that has it, since what is hard about an image is hard for
    all of them. With few seeds the interval is too narrow: from three seeds only ten different sets can be drawn.

    Raises:
        DFSCError: as image_auroc does.
    """
    gains = [_gains(one) for one in seeds]
    rng = np.random.default_rng(seed)
    drawn = {}
    for anomalous in (True, False):
        names = sorted(
            {n for one in seeds for n, bad in zip(one.names, one.anomalous, strict=True) if bad == anomalous}
        )
        counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
        drawn[anomalous] = dict(zip(names, counts.T, strict=True))
    means = np.stack([_reweighted(one, gain, drawn) for one, gain in zip(seeds, gains, strict=True)])
    chosen = rng.integers(len(seeds), size=(len(seeds), resamples))
    values = np.take_along_axis(means, chosen, axis=0).mean(axis=0)
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return SeedsComparison(tuple(float(gain.mean()) for gain in gains), Interval(float(low), float(high)))


def _gains(seed: Seed) -> np.ndarray:
    """B×G: by anomalous and good image, how much more the second method tells them apart (-1 to 1)."""
    kernels = []
    for values in (seed.first, seed.second):
        scores, anomalous = checked(values, seed.anomalous)
        kernels.append(0.5 * (1 + np.sign(scores[anomalous][:, None] - scores[~anomalous][None, :])))
    return kernels[1] - kernels[0]


def _reweighted(seed: Seed, gains: np.ndarray, drawn: dict[bool, dict[str, np.ndarray]]) -> np.ndarray:
    """A seed's difference of AUROC in each resample; NaN where none of its good or of its anomalous images is drawn."""
    labelled = list(zip(seed.names, np.asarray(seed.anomalous, dtype=bool), strict=True))
    bad, good = (np.stack([drawn[c][n] for n, a in labelled if a == c], axis=1).astype(float) for c in (True, False))
    with np.errstate(invalid="ignore"):
        return ((bad @ gains) * good).sum(axis=1) / (bad.sum(axis=1) * good.sum(axis=1))


def _placements(scores: np.ndarray, anomalous: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each anomalous image the share of good ones below it, for each good one the share of anomalous ones above.

    Ties count half, so the mean of either is the AUROC.
    """
    ranks, bad, good = mid_ranks(scores), scores[anomalous], scores[~anomalous]
    below = (ranks[anomalous] - mid_ranks(bad)) / len(good)
    above = 1 - (ranks[~anomalous] - mid_ranks(good)) / len(bad)
    return below, above

"""Pixel metrics over any number of images in fixed memory: sPRO, AUPRO and pixel AUROC from one core.

sPRO (Bergmann et al., "Beyond Dents and Scratches", IJCV 2022, section 4): for a threshold t, a defect counts as found
by min(|{score > t} ∩ defect| / s, 1), s being its saturation area in pixels; the mean over all defects is drawn against
the false positive rate over the pixels outside every defect, and the area under that curve up to a limit is divided by
the limit. AUPRO (Bergmann et al., CVPR 2020) is the same with connected regions as defects and s = area.

The mean over defects is a sum over pixels: each defect gives the weight 1/s to each of its s highest pixels, and what
lies above t is what was found. So every curve here follows from histograms of weights over the score, with a bin for
each float16: of scores rounded to it the curves are exact. A detector's scale, on which good pixels' 0.9 and 0.995
quantiles are 0 and 0.1, has 11,878 of them in between.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dfsc.errors import DFSCError

BINS = 1 << 16

# Rows of a histogram, in the order of a curve's fields.
NORMAL, OVERLAP, ANOMALOUS = range(3)


@dataclass(frozen=True)
class Defect:
    """One ground-truth defect of an image.

    Attributes:
        mask: boolean H×W with at least one true pixel.
        saturation: area in pixels (above 0, at most the mask's) from which on the defect counts as found entirely.
    """

    mask: np.ndarray
    saturation: float


@dataclass(frozen=True)
class LabelledMap:
    """An image's anomaly map H×W with its defects (none for a good image) and the part of the data set it belongs to.

    Scores are told apart as float16, which has infinities, and what is beyond ±65,504 is one of them.
    """

    scores: np.ndarray
    defects: Sequence[Defect]
    part: Hashable


@dataclass(frozen=True)
class Curve:
    """Points from the highest threshold to the lowest, K ≤ 65,537 values each, from 0 to 1.

    Attributes:
        false_positive_rate: share of the normal pixels above the threshold.
        overlap: mean saturated overlap over all defects.
        true_positive_rate: share of the anomalous pixels above the threshold.
    """

    false_positive_rate: np.ndarray
    overlap: np.ndarray
    true_positive_rate: np.ndarray

    def overlap_area(self, limit: float) -> float:
        """sPRO or AUPRO: area under the overlap up to a false positive rate in (0, 1], divided by it; 0 to 1."""
        return _area(self.false_positive_rate, self.overlap, limit)

    @property
    def pixel_auroc(self) -> float:
        """Area under the pixels' ROC curve, 0 to 1."""
        return _area(self.false_positive_rate, self.true_positive_rate, 1.0)


def curves(images: Iterable[LabelledMap], groups: Mapping[Hashable, Sequence[Hashable]]) -> dict[Hashable, Curve]:
    """The curve of each group over the images of its parts.

    Args:
        images: looked at one by one.
        groups: name of a group → the parts that it is made of, e.g. {"logical": ("good", "logical")}.

    Raises:
        DFSCError: when a score is not a number, a defect does not fit its map, or a group has no normal pixel or no
            defect.
    """
    parts: dict[Hashable, np.ndarray] = {}
    for image in images:
        _add(parts.setdefault(image.part, np.zeros((3, BINS))), image)
    return {
        name: _curve(name, sum((parts[part] for part in members if part in parts), np.zeros((3, BINS))))
        for name, members in groups.items()
    }


def _add(rows: np.ndarray, image: LabelledMap) -> None:
    """Count an image's pixels and its defects' overlap in the histograms 3×BINS of its part."""
    bins = _bins(image.scores)
    inside = np.zeros(bins.shape, bool)
    for defect in image.defects:
        rows[OVERLAP] += np.bincount(*_weights(bins, defect), minlength=BINS)
        inside |= defect.mask
    rows[NORMAL] += np.bincount(bins[~inside], minlength=BINS)
    rows[ANOMALOUS] += np.bincount(bins[inside], minlength=BINS)


def _bins(scores: np.ndarray) -> np.ndarray:
    """Scores of any shape → uint16 that compare as the scores do: a float16's bits, a negative one's turned round."""
    with np.errstate(over="ignore"):
        halves = scores.astype(np.float16) + np.float16(0)  # in which -0 is 0
    if np.isnan(halves).any():
        raise DFSCError("Pixel metrics can't be computed, because a score of an anomaly map is not a number.")
    bits = halves.view(np.uint16)
    return np.where(np.signbit(halves), ~bits, bits | 0x8000)


def _weights(bins: np.ndarray, defect: Defect) -> tuple[np.ndarray, np.ndarray]:
    """The defect's s highest bins, and the share of it that each finds: 1/s, a broken s's rest for the lowest."""
    if defect.mask.shape != bins.shape:
        raise DFSCError(f"A defect's mask is of shape {defect.mask.shape}, its anomaly map of {bins.shape}.")
    inside = bins[defect.mask]
    if not 0 < defect.saturation <= len(inside):
        raise DFSCError(f"A defect of {len(inside)} pixels can't saturate at {defect.saturation:g} pixels.")
    below = len(inside) - int(np.ceil(defect.saturation))
    highest = np.partition(inside, below)[below:]
    shares = np.full(len(highest), 1 / defect.saturation)
    shares[0] = 1 - (len(highest) - 1) / defect.saturation
    return highest, shares


def _curve(group: Hashable, rows: np.ndarray) -> Curve:
    """A group's curve from its histograms 3×BINS; raises DFSCError unless pixels lie inside and outside of defects."""
    if not rows[NORMAL].any() or not rows[ANOMALOUS].any():
        missing = "outside of every defect" if rows[ANOMALOUS].any() else "with a defect"
        raise DFSCError(f"Pixel metrics of {group} need pixels {missing}, but there are none.")
    falling = rows[:, rows.any(axis=0)][:, ::-1]
    risen = np.cumsum(np.pad(falling, ((0, 0), (1, 0))), axis=1)
    return Curve(*(risen / risen[:, -1:]))


def _area(x: np.ndarray, y: np.ndarray, limit: float) -> float:
    """Area under y over x from 0 to a limit, by trapezoids, divided by the limit."""
    if not 0 < limit <= 1:
        raise DFSCError(f"The limit of the false positive rate has to lie above 0 and at most at 1, not at {limit:g}.")
    inside = x <= limit
    xs = np.append(x[inside], limit)
    ys = np.append(y[inside], np.interp(limit, x, y))
    return float(np.trapezoid(ys, xs) / limit)

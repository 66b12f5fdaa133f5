"""Pixel metrics over any number of images in fixed memory: sPRO, AUPRO and pixel AUROC from one core.

sPRO (Bergmann et al., "Beyond Dents and Scratches", IJCV 2022, section 4): for a threshold t, a defect counts as found
by min(|{score > t} ∩ defect| / s, 1), s being its saturation area in pixels; the mean over all defects is drawn against
the false positive rate over the pixels outside every defect, and the area under that curve up to a limit is divided by
the limit. AUPRO (Bergmann et al., CVPR 2020) is the same with connected regions as defects and s = area.

The mean over defects is a sum over pixels: each defect gives the weight 1/s to each of its s highest pixels, and what
lies above t is what was found. So every curve here follows from histograms of weights over the score. A first pass
counts in bins of a float32's upper 20 bits; where a bin would be a step of the curve of 0.001 or more, a second pass
tells its 4,096 values apart. What is a step then is a plateau of equal scores, a true step of the curve.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dfsc.errors import DFSCError

FINE_BITS = 12
COARSE_BINS = 1 << (32 - FINE_BITS)
LARGEST_STEP = 1e-3


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
    """An image's anomaly map, float32 H×W, with its defects (none for a good image) and the group it belongs to."""

    scores: np.ndarray
    defects: Sequence[Defect]
    part: Hashable


@dataclass(frozen=True)
class Curve:
    """Points from the highest threshold to the lowest, K values each, from 0 to 1.

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


def curves(
    images: Callable[[], Iterable[LabelledMap]], groups: Mapping[Hashable, Sequence[Hashable]]
) -> dict[Hashable, Curve]:
    """The curve of each group over the images of its parts.

    Args:
        images: gives all images anew at each call; it is called once or twice, and one image is held at a time.
        groups: name of a group → the parts that it is made of, e.g. {"logical": ("good", "logical")}.

    Raises:
        DFSCError: when a score is not a number, or a group has no normal pixel or no defect.
    """
    coarse = _grouped(_tally(images(), _Bins()), groups, COARSE_BINS)
    for name, tally in coarse.items():
        tally.check(name)
    steep = np.unique(np.concatenate([tally.steep_bins() for tally in coarse.values()]))
    bins = _Bins(steep)
    fine = _grouped(_tally(images(), bins) if len(steep) else {}, groups, bins.count)
    return {name: _curve(coarse[name], steep, fine[name]) for name in groups}


class _Bins:
    """Which bin a score falls into: all coarse ones, or 4,096 single values for each of some coarse ones."""

    def __init__(self, refined: np.ndarray | None = None):
        self.refined = refined
        self.count = COARSE_BINS if refined is None else len(refined) << FINE_BITS

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """N float32 scores → N bins, ascending with the score; `count` for what is in no bin."""
        key = _ordered_bits(scores)
        coarse = key >> FINE_BITS
        if self.refined is None:
            return coarse
        place = np.searchsorted(self.refined, coarse)
        known = self.refined[np.minimum(place, len(self.refined) - 1)] == coarse
        return np.where(known, (place << FINE_BITS) | (key & ((1 << FINE_BITS) - 1)), self.count)


@dataclass
class _Tally:
    """By bin: normal pixels, anomalous pixels, and overlap weights, which come to 1 a defect in all."""

    normal: np.ndarray
    anomalous: np.ndarray
    overlap: np.ndarray

    @classmethod
    def empty(cls, bins: int) -> "_Tally":
        return cls(*(np.zeros(bins) for _ in range(3)))

    def __add__(self, other: "_Tally") -> "_Tally":
        return _Tally(self.normal + other.normal, self.anomalous + other.anomalous, self.overlap + other.overlap)

    def add(self, image: LabelledMap, bins: _Bins) -> None:
        if np.isnan(image.scores).any():
            raise DFSCError("Pixel metrics can't be computed, because a score of an anomaly map is not a number.")
        outside = np.ones(image.scores.shape, bool)
        for defect in image.defects:
            outside &= ~defect.mask
            highest = np.sort(image.scores[defect.mask])[::-1][: int(np.ceil(defect.saturation))]
            weights = np.full(len(highest), 1 / defect.saturation)
            weights[-1] = 1 - weights[:-1].sum()
            _count(self.overlap, bins(highest), weights)
        _count(self.normal, bins(image.scores[outside]))
        if image.defects:
            _count(self.anomalous, bins(image.scores[~outside]))

    def check(self, group: str) -> None:
        """Raise DFSCError unless there are pixels inside and outside of defects."""
        if not self.normal.any() or not self.anomalous.any():
            missing = "outside of every defect" if self.anomalous.any() else "with a defect"
            raise DFSCError(f"Pixel metrics of {group} need pixels {missing}, but there are none.")

    def steep_bins(self) -> np.ndarray:
        """Bins over which a curve would rise by LARGEST_STEP or more."""
        return np.flatnonzero(np.any([part >= LARGEST_STEP * part.sum() for part in self.parts], axis=0))

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """In the order of a curve's fields."""
        return self.normal, self.overlap, self.anomalous


def _ordered_bits(scores: np.ndarray) -> np.ndarray:
    """float32 → int64 in 0..2³²-1 that compares as the scores do."""
    bits = (np.ascontiguousarray(scores, np.float32) + np.float32(0)).view(np.uint32)  # -0 becomes 0
    return np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31)).astype(np.int64)


def _count(into: np.ndarray, bins: np.ndarray, weights: np.ndarray | None = None) -> None:
    into += np.bincount(bins, weights, minlength=len(into) + 1)[: len(into)]


def _tally(images: Iterable[LabelledMap], bins: _Bins) -> dict[Hashable, _Tally]:
    tallies: dict[Hashable, _Tally] = {}
    for image in images:
        if image.part not in tallies:
            tallies[image.part] = _Tally.empty(bins.count)
        tallies[image.part].add(image, bins)
    return tallies


def _grouped(
    tallies: dict[Hashable, _Tally], groups: Mapping[Hashable, Sequence[Hashable]], bins: int
) -> dict[Hashable, _Tally]:
    """The sum of its parts' tallies for each group."""
    return {
        name: sum((tallies[part] for part in parts if part in tallies), _Tally.empty(bins))
        for name, parts in groups.items()
    }


def _curve(coarse: _Tally, steep: np.ndarray, fine: _Tally) -> Curve:
    """The curve of a coarse tally in which the steep bins are replaced by the values in them."""
    flat = np.delete(np.arange(COARSE_BINS), steep)
    keys = np.concatenate([flat << FINE_BITS, ((steep << FINE_BITS)[:, None] + np.arange(1 << FINE_BITS)).ravel()])
    weights = np.concatenate([np.stack(coarse.parts)[:, flat], np.stack(fine.parts)], axis=1)
    occupied = weights.any(axis=0)
    descending = weights[:, occupied][:, np.argsort(-keys[occupied])]
    risen = np.cumsum(descending, axis=1) / descending.sum(axis=1, keepdims=True)
    return Curve(*np.clip(np.concatenate([np.zeros((3, 1)), risen], axis=1), 0, 1))


def _area(x: np.ndarray, y: np.ndarray, limit: float) -> float:
    """Area under y over x from 0 to a limit, by trapezoids, divided by the limit."""
    if not 0 < limit <= 1:
        raise DFSCError(f"The limit of the false positive rate has to lie above 0 and at most at 1, not at {limit:g}.")
    inside = x <= limit
    xs = np.append(x[inside], limit)
    ys = np.append(y[inside], np.interp(limit, x, y))
    return float(np.trapezoid(ys, xs) / limit)

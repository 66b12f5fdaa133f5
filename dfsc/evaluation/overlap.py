"""Pixel metrics over any number of images in fixed memory: sPRO, AUPRO and pixel AUROC from one core.

sPRO (Bergmann et al., "Beyond Dents and Scratches", IJCV 2022, section 4): for a threshold t, a defect counts as found
by min(|{score > t} ∩ defect| / s, 1), s being its saturation area in pixels; the mean over all defects is drawn against
the false positive rate over the pixels outside every defect, and the area under that curve up to a limit is divided by
the limit. AUPRO (Bergmann et al., CVPR 2020) is the same with connected regions as defects and s = area.

The mean over defects is a sum over pixels: each defect gives the weight 1/s to each of its s highest pixels, and what
lies above t is what was found. So every curve here follows from histograms of weights over the score
(_Histograms). Points less than 0.001 apart on both axes leave open by which way one is reached from the other, which
changes no area by more than 0.0005, at whatever limit.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dfsc.errors import DFSCError
from dfsc.evaluation.score_bins import ScoreBins, ordered_keys

LARGEST_STEP = 1e-3
NEGLIGIBLE = 1e-6
POINT_DISTANCE = 1e-4

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

    Scores are float32 or float64, infinities included; float64 is told apart to its last bit.
    """

    scores: np.ndarray
    defects: Sequence[Defect]
    part: Hashable


@dataclass(frozen=True)
class Curve:
    """Points from the highest threshold to the lowest, K values each, from 0 to 1; at most some 60,000.

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
        images: gives all images anew at each call: twice for most maps, up to five times for float64 with plateaus.
            One image is held at a time.
        groups: name of a group → the parts that it is made of, e.g. {"logical": ("good", "logical")}.

    Raises:
        DFSCError: when a score is not a number, a defect does not fit its map, or a group has no normal pixel or no
            defect.
    """
    histograms = [_Histograms(related) for related in _related(groups)]
    coarse = histograms
    while coarse:
        for image in images():
            for histogram in coarse:
                histogram.add(image)
        coarse = [histogram for histogram in coarse if histogram.refine()]
    found = {name: curve for histogram in histograms for name, curve in histogram.curves().items()}
    return {name: found[name] for name in groups}


def _related(groups: Mapping[Hashable, Sequence[Hashable]]) -> list[dict[Hashable, set]]:
    """The groups divided such that groups with a part in common stay together."""
    divided: list[dict[Hashable, set]] = []
    for name, parts in groups.items():
        joined = {name: set(parts)}
        apart = []
        for others in divided:
            if set(parts).isdisjoint(set().union(*others.values())):
                apart.append(others)
            else:
                joined = others | joined
        divided = [*apart, joined]
    return divided


class _Histograms:
    """Histograms over the score for groups that share their bins, made finer from pass to pass.

    A first pass counts in coarse bins. Those that would be a step of a group's curve of LARGEST_STEP or more are split
    for the next pass, until no such step is left but plateaus of equal scores, which are true steps. After the first
    split, a step along one axis on which the other stands still (NEGLIGIBLE) is left as it is: a straight line.
    However the scores are distributed, three parts in three groups take some 80 MB.
    """

    def __init__(self, groups: Mapping[Hashable, set]):
        self._groups = groups
        self._fine: list[tuple[np.ndarray, dict[Hashable, np.ndarray]]] = []
        self._totals: dict[Hashable, np.ndarray] = {}
        self._begin(32)

    def add(self, image: LabelledMap) -> None:
        """Count an image if it is of a part that belongs here."""
        if not any(image.part in parts for parts in self._groups.values()):
            return
        if self._width == 32 and np.promote_types(image.scores.dtype, np.float32) != np.float32:
            self._begin(64, again=bool(self._parts))
        keys = ordered_keys(image.scores, self._width)
        if not image.defects:
            self._count(image.part, NORMAL, keys.ravel(order="K"))
            return
        found = [_found(keys, defect) for defect in image.defects]
        inside = np.zeros(keys.shape, bool)
        for defect in image.defects:
            inside |= defect.mask
        self._count(image.part, NORMAL, keys[~inside])
        self._count(image.part, ANOMALOUS, keys[inside])
        self._count(image.part, OVERLAP, *map(np.concatenate, zip(*found, strict=True)))

    def refine(self) -> bool:
        """Call after each pass; says whether another one is needed."""
        parts, self._parts = self._parts, {}
        if self._again:
            self._again = False
            return True
        empty = np.zeros((3, self._bins.count))
        sums = {
            group: sum((parts[part] for part in members if part in parts), empty)
            for group, members in self._groups.items()
        }
        if not self._totals:
            self._totals = {group: _checked(group, rows.sum(axis=1, keepdims=True)) for group, rows in sums.items()}
        steep = np.any([self._steep(rows / self._totals[group]) for group, rows in sums.items()], axis=0)
        kept = ~steep & np.any([rows.any(axis=0) for rows in sums.values()], axis=0)
        self._fine.append((self._bins.lowest_keys[kept], {group: rows[:, kept] for group, rows in sums.items()}))
        if steep.any():
            self._bins.split(np.flatnonzero(steep))
        return bool(steep.any())

    def curves(self) -> dict[Hashable, Curve]:
        """By group; to be called when no further pass is needed."""
        falling = np.argsort(np.concatenate([keys for keys, _ in self._fine]))[::-1]
        return {
            group: _curve(np.concatenate([rows[group] for _, rows in self._fine], axis=1)[:, falling])
            for group in self._groups
        }

    def _begin(self, width: int, again: bool = False) -> None:
        """Start with scores of a width in bits; `again` when what was counted so far has to be counted once more."""
        self._width, self._again = width, again
        self._bins = ScoreBins(width)
        self._parts: dict[Hashable, np.ndarray] = {}

    def _count(self, part: Hashable, row: int, keys: np.ndarray, weights: np.ndarray | None = None) -> None:
        if part not in self._parts:
            self._parts[part] = np.zeros((3, self._bins.count))
        self._parts[part][row] += self._bins.histogram(keys, weights)

    def _steep(self, shares: np.ndarray) -> np.ndarray:
        """From the share of each row that lies in each bin, 3×N: which of the N bins have to be split."""
        steep = shares.max(axis=0) >= LARGEST_STEP
        if self._bins.is_split:
            steep &= np.minimum(shares[NORMAL], shares[OVERLAP:].max(axis=0)) >= NEGLIGIBLE
        return steep & (not self._bins.single_values)


def _found(keys: np.ndarray, defect: Defect) -> tuple[np.ndarray, np.ndarray]:
    """The defect's s highest keys, and the share of it that each finds: 1/s, a broken s's rest for the lowest."""
    if defect.mask.shape != keys.shape:
        raise DFSCError(f"A defect's mask is of shape {defect.mask.shape}, its anomaly map of {keys.shape}.")
    inside = keys[defect.mask]
    if not 0 < defect.saturation <= len(inside):
        raise DFSCError(f"A defect of {len(inside)} pixels can't saturate at {defect.saturation:g} pixels.")
    below = len(inside) - int(np.ceil(defect.saturation))
    highest = np.partition(inside, below)[below:]
    shares = np.full(len(highest), 1 / defect.saturation)
    shares[0] = 1 - (len(highest) - 1) / defect.saturation
    return highest, shares


def _checked(group: Hashable, totals: np.ndarray) -> np.ndarray:
    """A group's sums of the three rows; raises DFSCError unless there are pixels inside and outside of defects."""
    if not totals[NORMAL] or not totals[ANOMALOUS]:
        missing = "outside of every defect" if totals[ANOMALOUS] else "with a defect"
        raise DFSCError(f"Pixel metrics of {group} need pixels {missing}, but there are none.")
    return totals


def _curve(falling: np.ndarray) -> Curve:
    """From a histogram's rows, highest score first: the points that change anything by POINT_DISTANCE or more."""
    risen = np.concatenate([np.zeros((3, 1)), np.cumsum(falling, axis=1)], axis=1)
    risen /= risen[:, -1:]
    cells = np.floor(risen / POINT_DISTANCE)
    turns = np.any(cells[:, 1:] != cells[:, :-1], axis=0)
    return Curve(*risen[:, np.append(True, turns) | np.append(turns, True)])


def _area(x: np.ndarray, y: np.ndarray, limit: float) -> float:
    """Area under y over x from 0 to a limit, by trapezoids, divided by the limit."""
    if not 0 < limit <= 1:
        raise DFSCError(f"The limit of the false positive rate has to lie above 0 and at most at 1, not at {limit:g}.")
    inside = x <= limit
    xs = np.append(x[inside], limit)
    ys = np.append(y[inside], np.interp(limit, x, y))
    return float(np.trapezoid(ys, xs) / limit)

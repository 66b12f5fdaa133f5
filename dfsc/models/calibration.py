"""What normal means: map normalisation, threshold and percentiles from the held-out good images' maps.

Everything follows from two stacks of raw 56×56 maps, so threshold, "rejects x of N", fusion weight and percentiles
change without running a network (normalisation: Batzner et al., arXiv 2303.14535, section 3.4).
"""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from dfsc.errors import CheckpointError, DFSCError
from dfsc.models.region import Region

LOWER_QUANTILE, UPPER_QUANTILE = 0.9, 0.995
UPPER_VALUE = 0.1
MIN_SPAN = 1e-6  # of constant good maps, so that the scale of float16 values stays finite in float32
BRANCHES = ("local", "global")
# How far another arithmetic (bfloat16, another processor's float32) may move a good image's score, as a share of it, or
# of the value at the upper quantile where that is higher (docs/measurements.md).
ROUNDING = 0.02
# Where the highest of the good images is 1, photographs of other things measured 3.6 and more, anomalous ones of the
# same product 1.3 at most.
FOREIGN = 2.4
# What maps are outside of a region, or less: far below where colours begin, and below everything in the region.
OUTSIDE = -1.0


@dataclass(frozen=True)
class RawMaps:
    """What the networks say of an image, or a stack of them: two arrays …×56×56 of the same shape, values ≥ 0.

    float16, as a checkpoint keeps the good images', so that equal images score equally.
    """

    local: np.ndarray
    global_: np.ndarray


class FusedMaps(Protocol):
    """What detectors say of an image or a stack of them on a common scale: float32 maps …×56×56."""

    @property
    def local(self) -> np.ndarray: ...

    @property
    def global_(self) -> np.ndarray: ...

    def fused(self, local_weight: float = 0.5) -> np.ndarray: ...

    def __getitem__(self, images: slice) -> "FusedMaps": ...


@dataclass(frozen=True)
class BranchMaps:
    """Maps of both branches on the scale that the good images fix: two float32 arrays …×56×56 of the same shape."""

    local: np.ndarray
    global_: np.ndarray

    def fused(self, local_weight: float = 0.5) -> np.ndarray:
        """The weighted mean of both branches; the paper's is the plain mean."""
        return local_weight * self.local + (1 - local_weight) * self.global_

    def __getitem__(self, images: slice) -> "BranchMaps":
        """Some images of a stack."""
        return BranchMaps(self.local[images], self.global_[images])


def peak(maps: np.ndarray) -> np.ndarray:
    """The image score: the maximum over the last two axes of a map or stack of maps."""
    return maps.max(axis=(-2, -1))


def typical_error(raw_local: np.ndarray, region: Region | None = None) -> np.ndarray:
    """The median over the cells of raw local maps …×56×56 that count: what a defect, even a large one, leaves alone."""
    if region:
        return np.median(raw_local[..., region.cells].astype(np.float32), axis=-1)
    return np.median(raw_local.astype(np.float32), axis=(-2, -1))


@dataclass(frozen=True)
class GoodParts:
    """Maps of N good images that no network has learned from, on the common scale (float32 N×56×56 each).

    Everything that a verdict is measured by follows from them, for any weight of the local map.
    """

    maps: FusedMaps
    _peaks: dict[float, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def count(self) -> int:
        """N."""
        return len(self.maps.local)

    def peaks(self, local_weight: float = 0.5) -> np.ndarray:
        """The N maxima of the fused map, in the images' order."""
        if local_weight not in self._peaks:
            self._peaks[local_weight] = peak(self.maps.fused(local_weight))
        return self._peaks[local_weight]

    def scores(self, local_weight: float = 0.5) -> np.ndarray:
        """What the N images score at most, in whatever arithmetic they are inspected again, ascending.

        The maximum of the fused map, which was computed in float32, and ROUNDING above it. Without that the image
        that sets the limit would be rejected by the next digit.
        """
        return np.sort(self.scores_in_order(local_weight))

    def scores_in_order(self, local_weight: float = 0.5) -> np.ndarray:
        """The same in the images' order."""
        scores = self.peaks(local_weight)
        return scores + ROUNDING * np.maximum(np.abs(scores), UPPER_VALUE)

    def threshold(self, rejected_good: int = 0, local_weight: float = 0.5) -> float:
        """The score above which a part is rejected, such that `rejected_good` of the N good images are (0 ≤ that < N).

        0 gives the highest of scores: no held-out good image is rejected, on no machine.
        """
        scores = self.scores(local_weight)
        return float(scores[len(scores) - 1 - min(max(rejected_good, 0), len(scores) - 1)])

    def rejection(self, rejected_good: int = 0, confidence: float = 0.95) -> tuple[float, float]:
        """Which share of further good parts a threshold will reject: expectation, and upper bound at a confidence.

        If k of N exchangeable good images lie above it, the share follows Beta(k + 1, N − k) before they are seen.
        """
        from scipy.special import betaincinv  # a fifth of a second, for one sentence after a training

        expected = (rejected_good + 1) / (self.count + 1)
        return expected, float(betaincinv(rejected_good + 1, self.count - rejected_good, confidence))

    def percentile(self, score: float, local_weight: float = 0.5) -> float:
        """Share (0 to 100) of the good images whose score lies below `score`."""
        return float((self.scores(local_weight) < score).mean() * 100)


@dataclass(frozen=True)
class UsualMap:
    """What is usual in one branch at each position: mean and spread of good images' raw maps (float32 56×56 each).

    `floor` is what keeps the spread from 0; it is 0 where nobody noted it.
    """

    mean: np.ndarray
    spread: np.ndarray
    floor: float = 0.0

    @classmethod
    def of(cls, maps: np.ndarray, floor: float) -> "UsualMap":
        """From raw maps N×56×56, N ≥ 2; `floor` is in medians of their standard deviations."""
        maps = maps.astype(np.float32)
        deviation = maps.std(axis=0)
        least = max(floor * float(np.median(deviation)), MIN_SPAN)
        return cls(maps.mean(axis=0), np.hypot(deviation, least), least)

    def place(self, raw: np.ndarray) -> np.ndarray:
        """A raw map in units of what is usual: 0 is the mean at that position, 1 one spread above it."""
        return (raw.astype(np.float32) - self.mean) / self.spread

    def place_among_others(self, raw: np.ndarray, count: int) -> np.ndarray:
        """Each map K×56×56 of the `count` that this is of, by the others' mean and spread (leave one out).

        Both follow from those of all of them.
        """
        apart = raw.astype(np.float64) - self.mean
        variance = np.square(self.spread, dtype=np.float64) - self.floor**2
        others = np.clip((variance - apart**2 / (count - 1)) * count / (count - 1), 0, None)
        return (apart * count / (count - 1) / np.sqrt(others + self.floor**2)).astype(np.float32)

    def joined(self, raw: np.ndarray, count: int) -> "UsualMap":
        """Of the `count` maps that this is of and K×56×56 further ones; the floor stays."""
        everyone = count + len(raw)
        apart = raw.astype(np.float64) - self.mean
        shift = apart.sum(axis=0) / everyone
        variance = np.square(self.spread, dtype=np.float64) - self.floor**2
        variance = (count * variance + np.square(apart).sum(axis=0)) / everyone - shift**2
        spread = np.sqrt(np.clip(variance, 0, None) + self.floor**2)
        return UsualMap((self.mean + shift).astype(np.float32), spread.astype(np.float32), self.floor)


@dataclass(frozen=True)
class PositionScale:
    """What is usual at each position, in either branch.

    Not part of the papers. After a short training a student still errs at the same places of every good image, which
    hides what is wrong there in one of them; in units of what is usual at its place it shows.

    `images` says of how many images it is if the calibration's own are among them, and 0 if they are not.
    """

    local: UsualMap
    global_: UsualMap
    images: int = 0

    def __post_init__(self) -> None:
        maps = [map_ for usual in (self.local, self.global_) for map_ in (usual.mean, usual.spread)]
        sound = all(m.shape == maps[0].shape and m.ndim == 2 and np.isfinite(m).all() for m in maps)
        positive = sound and min(self.local.spread.min(), self.global_.spread.min()) >= MIN_SPAN / 2
        floors = (self.local.floor, self.global_.floor)
        others = self.images == 0 or (self.images >= 2 and all(0 < floor < np.inf for floor in floors))
        if not positive or not others:
            raise CheckpointError("The position scale of this detector is missing or damaged; train it again.")

    @classmethod
    def of(cls, good: RawMaps, floor: float) -> "PositionScale":
        """From maps N×56×56, N ≥ 2; few images say little about the spread, so it has a floor (see UsualMap)."""
        return cls(UsualMap.of(good.local, floor), UsualMap.of(good.global_, floor), len(good.local))

    def place(self, raw: np.ndarray, branch: str) -> np.ndarray:
        """A branch's raw map …×56×56 of a new image in units of what is usual."""
        return self.branch(branch).place(raw)

    def place_good(self, raw: np.ndarray, branch: str) -> np.ndarray:
        """A branch's raw maps K×56×56 of the calibration's own images; where the scale is of them too, without each.

        An image lies closer to a scale that it had a part in than a new one does.
        """
        usual = self.branch(branch)
        return usual.place_among_others(raw, self.images) if self.images else usual.place(raw)

    def joined(self, raw: RawMaps) -> "PositionScale":
        """With K further images; unchanged if it is of other images than the calibration's."""
        if not self.images:
            return self
        local, global_ = self.local.joined(raw.local, self.images), self.global_.joined(raw.global_, self.images)
        return PositionScale(local, global_, self.images + len(raw.local))

    def branch(self, branch: str) -> UsualMap:
        return self.local if branch == "local" else self.global_


@dataclass(frozen=True)
class Calibration:
    """Raw maps of N held-out good images (float16, N×56×56 each) and the scale that they define.

    `position` is an optional scale for each position, applied first; the papers have none. Held-out images that
    contribute to it are scaled without themselves, so that a threshold from them holds for new images.

    `typical` is the typical error with a strangeness of 1 (see dfsc.training.strangeness); None for older detectors,
    which use the highest of a good image.

    `region` tells which cells count. All others are at one value in every map, below everything in the region, and take
    no part in the scale, the limits or the strangeness.

    `given` are quantiles as `quantiles` has them that a detector from elsewhere came with; they stand in place of those
    of the held-out images, without a scale for each position.
    """

    good: RawMaps
    position: PositionScale | None = None
    typical: float | None = None
    region: Region | None = None
    given: dict[str, tuple[float, float]] | None = None

    def __post_init__(self) -> None:
        if self.typical is not None and not MIN_SPAN / 2 <= self.typical < np.inf:
            raise CheckpointError("The scale of what is strange to this detector is damaged; fetch or train it again.")
        if self.given is not None and (self.position or not all(map(_are_quantiles, self.given.values()))):
            raise CheckpointError("The quantiles that this detector came with are damaged; convert it again.")
        maps = (self.good.local, self.good.global_)
        if any(m.ndim != 3 or len(m) == 0 or not np.isfinite(m).all() for m in maps) or len(maps[0]) != len(maps[1]):
            raise CheckpointError("The calibration maps of this detector are missing or damaged; train it again.")
        if self.position and 0 < self.position.images < len(maps[0]):
            raise CheckpointError("The position scale of this detector is of fewer images than it has; train it again.")
        if self.position and self.position.local.mean.shape != self.good.local.shape[1:]:
            raise CheckpointError(
                "The position scale of this detector is of another size than its maps; train it again."
            )
        if self.region and self.region.cells.shape != self.good.local.shape[1:]:
            raise CheckpointError("The region of this detector is of another size than its maps; fetch it again.")
        with np.errstate(all="ignore"):
            scaled = self.good_parts.maps
        if not (np.isfinite(scaled.local).all() and np.isfinite(scaled.global_).all()):
            raise CheckpointError("The calibration of this detector gives no numbers; fetch or train it again.")

    @property
    def count(self) -> int:
        """N, the number of held-out good images."""
        return len(self.good.local)

    @cached_property
    def digest(self) -> str:
        """ "sha256:…" of the held-out images' maps, which no two trainings share, and of the region."""
        everything = (self.good.local, self.good.global_, *([self.region.cells] if self.region else []))
        return f"sha256:{hashlib.sha256(b''.join(one.tobytes() for one in everything)).hexdigest()}"

    def joined(self, raw: RawMaps) -> "Calibration":
        """With K further good images (raw maps K×56×56), as if they had been held out in the training, too.

        They come first, so that two detectors which the same images have joined still begin with the same ones,
        whatever number of held-out images each has. Where positions have a scale of these images, all of them count in
        it, and each is judged without itself.
        """
        if not len(raw.local):
            return self
        good = RawMaps(np.concatenate([raw.local, self.good.local]), np.concatenate([raw.global_, self.good.global_]))
        return replace(self, good=good, position=self.position and self.position.joined(raw))

    @cached_property
    def quantiles(self) -> dict[str, tuple[float, float]]:
        """Per branch, the values that become 0 and 0.1: the 0.9 and 0.995 quantiles over all good pixels.

        Values are raw ones, or with a position scale in its units.
        """
        if self.given is not None:
            return self.given
        levels = (LOWER_QUANTILE, UPPER_QUANTILE)
        return {
            branch: (float(lower), float(upper))
            for branch, placed in self._placed_good.items()
            for lower, upper in [np.quantile(self._counting(placed).astype(np.float32), levels)]
        }

    def within(self, region: Region) -> "Calibration":
        """The same good images' maps with a region, as far as these tell; for detectors that see the whole photograph.

        Raises:
            DFSCError: where there is a region already, which can't be widened.
        """
        if self.region:
            raise DFSCError("This detector has a region already; set another one on the detector as it was trained.")
        typical = self.typical
        if typical is not None:
            usual = (float(typical_error(self.good.local, one).max()) for one in (region, None))
            typical = max(typical * next(usual) / max(next(usual), MIN_SPAN), MIN_SPAN)
        return replace(self, typical=typical, region=region)

    def normalise(self, raw: RawMaps) -> BranchMaps:
        """Raw maps …×56×56 → maps on the common scale (0 and 0.1 at the good pixels' two quantiles), float32."""
        place = self.position.place if self.position else _as_it_is
        return BranchMaps(
            self._scaled(place(raw.local, "local"), "local"), self._scaled(place(raw.global_, "global"), "global")
        )

    @cached_property
    def good_parts(self) -> "GoodParts":
        """The N good images on the common scale, from which limits and percentiles follow."""
        maps = BranchMaps(*(self._scaled(placed, branch) for branch, placed in self._placed_good.items()))
        return GoodParts(maps)

    @cached_property
    def _placed_good(self) -> dict[str, np.ndarray]:
        place = self.position.place_good if self.position else _as_it_is
        maps = (self.good.local, self.good.global_)
        return {branch: place(of_branch, branch) for branch, of_branch in zip(BRANCHES, maps, strict=True)}

    def strangeness(self, raw_local: np.ndarray) -> np.ndarray:
        """How strange most of an image is, from its raw local map …×56×56; above FOREIGN it shows something else.

        The map's typical error divided by this detector's usual one: a student can't predict the teacher's features
        anywhere in something it has never seen. Not part of the papers.
        """
        return typical_error(raw_local, self.region) / self.usual_error

    @cached_property
    def usual_error(self) -> float:
        if self.typical is not None:
            return self.typical
        return max(float(typical_error(self.good.local, self.region).max()), MIN_SPAN)

    def _scaled(self, placed: np.ndarray, branch: str) -> np.ndarray:
        scaled = self._in_units(placed, branch)
        return np.where(self.region.cells, scaled, self._outside[branch]) if self.region else scaled

    def _in_units(self, placed: np.ndarray, branch: str) -> np.ndarray:
        low, high = self.quantiles[branch]
        span = max(high - low, MIN_SPAN)
        return ((placed.astype(np.float32) - low) * (UPPER_VALUE / span)).astype(np.float32)

    def _counting(self, maps: np.ndarray) -> np.ndarray:
        """The values of maps …×56×56 in the cells that count."""
        return maps[..., self.region.cells] if self.region else maps

    @cached_property
    def _outside(self) -> dict[str, np.float32]:
        """By branch what cells are that don't count: OUTSIDE, or less where a map in the region may be lower."""
        place = self.position.place if self.position else _as_it_is
        nothing = np.zeros(self.good.local.shape[1:], np.float16)  # raw maps are not below 0
        return {
            branch: min(
                np.float32(OUTSIDE),
                *(
                    self._counting(self._in_units(placed, branch)).min()
                    for placed in (self._placed_good[branch], place(nothing, branch))
                ),
            )
            for branch in BRANCHES
        }


def _are_quantiles(values: tuple[float, float]) -> bool:
    """Whether the higher one is, and both are numbers; a NaN is neither."""
    lower, upper = values
    return -np.inf < lower < upper < np.inf


def _as_it_is(raw: np.ndarray, branch: str) -> np.ndarray:
    """What the papers do with a position: nothing."""
    return raw

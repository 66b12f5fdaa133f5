"""What detectors found in an image: maps on the common scale, scores, verdicts, and a network with its partner.

Arrays and plain values only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dfsc.errors import DFSCError
from dfsc.geometry import cell_centre, input_edge
from dfsc.models.calibration import FusedMaps, GoodParts, RawMaps, peak
from dfsc.models.detector import DetectorConfig
from dfsc.models.methods import METHODS, PARTNER
from dfsc.models.partner import HigherMaps, PartnerLevel, evidence, good_parts_of_both
from dfsc.models.region import Region
from dfsc.models.self_test import SelfTest


@dataclass(frozen=True)
class Result:
    """What one detector found in one image.

    Attributes:
        detector: its name, product-method, numbered if there are several.
        method: key in METHODS, e.g. "dfsc".
        title: the method's display name, e.g. "DFSC"; with τ′ or a number if needed to tell detectors apart.
        source: where its checkpoint came from.
        maps: local and global map, float32 56×56 (larger of tiles), on the scale set by the good images (0 and 0.1
            are their 0.9 and 0.995 quantiles; values may be negative).
        good: the held-out good images on the same scale; they determine threshold and percentiles.
        milliseconds: the teacher's time and this detector's own.
        strangeness: how strange most of the image is (see Calibration.strangeness); about 1 for the product.
        weights_digest: "sha256:…" of the detector's weights file; "" for one that was trained in memory.
        held_out: digest of the good images that `good` begins with, "" if unknown.
        self_test: how many made-up faults the detector finds; None if untested.
        region: what of the photograph counts; None for all of it. Elsewhere the maps are at one value below 0.
        local_weight: weight of the local map in the fused one.
        rejected_good: how many of the held-out good images the threshold rejects.
        raw: the maps before they were scaled, from which the image can be judged by another calibration.
        limit: a threshold that was set by hand, None for the one that follows from `rejected_good`.
    """

    detector: str
    method: str
    title: str
    source: str
    maps: FusedMaps
    good: GoodParts
    milliseconds: float
    strangeness: float = 0.0
    weights_digest: str = ""
    held_out: str = ""
    self_test: SelfTest | None = None
    region: Region | None = None
    local_weight: float = 0.5
    rejected_good: int = 0
    raw: RawMaps | None = None
    limit: float | None = None

    @property
    def fused(self) -> np.ndarray:
        """Fused map, float32 56×56."""
        return self.maps.fused(self.local_weight)

    @property
    def score(self) -> float:
        """Maximum of the fused 56×56 map, so it does not depend on the photograph's size."""
        return float(peak(self.fused))

    @property
    def threshold(self) -> float:
        if self.limit is not None:
            return self.limit
        return self.good.threshold(self.rejected_good, self.local_weight)

    @property
    def good_above(self) -> int:
        """How many of the held-out good images the threshold rejects, whichever way it was set."""
        return int((self.good.scores(self.local_weight) > self.threshold).sum())

    @property
    def foreign(self) -> bool:
        """Whether the image shows something other than the product."""
        return not self.strangeness <= METHODS[self.method].foreign  # what is no number is not the product either

    @property
    def usable(self) -> bool:
        """Whether the detector's verdicts are meaningful, by its self-test; True if untested."""
        return self.self_test is None or self.self_test.usable

    @property
    def verdict(self) -> str:
        """One of "unsure" (the detector is not usable), "foreign" (not the product), "accept" and "reject".

        Scores up to the threshold are accepted.
        """
        if not self.usable:
            return "unsure"
        if self.foreign:
            return "foreign"
        return "accept" if self.score <= self.threshold else "reject"

    @property
    def peak_cell(self) -> tuple[int, int]:
        """Row and column of the fused map's maximum."""
        row, column = np.unravel_index(int(self.fused.argmax()), self.fused.shape)
        return int(row), int(column)

    @property
    def local_peak(self) -> float:
        """The local map's value where the fused map is highest."""
        return float(self.maps.local[self.peak_cell])

    @property
    def global_peak(self) -> float:
        """The global map's value where the fused map is highest."""
        return float(self.maps.global_[self.peak_cell])

    @property
    def branch(self) -> str:
        """The branch that is larger at the fused map's peak: "local" or "global"."""
        return "local" if self.local_peak >= self.global_peak else "global"

    @property
    def percentile(self) -> float:
        """Share (0 to 100) of the held-out good images that score below this image."""
        return self.good.percentile(self.score, self.local_weight)

    def judged(self, local_weight: float, rejected_good: int) -> "Result":
        """The same result with another mix of the maps and another threshold (see Inspection.judged)."""
        return replace(self, local_weight=local_weight, rejected_good=rejected_good)

    def partner_level(self, partner: "Result") -> PartnerLevel:
        """How this result and its partner's are brought to one level."""
        return PartnerLevel(self.good, partner.good, evidence(self.self_test, partner.self_test))

    def with_partner(self, partner: "Result") -> "Result":
        """Both results combined (the higher of both maps), calibrated on the good images that are new to both.

        It is only usable if both are.
        """
        level = self.partner_level(partner)
        return replace(
            self,
            title=f"{self.title} + {partner.title}",
            maps=HigherMaps(self.maps, partner.maps, level),
            good=good_parts_of_both(level),
            milliseconds=self.milliseconds + partner.milliseconds,
            self_test=partner.self_test if self.usable and not partner.usable else self.self_test,
        )


def partners(results: Sequence[Any]) -> list[Any | None]:
    """For each result (or config) the partner in closed form that it can be judged with, None where there is none."""
    closed = {result.held_out: result for result in results if result.method == PARTNER and result.held_out}
    return [None if result.method == PARTNER else closed.get(result.held_out) for result in results]


def some_partners(configs: Sequence[DetectorConfig]) -> list[DetectorConfig | None]:
    """The partners of detectors; raises DFSCError where none has any."""
    found = partners(configs)
    if not any(found):
        raise DFSCError("None of these detectors has FRE beside it, of the same good images, as a partner.")
    return found


def with_partners(results: Sequence[Result]) -> tuple[Result, ...]:
    """The results, each trained method's together with its partner's where it has one."""
    pairs = zip(results, partners(results), strict=True)
    return tuple(result.with_partner(partner) if partner else result for result, partner in pairs)


@dataclass(frozen=True)
class Inspection:
    """An image (RGB uint8 H×W×3) and a result for each detector, in the detectors' order."""

    image: np.ndarray
    results: tuple[Result, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def judged(self, local_weight: float = 0.5, rejected_good: int = 0) -> "Inspection":
        """The same inspection with another mix of the maps and another threshold; no network runs.

        Args:
            local_weight: weight of the local map in the fused one, 0 to 1.
            rejected_good: how many of the held-out good images the threshold rejects, from 0 to their number − 1.
        """
        return replace(self, results=tuple(one.judged(local_weight, rejected_good) for one in self.results))

    def peak_xy(self, result: Result) -> tuple[float, float]:
        """Position (x, y) of a result's fused peak, in pixels from the photo's top left corner."""
        row, column = result.peak_cell
        width, height = self.size
        rows, columns = result.maps.local.shape
        return cell_centre(column) * width / input_edge(columns), cell_centre(row) * height / input_edge(rows)

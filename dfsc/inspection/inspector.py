"""Image in, Inspection out, for several detectors at once; a teacher that they share runs once.

Above this module there are numpy arrays and records only.
"""

import copy
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.errors import DFSCError, ImageError
from dfsc.geometry import INPUT_SIZE, cell_centre
from dfsc.images.decoding import check_array, resize_for_network
from dfsc.machine import Device, batch, chosen, described, dtype_for, dtype_name, exact_arithmetic, wait_for
from dfsc.models.calibration import BranchMaps, GoodParts, HigherMaps, PartnerLevel, peak
from dfsc.models.detector import (
    Detector,
    DetectorConfig,
    Detectors,
    for_inference,
    network_input,
    several,
)
from dfsc.models.methods import METHODS, PARTNER, method_title
from dfsc.models.self_test import SelfTest

PROCESSOR_BATCH = 4


@dataclass(frozen=True)
class Result:
    """What one detector found in one image.

    Attributes:
        detector: its name, product-method, numbered if there are several.
        method: key in METHODS, e.g. "dfsc".
        title: the method's display name, e.g. "DFSC"; with τ′ or a number if needed to tell detectors apart.
        source: where its checkpoint came from.
        maps: local and global map, float32 56×56, on the scale set by the good images (0 and 0.1 are their 0.9 and
            0.995 quantiles; values may be negative).
        good: the held-out good images on the same scale; they determine threshold and percentiles.
        milliseconds: the teacher's time and this detector's own.
        strangeness: how strange most of the image is (see Calibration.strangeness); about 1 for the product.
        weights_digest: "sha256:…" of the detector's weights file; "" for one that was trained in memory.
        held_out: digest of the good images that `good` begins with, "" if unknown.
        self_test: how many made-up faults the detector finds; None if untested.
        local_weight: weight of the local map in the fused one.
        rejected_good: how many of the held-out good images the threshold rejects.
    """

    detector: str
    method: str
    title: str
    source: str
    maps: BranchMaps | HigherMaps
    good: GoodParts
    milliseconds: float
    strangeness: float = 0.0
    weights_digest: str = ""
    held_out: str = ""
    self_test: SelfTest | None = None
    local_weight: float = 0.5
    rejected_good: int = 0

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
        return self.good.threshold(self.rejected_good, self.local_weight)

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

    def with_partner(self, partner: "Result") -> "Result":
        """Both results combined (the higher of both maps), calibrated on the good images that are new to both.

        It is only usable if both are.
        """
        return replace(
            self,
            title=f"{self.title} + {partner.title}",
            maps=HigherMaps(self.maps, partner.maps, PartnerLevel(self.good, partner.good)),
            good=self.good.with_partner(partner.good),
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
        judged = (replace(r, local_weight=local_weight, rejected_good=rejected_good) for r in self.results)
        return replace(self, results=tuple(judged))

    def peak_xy(self, result: Result) -> tuple[float, float]:
        """Position (x, y) of a result's fused peak, in pixels from the photo's top left corner."""
        row, column = result.peak_cell
        width, height = self.size
        return cell_centre(column) * width / INPUT_SIZE, cell_centre(row) * height / INPUT_SIZE


@dataclass(frozen=True)
class _Ready:
    """Detectors with copies of their networks in an arithmetic and on a device, and their teachers' by digest."""

    detectors: list[Detector]
    teachers: dict[str, nn.Module]


class Inspector:
    """Detectors prepared for inference; detectors with the same teacher share one run of it.

    Thread-safe; each device has its own copies of the networks.
    """

    def __init__(
        self,
        detectors: Detectors,
        dtype: torch.dtype | None = None,
        partner: bool = False,
        device: Device | None = None,
    ):
        """Args:
            detectors: one or several, in the order of the results.
            dtype: torch.float32 or torch.bfloat16; by default what is fastest on the device.
            partner: judge each trained detector together with the one in closed form, where that goes with it.
            device: where the networks run: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:N" or "mps"; by default
                what DFSC_DEVICE says, or "auto".

        Raises:
            DeviceError: for a device that is not there.
        """
        self.detectors = detectors = several(detectors)
        self.device, self._dtype = chosen(device), dtype
        self._ready: dict[torch.device, _Ready] = {}
        self._ready_on(self.device)
        self.names = _numbered([detector.config.name for detector in detectors], "-{}")
        self._partner = partner
        if partner:
            mates = some_partners([detector.config for detector in detectors])
            self.names = [f"{name}+{PARTNER}" if mate else name for name, mate in zip(self.names, mates, strict=True)]
        self.titles = _numbered(_titles(detectors), " ({})")
        self.bits = common_bits(detectors)

    def inspect(self, image: np.ndarray) -> Inspection:
        """Inspect one photo (RGB uint8 H×W×3, at least 16×16); raises ImageError for anything else."""
        check_array(image)
        results = self.results(resize_for_network(image)[None])
        return Inspection(image, tuple(result[0] for result in results))

    @property
    def batch(self) -> int:
        """How many images `results` should be given at a time."""
        return batch(self.device, PROCESSOR_BATCH)

    @property
    def place(self) -> str:
        """Where and in which arithmetic it computes, in words."""
        return f"{described(self.device)}, {self.arithmetic}"

    @property
    def arithmetic(self) -> str:
        """ "float32" or "bfloat16"."""
        return dtype_name(self._dtype_on(self.device))

    def results(self, images: np.ndarray, device: Device | None = None) -> list[list[Result]]:
        """A list of results for each detector, from images already resized.

        Args:
            images: RGB uint8 N×256×256×3, a sequence of N such images, or one.
            device: another device than the inspector's; the networks are copied to it at its first use.

        Raises:
            ImageError: for images of another size or kind.
            DeviceError: for a device that is not there.
        """
        place = self.device if device is None else chosen(device)
        images = _network_images(images)
        with exact_arithmetic(place):
            return self._results(self._ready_on(place), network_input(images, place))

    def _results(self, ready: "_Ready", x: Tensor) -> list[list[Result]]:
        teacher_outputs: dict[str, tuple[Tensor, float]] = {}
        for digest, network in ready.teachers.items():
            started = time.perf_counter()
            with torch.inference_mode():
                output = network(x)
            wait_for(x.device)
            teacher_outputs[digest] = output, time.perf_counter() - started
        results = [
            self._detector_results(detector, name, title, x, teacher_outputs)
            for detector, name, title in zip(ready.detectors, self.names, self.titles, strict=True)
        ]
        return (
            list(map(list, zip(*map(with_partners, zip(*results, strict=True)), strict=True)))
            if self._partner
            else results
        )

    def _detector_results(
        self, detector: Detector, name: str, title: str, x: Tensor, teacher_outputs: dict
    ) -> list[Result]:
        output, seconds = teacher_outputs[detector.teacher.digest]
        started = time.perf_counter()
        raw = detector.raw_maps(x, output)
        maps = detector.calibration.normalise(raw)
        milliseconds = (seconds + time.perf_counter() - started) * 1000 / len(x)
        return [
            Result(
                detector=name,
                method=detector.config.method,
                title=title,
                source=detector.source,
                maps=BranchMaps(local, global_),
                good=detector.calibration.good_parts,
                milliseconds=milliseconds,
                strangeness=float(strangeness),
                weights_digest=detector.weights_digest,
                held_out=detector.config.held_out,
                self_test=detector.config.self_test,
            )
            for local, global_, strangeness in zip(
                maps.local, maps.global_, detector.calibration.strangeness(raw.local), strict=True
            )
        ]

    def _ready_on(self, device: torch.device) -> "_Ready":
        if device not in self._ready:  # two threads at once copy twice, and one copy is kept
            self._ready.setdefault(device, _ready(self.detectors, self._dtype_on(device), device))
        return self._ready[device]

    def _dtype_on(self, device: torch.device) -> torch.dtype:
        return self._dtype or dtype_for("inference", device)


def inspect(image: np.ndarray, detectors: Detectors, device: Device | None = None) -> Inspection:
    """Inspect one photo with one or more detectors; for many photos, keep an Inspector.

    Args:
        image: RGB uint8 H×W×3, at least 16×16.
        device: see Inspector.

    Raises:
        ImageError: for anything else.
    """
    return Inspector(detectors, device=device).inspect(image)


def _network_images(images: object) -> np.ndarray:
    """One image or several as uint8 N×256×256×3."""
    expected = (INPUT_SIZE, INPUT_SIZE, 3)
    batch = list(images) if isinstance(images, (list, tuple)) else images
    if isinstance(batch, list) and {getattr(image, "shape", None) for image in batch} == {expected}:
        batch = np.stack(batch)
    if isinstance(batch, np.ndarray) and batch.shape == expected:
        batch = batch[None]
    if not isinstance(batch, np.ndarray) or batch.dtype != np.uint8 or batch.shape[1:] != expected or not len(batch):
        found = f"{batch.dtype} {batch.shape}" if isinstance(batch, np.ndarray) else f"a {type(images).__name__}"
        raise ImageError(
            f"`results` takes images that are resized already, uint8 N×{INPUT_SIZE}×{INPUT_SIZE}×3, not {found}; "
            "`inspect` takes one photograph of any size."
        )
    return batch


def common_bits(detectors: Iterable[Detector]) -> int | None:
    """By how many bits detectors want 16-bit photographs to be read: `bits` of dfsc.images.decoding.read_image.

    Raises:
        DFSCError: for detectors that were trained on cameras with different ones.
    """
    depths = sorted({detector.config.bits for detector in detectors if detector.config.bits is not None})
    if len(depths) > 1:
        raise DFSCError(
            f"These detectors read 16-bit photographs differently, by {' and '.join(map(str, depths))} bits; "
            "inspect with those of one camera at a time."
        )
    return depths[0] if depths else None


def _titles(detectors: Sequence[Detector]) -> list[str]:
    """How methods are written, with τ′ where several detectors are told apart by it."""
    settings = [detector.config.separation for detector in detectors]
    several = len({separation.tau for separation in settings if separation}) > 1
    titles = [method_title(detector.config) for detector in detectors]
    return [
        f"{title} τ′ {separation.tau:g}" if several and separation else title
        for title, separation in zip(titles, settings, strict=True)
    ]


def _numbered(names: list[str], form: str) -> list[str]:
    """Names made unique: with the form "-{}" the second "a-dfsc" becomes "a-dfsc-2"."""
    return [
        name if names.index(name) == position else name + form.format(names[: position + 1].count(name))
        for position, name in enumerate(names)
    ]


def _ready(detectors: Sequence[Detector], dtype: torch.dtype, device: torch.device) -> _Ready:
    teachers = {detector.teacher.digest: detector.teacher.network for detector in detectors}
    models: list[Any] = [copy.deepcopy(detector.model).to(device) for detector in detectors]
    return _Ready(
        [
            replace(
                d,
                model=model.prepared(dtype),
                channel_mean=d.channel_mean.to(device),
                channel_std=d.channel_std.to(device),
            )
            for d, model in zip(detectors, models, strict=True)
        ],
        {digest: for_inference(copy.deepcopy(teacher).to(device), dtype) for digest, teacher in teachers.items()},
    )

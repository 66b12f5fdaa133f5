"""Image in, Inspection out, for several detectors at once; a teacher that they share runs once.

Above this module there are numpy arrays and records only (dfsc.inspection.results).
"""

import copy
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.backends.runtimes import TORCH, arithmetic_name, arithmetic_of, chosen_backend, ready
from dfsc.errors import DFSCError, ImageError
from dfsc.geometry import MAP_SIZE, input_edge
from dfsc.images.decoding import check_array, read_image
from dfsc.images.tiling import Tiles, resized_for, tiles_of
from dfsc.inspection.results import Inspection, Result, some_partners, with_partners
from dfsc.machine import Device, batch, chosen, described, dtype_for, exact_arithmetic, wait_for
from dfsc.models.calibration import RawMaps
from dfsc.models.detector import Detector, Detectors, MakeReady, network_input, several
from dfsc.models.methods import PARTNER, method_title
from dfsc.models.region import Region

PROCESSOR_BATCH = 4


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
        backend: str | None = None,
    ):
        """Args:
            detectors: one or several, in the order of the results.
            dtype: torch.float32 or torch.bfloat16; by default what is fastest on the device.
            partner: judge each trained detector together with the one in closed form, where that goes with it.
            device: where the networks run: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:N" or "mps"; by default
                what DFSC_DEVICE says, or "auto".
            backend: what computes the networks on a processor: "torch", "onnxruntime" or "openvino"; by default what
                DFSC_BACKEND says, or "torch". Another device than the inspector's always has torch.

        Raises:
            DeviceError: for a device that is not there, and for a backend that is none or not for the device.
            CheckpointError: for a backend that is not installed.
        """
        self.detectors = self._as_trained = detectors = several(detectors)
        self.device, self._dtype = chosen(device), dtype
        self.backend = chosen_backend(backend, self.device)
        self._ready: dict[torch.device, _Ready] = {}
        self._ready_on(self.device)
        self.names = _numbered([detector.config.name for detector in detectors], "-{}")
        self._partner = partner
        if partner:
            mates = some_partners([detector.config for detector in detectors])
            self.names = [f"{name}+{PARTNER}" if mate else name for name, mate in zip(self.names, mates, strict=True)]
        self.titles = _numbered(_titles(detectors), " ({})")
        self.tiles = _common_tiles(detectors)
        self.bits = common_bits(detectors)

    def inspect(self, image: np.ndarray) -> Inspection:
        """Inspect one photo (RGB uint8 H×W×3, at least 16×16); raises ImageError for anything else."""
        check_array(image)
        results = self.results(resized_for(image, self.tiles)[None])
        return Inspection(image, tuple(result[0] for result in results))

    def read(self, path: Path, name: str | None = None) -> np.ndarray:
        """A picture's file as `results` takes it; arguments and errors of dfsc.read_image."""
        return resized_for(read_image(path, name, self.bits), self.tiles)

    def variant(self, detectors: Mapping[int, Detector]) -> "Inspector":
        """Some of these detectors, by their indices, as they are given here, for which no network is copied.

        So they may differ in calibration and config alone. They keep names and titles.
        """
        other = copy.copy(self)
        other._ready = {device: _some(ready, detectors) for device, ready in self._ready.items()}
        other.detectors = tuple(detectors.values())
        other._as_trained = tuple(self._as_trained[i] for i in detectors)
        other.names, other.titles = ([names[i] for i in detectors] for names in (self.names, self.titles))
        return other

    @property
    def identities(self) -> list[str]:
        """By what raw maps of a detector are known again: its calibration's digest, as it was trained."""
        return [detector.calibration.digest for detector in self._as_trained]

    def judge(self, raw: Sequence[RawMaps]) -> tuple[Result, ...]:
        """Results of an image from its raw maps 56×56, one a detector, as results keep them; no network runs.

        A network is not combined with its partner here (see dfsc.inspection.results.with_partners).
        """
        return tuple(
            _result(detector, name, title, maps, 0.0)
            for detector, name, title, maps in zip(self.detectors, self.names, self.titles, raw, strict=True)
        )

    @property
    def batch(self) -> int:
        """How many images `results` should be given at a time."""
        return 1 if self.tiles else batch(self.device, PROCESSOR_BATCH)

    @property
    def map_shape(self) -> tuple[int, int]:
        """Rows and columns of its maps: 56×56, or of tiles so many for each."""
        rows, columns = self.tiles or (1, 1)
        return rows * MAP_SIZE, columns * MAP_SIZE

    @property
    def place(self) -> str:
        """Where and in which arithmetic it computes, in words."""
        return f"{described(self.device)}, {self.arithmetic}"

    @property
    def arithmetic(self) -> str:
        """ "float32" or "bfloat16", and whose where it is not torch's."""
        return arithmetic_name(self.backend, self._dtype_on(self.device))

    def results(self, images: np.ndarray, device: Device | None = None) -> list[list[Result]]:
        """A list of results for each detector, from images already resized.

        Args:
            images: RGB uint8 N×256×256×3, a sequence of N such images, or one; larger where there are tiles (`read`).
            device: another device than the inspector's; the networks are copied to it at its first use.

        Raises:
            ImageError: for images of another size or kind.
            DeviceError: for a device that is not there.
        """
        place = self.device if device is None else chosen(device)
        images = _network_images(images, self.map_shape)
        with exact_arithmetic(place):
            return self._results(self._ready_on(place), images, place)

    def _results(self, prepared: "_Ready", images: np.ndarray, place: torch.device) -> list[list[Result]]:
        looks: dict[tuple[str, bytes], _Look] = {}
        results = []
        for detector, name, title in zip(prepared.detectors, self.names, self.titles, strict=True):
            key = detector.teacher.digest, detector.region.seen_key if detector.region else b""
            if key not in looks:
                looks[key] = _look(prepared.teachers[key[0]], detector.region, self.tiles, images, place)
            results.append(_detector_results(detector, name, title, looks[key]))
        return (
            list(map(list, zip(*map(with_partners, zip(*results, strict=True)), strict=True)))
            if self._partner
            else results
        )

    def _ready_on(self, device: torch.device) -> "_Ready":
        if device not in self._ready:  # two threads at once copy twice, and one copy is kept
            backend = self.backend if device == self.device else TORCH
            make = partial(ready, backend=backend, dtype=arithmetic_of(backend, self._dtype_on(device)))
            self._ready.setdefault(device, _ready(self.detectors, make, device))
        return self._ready[device]

    def _dtype_on(self, device: torch.device) -> torch.dtype:
        return self._dtype or dtype_for("inference", device)


@dataclass(frozen=True)
class _Look:
    """What detectors with one teacher and one region see: network input, the teacher's output, and how long it took.

    `count` is that of images, each of which may be several tiles.
    """

    x: Tensor
    output: Tensor
    seconds: float
    count: int


def _look(
    teacher: nn.Module, region: Region | None, tiles: Tiles | None, images: np.ndarray, place: torch.device
) -> _Look:
    """`images` are uint8 N×256×256×3, or with tiles as large as these cover."""
    started, count = time.perf_counter(), len(images)
    if tiles:
        images = tiles_of(images, tiles)
    x = network_input(region.seen(images) if region else images, place)
    size = batch(place, PROCESSOR_BATCH) if tiles else len(x)  # so that memory does not grow with their number
    with torch.inference_mode():
        output = torch.cat([teacher(some) for some in x.split(size)])
    wait_for(x.device)
    return _Look(x, output, time.perf_counter() - started, count)


def _detector_results(detector: Detector, name: str, title: str, look: _Look) -> list[Result]:
    started = time.perf_counter()
    raw = detector.raw_maps(look.x, look.output)
    milliseconds = (look.seconds + time.perf_counter() - started) * 1000 / look.count
    return [
        _result(detector, name, title, RawMaps(local, global_), milliseconds)
        for local, global_ in zip(raw.local, raw.global_, strict=True)
    ]


def inspect(
    image: np.ndarray, detectors: Detectors, device: Device | None = None, backend: str | None = None
) -> Inspection:
    """Inspect one photo with one or more detectors; for many photos, keep an Inspector.

    Args:
        image: RGB uint8 H×W×3, at least 16×16.
        device, backend: see Inspector.

    Raises:
        ImageError: for anything else.
    """
    return Inspector(detectors, device=device, backend=backend).inspect(image)


def _result(detector: Detector, name: str, title: str, raw: RawMaps, milliseconds: float) -> Result:
    calibration = detector.calibration
    return Result(
        detector=name,
        method=detector.config.method,
        title=title,
        source=detector.source,
        maps=calibration.normalise(raw),
        good=calibration.good_parts,
        milliseconds=milliseconds,
        strangeness=float(calibration.strangeness(raw.local)),
        weights_digest=detector.weights_digest,
        held_out=detector.config.held_out,
        self_test=detector.config.self_test,
        region=detector.region,
        raw=raw,
    )


def _some(ready: _Ready, detectors: Mapping[int, Detector]) -> _Ready:
    kept = [replace(ready.detectors[i], calibration=one.calibration, config=one.config) for i, one in detectors.items()]
    digests = {detector.teacher.digest for detector in kept}
    return _Ready(kept, {digest: network for digest, network in ready.teachers.items() if digest in digests})


def _network_images(images: object, map_shape: tuple[int, int]) -> np.ndarray:
    """One image or several as uint8 N×256×256×3, or as large as maps of a shape see."""
    expected = (*map(input_edge, map_shape), 3)
    batch = list(images) if isinstance(images, (list, tuple)) else images
    if isinstance(batch, list) and {getattr(image, "shape", None) for image in batch} == {expected}:
        batch = np.stack(batch)
    if isinstance(batch, np.ndarray) and batch.shape == expected:
        batch = batch[None]
    if not isinstance(batch, np.ndarray) or batch.dtype != np.uint8 or batch.shape[1:] != expected or not len(batch):
        found = f"{batch.dtype} {batch.shape}" if isinstance(batch, np.ndarray) else f"a {type(images).__name__}"
        raise ImageError(
            f"`results` takes images that are resized already, uint8 N×{'×'.join(map(str, expected))}, not {found}; "
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


def _common_tiles(detectors: Sequence[Detector]) -> Tiles | None:
    layouts = {detector.config.tiles for detector in detectors}
    if len(layouts) > 1:
        raise DFSCError("These detectors see photographs in different tiles; inspect with those of one kind at a time.")
    return layouts.pop()


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


def _ready(detectors: Sequence[Detector], make: MakeReady, device: torch.device) -> _Ready:
    teachers = {detector.teacher.digest: detector.teacher.network for detector in detectors}
    models: list[Any] = [copy.deepcopy(detector.model).to(device) for detector in detectors]
    return _Ready(
        [
            replace(
                d,
                model=model.prepared(make),
                channel_mean=d.channel_mean.to(device),
                channel_std=d.channel_std.to(device),
            )
            for d, model in zip(detectors, models, strict=True)
        ],
        {digest: make(copy.deepcopy(teacher).to(device)) for digest, teacher in teachers.items()},
    )

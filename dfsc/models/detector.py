"""A detector: teacher, student, auto-encoder and calibration → local and global anomaly maps.

Inference is the same for EAD-S and DFSC (Batzner et al., arXiv 2303.14535, section 3.4): the local map is the channel
mean of (T − S^T)², the global map that of (A − S^A)². Only training tells these two apart. FCL compares codes instead
(see dfsc.models.consistency).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.errors import CheckpointError, DFSCError
from dfsc.images.decoding import RESIZE_RULE
from dfsc.images.tiling import Tiles
from dfsc.machine import CPU, layout, seeded, uploaded
from dfsc.models.calibration import Calibration, RawMaps
from dfsc.models.consistency import ConsistencySettings, squared_code_difference
from dfsc.models.networks import SIZES, AutoEncoder, NetworkSize, image_tensor, student_network, teacher_network
from dfsc.models.region import Region
from dfsc.models.self_test import SelfTest
from dfsc.models.separation import SeparationSettings

BORDER_CONVENTION = "56x56-quantiles, cells at true centres, ring unscored"
# Of detectors from elsewhere: with quantiles that came with them, and with networks that pad, of whose 64×64 cells the
# inner 56×56 count.
GIVEN_QUANTILES = "given quantiles, cells at true centres, ring unscored"
PADDED_NETWORKS = "given quantiles, padded networks, inner 56x56 cells at true centres, ring unscored"
BORDERS = (BORDER_CONVENTION, GIVEN_QUANTILES, PADDED_NETWORKS)


# From a network to what computes the same in inference.
MakeReady = Callable[[nn.Module], nn.Module]


@dataclass(frozen=True)
class DetectorConfig:
    """A checkpoint's description, stored beside its tensors.

    Attributes:
        product: what is inspected, e.g. "screw_block"; see dfsc.checkpoints.detectors for its meaning on disk.
        method: a key of dfsc.models.methods.METHODS.
        size: a key of dfsc.models.networks.SIZES.
        teacher_digest: "sha256:…" of the teacher's weights file.
        separation: the constraint's settings, None for methods without it.
        consistency: how neighbourhoods are coded, None where they aren't.
        schedule: "staged" or "joint".
        border: one of BORDERS.
        training: notes on its training data and settings, for people only.
        self_test: how many made-up faults it finds; None if untested.
        bits: significant bits of the 16-bit photos in its training, for reading new ones alike (see
            dfsc.images.decoding); None without such photos, or if unknown.
        held_out: "sha256:…" of the good images that its calibration begins with; detectors with the same one can be
            combined. "" if unknown.
        tiles: rows and columns of the tiles in which it sees a photograph; None for one that sees all at once.
    """

    product: str
    method: str
    size: str
    teacher_digest: str
    separation: SeparationSettings | None
    schedule: str
    resize_rule: str = RESIZE_RULE
    border: str = BORDER_CONVENTION
    training: dict = field(default_factory=dict)
    self_test: SelfTest | None = None
    bits: int | None = None
    held_out: str = ""
    consistency: ConsistencySettings | None = None
    tiles: Tiles | None = None

    @property
    def usable(self) -> bool:
        """Whether its verdicts are meaningful, by its self-test; True if untested."""
        return self.self_test is None or self.self_test.usable

    @property
    def name(self) -> str:
        """product-method, as maps and reports call the detector."""
        return f"{self.product}-{self.method}"


@dataclass(frozen=True)
class Teacher:
    """A frozen PDN with the digest by which detectors know it."""

    network: nn.Module
    size: NetworkSize
    digest: str


@dataclass(frozen=True)
class Detector:
    """A trained detector.

    Attributes:
        model: the method's networks or linear model, called with network input N×3×256×256 and the teacher's
            standardised output N×C×56×56; returns a local and a global map, N×56×56 each. `prepared(ready)` is the same
            with its networks as `ready` makes them for inference, maybe in place.
        channel_mean: C×1×1, as channel_std; they standardise the teacher's output.
        source: where it comes from, in words; never a path to open.
        weights_digest: "sha256:…" of the weights file it was loaded from; "" for a detector trained in memory.
    """

    config: DetectorConfig
    teacher: Teacher
    model: nn.Module
    channel_mean: Tensor
    channel_std: Tensor
    calibration: Calibration
    source: str = "memory"
    weights_digest: str = ""

    @property
    def region(self) -> Region | None:
        """What counts of a photograph; None for all of it."""
        return self.calibration.region

    def raw_maps(self, images: Tensor, teacher_output: Tensor) -> RawMaps:
        """Raw maps from network input N×3×256×256 and the teacher's output on it N×C×56×56.

        Returns:
            Two float16 arrays N×56×56, as the calibration's own maps are kept, so that equal images score equally.
        """
        return raw_maps(self.model, self.standardise(teacher_output), images)

    def standardise(self, teacher_output: Tensor) -> Tensor:
        return (teacher_output.float() - self.channel_mean) / self.channel_std


# As functions take them: one, several, or by method as a training gives them.
Detectors = Detector | Iterable[Detector] | Mapping[str, Detector]


def several(detectors: Detectors) -> tuple[Detector, ...]:
    """Detectors as a tuple, however they were given; raises DFSCError for anything else, or none."""
    source: Any = detectors.values() if isinstance(detectors, Mapping) else detectors
    is_several = isinstance(source, Iterable) and not isinstance(source, (Detector, str, bytes))
    items = tuple(source) if is_several else (source,)
    for one in items:
        if not isinstance(one, Detector):
            raise DFSCError(
                f"Detectors are what dfsc.load, open_checkpoints or product_detectors give, not {type(one).__name__}."
            )
    if not items:
        raise DFSCError("There is no detector to inspect with; name a product or a checkpoint.")
    return items


@torch.inference_mode()
def raw_maps(model: nn.Module, teacher: Tensor, images: Tensor) -> RawMaps:
    """Local and global maps of images for a standardised teacher output (see Detector.raw_maps).

    Raises:
        CheckpointError: when an output is not finite, since nothing can be said by it.
    """
    return RawMaps(*map(rounded, model(images, teacher)))


def rounded(maps: Tensor) -> np.ndarray:
    """Maps as the calibration keeps them: float16, cut off at its largest number; raises CheckpointError."""
    if not maps.isfinite().all():
        raise CheckpointError(
            "The networks give numbers that are not finite, so there is no verdict; fetch or train the detector again."
        )
    return maps.clamp_max(torch.finfo(torch.float16).max).to(torch.float16).cpu().numpy()


class ReducedPrecision(nn.Module):
    """A network in another arithmetic behind a stem in float32: N×3×256×256 float32 → the network's output in `dtype`.

    A PDN's stem is its first convolution with its pooling: rounding the image itself to bfloat16 costs most of the
    precision, and this layer little of the time.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype):
        super().__init__()
        stem, body = stem_and_body(network)
        self.stem, self.body = _laid_out(stem), _laid_out(body.to(dtype))
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return self.body(self.stem(image).to(self.dtype))


def stem_and_body(network: nn.Module) -> tuple[nn.Module, nn.Module]:
    """What of a network always computes in float32, and what may compute in less; of an auto-encoder all may."""
    return (network[:3], network[3:]) if isinstance(network, nn.Sequential) else (nn.Identity(), network)


def for_inference(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Freeze a float32 network in the memory layout and arithmetic in which it is fastest; it still takes float32."""
    frozen = network.eval().requires_grad_(False)
    if dtype is torch.float32:
        return _laid_out(frozen)
    return ReducedPrecision(frozen, dtype).eval()


def _laid_out(network: nn.Module) -> nn.Module:
    devices = [parameter.device for parameter in network.parameters()]
    return network.to(memory_format=layout(devices[0])) if devices else network


class StudentAutoencoder(nn.Module):
    """What EAD-S, DFSC and FCL learn: a student of the teacher and of the auto-encoder, and the auto-encoder.

    With a coding whose settings say so, maps are of codes.
    """

    def __init__(self, student: nn.Module, autoencoder: nn.Module, coding: ConsistencySettings | None = None):
        super().__init__()
        self.student, self.autoencoder, self.coding = student, autoencoder, coding

    @classmethod
    def empty(
        cls, size: NetworkSize, coding: ConsistencySettings | None = None, padded: bool = False
    ) -> "StudentAutoencoder":
        """Untrained networks of a size, from torch's global generator."""
        return cls(student_network(size), AutoEncoder(size.teacher_channels, padded), coding)

    def forward(self, images: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
        """Local map, of teacher T and student S^T, and global map, of auto-encoder A and S^A: float32 N×56×56 each.

        They are the channel means of (T − S^T)² and (A − S^A)², or of the squared differences of their codes.
        """
        channels = teacher.shape[1]
        s, a = self.student(images), self.autoencoder(images)
        return self._difference(teacher, s[:, :channels]), self._difference(a, s[:, channels:])

    def prepared(self, ready: MakeReady) -> "StudentAutoencoder":
        """With both networks made ready for inference."""
        return StudentAutoencoder(ready(self.student), ready(self.autoencoder), self.coding).eval()

    def _difference(self, one: Tensor, other: Tensor) -> Tensor:
        if self.coding and self.coding.in_maps:
            return squared_code_difference(one, other, self.coding)
        return (one.float() - other.float()).square().mean(dim=1)


def network_input(images: np.ndarray | Tensor, device: torch.device = CPU) -> Tensor:
    """RGB uint8 N×256×256×3, on a device if they are a tensor → N×3×256×256 float32 as the networks take it."""
    tensor = images if isinstance(images, Tensor) else uploaded(images, device)
    return image_tensor(tensor.permute(0, 3, 1, 2)).contiguous(memory_format=layout(tensor.device))


def empty_teacher(size_name: str) -> nn.Module:
    """A teacher of a size to be filled with a checkpoint's tensors."""
    with seeded(0):
        return teacher_network(SIZES[size_name])

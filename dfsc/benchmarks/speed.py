"""A pair's networks on one image: as the Inspector runs them, against two separate reference forwards; and SNC's cost.

The reference is how EfficientAD implementations run a model: default memory layout, float32, and the teacher anew for
each of the two detectors. All ways use the same random weights and take turns in one process; medians are compared.
"""

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median

import torch
from torch import Tensor, nn

from dfsc.errors import DFSCError
from dfsc.geometry import INPUT_SIZE
from dfsc.machine import Device, chosen, described, dtype_for, dtype_name, layout, wait_for
from dfsc.models.consistency import ConsistencySettings, SncUse
from dfsc.models.detector import StudentAutoencoder, for_inference
from dfsc.models.networks import SIZES, AutoEncoder, student_network, teacher_network


@dataclass(frozen=True)
class Comparison:
    """Medians in milliseconds, their ratio (own / reference), and the circumstances.

    `coded_ratio` is the time for a detector's maps of codes (FCL's), teacher included, over that for maps of features.
    """

    size: str
    own_milliseconds: float
    reference_milliseconds: float
    ratio: float
    coded_ratio: float
    arithmetic: str
    device: str
    threads: int
    rounds: int

    def as_json(self) -> dict:
        return asdict(self)

    def sentence(self) -> str:
        return (
            f"EAD-S and DFSC of size {self.size} on one image: {self.own_milliseconds:.0f} ms in {self.arithmetic} "
            f"with a shared teacher, {self.reference_milliseconds:.0f} ms as two reference forwards; ratio "
            f"{self.ratio:.2f} (medians of {self.rounds}, on {self.device}). FCL takes {self.coded_ratio:.2f} times as "
            "long as EAD-S."
        )


def compare(size_name: str, rounds: int, on: Device | None = None) -> Comparison:
    """Measure one size with random weights, the median of `rounds` after two that don't count.

    Raises:
        DFSCError: for less than one round, and for a device that is not there.
    """
    if rounds < 1:
        raise DFSCError(f"At least one round is needed for a median, not {rounds}.")
    size, device = SIZES[size_name], chosen(on)
    torch.manual_seed(0)
    teacher = teacher_network(size).to(device)
    pair = [(student_network(size).to(device), AutoEncoder(size.teacher_channels).to(device)) for _ in range(2)]
    image = torch.randn(1, 3, INPUT_SIZE, INPUT_SIZE).to(device)
    dtype = dtype_for("inference", device)
    ways = {
        "own": _own(teacher, pair, image, dtype),
        "reference": _reference(teacher, pair, image),
        "features": _maps(teacher, pair[0], image, dtype, None),
        "codes": _maps(teacher, pair[0], image, dtype, ConsistencySettings(SncUse.BOTH)),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 2):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            wait_for(device)
            times[name].append(time.perf_counter() - started)
    own_time, reference_time, of_features, of_codes = (median(taken[2:]) * 1000 for taken in times.values())
    return Comparison(
        size=size_name,
        own_milliseconds=own_time,
        reference_milliseconds=reference_time,
        ratio=own_time / reference_time,
        coded_ratio=of_codes / of_features,
        arithmetic=dtype_name(dtype),
        device=described(device),
        threads=torch.get_num_threads(),
        rounds=rounds,
    )


def _maps(
    teacher: nn.Module, networks: tuple, image: Tensor, dtype: torch.dtype, coding: ConsistencySettings | None
) -> Callable[[], object]:
    """One detector's maps, as the Inspector makes them."""
    student, autoencoder = map(_copied, networks)
    model = StudentAutoencoder(student, autoencoder, coding).prepared(partial(for_inference, dtype=dtype))
    frozen, x = for_inference(_copied(teacher), dtype), image.contiguous(memory_format=layout(image.device))

    @torch.inference_mode()
    def forward() -> object:
        return model(x, frozen(x).float())

    return forward


def _reference(teacher: nn.Module, pair: list, image: Tensor) -> Callable[[], list]:
    frozen = [(_copied(teacher), _copied(student), _copied(autoencoder)) for student, autoencoder in pair]

    @torch.inference_mode()
    def forward() -> list:
        return [tuple(network(image) for network in networks) for networks in frozen]

    return forward


def _own(teacher: nn.Module, pair: list, image: Tensor, dtype: torch.dtype) -> Callable[[], list]:
    networks = [for_inference(_copied(network), dtype) for network in (teacher, *pair[0], *pair[1])]
    x = image.contiguous(memory_format=layout(image.device))

    @torch.inference_mode()
    def forward() -> list:
        return [network(x) for network in networks]

    return forward


def _copied(network: nn.Module) -> nn.Module:
    return deepcopy(network).eval()

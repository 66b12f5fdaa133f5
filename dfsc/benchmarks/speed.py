"""A pair's networks on one image: as the Inspector runs them, against two separate reference forwards.

The reference is how EfficientAD implementations run a model: default memory layout, float32, and the teacher anew for
each of the two detectors. Both ways use the same random weights and take turns in one process; medians are compared.
"""

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from statistics import median

import torch
from torch import Tensor

from dfsc.errors import DFSCError
from dfsc.geometry import INPUT_SIZE
from dfsc.machine import Device, chosen, described, dtype_for, dtype_name, layout, wait_for
from dfsc.models.detector import for_inference
from dfsc.models.networks import SIZES, AutoEncoder, student_network, teacher_network


@dataclass(frozen=True)
class Comparison:
    """Medians in milliseconds, their ratio (own / reference), and the circumstances."""

    size: str
    own_milliseconds: float
    reference_milliseconds: float
    ratio: float
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
            f"{self.ratio:.2f} (medians of {self.rounds}, on {self.device})."
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
    reference = _reference(teacher, pair, image)
    own = _own(teacher, pair, image, dtype)
    times: dict[str, list[float]] = {"own": [], "reference": []}
    for name, way in [("own", own), ("reference", reference)] * (rounds + 2):
        started = time.perf_counter()
        way()
        wait_for(device)
        times[name].append(time.perf_counter() - started)
    own_time, reference_time = (median(times[name][2:]) * 1000 for name in ("own", "reference"))
    return Comparison(
        size=size_name,
        own_milliseconds=own_time,
        reference_milliseconds=reference_time,
        ratio=own_time / reference_time,
        arithmetic=dtype_name(dtype),
        device=described(device),
        threads=torch.get_num_threads(),
        rounds=rounds,
    )


def _reference(teacher: torch.nn.Module, pair: list, image: Tensor) -> Callable[[], list]:
    frozen = [(_copied(teacher), _copied(student), _copied(autoencoder)) for student, autoencoder in pair]

    @torch.inference_mode()
    def forward() -> list:
        return [tuple(network(image) for network in networks) for networks in frozen]

    return forward


def _own(teacher: torch.nn.Module, pair: list, image: Tensor, dtype: torch.dtype) -> Callable[[], list]:
    networks = [for_inference(_copied(network), dtype) for network in (teacher, *pair[0], *pair[1])]
    x = image.contiguous(memory_format=layout(image.device))

    @torch.inference_mode()
    def forward() -> list:
        return [network(x) for network in networks]

    return forward


def _copied(network: torch.nn.Module) -> torch.nn.Module:
    return deepcopy(network).eval()

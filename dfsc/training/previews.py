"""What can be looked at before and while a training runs; nothing here changes it.

Maps come as float32 56×56 arrays in squared units of the teacher's standardised features, in which 1 is what a network
gets wrong that knows nothing but each channel's mean.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dfsc.machine import dtype_for
from dfsc.models.detector import Teacher, for_inference, network_input
from dfsc.models.self_test import Fault
from dfsc.models.separation import split_rank
from dfsc.training.training import Training


@dataclass(frozen=True)
class Preview:
    """Each method's maps of one held-out photograph and of the same with a made-up fault, as its networks are now.

    Untrained networks are calm on a good photograph, too; on a faulty one it shows that they are blind.

    Attributes:
        kind: "distance", the channel mean of d^{TA} = (T − A)², until the students learn from it; then "global", the
            channel mean of (A − S^A)².
        good, faulty: float32 56×56 by method.
        photograph: uint8 256×256×3.
        fault: what was done to it.
    """

    kind: str
    good: dict[str, np.ndarray]
    faulty: dict[str, np.ndarray]
    photograph: np.ndarray
    fault: Fault


class NovelChannels:
    """Where on a photograph the split by τ′ finds novelty: the share of novel channels at each position.

    Made of the squared distances between the teacher and something that stands for the normal (C×56×56).
    """

    def __init__(self, distances: Tensor):
        self._distances = distances.to(torch.float32)
        self._sorted = self._distances.flatten().sort().values

    def share(self, tau: float) -> np.ndarray:
        """Float32 56×56, each position's share (0 to 1) of channels beyond the τ′-quantile; 0 < τ′ ≤ 1."""
        threshold = self._sorted[split_rank(len(self._sorted), tau) - 1]
        return (self._distances > threshold).float().mean(dim=0).numpy()


@torch.inference_mode()
def stand_in(images: np.ndarray, teacher: Teacher, shown: int = 0) -> Iterator[NovelChannels | None]:
    """Novel channels before any training, by d = (T − mean of T over the photographs at that position)².

    Args:
        images: uint8 N×256×256×3, at least two.
        shown: number of the photograph that is looked at.

    Yields:
        None after each photograph that the teacher has seen, so that a page can tell how far it is; the result at last.
    """
    network = for_inference(deepcopy(teacher.network), dtype_for("inference"))
    total = squares = own = torch.zeros(())
    for number, image in enumerate(images):
        output = network(network_input(image[None]))[0].float()
        total, squares = total + output, squares + output.square().mean(dim=(1, 2))
        own = output if number == shown else own
        yield None
    mean = total / len(images)
    variance = squares / len(images) - mean.mean(dim=(1, 2)).square()
    yield NovelChannels((own - mean).square() / variance.clamp_min(1e-6)[:, None, None])


@torch.inference_mode()
def novel_channels(training: Training, shown: int = 0) -> dict[str, NovelChannels]:
    """Novel channels by the real d^{TA} of each method's auto-encoder, on one of the held-out photographs."""
    images = training.data.held_out[shown : shown + 1]
    return {method: NovelChannels(d[0].cpu()) for method, d in _distances(training, images).items()}


@torch.inference_mode()
def preview(training: Training) -> Preview:
    """Look at a held-out photograph and at a fault of the self-test with the networks as they are; 0.2 s a method."""
    fault = training.held_out.faults[0]
    photograph = training.data.held_out[fault.photograph]
    images = np.stack([photograph, fault.image])
    if training.learns_to_inspect:
        kind, maps = "global", {m: found.global_.astype(np.float32) for m, found in training.raw_maps(images).items()}
    else:
        kind, maps = "distance", {m: d.mean(dim=1).cpu().numpy() for m, d in _distances(training, images).items()}
    good, faulty = ({method: both[number] for method, both in maps.items()} for number in range(2))
    return Preview(kind, good, faulty, photograph, fault)


def _distances(training: Training, images: np.ndarray) -> dict[str, Tensor]:
    """d^{TA} of images uint8 N×256×256×3 by method: N×C×56×56."""
    data = training.data
    x = network_input(images, data.device)
    teacher = data.standardised(data.teacher_there(x))
    return {method: (teacher - one.autoencoder.eval()(x)).square() for method, one in training.trainings.items()}

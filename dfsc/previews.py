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

from dfsc.detector import Teacher, for_inference, inference_dtype, network_input
from dfsc.separation import split_rank
from dfsc.training import Training


@dataclass(frozen=True)
class Preview:
    """Each method's map of one held-out photograph as its networks are now.

    Attributes:
        kind: "distance", the channel mean of d^{TA} = (T − A)², until the students learn from it; then "global", the
            channel mean of (A − S^A)².
        maps: float32 56×56 by method.
    """

    kind: str
    maps: dict[str, np.ndarray]


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
    network = for_inference(deepcopy(teacher.network), inference_dtype())
    total = squares = own = 0.0
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
    return {method: NovelChannels(d) for method, d in _distances(training, shown).items()}


@torch.inference_mode()
def preview(training: Training, shown: int = 0) -> Preview:
    """Look at a held-out photograph with the networks as they are; some 0.1 s a method."""
    if not training.learns_to_inspect:
        return Preview("distance", {m: d.mean(dim=0).numpy() for m, d in _distances(training, shown).items()})
    images = training.data.held_out[shown : shown + 1]
    return Preview("global", {m: maps.global_[0].astype(np.float32) for m, maps in training.raw_maps(images).items()})


def _distances(training: Training, shown: int) -> dict[str, Tensor]:
    data = training.data
    x = network_input(data.held_out[shown : shown + 1])
    teacher = (data.teacher.network(x) - data.channel_mean) / data.channel_std
    return {method: (teacher - one.autoencoder.eval()(x)).square()[0] for method, one in training.trainings.items()}

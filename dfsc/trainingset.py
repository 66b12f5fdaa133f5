"""What a training looks at: good images, split and augmented, and the teacher's output on them.

The teacher is frozen, so its output on each copy is computed once and kept in bfloat16; methods that are trained as a
matched pair share one training set.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dfsc.augmentation import jittered, moved
from dfsc.detector import Teacher, for_inference, inference_dtype, network_input
from dfsc.errors import TrainingError
from dfsc.networks import MAP_SIZE

MIN_IMAGES = 12
MIN_HELD_OUT = 4
HELD_OUT_SHARE = 0.2
CHUNK = 8


def check_enough(count: int) -> None:
    """Raise TrainingError for fewer than 12 good images."""
    if count < MIN_IMAGES:
        raise TrainingError(f"There are {count} good images; a training needs at least {MIN_IMAGES}.")


def split_good(count: int, seed: int) -> tuple[list[int], list[int]]:
    """Indices (fit, held out) of `count` good images: max(4, 20 %) are held out by a seeded draw and never fitted.

    Raises:
        TrainingError: for fewer than 12 images.
    """
    check_enough(count)
    held_out = max(MIN_HELD_OUT, round(HELD_OUT_SHARE * count))
    order = np.random.default_rng(seed).permutation(count)
    return sorted(order[held_out:].tolist()), sorted(order[:held_out].tolist())


@dataclass(frozen=True)
class TrainingSet:
    """Copies of the fit images with the teacher's standardised output on each; M copies in all.

    Attributes:
        plain: uint8 M×256×256×3, copies without colour jitter (moved, if the product moves).
        jittered: the same copies with colour jitter.
        plain_teacher, jittered_teacher: bfloat16 M×C×56×56, standardised per channel.
        channel_mean, channel_std: float32 C×1×1 of the teacher's output over the plain copies.
        held_out: uint8 N×256×256×3 for calibration.
        fitted: how many different images the copies are of.
    """

    plain: np.ndarray
    jittered: np.ndarray
    plain_teacher: Tensor
    jittered_teacher: Tensor
    channel_mean: Tensor
    channel_std: Tensor
    held_out: np.ndarray
    fitted: int
    teacher: Teacher

    def __len__(self) -> int:
        return len(self.plain)


def prepare(
    fit: np.ndarray, held_out: np.ndarray, teacher: Teacher, copies: int, movement: float, seed: int
) -> TrainingSet:
    """Make `copies` of each fit image (uint8 N×256×256×3) and run the teacher on all of them.

    Copy 0 is not moved. `movement` is the largest shift as a share of the edge (see dfsc.augmentation.moved).
    """
    plain, bright = [], []
    for index, image in enumerate(fit):
        for copy in range(copies):
            rng = np.random.default_rng((seed, index, copy))
            plain.append(moved(image, movement if copy else 0.0, rng))
            bright.append(jittered(plain[-1], rng))
    network = for_inference(deepcopy(teacher.network), inference_dtype())
    plain_output = _teacher_output(network, plain)
    mean, std = _channel_statistics(plain_output)
    return TrainingSet(
        plain=np.stack(plain),
        jittered=np.stack(bright),
        plain_teacher=_standardised(plain_output, mean, std),
        jittered_teacher=_standardised(_teacher_output(network, bright), mean, std),
        channel_mean=mean,
        channel_std=std,
        held_out=held_out,
        fitted=len(fit),
        teacher=teacher,
    )


@torch.no_grad()
def _teacher_output(network: torch.nn.Module, images: Sequence[np.ndarray]) -> Tensor:
    chunks = (np.stack(images[start : start + CHUNK]) for start in range(0, len(images), CHUNK))
    return torch.cat([network(network_input(chunk)).to(torch.bfloat16) for chunk in chunks])


def _channel_statistics(output: Tensor) -> tuple[Tensor, Tensor]:
    """Per-channel mean and std (float32, C×1×1) of an M×C×56×56 output, without a float32 copy of all of it."""
    cells = len(output) * MAP_SIZE**2
    mean = sum(image.float().sum(dim=(1, 2)) for image in output) / cells
    variance = sum((image.float() - mean[:, None, None]).square().sum(dim=(1, 2)) for image in output) / cells
    return mean[:, None, None], variance.sqrt().clamp_min(1e-6)[:, None, None]


def _standardised(output: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    for image in output:
        image.copy_((image.float() - mean) / std)
    return output

"""Two trivial baselines that a product worth the name must not fall to: pixels, and patches without their position.

A data set on which either does well asks no question about arrangement. Both see what the networks see, 256×256 pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dfsc.datasets import check_divided, check_trainable, open_dataset
from dfsc.evaluation.evaluation import group_aurocs
from dfsc.images.decoding import network_image
from dfsc.models.detector import Teacher, network_input
from dfsc.reporting.formats import markdown_table

BATCH = 4
BANK = 20_000  # patches; a smaller draw misses what is rare in good images, and then nothing stands out
STRIDE = 2  # a patch sees 33 pixels, and its neighbour lies 4 further
CHUNK = 256  # patches; so the distances to the whole bank stay in the processor's cache
STD_FLOOR = 2.0
BLOCK = 8


@dataclass(frozen=True)
class Baseline:
    """A baseline's name and its image AUROC by group of anomalous images."""

    name: str
    auroc: dict[str, float]


def baselines(folder: Path, teacher: Teacher, seed: int) -> tuple[Baseline, ...]:
    """Both baselines on a data set's test images.

    Raises:
        DFSCError: for a folder that is no data set with test images, or holds an image that can't be read.
    """
    dataset = open_dataset(folder)
    check_trainable(dataset)
    check_divided(dataset)
    good = np.stack([network_image(path) for path in dataset.train])
    test = np.stack([network_image(image.path, f"{image.defect}/{image.path.name}") for image in dataset.test])
    scored = {
        "per-pixel z-score": z_scores(good, test),
        "nearest patch": nearest_patch_scores(good, test, teacher, seed),
    }
    return tuple(Baseline(name, group_aurocs(scores, dataset.test)) for name, scores in scored.items())


def z_scores(good: np.ndarray, images: np.ndarray) -> np.ndarray:
    """How far each image's worst place lies from the good images', pixel by pixel.

    Args:
        good: RGB uint8 M×256×256×3, from which each pixel and channel has its mean and its standard deviation.
        images: RGB uint8 N×256×256×3.

    Returns:
        float64 N: the highest mean of |z| over a block of 8×8 pixels; single pixels would drown in noise.
    """
    mean, std = good.mean(0), np.maximum(good.std(0), STD_FLOOR)
    return np.array([_blocks(np.abs(image - mean) / std).max() for image in images])


def _blocks(z: np.ndarray) -> np.ndarray:
    height, width, channels = z.shape
    return z.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, channels).mean((1, 3, 4))


def nearest_patch_scores(good: np.ndarray, images: np.ndarray, teacher: Teacher, seed: int) -> np.ndarray:
    """How far each image's strangest patch is from the nearest of the good images' patches, wherever that lay.

    Args:
        good, images: as z_scores takes them.
        teacher: its output at one position, standardised by channel, is a patch; of an image every second one counts.
        seed: of the draw of 20,000 good patches.

    Returns:
        float32 N: the largest of the Euclidean distances to the nearest patch.
    """
    patches = torch.cat([features.flatten(1).T for features in _features(good, teacher)])
    mean, std = patches.mean(0), patches.std(0)
    drawn = torch.randperm(len(patches), generator=torch.Generator().manual_seed(seed))[:BANK]
    bank = (patches[drawn] - mean) / std
    thinned = (features[:, ::STRIDE, ::STRIDE].flatten(1).T for features in _features(images, teacher))
    return np.array([float(_to_nearest((patches - mean) / std, bank).max()) for patches in thinned], np.float32)


def _to_nearest(patches: Tensor, bank: Tensor) -> Tensor:
    """Distance of each of P×C patches to the nearest in a bank B×C: P values."""
    lengths = bank.square().sum(1)
    nearest = [(lengths - 2 * chunk @ bank.T).amin(1) + chunk.square().sum(1) for chunk in patches.split(CHUNK)]
    return torch.cat(nearest).clamp_min(0).sqrt()


@torch.inference_mode()
def _features(images: np.ndarray, teacher: Teacher) -> Iterator[Tensor]:
    """The teacher's output on each image, C×56×56 float32."""
    for start in range(0, len(images), BATCH):
        yield from teacher.network(network_input(images[start : start + BATCH])).float()


def table(results: Sequence[Baseline]) -> str:
    """One row per baseline, one column per group."""
    groups = list(results[0].auroc)
    rows = [[baseline.name, *(f"{baseline.auroc[group]:.3f}" for group in groups)] for baseline in results]
    return markdown_table(["baseline", *groups], rows)

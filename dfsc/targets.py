"""Distillation targets on disk: photographs as the PDN sees them beside the backbone's features of the same pixels.

The target is fixed so that figures compare: the backbone's block outputs at 512 px, 3×3 mean, one 64×64 grid, each
channel standardised over the training photographs, then a projection with orthonormal columns (or rows) to the
teacher's channels. What is stored comes before the last two steps, so teachers of all sizes share it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dfsc.backbones import BACKBONE_INPUT, Backbone
from dfsc.errors import TrainingError
from dfsc.images import image_files, read_image, resize_for_network
from dfsc.networks import INPUT_SIZE, PADDED_MAP_SIZE
from dfsc.processor import fast_arithmetic

HELD_OUT = 100
GRAYSCALE_SHARE = 0.1


@dataclass(frozen=True)
class TargetCache:
    """Memory-mapped pairs of one set of photographs.

    Attributes:
        images: uint8 N×256×256×3.
        features: float16 N×64×64×C, as the backbone gives them.
    """

    images: np.ndarray
    features: np.ndarray


def split_photographs(folder: Path, seed: int) -> tuple[list[Path], list[Path]]:
    """All photographs of a folder but 100 (for training), and those 100 (held out), by a seeded shuffle."""
    photographs = image_files(folder)
    if len(photographs) < 2 * HELD_OUT:
        raise TrainingError(
            f"{folder} holds {len(photographs)} photographs; a distillation needs at least {2 * HELD_OUT}, "
            f"since {HELD_OUT} are held out."
        )
    order = np.random.default_rng(seed).permutation(len(photographs))
    shuffled = [photographs[i] for i in order]
    return sorted(shuffled[HELD_OUT:]), sorted(shuffled[:HELD_OUT])


def cache_targets(photographs: list[Path], backbone: Backbone, views: int, seed: int, folder: Path) -> TargetCache:
    """Compute or reopen the pairs of `photographs`, `views` of each; view 0 is the whole photograph.

    A computation that was cut off starts again, a finished one (of the same photographs) is only opened.
    """
    count = len(photographs) * views
    label = {
        "names": [path.name for path in photographs],
        "views": views,
        "seed": seed,
        "backbone": backbone.name,
    }
    done = folder / "done.json"
    shapes = {"images": (count, INPUT_SIZE, INPUT_SIZE, 3), "features": _feature_shape(count, backbone)}
    if done.is_file() and json.loads(done.read_text()) == label:
        return TargetCache(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in shapes})
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shapes["images"])
    features = np.lib.format.open_memmap(folder / "features.npy", "w+", np.float16, shapes["features"])
    for index, photograph in enumerate(photographs):
        pixels = read_image(photograph)
        for view in range(views):
            row = index * views + view
            seen = _view(pixels, np.random.default_rng((seed, index, view)), whole=view == 0)
            images[row] = resize_for_network(seen)
            features[row] = _backbone_features(backbone, seen, exact=views == 1)
    images.flush()
    features.flush()
    done.write_text(json.dumps(label))
    return TargetCache(images, features)


@dataclass(frozen=True)
class ChannelStatistics:
    """Of each of C backbone channels over all cells of a set: float32 mean (C), std (C) and their correlation (C×C)."""

    mean: Tensor
    std: Tensor
    correlation: Tensor


def channel_statistics(cache: TargetCache) -> ChannelStatistics:
    channels = cache.features.shape[-1]
    total, products = np.zeros(channels), np.zeros((channels, channels))
    for features in cache.features:
        values = features.reshape(-1, channels).astype(np.float64)
        total += values.sum(0)
        products += values.T @ values
    cells = cache.features.shape[0] * PADDED_MAP_SIZE**2
    mean = total / cells
    covariance = products / cells - np.outer(mean, mean)
    std = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(std, std)
    return ChannelStatistics(*(torch.from_numpy(values).float() for values in (mean, std, correlation)))


def projection(correlation: Tensor, teacher_channels: int, seed: int) -> Tensor:
    """C×teacher_channels matrix from standardised backbone channels to the teacher's; transposed, it reads them back.

    A seeded one with orthonormal rows where the teacher has channels enough. Where it has fewer, orthonormal columns
    that span the leading principal components, so that as little variance as can be is lost, seededly turned within
    that space, so that no channel is left with next to none.
    """
    channels = len(correlation)
    if teacher_channels >= channels:
        return _orthonormal_columns(teacher_channels, channels, seed).T.float()
    components = torch.linalg.eigh(correlation.double()).eigenvectors[:, -teacher_channels:]
    return (components @ _orthonormal_columns(teacher_channels, teacher_channels, seed)).float()


def _orthonormal_columns(rows: int, columns: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(rows, columns, generator=generator, dtype=torch.float64))[0]


def _feature_shape(count: int, backbone: Backbone) -> tuple[int, int, int, int]:
    return count, PADDED_MAP_SIZE, PADDED_MAP_SIZE, backbone.channels


def _view(pixels: np.ndarray, rng: np.random.Generator, whole: bool) -> np.ndarray:
    """The whole photograph, or a mirrored part of it of 30 to 100 % of its area; one in ten turns grey."""
    if not whole:
        height, width = pixels.shape[:2]
        scale = np.sqrt(rng.uniform(0.3, 1.0))
        h, w = int(height * scale), int(width * scale)
        top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        pixels = pixels[top : top + h, left : left + w]
        if rng.random() < 0.5:
            pixels = pixels[:, ::-1]
        if rng.random() < GRAYSCALE_SHARE:
            grey = pixels @ np.array([0.299, 0.587, 0.114])
            pixels = np.repeat(np.round(grey)[..., None], 3, axis=2).astype(np.uint8)
    return np.ascontiguousarray(pixels)


@torch.inference_mode()
def _backbone_features(backbone: Backbone, pixels: np.ndarray, exact: bool) -> np.ndarray:
    image = torch.from_numpy(resize_for_network(pixels, BACKBONE_INPUT).copy()).permute(2, 0, 1)[None]
    with fast_arithmetic(enabled=not exact):
        features = backbone.features(image)
    return features[0].permute(1, 2, 0).to(torch.float16).numpy()

"""Distillation targets on disk: photographs as the PDN sees them beside the backbone's features of the same pixels.

The target is fixed so that figures compare: the backbone's block outputs at 512 px, 3×3 mean, one 64×64 grid, each
channel standardised over the training photographs, then a seeded projection with orthonormal columns (or rows) to the
teacher's channels. What is stored comes before the last two steps, so teachers of all sizes share it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dfsc.distillation.backbones import BACKBONE_INPUT, Backbone
from dfsc.errors import TrainingError
from dfsc.geometry import INPUT_SIZE, PADDED_MAP_SIZE
from dfsc.images.decoding import image_files, read_image, resize_for_network
from dfsc.machine import batch, fast_arithmetic, uploaded

HELD_OUT = 100
GRAYSCALE_SHARE = 0.1


@dataclass(frozen=True)
class TargetCache:
    """Memory-mapped pairs of one set of photographs.

    Attributes:
        images: uint8 N×256×256×3.
        features: float16 N×64×64×C, as the backbone gives them.
        label: tells it from pairs of other photographs, or other views of them.
    """

    images: np.ndarray
    features: np.ndarray
    label: str


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
    told = {
        "files": [(path.name, path.stat().st_size) for path in photographs],
        "views": views,
        "seed": seed,
        "backbone": backbone.name,
    }
    label = json.dumps(told)
    done = folder / "done.json"
    shapes = {"images": (count, INPUT_SIZE, INPUT_SIZE, 3), "features": _feature_shape(count, backbone)}
    if done.is_file() and done.read_text(encoding="utf-8") == label:
        return TargetCache(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in shapes}, label=label)
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, shapes["images"])
    features = np.lib.format.open_memmap(folder / "features.npy", "w+", np.float16, shapes["features"])
    size = batch(backbone.device, 1)
    waiting: list[np.ndarray] = []
    for row, seen in enumerate(_views(photographs, views, seed)):
        images[row] = resize_for_network(seen)
        waiting.append(resize_for_network(seen, BACKBONE_INPUT))
        if len(waiting) == size or row == count - 1:
            features[row + 1 - len(waiting) : row + 1] = _backbone_features(backbone, waiting, exact=views == 1)
            waiting.clear()
    images.flush()
    features.flush()
    done.write_text(label, encoding="utf-8")
    return TargetCache(images, features, label)


def channel_statistics(cache: TargetCache) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each backbone channel over all cells of a set: two float32 tensors of C values."""
    channels = cache.features.shape[-1]
    total, squares = np.zeros(channels), np.zeros(channels)
    for features in cache.features:
        values = features.reshape(-1, channels).astype(np.float64)
        total += values.sum(0)
        squares += (values**2).sum(0)
    cells = cache.features.shape[0] * PADDED_MAP_SIZE**2
    mean = total / cells
    std = np.sqrt(squares / cells - mean**2)
    return torch.from_numpy(mean).float(), torch.from_numpy(std).float()


def projection(channels: int, teacher_channels: int, seed: int) -> Tensor:
    """Seeded channels×teacher_channels matrix with orthonormal columns (or rows, where there are fewer of them)."""
    generator = torch.Generator().manual_seed(seed)
    wide, narrow = max(channels, teacher_channels), min(channels, teacher_channels)
    columns, _ = torch.linalg.qr(torch.randn(wide, narrow, generator=generator, dtype=torch.float64))
    return (columns if channels >= teacher_channels else columns.T).float()


def _feature_shape(count: int, backbone: Backbone) -> tuple[int, int, int, int]:
    return count, PADDED_MAP_SIZE, PADDED_MAP_SIZE, backbone.channels


def _views(photographs: list[Path], views: int, seed: int) -> Iterator[np.ndarray]:
    for index, photograph in enumerate(photographs):
        pixels = read_image(photograph)
        for view in range(views):
            yield _view(pixels, np.random.default_rng((seed, index, view)), whole=view == 0)


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
def _backbone_features(backbone: Backbone, pixels: list[np.ndarray], exact: bool) -> np.ndarray:
    images = uploaded(np.stack(pixels), backbone.device).permute(0, 3, 1, 2)
    with fast_arithmetic(backbone.device, enabled=not exact):
        features = backbone.features(images)
    return features.permute(0, 2, 3, 1).to(torch.float16).cpu().numpy()

"""Images through detectors: the 56×56 maps of every image that can be read, for an evaluation.

All maps are kept, but of the pixels only two batches: one is decoded while the one before is inspected.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dfsc.datasets import TestImage
from dfsc.errors import ImageError
from dfsc.inspection.inspector import Inspector
from dfsc.inspection.results import Result

FUSED = "fused"
MAPS = ("local", "global", FUSED)

Progress = Callable[[int, int], None]
Read = Callable[[Path, str], np.ndarray]


@dataclass(frozen=True)
class Scored:
    """Images that could be read, float32 maps D×N×3×56×56 (in the order of MAPS), and a sentence a file left out.

    Maps of tiles are larger.
    """

    images: list[TestImage]
    maps: np.ndarray
    unreadable: list[str]


def score_all(images: Sequence[TestImage], inspector: Inspector, progress: Progress | None, read: Read) -> Scored:
    """Inspect images with all of an inspector's detectors.

    Args:
        progress: called with (images done, images in all) after each batch.
        read: gives an image's pixels as the inspector's `results` takes them for a path and a name for errors.
    """
    readable: list[TestImage] = []
    unreadable: list[str] = []
    maps = [np.empty((len(inspector.detectors), 0, len(MAPS), *inspector.map_shape), np.float32)]
    for batch in _decoded_ahead(images, read, inspector.batch):
        readable += batch.images
        unreadable += batch.unreadable
        if batch.images:
            results = inspector.results(np.stack(batch.pixels))
            maps.append(np.array([[_maps(result) for result in of_detector] for of_detector in results]))
        if progress:
            progress(len(readable) + len(unreadable), len(images))
    return Scored(readable, np.concatenate(maps, axis=1), unreadable)


@dataclass(frozen=True)
class _Batch:
    """Images that could be read with their pixels (RGB uint8 256×256×3 each), and a sentence for each other one."""

    images: list[TestImage]
    pixels: list[np.ndarray]
    unreadable: list[str]


def _decoded_ahead(images: Sequence[TestImage], read: Read, size: int) -> Iterator[_Batch]:
    """Batches in order; while one is inspected, a thread decodes the next, and no more than that."""
    batches = [images[start : start + size] for start in range(0, len(images), size)]
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = pool.submit(_decode, batches[0], read)
        for following in batches[1:]:
            batch = ahead.result()
            ahead = pool.submit(_decode, following, read)
            yield batch
        yield ahead.result()


def _decode(images: Sequence[TestImage], read: Read) -> _Batch:
    batch = _Batch([], [], [])
    for image in images:
        try:
            # Many data sets have a 000.png in each folder, so the folder's name goes into the error.
            pixels = read(image.path, f"{image.defect}/{image.path.name}")
        except ImageError as error:
            batch.unreadable.append(str(error))
        else:
            batch.images.append(image)
            batch.pixels.append(pixels)
    return batch


def _maps(result: Result) -> list[np.ndarray]:
    """An image's maps in the order of MAPS."""
    return [result.maps.local, result.maps.global_, result.fused]

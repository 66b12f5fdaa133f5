"""Images through detectors: the 56×56 maps of every image that can be read, for an evaluation.

All maps are kept, but of the pixels only two batches (dfsc.images.ahead).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dfsc.datasets import TestImage
from dfsc.images.ahead import decoded_ahead
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

    def pixels(image: TestImage) -> np.ndarray:
        # Many data sets have a 000.png in each folder, so the folder's name goes into an error.
        return read(image.path, f"{image.defect}/{image.path.name}")

    for batch in decoded_ahead(images, pixels, inspector.batch):
        readable += batch.items
        unreadable += [sentence for _, sentence in batch.left_out]
        if batch.items:
            results = inspector.results(np.stack(batch.pixels))
            maps.append(np.array([[_maps(result) for result in of_detector] for of_detector in results]))
        if progress:
            progress(len(readable) + len(unreadable), len(images))
    return Scored(readable, np.concatenate(maps, axis=1), unreadable)


def _maps(result: Result) -> list[np.ndarray]:
    """An image's maps in the order of MAPS."""
    return [result.maps.local, result.maps.global_, result.fused]

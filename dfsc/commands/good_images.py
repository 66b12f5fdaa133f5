"""Reads the good images of a training on the command line and reports on them on standard error."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dfsc.datasets import Dataset, Layout
from dfsc.errors import ImageError
from dfsc.images.decoding import read_image, recognised_bits
from dfsc.images.photo_files import MAX_REASONS, photograph_files, place_in, summary
from dfsc.images.tiling import Tiles, resized_for, tiles_for
from dfsc.material.photographs import PhotoSet, read_files
from dfsc.material.training_set import check_enough, evenly
from dfsc.models import fre
from dfsc.training.pacing import Budget
from dfsc.training.tiled import MOST_LEARNED


def read_good(
    dataset: Dataset, bits: int | None, least: int, budget: Budget | None = None
) -> tuple[PhotoSet, PhotoSet]:
    """A data set's good images, to fit and to hold out, decoded with the same bits; reports which are used.

    Args:
        bits: significant bits of 16-bit images; by default as many as their values fill.
        least: how many there have to be to fit.
        budget: the training's time, which includes reading.

    Raises:
        TrainingError: for too few images, or if reading them would take too much of the time.
    """
    fitted = _read(dataset.root, dataset.train, bits, budget)
    held_out = _read(dataset.root, dataset.validation, bits or fitted.bits)
    left_out = (*_skipped(dataset), *fitted.left_out, *held_out.left_out)
    check_enough(len(fitted), least, f" Left out: {' '.join(left_out[:MAX_REASONS])}" if left_out else "")
    sys.stderr.write(f"{summary(len(fitted) + len(held_out), left_out)}\n")
    for hint in dict.fromkeys((*fitted.hints, *held_out.hints)):
        sys.stderr.write(f"Worth a look: {hint}\n")
    return fitted, held_out


def read_good_large(dataset: Dataset, bits: int | None, along: int) -> tuple[list[np.ndarray], Tiles, int | None]:
    """A data set's good images resized for tiles, the tiles, and the bits they were read by; reports which are used.

    Args:
        bits: see read_good.
        along: tiles along the longer edge, by the proportions of the first image.

    Raises:
        TrainingError: for fewer than four images.
    """
    files = [*dataset.train, *dataset.validation]
    files = [files[number] for number in evenly(len(files), MOST_LEARNED)] if files else []
    bits, left_out = bits or recognised_bits(files), _skipped(dataset)
    images: list[np.ndarray] = []
    tiles: Tiles | None = None
    for file in files:
        try:
            image = read_image(file, place_in(dataset.root, file), bits)
        except ImageError as error:
            left_out.append(str(error))
            continue
        tiles = tiles or tiles_for(image.shape[1], image.shape[0], along)
        images.append(resized_for(image, tiles))
    check_enough(len(images), fre.MIN_IMAGES, f" Left out: {' '.join(left_out[:MAX_REASONS])}" if left_out else "")
    sys.stderr.write(f"{summary(len(images), left_out)}\n")
    return images, tiles or (1, 1), bits


def _read(root: Path, files: Sequence[Path], bits: int | None, budget: Budget | None = None) -> PhotoSet:
    progress = budget.read if budget else None
    return read_files([(file, place_in(root, file)) for file in files], bits, progress)


def _skipped(dataset: Dataset) -> list[str]:
    """A sentence for each file beside the good images that is not used."""
    if dataset.layout is Layout.PLAIN:
        return list(photograph_files(dataset.root, good=True).left_out)
    sentences: list[str] = []
    for folder in dict.fromkeys(file.parent for file in (*dataset.train, *dataset.validation)):
        listing = photograph_files(folder)
        sentences += [f"{place_in(dataset.root, folder)}/{sentence}" for sentence in listing.left_out]
        deeper = [file for file in listing.files if file.parent != folder]
        sentences += [f"{place_in(dataset.root, file)} lies in a subfolder." for file in deeper]
    return sentences

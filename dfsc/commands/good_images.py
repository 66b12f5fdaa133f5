"""The good images of a training on the command line: read, with what is to be said about them on standard error."""

import sys
from collections.abc import Sequence
from pathlib import Path

from dfsc.datasets import Dataset, Layout
from dfsc.errors import TrainingError
from dfsc.images.photo_files import SHOWN_LEFT_OUT, photograph_files, place_in, summary
from dfsc.material.photographs import PhotoSet, read_files
from dfsc.material.training_set import MIN_IMAGES
from dfsc.training.pacing import Budget


def read_good(dataset: Dataset, bits: int | None, budget: Budget | None = None) -> tuple[PhotoSet, PhotoSet]:
    """A data set's good images, to fit and to hold out, decoded by the same bits; tells what is used and what not.

    Args:
        bits: by how many bits 16-bit images are read; by default as many as their values fill.
        budget: the time that reading counts in.

    Raises:
        TrainingError: for too few images, or when reading them would take too much of the time.
    """
    fitted = _read(dataset.root, dataset.train, bits, budget)
    held_out = _read(dataset.root, dataset.validation, bits or fitted.bits)
    left_out = (*_passed_over(dataset), *fitted.left_out, *held_out.left_out)
    if len(fitted) < MIN_IMAGES:
        why = f" Left out: {' '.join(left_out[:SHOWN_LEFT_OUT])}" if left_out else ""
        raise TrainingError(f"There are {len(fitted)} good images; a training needs at least {MIN_IMAGES}.{why}")
    sys.stderr.write(f"{summary(len(fitted) + len(held_out), left_out)}\n")
    for hint in dict.fromkeys((*fitted.hints, *held_out.hints)):
        sys.stderr.write(f"Worth a look: {hint}\n")
    return fitted, held_out


def _read(root: Path, files: Sequence[Path], bits: int | None, budget: Budget | None = None) -> PhotoSet:
    told = budget.read if budget else None
    return read_files([(file, place_in(root, file)) for file in files], bits, told)


def _passed_over(dataset: Dataset) -> list[str]:
    """Why files beside the good images are none of them."""
    if dataset.layout is Layout.PLAIN:
        return list(photograph_files(dataset.root, good=True).left_out)
    said: list[str] = []
    for folder in dict.fromkeys(file.parent for file in (*dataset.train, *dataset.validation)):
        found = photograph_files(folder)
        said += [f"{place_in(dataset.root, folder)}/{sentence}" for sentence in found.left_out]
        deeper = [file for file in found.files if file.parent != folder]
        said += [f"{place_in(dataset.root, file)} lies in a subfolder." for file in deeper]
    return said

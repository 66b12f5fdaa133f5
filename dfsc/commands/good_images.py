"""Reads the good images of a training on the command line and reports on them on standard error."""

import sys
from collections.abc import Sequence
from pathlib import Path

from dfsc.datasets import Dataset, Layout
from dfsc.images.photo_files import MAX_REASONS, photograph_files, place_in, summary
from dfsc.material.photographs import PhotoSet, read_files
from dfsc.material.training_set import check_enough
from dfsc.training.pacing import Budget


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

"""Good photographs of this project's own products, for visitors who have none at hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dfsc import read_image
from dfsc.checkpoints.weights import weights_folder
from dfsc.images.decoding import image_files
from dfsc.scenes import PRODUCTS, render

DRAWN = 24
FIRST_SEED = 70_000


@dataclass(frozen=True)
class Sample:
    """A set of `count` named photographs; `read` decodes or draws them one after the other."""

    name: str
    count: int
    drawn: bool
    read: Callable[[], Iterator[tuple[str, np.ndarray]]]


def samples() -> dict[str, Sample]:
    """By product: those with bundled photographs, then those that can be drawn."""
    root = weights_folder() / "photographs"
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    bundled = {folder.name: Sample(folder.name, len(image_files(folder)), False, _reader(folder)) for folder in folders}
    return bundled | {name: Sample(name, DRAWN, True, _painter(name)) for name in PRODUCTS}


def _reader(folder: Path) -> Callable[[], Iterator[tuple[str, np.ndarray]]]:
    return lambda: ((path.name, read_image(path)) for path in image_files(folder))


def _painter(product: str) -> Callable[[], Iterator[tuple[str, np.ndarray]]]:
    numbers = range(DRAWN)
    return lambda: ((f"{product}-{number + 1}.png", render(product, FIRST_SEED + number).image) for number in numbers)

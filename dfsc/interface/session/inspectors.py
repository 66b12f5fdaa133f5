"""What all visitors share: one inspector a product, loaded when it is first asked for, and the embedded examples."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image

from dfsc import CheckpointError, Detector, Inspector, product_detectors
from dfsc.checkpoints.weights import weights_folder
from dfsc.images.decoding import image_files
from dfsc.interface.session.zerogpu import own_device

EXAMPLE_KINDS = ("good", "logical", "structural", "disagree", "missed")
SHOWN_FIRST = ("logical", "structural", "good", "disagree", "missed")

_loading = Lock()


@dataclass(frozen=True)
class Example:
    """An embedded photograph; `kind` is one of EXAMPLE_KINDS and `number` counts from 1 within its kind."""

    kind: str
    number: int
    path: Path

    @property
    def fault(self) -> str:
        """What is wrong with the part, by its file: one-missing-1011.jpg → one missing; "" if its name says nothing."""
        words = [word for word in self.path.stem.split("-") if not word.isdigit()]
        return "" if self.kind == "good" else " ".join(words)

    @property
    def region(self) -> np.ndarray | None:
        """Where the fault is, bool H×W: the mask of the same name in the folder `regions`, if there is one."""
        mask = self.path.parents[1] / "regions" / self.kind / f"{self.path.stem}.png"
        if not mask.is_file():
            return None
        with Image.open(mask) as picture:
            return np.asarray(picture.convert("L")) > 0


def inspector(product: str) -> Inspector:
    """The product's inspector with all its embedded detectors; raises CheckpointError when they can't be loaded."""
    with _loading:
        return _inspector(product)


def shown_here(detectors: list[Detector]) -> list[Detector]:
    """The detectors themselves; raises CheckpointError for those of tiles, which the page can't show."""
    if tiled := [detector for detector in detectors if detector.config.tiles]:
        raise CheckpointError(
            f"{tiled[0].config.name} sees photos in tiles, whose large maps this page can't show; inspect with it on "
            "the command line (dfsc inspect) or in Python."
        )
    return detectors


def examples(product: str) -> list[Example]:
    """A product's embedded examples, by kind; empty when there are none."""
    folder = weights_folder() / "examples" / product
    return [
        Example(kind, number, path)
        for kind in EXAMPLE_KINDS
        if (folder / kind).is_dir()
        for number, path in enumerate(image_files(folder / kind), start=1)
    ]


def first_example(product: str) -> Example | None:
    """The example that says most about the methods: a logical one if there is any."""
    return min(examples(product), key=lambda example: SHOWN_FIRST.index(example.kind), default=None)


@cache
def _inspector(product: str) -> Inspector:
    return Inspector(shown_here(product_detectors(product)), device=own_device())

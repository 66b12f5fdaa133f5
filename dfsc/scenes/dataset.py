"""Writes a product's data set in the layout of MVTec LOCO AD; an interrupted run goes on where it stopped."""

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from dfsc.errors import DatasetError
from dfsc.files import read_json
from dfsc.scenes.optics.noise import derive, stream
from dfsc.scenes.product import Family, Product
from dfsc.scenes.rendering import check_seed, find_product, render

RECORD = "render.json"
CONFIG = "defects_config.json"
# Raise this when pictures of the same seed change: a folder then never mixes two versions' pictures.
VERSION = 1
TWO_DEFECTS = 0.2


@dataclass(frozen=True)
class Counts:
    """How many images each part of a data set has; the three test parts are `good`, `logical` and `structural`."""

    train: int = 200
    validation: int = 60
    good: int = 200
    logical: int = 200
    structural: int = 200

    def __post_init__(self) -> None:
        if any(value < 0 for value in asdict(self).values()):
            raise DatasetError("A number of images can't be negative.")

    @property
    def total(self) -> int:
        """Images in all parts together."""
        return sum(asdict(self).values())


class Drawing(NamedTuple):
    """What `render` draws an image of a data set from, once more and bit for bit."""

    product: str
    seed: int
    defects: tuple[str, ...]


class Source(NamedTuple):
    """What decides all images of a data set but for their number: see `write_dataset`."""

    product: str
    seed: int
    graded: bool

    def drawing(self, part: str, index: int) -> Drawing:
        """How the image of a part of Counts with this index is drawn."""
        seed = derive(self.seed, self.product, part, index)
        names = planned_defects(find_product(self.product), seed, PARTS[part][1], index, self.graded)
        return Drawing(self.product, seed, names)

    def record(self) -> dict[str, object]:
        """What a folder's record says of it; data sets without graded defects had none of that when they began."""
        record: dict[str, object] = {"version": VERSION, "product": self.product, "seed": self.seed}
        return record | ({"graded": True} if self.graded else {})


class Progress(NamedTuple):
    """One image is on disk: `done` of `total` images, the newest at `path`."""

    done: int
    total: int
    path: Path


# Folder of each part of Counts, and the family of the defects that its images have.
PARTS: dict[str, tuple[str, Family | None]] = {
    "train": ("train/good", None),
    "validation": ("validation/good", None),
    "good": ("test/good", None),
    "logical": ("test/logical_anomalies", "logical"),
    "structural": ("test/structural_anomalies", "structural"),
}


def planned_defects(
    product: Product, seed: int, family: Family | None, index: int, graded: bool = False
) -> tuple[str, ...]:
    """Names of the defects of the image with this seed and index: the family's kinds in turn, sometimes a second.

    A graded one always comes alone, so that its severity is the image's.
    """
    if family is None:
        return ()
    kinds = product.family(family, graded)
    names = [kind.name for kind in kinds]
    first = names[index % len(names)]
    rng = stream(seed, "defects")
    if kinds[0].graded or rng.random() >= TWO_DEFECTS:
        return (first,)
    return (first, str(rng.choice([name for name in names if name != first])))


def drawing_of(image: Path) -> Drawing | None:
    """How an image in a folder of `write_dataset` was drawn; None for an image that lies elsewhere.

    Raises:
        DatasetError: when another version of the renderer drew the folder, or its record can't be read.
    """
    root = image.parent.parent.parent
    parts = {folder: part for part, (folder, _) in PARTS.items()}
    part = parts.get(f"{image.parent.parent.name}/{image.parent.name}")
    if part is None or not image.stem.isdecimal() or not (root / RECORD).is_file():
        return None
    try:
        record = read_json(root / RECORD)
        version, product = record["version"], find_product(record["product"]).name
        source = Source(product, check_seed(record["seed"]), bool(record.get("graded", False)))
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{root / RECORD} can't be read; render the data set again.") from error
    if version != VERSION:
        raise DatasetError(f"{root} was drawn by another version of this renderer; render it again.")
    return source.drawing(part, int(image.stem))


def _save(pixels: np.ndarray, path: Path) -> None:
    """Write a PNG so that a file under its final name is always complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    Image.fromarray(pixels).save(unfinished, "PNG", compress_level=4)
    os.replace(unfinished, path)


def _write_text(path: Path, content: object) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, path)


def _claim(out: Path, source: Source, counts: Counts) -> None:
    """Make sure that `out` is new, or holds a part of this very data set; then record what it holds."""
    record = source.record()
    if not (out / RECORD).exists():
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise DatasetError(f"{out} is not empty and holds no rendered data set; choose a new folder.")
        out.mkdir(parents=True, exist_ok=True)
    else:
        try:
            found = read_json(out / RECORD)
            same = {key: value for key, value in found.items() if key != "counts"} == record
            fits = all(found["counts"][field.name] <= getattr(counts, field.name) for field in fields(Counts))
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{out / RECORD} can't be read; choose a new folder.") from error
        if not (same and fits):
            raise DatasetError(
                f"{out} holds another data set (product, seed, kinds of defect or more images); choose a new folder."
            )
    _write_text(out / RECORD, record | {"counts": asdict(counts)})
    config = [
        {
            "defect_name": kind.name,
            "pixel_value": kind.pixel_value,
            "saturation_threshold": kind.saturation_threshold,
            "relative_saturation": kind.relative_saturation,
        }
        for kind in find_product(source.product).kinds
    ]
    _write_text(out / CONFIG, config)


def _write_image(out: Path, source: Source, image: tuple[str, int]) -> Path:
    """Render one image and its masks, unless it is there; the image comes last and so vouches for its masks."""
    part, index = image
    folder, _ = PARTS[part]
    path = out / folder / f"{index:03d}.png"
    if path.exists():
        return path
    picture = render(*source.drawing(part, index))
    masks = out / "ground_truth" / Path(folder).name / path.stem
    for number, (kind, mask) in enumerate(picture.masks):
        _save(mask.astype(np.uint8) * np.uint8(kind.pixel_value), masks / f"{number:03d}.png")
    _save(picture.image, path)
    return path


def _write_all(out: Path, source: Source, counts: Counts, workers: int) -> Iterator[Progress]:
    written: Iterable[Path]
    images = [(part, index) for part in PARTS for index in range(getattr(counts, part))]
    with ExitStack() as stack:
        if workers > 1:
            pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
            written = stack.enter_context(pool).map(partial(_write_image, out, source), images)
        else:
            written = (_write_image(out, source, image) for image in images)
        for done, path in enumerate(written, start=1):
            yield Progress(done, counts.total, path)


def write_dataset(
    product: str, out: str | Path, seed: int, counts: Counts = Counts(), workers: int = 1, graded: bool = False
) -> Iterator[Progress]:
    """Write a data set of a product into the folder `out`, one image a step of the returned iterator.

    Images that are there already are kept, so that the same call after an interruption completes the folder; larger
    counts add to it. Each image depends on (seed, part, index) alone. With `graded`, the logical defects are the kinds
    that come in every severity; all other images are the same as without. `workers` are processes.

    Raises:
        DatasetError: at once, before the first step, for an unknown product, one without graded defects, a negative
            seed or a folder that holds something else.
    """
    if graded and not find_product(product).family("logical", graded):
        raise DatasetError(f"{product} has no graded defects; render it without --graded.")
    source, folder = Source(find_product(product).name, check_seed(seed), graded), Path(out)
    _claim(folder, source, counts)
    return _write_all(folder, source, counts, workers)

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


def planned_defects(product: Product, seed: int, family: Family | None, index: int) -> tuple[str, ...]:
    """Names of the defects of the image with this seed and index: the family's kinds in turn, sometimes a second."""
    if family is None:
        return ()
    names = [kind.name for kind in product.family(family)]
    first = names[index % len(names)]
    rng = stream(seed, "defects")
    if rng.random() >= TWO_DEFECTS:
        return (first,)
    return (first, str(rng.choice([name for name in names if name != first])))


def _drawing(product: Product, seed: int, part: str, index: int) -> Drawing:
    own_seed = derive(seed, product.name, part, index)
    return Drawing(product.name, own_seed, planned_defects(product, own_seed, PARTS[part][1], index))


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
        version, product, seed = record["version"], find_product(record["product"]), check_seed(record["seed"])
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{root / RECORD} can't be read; render the data set again.") from error
    if version != VERSION:
        raise DatasetError(f"{root} was drawn by another version of this renderer; render it again.")
    return _drawing(product, seed, part, int(image.stem))


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


def _claim(out: Path, product: Product, seed: int, counts: Counts) -> None:
    """Make sure that `out` is new, or holds a part of this very data set; then record what it holds."""
    record = {"version": VERSION, "product": product.name, "seed": seed, "counts": asdict(counts)}
    if not (out / RECORD).exists():
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise DatasetError(f"{out} is not empty and holds no rendered data set; choose a new folder.")
        out.mkdir(parents=True, exist_ok=True)
    else:
        try:
            found = read_json(out / RECORD)
            same = all(found[key] == record[key] for key in ("version", "product", "seed"))
            fits = all(found["counts"][field.name] <= getattr(counts, field.name) for field in fields(Counts))
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{out / RECORD} can't be read; choose a new folder.") from error
        if not (same and fits):
            raise DatasetError(f"{out} holds another data set (product, seed or more images); choose a new folder.")
    _write_text(out / RECORD, record)
    config = [
        {
            "defect_name": kind.name,
            "pixel_value": kind.pixel_value,
            "saturation_threshold": kind.saturation_threshold,
            "relative_saturation": kind.relative_saturation,
        }
        for kind in product.kinds
    ]
    _write_text(out / CONFIG, config)


def _write_image(out: Path, product: Product, seed: int, part: str, index: int) -> Path:
    """Render one image and its masks, unless it is there; the image comes last and so vouches for its masks."""
    folder, _ = PARTS[part]
    path = out / folder / f"{index:03d}.png"
    if path.exists():
        return path
    picture = render(*_drawing(product, seed, part, index))
    masks = out / "ground_truth" / Path(folder).name / path.stem
    for number, (kind, mask) in enumerate(picture.masks):
        _save(mask.astype(np.uint8) * np.uint8(kind.pixel_value), masks / f"{number:03d}.png")
    _save(picture.image, path)
    return path


def _write_all(out: Path, product: Product, seed: int, counts: Counts, workers: int) -> Iterator[Progress]:
    written: Iterable[Path]
    images = [(part, index) for part in PARTS for index in range(getattr(counts, part))]
    with ExitStack() as stack:
        if workers > 1:
            pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
            written = stack.enter_context(pool).map(partial(_write_found, out, product.name, seed), images)
        else:
            written = (_write_image(out, product, seed, *image) for image in images)
        for done, path in enumerate(written, start=1):
            yield Progress(done, counts.total, path)


def _write_found(out: Path, product: str, seed: int, image: tuple[str, int]) -> Path:
    """In another process, to which a product goes by its name."""
    return _write_image(out, find_product(product), seed, *image)


def write_dataset(
    product: str, out: str | Path, seed: int, counts: Counts = Counts(), workers: int = 1
) -> Iterator[Progress]:
    """Write a data set of a product into the folder `out`, one image a step of the returned iterator.

    Images that are there already are kept, so that the same call after an interruption completes the folder; larger
    counts add to it. Each image depends on (seed, part, index) alone. Raises DatasetError at once, before the first
    step, for an unknown product, a negative seed or a folder that holds something else. `workers` are processes.
    """
    chosen, folder = find_product(product), Path(out)
    _claim(folder, chosen, check_seed(seed), counts)
    return _write_all(folder, chosen, seed, counts, workers)

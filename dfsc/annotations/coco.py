"""COCO's annotations as pixels: polygons and run lengths, in one JSON for many images.

The run lengths' text is as in COCO's own API: of each number five bits a character, lowest first, and from the third on
its difference to the number two before.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dfsc.annotations.outlines import fill
from dfsc.errors import DatasetError
from dfsc.files import read_json
from dfsc.images.decoding import MAX_PIXELS

_MOST_PLACE = 40  # bits of a run's length


@dataclass(frozen=True)
class Annotated:
    """An image as the file describes it: its name, width, height, labels and segmentations, one of each a defect."""

    name: str
    width: int
    height: int
    labels: tuple[str, ...]
    segmentations: tuple[Any, ...]


def annotated_images(file: Path) -> tuple[Annotated, ...] | None:
    """All images of a file; None for one that is not COCO's."""
    return _parsed(file, file.stat().st_mtime_ns)


def segmented_pixels(file: Path, image: Path) -> np.ndarray:
    """Boolean H×W, true within what COCO's file segments on an image.

    Raises:
        DatasetError: where the file does not describe the image, or only by boxes.
    """
    entries = [one for one in annotated_images(file) or () if _is(image, one.name)]
    if len(entries) != 1:
        raise DatasetError(f"{file} was expected to describe {image.name} once, but does {len(entries)} times.")
    (one,) = entries
    marked = np.zeros((one.height, one.width), bool)
    for label, segmentation in zip(one.labels, one.segmentations, strict=True):
        try:
            _draw(marked, segmentation)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DatasetError(
                f"The {label} on {image.name} in {file} was expected to have a polygon or run lengths, but has not."
            ) from error
    return marked


@lru_cache(maxsize=2)
def _parsed(file: Path, _changed: int) -> tuple[Annotated, ...] | None:
    try:
        content = read_json(file)
        names = {category["id"]: str(category["name"]) for category in content["categories"]}
        defects: dict[Any, list[tuple[str, Any]]] = {}
        for one in content["annotations"]:
            defects.setdefault(one["image_id"], []).append((names[one["category_id"]], one.get("segmentation")))
        return tuple(_image(image, defects.get(image["id"], [])) for image in content["images"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _image(image: dict, defects: list[tuple[str, Any]]) -> Annotated:
    width, height = image["width"], image["height"]
    if type(width) is not int or type(height) is not int or not 0 < width * height <= MAX_PIXELS or width < 0:
        raise ValueError("no size")
    return Annotated(
        str(image["file_name"]), width, height, tuple(name for name, _ in defects), tuple(s for _, s in defects)
    )


def _is(image: Path, name: str) -> bool:
    parts = Path(name.replace("\\", "/")).parts
    return image.parts[-len(parts) :] == parts


def _draw(marked: np.ndarray, segmentation: Any) -> None:
    if isinstance(segmentation, list) and segmentation:
        for corners in segmentation:
            points = np.array(corners, np.float64).reshape(-1, 2)
            if not np.isfinite(points).all():
                raise ValueError("no points")
            fill(marked, points)
        return
    counts = segmentation["counts"]
    counts = _numbers(counts) if isinstance(counts, str) else [int(count) for count in counts]
    if segmentation["size"] != list(marked.shape) or sum(counts) != marked.size or min(counts) < 0:
        raise ValueError("another size")
    values = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    marked |= values.reshape(marked.shape, order="F")


def _numbers(text: str) -> list[int]:
    numbers: list[int] = []
    place = value = 0
    for character in text.encode("ascii"):
        bits = character - 48
        if place > _MOST_PLACE:
            raise ValueError("a run is longer than any picture")
        value |= (bits & 31) << place
        place += 5
        if not bits & 32:
            value -= (bits & 16) << place - 4  # the sign
            numbers.append(value + (numbers[-2] if len(numbers) > 2 else 0))
            place = value = 0
    return numbers

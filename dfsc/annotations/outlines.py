"""Outlines instead of masks, as labelme writes them: the pixels whose centres lie within.

Points are in pixels from the image's upper left corner, so that the first pixel's centre is (0.5, 0.5), and a rectangle
from (10, 10) to (20, 20) covers 100 pixels. Where an outline crosses itself, the even-odd rule says what is within.
"""

import base64
import binascii
from pathlib import Path
from typing import Any

import numpy as np

from dfsc.errors import DatasetError, ImageError
from dfsc.files import read_json
from dfsc.images.decoding import MAX_PIXELS, read_image

FAR_OUTSIDE = 1e9  # pixels
IGNORED = ("_background_", "__ignore__")  # labelme's names for what is no object


def labels_of(file: Path) -> list[str] | None:
    """The labels of the outlines that labelme's file has, each once; None for a file that is not labelme's."""
    shapes = _shapes(file)
    return shapes if shapes is None else list(dict.fromkeys(str(shape.get("label")) for shape in shapes))


def outlined_pixels(file: Path) -> np.ndarray:
    """Boolean H×W, true within the outlines of labelme's file, which tells the image's size.

    Raises:
        DatasetError: for a file that is not labelme's, or an outline that has no area, such as a line.
    """
    shapes = _shapes(file)
    if shapes is None:
        raise DatasetError(f"The mask {file} was expected to be labelme's JSON, but is not.")
    content = read_json(file)
    height, width = content.get("imageHeight"), content.get("imageWidth")
    if not all(type(edge) is int and edge > 0 for edge in (height, width)) or height * width > MAX_PIXELS:
        raise DatasetError(f"The mask {file} was expected to tell imageHeight and imageWidth, but does not.")
    marked = np.zeros((height, width), bool)
    for shape in shapes:
        kind = str(shape.get("shape_type") or "polygon")
        if kind not in _DRAWN:
            raise DatasetError(
                f"The mask {file} has a {kind} called {shape.get('label')}, which has no area; outline it."
            )
        try:
            points = np.array(shape["points"], np.float64)
            if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
                raise ValueError("no points")
            _DRAWN[kind](marked, points, shape)
        except (KeyError, TypeError, ValueError, OverflowError, binascii.Error, ImageError) as error:
            raise DatasetError(
                f"The mask {file} has a {kind} that can't be read; save it anew with labelme."
            ) from error
    return marked


def fill(marked: np.ndarray, corners: np.ndarray) -> None:
    """Mark the pixels of a boolean H×W whose centres lie within a polygon of K×2 corners (x, y)."""
    if len(corners) < 3:
        raise ValueError("a polygon needs three corners")
    if np.abs(corners).max() > FAR_OUTSIDE:
        raise ValueError("a corner lies far outside of any picture")
    height, width = marked.shape
    (x0, y0), (x1, y1) = corners.T, np.roll(corners, -1, axis=0).T
    first, last = np.clip([corners[:, 1].min(), corners[:, 1].max() + 1], 0, height).astype(int)
    for row in range(first, last):
        y = row + 0.5
        crossed = (y0 <= y) != (y1 <= y)
        x = x0[crossed] + (y - y0[crossed]) * (x1 - x0)[crossed] / (y1 - y0)[crossed]
        bounds = np.ceil(np.sort(x).clip(0, width) - 0.5).astype(int)
        for left, right in zip(bounds[::2], bounds[1::2], strict=True):
            marked[row, left:right] = True


def _polygon(marked: np.ndarray, points: np.ndarray, _shape: dict) -> None:
    fill(marked, points)


def _rectangle(marked: np.ndarray, points: np.ndarray, _shape: dict) -> None:
    (left, top), (right, bottom) = points if len(points) == 2 else (points.min(0), points.max(0))
    fill(marked, np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))


def _circle(marked: np.ndarray, points: np.ndarray, _shape: dict) -> None:
    """From its centre and a point on it."""
    centre, edge = points
    y, x = np.indices(marked.shape) + 0.5
    marked |= (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= ((edge - centre) ** 2).sum()


def _mask(marked: np.ndarray, points: np.ndarray, shape: dict) -> None:
    """A picture in base64 whose first pixel lies at the first point."""
    part = read_image(base64.b64decode(shape["mask"], validate=True)).max(axis=-1) > 0
    left, top = points[0].astype(int)
    if left < 0 or top < 0:
        raise ValueError("outside of the image")
    place = marked[top : top + part.shape[0], left : left + part.shape[1]]
    place |= part[: place.shape[0], : place.shape[1]]


_DRAWN = {"polygon": _polygon, "rectangle": _rectangle, "circle": _circle, "mask": _mask}


def _shapes(file: Path) -> list[dict[str, Any]] | None:
    try:
        content = read_json(file)
    except (OSError, ValueError):
        return None
    shapes = content.get("shapes") if isinstance(content, dict) else None
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        return None
    return [shape for shape in shapes if shape.get("label") not in IGNORED]

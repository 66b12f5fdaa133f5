"""Defects made by hand: a photograph in which a part is erased, copied, swapped, recoloured, or scratched.

For trying out a detector, not for measuring it. Places are shares of the photograph's width and height, 0 to 1, so that
they hold for every size of it.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dfsc.errors import DFSCError

Place = tuple[float, float]
Box = tuple[float, float, float, float]

SMALLEST = 4
STRIP = 3
FEATHER = 1.5
SCRATCH_WIDTH = 0.006
SCRATCH_OPACITY = 0.85


class TamperingError(DFSCError):
    """A defect can't be made there."""


def erase(image: np.ndarray, box: Box) -> np.ndarray:
    """Fill a box (left, top, right, bottom) with what surrounds it: each pixel blends the four edges by nearness.

    Args:
        image: RGB uint8 H×W×3, not changed.

    Raises:
        TamperingError: for a box of fewer than 4×4 pixels.
    """
    left, top, right, bottom = _pixels(image, box)
    rows = np.linspace(0, 1, bottom - top)[:, None, None]
    columns = np.linspace(0, 1, right - left)[None, :, None]
    above, below = _edge(image, top, -1, 0)[left:right], _edge(image, bottom - 1, 1, 0)[left:right]
    before, after = _edge(image, left, -1, 1)[top:bottom], _edge(image, right - 1, 1, 1)[top:bottom]
    vertical = above[None] * (1 - rows) + below[None] * rows
    horizontal = before[:, None] * (1 - columns) + after[:, None] * columns
    nearness = np.minimum(columns, 1 - columns) + 1e-3, np.minimum(rows, 1 - rows) + 1e-3
    filled = (vertical * nearness[0] + horizontal * nearness[1]) / (nearness[0] + nearness[1])
    grain = np.random.default_rng(0).normal(0, _grain(image), filled.shape)
    patch = image.copy()
    patch[top:bottom, left:right] = np.clip(np.round(filled + grain), 0, 255)
    return _blended(image, patch, (left, top, right, bottom))


def copy(image: np.ndarray, box: Box, to: Place) -> np.ndarray:
    """Put a copy of a box with its centre at another place, cut off where it reaches beyond the photograph.

    Raises:
        TamperingError: for a box of fewer than 4×4 pixels.
    """
    return _placed(image, image, box, to)


def swap(image: np.ndarray, box: Box, to: Place) -> np.ndarray:
    """Exchange a box with what lies around another place, as far as the photograph goes there.

    Raises:
        TamperingError: for a box of fewer than 4×4 pixels.
    """
    half = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    other = to[0] - half[0], to[1] - half[1], to[0] + half[0], to[1] + half[1]
    return _placed(_placed(image, image, box, to), image, other, (box[0] + half[0], box[1] + half[1]))


def recolour(image: np.ndarray, box: Box, shift: Sequence[float]) -> np.ndarray:
    """Add a shift of red, green and blue, in grey levels, inside a box.

    Raises:
        TamperingError: for a box of fewer than 4×4 pixels.
    """
    shifted = np.clip(np.round(image + np.asarray(shift, np.float32)), 0, 255).astype(np.uint8)
    return _blended(image, shifted, _pixels(image, box))


def scratch(image: np.ndarray, path: Sequence[Place]) -> np.ndarray:
    """A bright scratch with a dark edge along a path of places.

    Raises:
        TamperingError: for a path of fewer than two places.
    """
    if len(path) < 2:
        raise TamperingError("A scratch needs a line; draw it with the pointer held down.")
    height, width = image.shape[:2]
    points = [(x * width, y * height) for x, y in path]
    thickness = max(1.0, SCRATCH_WIDTH * max(width, height))
    edge, core = (_line(image, points, share * thickness) for share in (1.8, 1.0))
    pixels = image.astype(np.float32)
    pixels += (pixels * 0.45 - pixels) * edge
    pixels += (np.maximum(pixels, 215) - pixels) * core * SCRATCH_OPACITY
    return np.clip(np.round(pixels), 0, 255).astype(np.uint8)


def _placed(image: np.ndarray, source: np.ndarray, box: Box, to: Place) -> np.ndarray:
    """The image with a box of another one of its size, centred at a place."""
    left, top, right, bottom = _pixels(source, box)
    height, width = image.shape[:2]
    x = round(to[0] * width - (right - left) / 2)
    y = round(to[1] * height - (bottom - top) / 2)
    picture = Image.fromarray(image.copy())
    picture.paste(Image.fromarray(source[top:bottom, left:right]), (x, y))
    place = max(0, x), max(0, y), min(width, x + right - left), min(height, y + bottom - top)
    return _blended(image, np.asarray(picture), place)


def _pixels(image: np.ndarray, box: Box) -> tuple[int, int, int, int]:
    height, width = image.shape[:2]
    (left, right), (top, bottom) = sorted((box[0], box[2])), sorted((box[1], box[3]))
    left, right = (round(min(max(x, 0), 1) * width) for x in (left, right))
    top, bottom = (round(min(max(y, 0), 1) * height) for y in (top, bottom))
    if min(right - left, bottom - top) < SMALLEST:
        raise TamperingError("That part is too small to work on; draw a larger box around it.")
    return left, top, right, bottom


def _edge(image: np.ndarray, index: int, outward: int, axis: int) -> np.ndarray:
    """Mean of the three rows (axis 0) or columns (axis 1) outside of one; at the photograph's border, itself."""
    indices = index + outward * np.arange(1, STRIP + 1)
    inside = indices[(indices >= 0) & (indices < image.shape[axis])]
    return image.take(inside if len(inside) else [index], axis=axis).mean(axis=axis, dtype=np.float32)


def _grain(image: np.ndarray) -> float:
    """The photograph's noise: its median difference between neighbours, as a standard deviation."""
    return float(np.median(np.abs(np.diff(image[..., 1].astype(np.float32), axis=1))) / 0.954)


def _blended(image: np.ndarray, changed: np.ndarray, place: tuple[int, int, int, int]) -> np.ndarray:
    """The changed photograph inside a rectangle with soft edges, the other one outside of it."""
    left, top, right, bottom = place
    mask = Image.new("L", image.shape[1::-1])
    ImageDraw.Draw(mask).rectangle((left, top, right - 1, bottom - 1), fill=255)
    share = np.asarray(mask.filter(ImageFilter.GaussianBlur(FEATHER)), np.float32)[..., None] / 255
    # Outside of the rectangle both are equal, so the blur softens its inner side alone.
    return np.round(image + (changed.astype(np.float32) - image) * share).astype(np.uint8)


def _line(image: np.ndarray, points: Sequence[Place], thickness: float) -> np.ndarray:
    mask = Image.new("L", image.shape[1::-1])
    ImageDraw.Draw(mask).line(points, fill=255, width=max(1, round(thickness)), joint="curve")
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(0.6)), np.float32)[..., None] / 255

"""Signed distances to flat shapes, in product units (pixels at scale 1): negative inside, zero on the outline.

All functions take coordinate arrays `x`, `y` of one shape and return an array of that shape.
"""

from itertools import pairwise

import numpy as np


def circle(x: np.ndarray, y: np.ndarray, cx: float, cy: float, radius: float) -> np.ndarray:
    """Distance to a circle's outline."""
    return np.hypot(x - cx, y - cy) - radius


def rounded_box(
    x: np.ndarray, y: np.ndarray, centre: tuple[float, float], half: tuple[float, float], radius: float
) -> np.ndarray:
    """Distance to an upright box with half sizes `half` and corners rounded by `radius` (at most the smaller half)."""
    dx = np.abs(x - centre[0]) - (half[0] - radius)
    dy = np.abs(y - centre[1]) - (half[1] - radius)
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
    return outside + np.minimum(np.maximum(dx, dy), 0) - radius


def segment(x: np.ndarray, y: np.ndarray, a: tuple[float, float], b: tuple[float, float]) -> np.ndarray:
    """Unsigned distance to the straight line from `a` to `b`."""
    bx, by = b[0] - a[0], b[1] - a[1]
    along = ((x - a[0]) * bx + (y - a[1]) * by) / (bx * bx + by * by)
    along = np.clip(along, 0, 1)
    return np.hypot(x - a[0] - along * bx, y - a[1] - along * by)


def polyline(x: np.ndarray, y: np.ndarray, points: list[tuple[float, float]]) -> np.ndarray:
    """Unsigned distance to a chain of straight lines through two or more points."""
    distance = segment(x, y, points[0], points[1])
    for a, b in pairwise(points[1:]):
        np.minimum(distance, segment(x, y, a, b), out=distance)
    return distance


def turn(x: np.ndarray, y: np.ndarray, centre: tuple[float, float], angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in a frame with its origin at `centre`, turned by `angle` radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    dx, dy = x - centre[0], y - centre[1]
    return cos * dx + sin * dy, cos * dy - sin * dx


def cover(distance: np.ndarray, soft: float = 1.0) -> np.ndarray:
    """How much of each pixel a shape covers (0..1), with an edge `soft` units wide."""
    return np.clip(0.5 - distance / soft, 0, 1)


def ease(share: np.ndarray) -> np.ndarray:
    """From 0 to 1 with level ends, for a share of the way (0..1)."""
    return share * share * (3 - 2 * share)


def dome(distance: np.ndarray, width: float) -> np.ndarray:
    """A rounded edge: 0 on the outline, rising to 1 at `width` units inside it, level there (0..1)."""
    return np.sin(np.pi / 2 * np.clip(-distance / width, 0, 1))

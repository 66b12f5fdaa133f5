"""The one colour scale, and maps drawn over photographs with it.

The scale is fixed by the good images through the calibration: 0 and 0.1 are their 0.9 and 0.995 quantiles, 0.3 is its
end. No picture is stretched to its own values, so the same colour means the same everywhere. A map is the more opaque
the higher it is, so that normal regions show the photograph itself.
"""

from functools import cache

import matplotlib
import numpy as np

from dfsc.geometry import place_on_image
from dfsc.models.calibration import UPPER_VALUE

SCALE_END = 0.3
SCALE_MARKS = (0.0, UPPER_VALUE, SCALE_END)
OPACITY = 0.86
COLOUR_MAP, COLOUR_MAP_RANGE = "inferno", (0.3, 0.97)
LEVELS = 256


def scale_position(values: np.ndarray | float) -> np.ndarray:
    """Map values of any shape → position on the colour scale in [0, 1]: 0 at or below 0, 1 from SCALE_END on."""
    return np.clip(np.asarray(values, dtype=np.float32) / SCALE_END, 0, 1)


def colours(values: np.ndarray | float) -> np.ndarray:
    """Map values of any shape → RGB uint8, shape …×3."""
    return _table()[np.round(scale_position(values) * (LEVELS - 1)).astype(np.intp)]


def opacity(values: np.ndarray | float, strength: float = OPACITY) -> np.ndarray:
    """Map values of any shape → how much of the colour covers the photograph, 0 (value ≤ 0) to `strength`."""
    position = scale_position(values)
    return strength * position * (2 - position)


def overlay(image: np.ndarray, cells: np.ndarray, strength: float = OPACITY) -> np.ndarray:
    """A map over its photograph, each cell at its true place.

    Args:
        image: RGB uint8 H×W×3.
        cells: map 56×56 on the normalised scale.
        strength: opacity in [0, 1] of values at the end of the scale.

    Returns:
        RGB uint8 H×W×3; the photograph itself wherever the map is 0 or less.
    """
    height, width = image.shape[:2]
    values = place_on_image(cells, width, height)
    share = opacity(values, strength)[..., None]
    return np.round(image + (colours(values) - image.astype(np.float32)) * share).astype(np.uint8)


def css_gradient(steps: int = 12) -> str:
    """The scale as a CSS linear-gradient from 0 to SCALE_END, as translucent as in the overlays."""
    values = np.linspace(0, SCALE_END, steps)
    stops = (
        f"rgba({red}, {green}, {blue}, {share:.3f}) {value / SCALE_END:.1%}"
        for value, (red, green, blue), share in zip(values, colours(values), opacity(values), strict=True)
    )
    return f"linear-gradient(to right, {', '.join(stops)})"


@cache
def _table() -> np.ndarray:
    shades = matplotlib.colormaps[COLOUR_MAP](np.linspace(*COLOUR_MAP_RANGE, LEVELS))
    return np.round(shades[:, :3] * 255).astype(np.uint8)

"""When a part is there: the picture differs from the empty scene and stands still.

Both are told on a small grey copy of the picture, from which the median of a difference is taken, so that neither noise
nor a lamp that gets brighter counts. No network runs for it.
"""

import numpy as np
from PIL import Image

GRID = (64, 48)
# A cell differs from so many grey levels on, and a picture from such a share of its cells on.
DIFFERS, MOVES = 14.0, 10.0
PRESENT_SHARE, MOVING_SHARE = 0.02, 0.01
STILL_SECONDS = 0.15
# How fast the empty scene follows slow changes of light, a picture.
FOLLOWS = 0.05


class PartPresent:
    """Says once of every part that it is there.

    The empty scene is the given one, or the first picture; it follows slow changes of light.
    """

    def __init__(self, empty: np.ndarray | None = None):
        """`empty` is RGB uint8 H×W×3."""
        self._empty = None if empty is None else _small(empty)
        self._last: np.ndarray | None = None
        self._still_since = 0.0
        self._told = False

    def fires(self, image: np.ndarray, seconds: float) -> bool:
        """Whether a part has just come to rest.

        Args:
            image: the next picture, RGB uint8 H×W×3.
            seconds: when it was taken.
        """
        small = _small(image)
        if self._empty is None:
            self._empty = small
        if self._last is None or _share(small - self._last, MOVES) >= MOVING_SHARE:
            self._still_since, self._told = seconds, False
        self._last = small
        if _share(small - self._empty, DIFFERS) < PRESENT_SHARE:
            self._empty = self._empty + FOLLOWS * (small - self._empty)
            self._told = False
            return False
        if self._told or seconds - self._still_since < STILL_SECONDS:
            return False
        self._told = True
        return True


def _small(image: np.ndarray) -> np.ndarray:
    grey = Image.fromarray(image).convert("L")
    return np.asarray(grey.resize(GRID, Image.Resampling.BOX), dtype=np.float32)


def _share(difference: np.ndarray, levels: float) -> float:
    """Of the cells that differ by more than so many grey levels, whatever all of them have in common."""
    return float((np.abs(difference - np.median(difference)) > levels).mean())

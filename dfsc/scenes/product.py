"""What a product is to the renderer: its name, the defects it can have, and the function that paints it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dfsc.scenes.optics.noise import stream
from dfsc.scenes.optics.pose import Pose
from dfsc.scenes.optics.surface import Surface

Family = Literal["logical", "structural"]


@dataclass(frozen=True)
class DefectKind:
    """One kind of defect and how MVTec LOCO AD scores it.

    A logical defect is a wrong arrangement of sound parts; a structural one is damage that shows locally.
    `pixel_value` (1..255) marks the kind in mask files. `saturation_threshold` says how much of the mask must be
    found for full credit: a share in (0, 1] of its area if `relative_saturation`, else an area in pixels. A `graded`
    kind comes in every severity, from hardly visible to gross; a data set has either graded logical kinds or the
    others.
    """

    name: str
    family: Family
    pixel_value: int
    saturation_threshold: float
    relative_saturation: bool
    graded: bool = False


Masks = tuple[tuple[DefectKind, np.ndarray], ...]


@dataclass(frozen=True)
class Product:
    """A product that can be drawn.

    `paint(surface, seed, kinds)` draws one unit with exactly these defects onto an empty surface and returns a
    mask (H, W, bool) for each of them, in the order of `kinds`. `place(rng, shape)` draws how a unit lies under the
    camera.
    """

    name: str
    summary: str
    kinds: tuple[DefectKind, ...]
    paint: Callable[[Surface, int, Sequence[DefectKind]], Masks]
    place: Callable[[np.random.Generator, tuple[int, int]], Pose]

    def family(self, family: Family, graded: bool = False) -> tuple[DefectKind, ...]:
        """The product's kinds of defect of one family, of the logical one either the graded or the other ones."""
        graded = graded and family == "logical"
        return tuple(kind for kind in self.kinds if kind.family == family and kind.graded == graded)


def severity(seed: int, kind: str) -> float:
    """How severe a graded defect of the unit with this seed is, from 0, hardly visible, to 1, gross."""
    return float(stream(seed, f"{kind} severity").random())


def between(slight: float, gross: float, severity: float) -> float:
    """A size of a graded defect at its severity."""
    return slight + (gross - slight) * severity


@dataclass(frozen=True)
class Rendering:
    """A finished picture: `image` (H, W, 3) uint8 sRGB, and one (kind, mask) a defect, masks (H, W) bool."""

    image: np.ndarray
    masks: Masks

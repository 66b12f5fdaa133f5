"""The region of interest: which part of the photograph counts, at the resolution of the maps.

Maps are cut to the cells that count. That is all there is to it where a cell says nothing of what lies elsewhere; an
auto-encoder and FRE look at the whole photograph, though. So a detector that was made for a region never sees the rest:
the same blurred mean of good photographs stands there in every photograph, and no pixel of it moves a map.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from dfsc.annotations.masks import read_marked
from dfsc.errors import DFSCError
from dfsc.geometry import INPUT_SIZE, MAP_SIZE, cell_centre, nearest_cells

FILL_EDGE = 64
LEAST_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class Region:
    """Which cells of a map count.

    Attributes:
        cells: boolean, of the maps' shape, mostly 56×56.
        fill: RGB uint8 64×64×3, what is seen in place of the rest; None where the photograph is seen as it is.
    """

    cells: np.ndarray
    fill: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.cells.dtype != bool or self.cells.ndim != 2:
            raise DFSCError("A region is a boolean for each cell of a map; read one with dfsc.read_region.")
        if self.fill is not None and (self.fill.dtype != np.uint8 or self.fill.shape != (FILL_EDGE, FILL_EDGE, 3)):
            raise DFSCError(f"What stands outside of a region is a picture of {FILL_EDGE}×{FILL_EDGE} pixels in RGB.")
        if self.cells.mean() < LEAST_SHARE:
            raise DFSCError(
                f"The region covers less than {LEAST_SHARE:.0%} of the maps, whose cells lie in the photograph's inner "
                "part; draw a larger one."
            )

    @classmethod
    def drawn(cls, marked: np.ndarray) -> "Region":
        """The cells whose centres lie on what is marked in a photograph of any size, boolean H×W.

        Raises:
            DFSCError: where hardly any does.
        """
        centres = np.array([cell_centre(index) for index in range(MAP_SIZE)]) / INPUT_SIZE
        return cls(marked[np.ix_(*((centres * edge).astype(int) for edge in marked.shape))])

    @property
    def share(self) -> float:
        """Of the cells that count, 0 to 1."""
        return float(self.cells.mean())

    def filled(self, photographs: Iterable[np.ndarray]) -> "Region":
        """The same, with the blurred mean of good photographs (uint8 256×256×3 each) where nothing counts."""
        total, count = np.zeros((INPUT_SIZE, INPUT_SIZE, 3)), 0
        for photograph in photographs:
            total += photograph
            count += 1
        mean = Image.fromarray((total / max(count, 1)).round().astype(np.uint8))
        return Region(self.cells, np.asarray(mean.resize((FILL_EDGE, FILL_EDGE), Image.Resampling.BOX)))

    def seen(self, images: np.ndarray) -> np.ndarray:
        """What a detector sees of images uint8 …×256×256×3: the region, and its fill where it has one."""
        return images if self.fill is None else np.where(self.pixels[..., None], images, self._background)

    @cached_property
    def seen_key(self) -> bytes:
        """Equal for regions with which the same is seen of a photograph; empty where all of it is."""
        return b"" if self.fill is None else self.cells.tobytes() + self.fill.tobytes()

    @cached_property
    def pixels(self) -> np.ndarray:
        """Boolean 256×256: pixels whose nearest cell counts."""
        nearest = nearest_cells(INPUT_SIZE)
        return self.cells[np.ix_(nearest, nearest)]

    @cached_property
    def _background(self) -> np.ndarray:
        assert self.fill is not None
        large = Image.fromarray(self.fill).resize((INPUT_SIZE, INPUT_SIZE), Image.Resampling.BILINEAR)
        return np.asarray(large)


def read_region(file: str | Path) -> Region:
    """The region that a file marks on a photograph: white on black, or outlines as labelme or COCO write them.

    Raises:
        DFSCError: for one that marks nothing or hardly anything, or can be read in two ways.
        ImageError: for a file that can't be read.
    """
    return Region.drawn(read_marked(Path(file)))

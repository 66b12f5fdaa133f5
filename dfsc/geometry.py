"""The networks' input, their maps, and where a map's cells lie in a photograph (arXiv 2303.14535, appendix A.1).

Cell (i, j) sees the 33×33 px field whose centre lies at (16.5 + 4i, 16.5 + 4j) px of the 256×256 input.

A large photograph may be seen in tiles of that size instead, 224 px apart, so that they overlap by what no cell of the
next one is centred in, and their maps beside one another are one map with the same distance everywhere. The maps of n
tiles have 56 n cells along an edge, of 224 n + 32 px.
"""

import numpy as np

# Pixels of the square that all networks see, and cells of a map of theirs; those of a teacher in its distillation.
INPUT_SIZE = 256
MAP_SIZE = 56
PADDED_MAP_SIZE = 64
CELL_STRIDE = 4
FIRST_CELL_CENTRE = 16.5
TILE_STRIDE = MAP_SIZE * CELL_STRIDE


def input_edge(cells: int) -> int:
    """Pixels along an edge that are seen by so many cells: 256 for the 56 of a network, 224 more for another tile."""
    return cells * CELL_STRIDE + INPUT_SIZE - TILE_STRIDE


def cell_centre(index: float) -> float:
    """Centre of a map cell's field of view along one axis, in pixels of the 256 px network input."""
    return FIRST_CELL_CENTRE + CELL_STRIDE * index


def cell_at(x: float, y: float) -> tuple[int, int] | None:
    """Row and column of the cell of 56×56 nearest to a place given in shares (0 to 1) of the width and height.

    None in the outer ring, in which no cell is centred.
    """
    column, row = (round((share * INPUT_SIZE - FIRST_CELL_CENTRE) / CELL_STRIDE) for share in (x, y))
    return (row, column) if 0 <= row < MAP_SIZE and 0 <= column < MAP_SIZE else None


def nearest_cells(pixels: int) -> np.ndarray:
    """For each of so many pixels along an edge of the photograph the index of the cell that is centred nearest."""
    return _cell_coordinates(pixels, MAP_SIZE).round().astype(int)


def place_on_image(cells: np.ndarray, width: int, height: int) -> np.ndarray:
    """A map, 56×56 or of tiles, at the photograph's size: float32 height×width, bilinear, cells at their true centres.

    The outer ring (16.5 px of 256), in which no cell is centred, repeats the nearest cell.
    """
    rows = _cell_coordinates(height, cells.shape[0])
    columns = _cell_coordinates(width, cells.shape[1])
    return _interpolate(_interpolate(cells.astype(np.float32), rows).T, columns).T


def _cell_coordinates(pixels: int, cells: int) -> np.ndarray:
    centres = (np.arange(pixels) + 0.5) * input_edge(cells) / pixels
    return np.clip((centres - FIRST_CELL_CENTRE) / CELL_STRIDE, 0, cells - 1)


def _interpolate(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    below = np.minimum(positions.astype(int), len(values) - 2)
    share = (positions - below).astype(np.float32)[:, None]
    return values[below] * (1 - share) + values[below + 1] * share

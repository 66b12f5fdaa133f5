"""A large photograph as overlapping tiles of the networks' size, so that nothing is lost by making it small."""

import numpy as np
from PIL import Image

from dfsc.geometry import INPUT_SIZE, MAP_SIZE, TILE_STRIDE, input_edge

# Rows and columns.
Tiles = tuple[int, int]
MOST_ALONG_AN_EDGE = 16


def tiles_for(width: int, height: int, longer: int) -> Tiles:
    """So many tiles along the longer edge of photographs of a size, and along the other as keeps their proportions."""
    share = min(width, height) / max(width, height)
    shorter = max(1, round((share * input_edge(longer * MAP_SIZE) - INPUT_SIZE) / TILE_STRIDE) + 1)
    return (shorter, longer) if width >= height else (longer, shorter)


def resized_for(image: np.ndarray, tiles: Tiles | None) -> np.ndarray:
    """The resize rule for tiles: stretch to the size that they cover, bilinear with antialias; None for one network's.

    Args:
        image: RGB uint8 H×W×3.

    Returns:
        RGB uint8, 224 rows + 32 px high and 224 columns + 32 px wide.
    """
    rows, columns = tiles or (1, 1)
    size = input_edge(columns * MAP_SIZE), input_edge(rows * MAP_SIZE)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def tile(image: np.ndarray, row: int, column: int) -> np.ndarray:
    """One tile, 256×256×3, of an image that was resized for tiles (a view)."""
    top, left = row * TILE_STRIDE, column * TILE_STRIDE
    return image[top : top + INPUT_SIZE, left : left + INPUT_SIZE]


def tiles_of(images: np.ndarray, tiles: Tiles) -> np.ndarray:
    """All tiles of N images uint8 N×H×W×3, image by image and row by row: (N rows columns)×256×256×3."""
    rows, columns = tiles
    return np.stack([tile(one, row, column) for one in images for row in range(rows) for column in range(columns)])

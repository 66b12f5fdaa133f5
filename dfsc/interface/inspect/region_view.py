"""The true region of an example's fault: an outline over the photo and the maps, shown when the visitor wants it."""

import numpy as np
from PIL import Image

from dfsc.interface import wording

EDGE = 480


def region_switch_html(region: np.ndarray | None) -> str:
    """A box that shows or hides the outline (static/region.js); empty without a region."""
    if region is None:
        return ""
    return f'<label class="switch region-switch"><input type="checkbox" name="region"> {wording.REGION_LABEL}</label>'


def region_outline_html(region: np.ndarray | None) -> str:
    """The outline as SVG, to lie over a picture of any size; empty without a region.

    Args:
        region: bool H×W, of the photograph's proportions.
    """
    if region is None:
        return ""
    small = _small(region)
    height, width = small.shape
    return (
        f'<svg class="region" hidden viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        f'aria-label="{wording.REGION_ALT}"><path class="halo" d="{_edges(small)}"/><path d="{_edges(small)}"/></svg>'
    )


def _small(region: np.ndarray) -> np.ndarray:
    """The region with its longer side at most EDGE pixels; a pixel counts that any part of the region touches."""
    height, width = region.shape
    scale = min(1.0, EDGE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = Image.fromarray(region.astype(np.float32), "F")
    return np.asarray(picture.resize(size, Image.Resampling.BOX)) > 0


def _edges(region: np.ndarray) -> str:
    """All edges between pixels inside and outside as an SVG path, neighbours in a line joined."""
    padded = np.pad(region, 1)
    level = _runs(padded[1:, 1:-1] != padded[:-1, 1:-1])
    upright = _runs((padded[1:-1, 1:] != padded[1:-1, :-1]).T)
    return "".join(
        [f"M{start} {line}H{end}" for line, start, end in level]
        + [f"M{line} {start}V{end}" for line, start, end in upright]
    )


def _runs(edges: np.ndarray) -> list[tuple[int, int, int]]:
    """(row, first, end) of each run of True in a row."""
    steps = np.diff(np.pad(edges, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    return [(int(row), int(start), int(end)) for row, start, end in zip(rows, starts, ends, strict=True)]

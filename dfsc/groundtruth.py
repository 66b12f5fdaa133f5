"""Ground-truth masks as defects with a saturation area each (Bergmann et al., IJCV 2022, section 4; CVPR 2020).

MVTec LOCO AD gives an image one PNG a defect; its positive pixel value names an entry of defects_config.json, which
says from which area on the defect counts as found. In every other layout each connected region is a defect that
saturates at its whole area.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dfsc.datasets import Dataset, Layout, TestImage
from dfsc.errors import DatasetError
from dfsc.images import read_image
from dfsc.overlap import Defect

CONFIG_NAME = "defects_config.json"


@dataclass(frozen=True)
class SaturationRule:
    """An entry of defects_config.json: a share of the defect's area (relative), or a number of pixels."""

    name: str
    threshold: float
    relative: bool

    def area(self, defect_area: int) -> float:
        """Pixels from which on a defect of `defect_area` pixels counts as found."""
        if self.relative:
            return max(1, math.floor(self.threshold * defect_area))
        return min(self.threshold, defect_area)


class GroundTruth:
    """Reads the defects of a data set's test images."""

    def __init__(self, dataset: Dataset):
        """Raises DatasetError when the data set has LOCO's layout and no readable defects_config.json."""
        self._rules = _saturation_rules(dataset.root / CONFIG_NAME) if dataset.layout is Layout.LOCO else None

    def defects(self, image: TestImage, width: int, height: int) -> list[Defect]:
        """The image's defects; none for a good one.

        Raises:
            DatasetError: for an anomalous image without a mask, or a mask that is empty, has another size than the
                image, or a pixel value without an entry.
        """
        if image.is_good:
            return []
        if not image.masks:
            raise DatasetError(f"{image.defect}/{image.path.name} has no ground-truth mask.")
        defects = []
        for path in image.masks:
            mask = read_image(path)[..., 0]
            if mask.shape != (height, width):
                raise DatasetError(
                    f"The mask {path.parent.name}/{path.name} has {mask.shape[1]}×{mask.shape[0]} pixels, "
                    f"its image {width}×{height}."
                )
            if not mask.any():
                raise DatasetError(f"The mask {path.parent.name}/{path.name} is empty.")
            if self._rules is None:
                defects += [Defect(region, float(region.sum())) for region in connected_regions(mask > 0)]
            else:
                defects.append(self._ruled(mask, path))
        return defects

    def _ruled(self, mask: np.ndarray, path: Path) -> Defect:
        values = np.unique(mask[mask > 0])
        if len(values) > 1 or int(values[0]) not in self._rules:
            known = ", ".join(map(str, sorted(self._rules)))
            raise DatasetError(
                f"The mask {path.parent.name}/{path.name} holds the pixel values {', '.join(map(str, values))}; "
                f"one of {known} was expected, as {CONFIG_NAME} lists them."
            )
        defect = mask > 0
        return Defect(defect, float(self._rules[int(values[0])].area(int(defect.sum()))))


def connected_regions(mask: np.ndarray) -> list[np.ndarray]:
    """Boolean H×W → a mask for each region of pixels that touch at an edge or a corner, from top to bottom."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]  # one past a run's last pixel
    stride = mask.shape[1] + 2
    above = (rows - 1) * stride
    first = np.searchsorted(rows * stride + ends, above + starts)
    beyond = np.searchsorted(rows * stride + starts, above + ends, side="right")
    roots = _joined(len(rows), first, beyond)
    labels = np.zeros(mask.shape, np.int32)
    lengths = ends - starts
    labels[mask] = np.repeat(roots, lengths) + 1  # runs and masked pixels come in the same order
    return [labels == root + 1 for root in np.unique(roots)]


def _joined(runs: int, first: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """The lowest run of each run's region, when run i touches the runs first[i] to beyond[i] - 1 of the row above."""
    parent = list(range(runs))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    for run in range(runs):
        for other in range(first[run], beyond[run]):
            low, high = sorted((root(run), root(other)))
            parent[high] = low
    return np.array([root(run) for run in range(runs)], dtype=np.int64)


def _saturation_rules(file: Path) -> dict[int, SaturationRule]:
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        return {
            int(entry["pixel_value"]): SaturationRule(
                str(entry["defect_name"]), float(entry["saturation_threshold"]), bool(entry["relative_saturation"])
            )
            for entry in entries
        }
    except FileNotFoundError:
        raise DatasetError(f"{file.parent} was expected to hold {CONFIG_NAME}, but it is not there.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{file} is not a list of defects as MVTec LOCO AD has it.") from error

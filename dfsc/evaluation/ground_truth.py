"""Ground-truth masks as defects with a saturation area each (Bergmann et al., IJCV 2022, section 4; CVPR 2020).

MVTec LOCO AD gives an image one PNG a defect; its positive pixel value names an entry of defects_config.json, which
says from which area on the defect counts as found. In every other layout each connected region of the pixels that a
mask marks (dfsc.annotations.masks) is a defect that saturates at its whole area.
"""

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from dfsc.annotations.masks import read_channel, read_mask
from dfsc.datasets import Dataset, Layout, TestImage
from dfsc.datasets.mvtec import CONFIG_NAME
from dfsc.errors import DatasetError, DFSCError
from dfsc.evaluation.overlap import Defect
from dfsc.files import read_json
from dfsc.images.decoding import MAX_PIXELS, image_size

CONFIG_KEYS = ("defect_name", "pixel_value", "saturation_threshold", "relative_saturation")


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
        """Raises DatasetError when LOCO's layout has no sound defects_config.json."""
        self._rules = _saturation_rules(dataset.root / CONFIG_NAME) if dataset.layout is Layout.LOCO else None

    @property
    def metric(self) -> str:
        """What the overlap with these defects is called: "sPRO" with saturation rules, else "AUPRO"."""
        return "AUPRO" if self._rules is None else "sPRO"

    def defects(self, image: TestImage, width: int, height: int) -> list[Defect]:
        """The image's defects; none for a good one.

        Raises:
            DatasetError: for an anomalous image without a mask, or a mask that is missing, is empty, can be read in two
                ways, has another size than the image, or a pixel value without an entry.
            ImageError: for a mask that can't be decoded.
        """
        if image.is_good:
            return []
        if not image.masks:
            raise DatasetError(f"{image.defect}/{image.path.name} has no ground-truth mask.")
        defects = []
        for path in image.masks:
            mask = self._read(path, image)
            if mask.shape != (height, width):
                raise DatasetError(
                    f"The mask {path} has {mask.shape[1]}×{mask.shape[0]} pixels, its image {width}×{height}; "
                    "export it at the image's size."
                )
            if self._rules is None:
                defects += [Defect(region, float(region.sum())) for region in connected_regions(mask)]
            else:
                defects.append(self._ruled(mask, path, self._rules))
        return defects

    def faults(self, images: Iterable[TestImage]) -> dict[Path, str]:
        """By path of an image, why its ground truth can't be used: one sentence; all masks are read."""
        found = {}
        for image in images:
            try:
                self.defects(image, *(image_size(image.path) if not image.is_good else (0, 0)))
            except DFSCError as error:
                found[image.path] = str(error)
        return found

    def _read(self, path: Path, image: TestImage) -> np.ndarray:
        """H×W: pixel values with saturation rules, else booleans."""
        if not path.is_file():
            found = "holds no mask" if path.is_dir() else "is not there"
            raise DatasetError(f"{path} was expected as ground truth of {image.defect}/{image.path.name}, but {found}.")
        return read_mask(path, image.path) if self._rules is None else read_channel(path)

    def _ruled(self, mask: np.ndarray, path: Path, rules: dict[int, SaturationRule]) -> Defect:
        values = np.unique(mask[mask > 0])
        if len(values) > 1 or int(values[0]) not in rules:
            raise DatasetError(
                f"The mask {path} holds the pixel value{'s' * (len(values) > 1)} {_entries(values)}; "
                f"one of {_entries(sorted(rules))} was expected, as {CONFIG_NAME} lists them."
            )
        defect = mask > 0
        return Defect(defect, float(rules[int(values[0])].area(int(defect.sum()))))


def connected_regions(mask: np.ndarray) -> list[np.ndarray]:
    """Boolean H×W → a mask for each region of pixels that touch at an edge or a corner, from top to bottom."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    return [labels == region for region in range(1, count + 1)]


def _saturation_rules(file: Path) -> dict[int, SaturationRule]:
    try:
        entries = read_json(file)
    except FileNotFoundError:
        raise DatasetError(f"{file.parent} was expected to hold {CONFIG_NAME}, but it is not there.") from None
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} was expected to be a list in JSON, but can't be read as such.") from error
    if not isinstance(entries, list) or not entries:
        raise DatasetError(f"{file} was expected to be a list of defects, but is {_kind(entries)}.")
    rules: dict[int, SaturationRule] = {}
    for number, entry in enumerate(entries, start=1):
        wrong = _what_is_wrong(entry, rules)
        if wrong:
            raise DatasetError(f"Entry {number} of {file} {wrong}.")
        relative, threshold = entry["relative_saturation"], float(entry["saturation_threshold"])
        rules[entry["pixel_value"]] = SaturationRule(str(entry["defect_name"]), threshold, relative)
    return rules


def _what_is_wrong(entry: object, values: Container[int]) -> str:
    """The end of a sentence about an entry of defects_config.json, empty when nothing is wrong."""
    if not isinstance(entry, dict):
        return f"was expected to be an object, but is {_kind(entry)}"
    missing = [key for key in CONFIG_KEYS if key not in entry]
    if missing:
        return f"was expected to have {_entries(CONFIG_KEYS)}, but lacks {_entries(missing)}"
    value, threshold, relative = (entry[key] for key in CONFIG_KEYS[1:])
    if type(value) is not int or not 1 <= value <= 255 or value in values:
        return "was expected to have a pixel_value of its own, a whole number from 1 to 255, but has not"
    if not isinstance(relative, bool):
        return "was expected to have a relative_saturation of true or false, but has not"
    if type(threshold) not in (int, float) or not 0 < threshold <= (1 if relative else MAX_PIXELS):  # NaN is neither
        unit = "share of at most 1" if relative else "number of pixels"
        return f"was expected to have a saturation_threshold above 0, a {unit}, but has not"
    return ""


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an empty list", str: "a text", type(None): "null"}
    return names.get(type(value), "a single value")


def _entries(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))

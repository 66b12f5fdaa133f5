"""Anomaly maps as files, one 32-bit float channel as MVTec's evaluation code reads them, and where they are written."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from dfsc.errors import DFSCError
from dfsc.geometry import place_on_image

if TYPE_CHECKING:
    from dfsc.inspection.results import Result

BRANCHES = ("local", "global", "fused")
TEST = "test"

# (detector, branch) → file, of one image.
MapFiles = dict[tuple[str, str], Path]


def write_map(path: str | Path, values: np.ndarray) -> None:
    """Write a map (height×width, any real dtype) as a single-channel float32 TIFF without loss; creates the folder.

    Raises:
        DFSCError: if the map is not two-dimensional or the file can't be written.
    """
    path = Path(path)
    if values.ndim != 2:
        raise DFSCError(f"A map needs the shape height×width, not {values.shape}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(values, dtype=np.float32)).save(path, format="TIFF")
    except OSError as error:
        raise DFSCError(f"The map {path} can't be written; check the folder and the free space.") from error


def write_maps(size: tuple[int, int], results: "Iterable[Result]", files: MapFiles) -> None:
    """Write those maps of an image of a size (width, height) that have a file, as large as the image."""
    for result in results:
        for branch, cells in zip(BRANCHES, (result.maps.local, result.maps.global_, result.fused), strict=True):
            if file := files.get((result.detector, branch)):
                write_map(file, place_on_image(cells, *size))


def plain(images: Sequence[str], detectors: Sequence[str], folder: Path) -> dict[str, MapFiles]:
    """All maps of an image side by side, IMAGE.DETECTOR.BRANCH.tiff; two images never share one.

    Paths keep their folders, relative to the working directory or, for images elsewhere, to their common parent. The
    extension stays in the name only if two images differ in nothing else.
    """
    absolute = {image: _absolute(image) for image in images}
    inside = all(path.is_relative_to(Path.cwd()) for path in absolute.values())
    base = Path.cwd() if inside else Path(os.path.commonpath([path.parent for path in absolute.values()]))
    relative = {image: path.relative_to(base) for image, path in absolute.items()}
    bare = [path.with_suffix("") for path in relative.values()]
    stems = {
        image: folder / (path if bare.count(path.with_suffix("")) > 1 else path.with_suffix(""))
        for image, path in relative.items()
    }
    return {
        image: {(d, b): stem.with_name(f"{stem.name}.{d}.{b}.tiff") for d in detectors for b in BRANCHES}
        for image, stem in stems.items()
    }


def named_map_files(name: str, detectors: Sequence[str], folder: Path) -> MapFiles:
    """All maps of one image of many by its name alone: FOLDER/NAME.DETECTOR.BRANCH.tiff, with NAME's own extension.

    An absolute name counts from FOLDER, and what would lead out of it does not.
    """
    inside = Path(*(part for part in Path(name).parts if part not in (Path(name).anchor, "..")))
    stem = folder / inside
    if ".." in Path(name).parts:
        stem = stem.with_name(f"{stem.name}-{hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:8]}")
    return {(d, b): stem.with_name(f"{stem.name}.{d}.{b}.tiff") for d in detectors for b in BRANCHES}


def loco(images: Sequence[str], detectors: Sequence[str], folder: Path) -> dict[str, MapFiles]:
    """Only the fused maps, DETECTOR/OBJECT/test/KIND/IMAGE.tiff, as the evaluation code of MVTec LOCO AD reads them.

    With a detector's folder as its `--anomaly_maps_dir`, that code finds a map for each image of OBJECT/test, with one
    channel and the image's size, as it requires. The code of MVTec AD looks in the same places.

    Raises:
        DFSCError: for an image that is not in OBJECT/test/KIND, or two images whose maps would be one file.
    """
    places: dict[Path, str] = {}
    for image in images:
        place = _place_in_data_set(image)
        if place in places:
            raise DFSCError(f"{places[place]} and {image} would have the same map, {place}; inspect them one by one.")
        places[place] = image
    return {image: {(d, "fused"): folder / d / place for d in detectors} for place, image in places.items()}


LAYOUTS = {"plain": plain, "loco": loco}


def _place_in_data_set(image: str) -> Path:
    parts = _absolute(image).with_suffix(".tiff").parts[-4:]
    if len(parts) < 4 or parts[1] != TEST:
        raise DFSCError(
            f"{image} is not in a data set's OBJECT/test/KIND, so --maps-layout loco has no place for its map; "
            "name images that do, or leave that option out."
        )
    return Path(*parts)


def _absolute(image: str) -> Path:
    return Path(os.path.abspath(image))

"""Which mask belongs to which image, by the names that labelling tools give them."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from dfsc.datasets.wording import subfolders
from dfsc.images.decoding import SUFFIXES, image_files

_ADDED = re.compile(r"^(mask|gt)[-_. ]+|[-_. ]+(mask|gt|label|seg|segmentation|ground_?truth)s?$", re.IGNORECASE)
_OUTLINES = ".json"  # labelme's


class MaskFolder:
    """Masks by the names of their images: 000_mask.png, 000.png, 000.bmp, 000.jpg_gt.png, 000.json, or 000/*.png."""

    def __init__(self, folder: Path, files: Sequence[Path] | None = None):
        """`files` are the folder's masks, by default all of its pictures and outlines."""
        named = files if files is not None else [*image_files(folder), *outline_files(folder)]
        self._several = {} if files is not None else _picture_folders(folder)
        self._single: dict[str, list[Path]] = {}
        for file in sorted(named, key=_preference):
            for name in dict.fromkeys((file.stem.lower(), bare_name(file))):
                self._single.setdefault(name, []).append(file)

    def of(self, image: Path) -> tuple[Path, ...]:
        """An image's masks: several where they have a folder of their own, else one or none."""
        stem = image.stem.lower()
        if stem in self._several:
            return tuple(image_files(self._several[stem]))
        return tuple(self._single.get(stem, ())[:1])

    def unused(self, images: Iterable[Path]) -> list[Path]:
        """Masks and folders of masks that belong to none of the images, or to one that has another."""
        images = list(images)
        used = {mask for image in images for mask in self.of(image)}
        stems = {image.stem.lower() for image in images}
        files = {file for files in self._single.values() for file in files}
        return sorted((files - used) | {path for name, path in self._several.items() if name not in stems})


def bare_name(mask: Path) -> str:
    """The name of the image that a mask is called after: 000 for 000_mask.png, 000.jpg_gt.png and GT_000.bmp."""
    stem = _ADDED.sub("", mask.stem)
    return (Path(stem).stem if Path(stem).suffix.lower() in SUFFIXES else stem).lower()


def masks_beside(files: Sequence[Path]) -> list[Path]:
    """Of a folder's pictures those that are masks of others: 000_mask.png beside 000.png."""
    stems = {file.stem.lower() for file in files}
    return [file for file in files if bare_name(file) != file.stem.lower() and bare_name(file) in stems]


def outline_files(folder: Path) -> list[Path]:
    """A folder's JSON files, sorted by name; hidden ones are left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == _OUTLINES and not path.name.startswith(".") and path.is_file()
    )


def _picture_folders(folder: Path) -> dict[str, Path]:
    return {name.lower(): folder / name for name in subfolders(folder) if image_files(folder / name)}


def _preference(file: Path) -> tuple[bool, bool, str]:
    """Pictures before outlines, and names that say that they are masks before others."""
    return file.suffix.lower() == _OUTLINES, bare_name(file) == file.stem.lower(), file.name

"""Images that a COCO file annotates: those without annotations are good, others have the kind of their category.

The file lies beside its images, or in a folder beside that of its images. Nothing divides them into training and test.
"""

import os
from pathlib import Path

from dfsc.annotations.coco import Annotated, annotated_images
from dfsc.datasets.labelme import UNDIVIDED_SET, labelled
from dfsc.datasets.model import Dataset, Layout, TestImage
from dfsc.datasets.pairing import outline_files
from dfsc.errors import DatasetError
from dfsc.images.decoding import image_files

FOLDERS = ("", "images")


def file_in(folder: Path) -> Path | None:
    """A folder's only COCO file; files that are called as a photograph beside them are none."""
    stems = {image.stem for image in image_files(folder)}
    files = [file for file in outline_files(folder) if file.stem not in stems and annotated_images(file)]
    if len(files) > 1:
        raise DatasetError(f"{folder} holds several files of annotations; name one, as in {files[0]}.")
    return files[0] if files else None


def open_file(file: Path) -> Dataset:
    """List the images that are there.

    Raises:
        DatasetError: where none is.
    """
    entries = annotated_images(file) or ()
    images = [image for entry in entries for image in _test_images(file, entry)]
    if not images:
        raise DatasetError(f"The images that {file} annotates were expected beside it or in images, but are not there.")
    images.sort(key=lambda image: (not image.is_good, image.path))
    problems = [UNDIVIDED_SET.format(file)]
    if len(images) < len(entries):
        problems.append(f"{len(entries) - len(images)} images that {file} names are not there and are left out.")
    train = tuple(image.path for image in images if image.is_good)
    unfit = "" if train else f"{file} was expected to name images without annotations to train on, but names none."
    return Dataset(file.parent, Layout.COCO, train, (), tuple(images), unfit, tuple(problems))


def _test_images(file: Path, entry: Annotated) -> list[TestImage]:
    name = Path(entry.name.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts:
        return []
    places = [up / folder / name for up in (file.parent, file.parent.parent) for folder in FOLDERS]
    image = next((place for place in places if os.path.isfile(place)), None)
    return [labelled(image, file, list(dict.fromkeys(entry.labels)))] if image else []

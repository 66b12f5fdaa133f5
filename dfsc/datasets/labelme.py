"""A folder of photographs with labelme's outlines beside them: 000.jpg and 000.json.

A photograph without outlines is a good one, also where it has no file at all, since labelme writes none where nothing
was drawn; that is said. Nothing divides the folder: the good ones are for training, and all are for testing.
"""

from pathlib import Path

from dfsc.annotations.outlines import labels_of
from dfsc.datasets.model import GOOD, UNDIVIDED, Dataset, Layout, TestImage, family_of
from dfsc.datasets.pairing import outline_files
from dfsc.images.decoding import image_files

UNDIVIDED_SET = (
    "{} does not say which images are for testing, so all of them are tested, "
    "those among them from which a detector has learned too."
)


def is_labelled(folder: Path) -> bool:
    """Whether a photograph in the folder has outlines beside it."""
    stems = {image.stem for image in image_files(folder)}
    return any(file.stem in stems and labels_of(file) for file in outline_files(folder))


def open_folder(root: Path) -> Dataset:
    """List a folder's photographs, by the labels of their outlines; several labels on one make it an "anomaly"."""
    labels = {file.stem: (file, labels_of(file)) for file in outline_files(root)}
    images = [labelled(image, *labels.get(image.stem, (None, None))) for image in image_files(root)]
    images.sort(key=lambda image: (not image.is_good, image.path))
    train = tuple(image.path for image in images if image.is_good)
    silent = sum(labels.get(path.stem, (None, None))[1] is None for path in train)
    problems = [UNDIVIDED_SET.format(root)]
    if silent:
        problems.append(f"{silent} photographs in {root} have no file of labelme's and count as good.")
    unfit = "" if train else f"{root} was expected to hold photographs without outlines to train on, but holds none."
    return Dataset(root, Layout.LABELME, train, (), tuple(images), unfit, tuple(problems))


def labelled(image: Path, outlines: Path | None, labels: list[str] | None) -> TestImage:
    """An image by the labels that a file gives it: none is good, and several make an "anomaly"."""
    if outlines is None or not labels:
        return TestImage(image, GOOD, GOOD)
    kind = labels[0] if len(labels) == 1 and labels[0].lower() != GOOD else UNDIVIDED
    return TestImage(image, kind, family_of(kind), (outlines,))

"""VisA as its archive has it: a folder for each class of objects, and a table that divides all of their images.

    split_csv/1cls.csv              object,split,label,image,mask
    candle/Data/Images/Normal/      all good images, for training and for testing
    candle/Data/Images/Anomaly/
    candle/Data/Masks/Anomaly/      a file an image; 0 is sound, other values tell kinds of defects apart

Paths in the table count from the archive's root, so one opens a class (VisA/candle) and the table is looked for beside
it. Of the archive's three tables only 1cls.csv trains on good images alone; the others are for classifiers. The kinds
of defects (image_anno.csv) are not used: an image may have several, and VisA's figures are published for whole classes.

Source: Zou et al., "SPot-the-Difference Self-Supervised Pre-training for Anomaly Detection and Segmentation" (ECCV
2022), and the tables and notes in its repository, amazon-science/spot-diff.
"""

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from dfsc.datasets.model import GOOD, Dataset, Layout, TestImage, family_of
from dfsc.datasets.wording import enumeration, printable
from dfsc.errors import DatasetError
from dfsc.files import MAX_JSON_BYTES, file_bytes

SPLIT_FILE = Path("split_csv") / "1cls.csv"
COLUMNS = ("object", "split", "label", "image", "mask")
SPLITS = ("train", "test")
NORMAL, ANOMALY = LABELS = ("normal", "anomaly")


def is_class(folder: Path) -> bool:
    """Whether a folder looks like one class of VisA's archive."""
    return (folder / "Data" / "Images").is_dir()


def open_class(root: Path) -> Dataset:
    """List the images of one class as split_csv/1cls.csv, beside the class's folder, divides them.

    Without one of the images for training one can only evaluate; test images that are not there are left out, which is
    said. A mask that is missing comes out when it is read.

    Raises:
        DatasetError: with one sentence, when the table is missing, is not one, names a file outside of the archive, or
            neither images for training nor for testing that are there.
    """
    place = root.resolve() if root.name in ("", "..") else root  # "." has no name and no parent of its own
    table = _Table(place.parent)
    rows = table.rows_of(place.name)
    if not rows:
        names = enumeration(table.objects) or "none"
        raise DatasetError(f"{table.file} was expected to list images of {place.name}, but lists {names}.")
    try:
        train, unfit = table.training_images(rows), ""
    except DatasetError as error:
        train, unfit = (), str(error)
    tested = [row for row in rows if row.split == "test"]
    problems = tuple(filter(None, map(table.absence, tested)))
    test = sorted((table.test_image(row) for row in tested if not table.absence(row)), key=_good_first)
    if unfit and not test:
        raise DatasetError(unfit)
    return Dataset(root, Layout.VISA, train, (), tuple(test), unfit, problems)


@dataclass(frozen=True)
class _Row:
    """A line of the table, `number` counted from 1 at its head."""

    number: int
    object: str
    split: str
    label: str
    image: str
    mask: str


class _Table:
    """split_csv/1cls.csv of an archive. What it says is checked where it is used: a class can be opened alone."""

    def __init__(self, archive: Path):
        self.archive = archive
        self.file = archive / SPLIT_FILE
        try:
            text = file_bytes(self.file, MAX_JSON_BYTES).decode("utf-8-sig")
            self._rows = list(self._parsed(csv.DictReader(io.StringIO(text, newline=""))))
        except FileNotFoundError:
            raise DatasetError(
                f"{self.file} was expected, as VisA's archive has it, to divide the images into training and test, "
                "but it is not there."
            ) from None
        except (OSError, ValueError, csv.Error) as error:
            raise DatasetError(f"{self.file} was expected to be a table in CSV, but can't be read as one.") from error

    @property
    def objects(self) -> list[str]:
        """The classes that are listed, in a form for sentences."""
        return sorted({printable(row.object) for row in self._rows})

    def rows_of(self, name: str) -> list[_Row]:
        """Checked rows of a class."""
        rows = [row for row in self._rows if row.object == name]
        images_so_far: set[str] = set()
        for row in rows:
            self._check(row)
            if row.image in images_so_far:
                raise self._error(row, f"names {printable(row.image)} a second time.")
            images_so_far.add(row.image)
        return rows

    def training_images(self, rows: list[_Row]) -> tuple[Path, ...]:
        """Paths of the good images for training, at least one; all have to be there."""
        training = [row for row in rows if row.split == "train"]
        if not training:
            raise DatasetError(
                f"{self.file} was expected to name images of {rows[0].object} for training, but names none."
            )
        for absence in filter(None, map(self.absence, training)):
            raise DatasetError(absence)
        return tuple(sorted(self._inside(row, row.image) for row in training))

    def absence(self, row: _Row) -> str:
        """That the row's image is not there, in one sentence; empty if it is."""
        there = os.path.isfile(self._inside(row, row.image))  # Path.is_file raises where a name is too long
        return "" if there else str(self._error(row, f"names {printable(row.image)}, which is not in {self.archive}."))

    def test_image(self, row: _Row) -> TestImage:
        """The image with its label, and its mask where it has a defect."""
        defect = GOOD if row.label == NORMAL else ANOMALY
        masks = (self._inside(row, row.mask),) if row.label == ANOMALY else ()
        return TestImage(self._inside(row, row.image), defect, family_of(defect), masks)

    def _parsed(self, reader: csv.DictReader) -> Iterator[_Row]:
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise DatasetError(
                f"{self.file} was expected to have the columns {', '.join(COLUMNS)}, but lacks {', '.join(missing)}."
            )
        for values in reader:
            yield _Row(reader.line_num, *((values[column] or "").strip() for column in COLUMNS))

    def _check(self, row: _Row) -> None:
        if row.split not in SPLITS:
            raise self._error(row, f"was expected to have the split train or test, but has “{printable(row.split)}”.")
        if row.label not in LABELS:
            raise self._error(
                row, f"was expected to have the label normal or anomaly, but has “{printable(row.label)}”."
            )
        if row.split == "train" and row.label != NORMAL:
            raise self._error(row, "was expected to train on a normal image, but names an anomalous one.")
        if not row.image or (row.label == ANOMALY and not row.mask):
            raise self._error(row, f"was expected to name {'a mask' if row.image else 'an image'}, but names none.")

    def _inside(self, row: _Row, name: str) -> Path:
        """The path of a file in the archive; refused where the table leads out of it, by any system's rules."""
        path = PureWindowsPath(name)  # takes / and \ apart, and knows drives
        if path.anchor or ".." in path.parts:
            raise self._error(row, f"names {printable(name)}, which lies outside of {self.archive} and is not read.")
        return self.archive / name

    def _error(self, row: _Row, what: str) -> DatasetError:
        return DatasetError(f"Line {row.number} of {self.file} {what}")


def _good_first(image: TestImage) -> tuple[bool, Path]:
    return not image.is_good, image.path

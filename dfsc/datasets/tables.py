"""Tables that say of each image whether it is good: a plain CSV (path, label, mask, split), and Real-IAD's JSON.

    path,label,mask,split
    img/001.png,good,,train
    img/002.png,scratch,masks/002.png,test

Only path and label are needed; common other names of the columns are known. Paths count from the table's folder and
stay in it. Without a column split, the good images are for training, and all are for testing, which is said. What is
wrong with single lines is said too, and the others count.

Source of the JSON: Wang et al., "Real-IAD" (CVPR 2024).
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from dfsc.datasets.labelme import UNDIVIDED_SET
from dfsc.datasets.model import GOOD, GOOD_NAMES, UNDIVIDED, Dataset, Layout, TestImage, family_of
from dfsc.datasets.wording import printable
from dfsc.errors import DatasetError
from dfsc.files import MAX_JSON_BYTES, file_bytes, read_json

if TYPE_CHECKING:
    import _csv

TABLES, JSON = (".csv", ".tsv"), ".json"
COLUMNS = {
    "path": ("path", "image", "image_path", "img_path", "file", "filename", "file_name", "filepath", "file_path"),
    "label": (
        "label",
        "class",
        "kind",
        "defect",
        "defect_type",
        "anomaly",
        "anomaly_class",
        "is_anomaly",
        "label_index",
    ),
    "mask": ("mask", "mask_path", "masks", "ground_truth"),
    "split": ("split", "subset", "set", "phase"),
}
SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test"} | dict.fromkeys(
    ("val", "valid", "validation", "dev"), "validation"
)
_GOOD_LABELS = (*GOOD_NAMES, "0", "0.0", "false", "none", "no defect")
_BAD_LABELS = ("1", "1.0", "true")
_NOTHING = ("", "nan", "none", "null")
_DELIMITERS = ",;\t|"
_MAX_SHOWN = 5
_REAL_IAD_SIZES = ("realiad_1024", "realiad_512", "realiad_256")


@dataclass(frozen=True)
class _Row:
    """A line as it stands there; `place` names it in a sentence. Split is None where nothing divides the images."""

    place: str
    path: str
    label: str
    masks: tuple[str, ...]
    split: str | None


def is_table(file: Path) -> bool:
    """Whether a file is called as a table is."""
    return file.suffix.lower() in (*TABLES, JSON)


def table_in(folder: Path) -> Path | None:
    """A folder's only CSV with columns for paths and labels.

    Raises:
        DatasetError: where it has several.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in TABLES and not path.name.startswith("."))
    tables = [file for file in files if file.is_file() and {"path", "label"} <= _columns(file).keys()]
    if len(tables) > 1:
        raise DatasetError(f"{folder} holds several tables; name one, as in {tables[0]}.")
    return tables[0] if tables else None


def open_table(file: Path) -> Dataset:
    """List a table's images.

    Raises:
        DatasetError: for a file that is no table with paths and labels, contradicts itself, or names no image that is
            there.
    """
    if file.suffix.lower() == JSON:
        root, rows = _real_iad(file)
    else:
        root, rows = file.parent, list(_csv_rows(file))
    problems: list[str] = []
    sorted_in: dict[str | None, dict[Path, TestImage]] = {}
    for row in rows:
        problem = _sort_in(root, row, sorted_in)
        if problem:
            problems.append(f"{row.place} {problem}")
    if not sorted_in:
        raise DatasetError(problems[0] if problems else f"{file} was expected to name images, but names none.")
    undivided = sorted_in.get(None, {}).values()
    train = [image.path for image in (*sorted_in.get("train", {}).values(), *undivided) if image.is_good]
    validation = [image.path for image in sorted_in.get("validation", {}).values() if image.is_good]
    test = sorted((*sorted_in.get("test", {}).values(), *undivided), key=lambda image: not image.is_good)
    problems = [*problems[:_MAX_SHOWN], *_remarks(file, problems, sorted_in)]
    unfit = "" if train else f"{file} was expected to name good images for training, but names none."
    return Dataset(root, Layout.TABLE, tuple(train), tuple(validation), tuple(test), unfit, tuple(problems))


def _sort_in(root: Path, row: _Row, sorted_in: dict[str | None, dict[Path, TestImage]]) -> str:
    """Put a row's image to those of its split; else say what is wrong, as the end of a sentence."""
    if row.split is not None and row.split.lower() not in SPLITS:
        return f"was expected to have the split train, validation or test, but has “{printable(row.split)}”."
    if row.label.lower() in _NOTHING[:2]:
        return "has no label and is left out."
    if row.label == "-1":
        raise DatasetError(f"{row.place} has the label -1, which may mean either; write good and anomaly instead.")
    path, *masks = (_inside(root, name) for name in (row.path, *row.masks))
    if not path or not all(masks):
        return f"names what lies outside of {root} and is left out."
    if not os.path.isfile(path):
        return f"names {printable(row.path)}, which is not in {root}, and is left out."
    kind = _kind(row.label)
    split = None if row.split is None else SPLITS[row.split.lower()]
    listed_image = next((images[path] for images in sorted_in.values() if path in images), None)
    of_split = sorted_in.setdefault(split, {})
    if listed_image and (listed_image.defect != kind or path not in of_split):
        return f"contradicts an earlier line on {printable(row.path)} and is left out."
    family = GOOD if kind == GOOD else UNDIVIDED if kind.isdigit() else family_of(kind)
    every = () if kind == GOOD else dict.fromkeys((*(listed_image.masks if listed_image else ()), *masks))
    of_split[path] = TestImage(path, kind, family, tuple(mask for mask in every if mask))
    return ""


def _remarks(file: Path, problems: list[str], sorted_in: dict[str | None, dict[Path, TestImage]]) -> Iterator[str]:
    if len(problems) > _MAX_SHOWN:
        yield f"{len(problems) - _MAX_SHOWN} more lines of {file} are left out for such reasons."
    if None in sorted_in:
        yield UNDIVIDED_SET.format(file)
    learned = (image for split in ("train", "validation") for image in sorted_in.get(split, {}).values())
    faulty = sum(not image.is_good for image in learned)
    if faulty:
        yield f"{file} has {faulty} anomalous images for training, which are left out: one learns from good ones alone."


def _kind(label: str) -> str:
    if label.lower() in _GOOD_LABELS:
        return GOOD
    return UNDIVIDED if label.lower() in _BAD_LABELS else printable(label)


def _inside(root: Path, name: str) -> Path | None:
    """The path of a file in the table's folder, with any system's separators; None for one that leads out of it."""
    name = name.replace("\\", "/")
    base = os.path.abspath(root)
    path = Path(os.path.normpath(os.path.join(base, name)))
    if not name or PureWindowsPath(name).drive or not path.is_relative_to(base):
        return None
    return root / path.relative_to(base)


def _csv_rows(file: Path) -> Iterator[_Row]:
    columns = _columns(file)
    missing = [name for name in ("path", "label") if name not in columns]
    if missing:
        raise DatasetError(
            f"{file} was expected to have the columns path and label, and perhaps mask and split, "
            f"but lacks {' and '.join(missing)}."
        )
    reader = _reader(file)
    next(reader)
    for values in reader:
        if any(values):
            row = {name: values[place].strip() if place < len(values) else "" for name, place in columns.items()}
            parts = (part.strip() for part in re.split(r"[;|]", row.get("mask", "")))
            masks = tuple(mask for mask in parts if mask.lower() not in _NOTHING)
            yield _Row(f"Line {reader.line_num} of {file}", row["path"], row["label"], masks, row.get("split"))


def _columns(file: Path) -> dict[str, int]:
    """Place of each column that is known."""
    head = [name.strip().lower() for name in next(_reader(file), [])]
    columns = {
        name: next((head.index(alias) for alias in aliases if alias in head), -1) for name, aliases in COLUMNS.items()
    }
    return {name: place for name, place in columns.items() if place >= 0}


def _reader(file: Path) -> "_csv.Reader":
    """Rows of a table as spreadsheets save it: in UTF-8, UTF-16 or Western code page, whatever divides its columns."""
    try:
        data = file_bytes(file, MAX_JSON_BYTES)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = data.decode("utf-16")
        else:
            try:
                text = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = data.decode("cp1252")
        head = text.partition("\n")[0]
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=head.count))
        list(csv.reader(io.StringIO(text, newline="")))
    except (OSError, ValueError, csv.Error) as error:
        raise DatasetError(f"{file} was expected to be a table in CSV, but can't be read as one.") from error
    return rows


def _real_iad(file: Path) -> tuple[Path, list[_Row]]:
    """The folder from which a class's paths count, and its rows."""
    try:
        content = read_json(file)
        rows = [
            _Row(
                f"Image {number} of {split} in {file}",
                str(entry["image_path"]),
                str(entry["anomaly_class"]),
                (str(entry["mask_path"]),) if entry.get("mask_path") else (),
                split,
            )
            for split in ("train", "test")
            for number, entry in enumerate(content[split], start=1)
        ]
        prefix = str(content["meta"]["prefix"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{file} was expected to be a class of Real-IAD in JSON, but is not.") from error
    bases = [up / size for up in (file.parent, file.parent.parent) for size in ("", *_REAL_IAD_SIZES)]
    roots = [root for base in bases if (root := _inside(base, prefix)) and rows and _there(root, rows)]
    if not roots:
        raise DatasetError(f"The images of {file} were expected in {prefix}, beside its folder, but are not there.")
    return roots[0], rows


def _there(root: Path, rows: Iterable[_Row]) -> bool:
    return any((path := _inside(root, row.path)) and os.path.isfile(path) for row in rows)

"""Data sets, tables, masks and annotations as broken disks and odd programs leave them: a data set or one sentence."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfsc.annotations.masks import read_mask
from dfsc.datasets import Dataset, open_dataset
from dfsc.errors import DFSCError

TABLES = {
    "empty": b"",
    "a head alone": b"path,label\n",
    "zeros": bytes(1000),
    "one line without end": b"path,label\n" + b"a" * 1_000_000,
    "a field of megabytes": b'path,label\n"' + b"x" * 500_000 + b'",good\n',
    "open quotes": b'path,label\n"a.png,good\n',
    "ten thousand columns": b"path,label" + b",x" * 10_000 + b"\na.png,good\n",
    "UTF-16 cut off": "path,label\na.png,good\n".encode("utf-16")[:-1],
    "UTF-32": "path,label\na.png,good\n".encode("utf-32"),
    "absolute": b"path,label\n/etc/passwd,good\n",
    "above": b"path,label\n../../../etc/passwd,good\n",
    "backslashes": b"path,label\n..\\..\\etc\\passwd,good\n",
    "a drive": b"path,label\nC:\\a.png,good\n",
    "zero byte": b"path,label\na\0.png,good\n",
    "formula": b"path,label\n=cmd|' /C calc'!A0,good\n",
    "a name of 5000 characters": b"path,label\n" + b"n" * 5000 + b",good\n",
    "no number": b"path,label\na.png,nan\n",
    "twice": b"path,label\na.png,good\na.png,bad\n",
    "the folder itself": b"path,label\n.,good\n",
    "a split that is none": b"path,label,split\na.png,good,../..\n",
}
JSONS = {
    "deep": b"[" * 100_000,
    "numbers": b"[" + b"1" * 5000 + b"]",
    "NaN": b'{"images": NaN}',
    "no UTF-8": b"\xff\xfe\x00",
    "surrogates": b'{"shapes": [{"label": "\\ud800", "points": []}], "imageHeight": 64, "imageWidth": 64}',
    "COCO of nothing": b'{"images": [], "annotations": [], "categories": []}',
    "COCO of other kinds": b'{"images": [1], "annotations": "x", "categories": {}}',
    "COCO of a huge image": json.dumps(
        {
            "images": [{"id": 1, "file_name": "a.png", "width": 10**9, "height": 10**9}],
            "annotations": [],
            "categories": [],
        }
    ).encode(),
    "labelme of a huge image": b'{"shapes": [], "imageHeight": 1000000000, "imageWidth": 1000000000}',
    "Real-IAD": json.dumps(
        {"meta": {"prefix": "../../etc"}, "train": [{"image_path": "passwd", "anomaly_class": "OK"}], "test": []}
    ).encode(),
}


def outcome(folder: Path) -> Dataset | str:
    try:
        return open_dataset(folder)
    except DFSCError as error:
        return str(error)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    Image.new("RGB", (64, 64), "red").save(folder / "a.png")
    return folder


def is_sound(result: Dataset | str, root: Path) -> bool:
    if isinstance(result, str):
        return result.isprintable() and result.endswith(".") and len(result) < 1000
    images = [*result.train, *result.validation, *(image.path for image in result.test)]
    return all(path.resolve().is_relative_to(root.resolve()) for path in images)


@pytest.mark.parametrize("kind", TABLES)
def test_tables(kind: str, root: Path):
    (root / "table.csv").write_bytes(TABLES[kind])
    assert is_sound(outcome(root), root)
    assert is_sound(outcome(root / "table.csv"), root)


@pytest.mark.parametrize("kind", JSONS)
def test_annotations(kind: str, root: Path):
    (root / "a.json").write_bytes(JSONS[kind])
    assert is_sound(outcome(root), root)
    assert is_sound(outcome(root / "a.json"), root)
    with pytest.raises(DFSCError) as caught:
        read_mask(root / "a.json", root / "a.png")
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("counts", ["o" * 200_000, "0" * 200_000, "\x00\x01", "é", "P" * 10], ids=lambda text: text[:2])
def test_run_lengths_that_never_end(counts: str, root: Path):
    (root / "c.json").write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 64}],
                "annotations": [
                    {"image_id": 1, "category_id": 1, "segmentation": {"counts": counts, "size": [64, 64]}}
                ],
                "categories": [{"id": 1, "name": "scratch"}],
            }
        ),
        encoding="utf-8",
    )
    with pytest.raises(DFSCError, match="run lengths"):
        read_mask(root / "c.json", root / "a.png")


@pytest.mark.parametrize(
    "points", [[[0, 0]], [], [[0, 1e308], [1e308, 0], [5, 5]], [[0, "x"]], [[None, 1]], "abc", [[[1]]]]
)
@pytest.mark.parametrize("kind", ["polygon", "rectangle", "circle", "mask", "line", "../x", None])
def test_outlines(kind: str | None, points: object, root: Path):
    shape = {"label": "x", "shape_type": kind, "points": points, "mask": "AAAA"}
    (root / "a.json").write_text(json.dumps({"shapes": [shape], "imageHeight": 64, "imageWidth": 64}))
    said = ""
    try:
        assert read_mask(root / "a.json", root / "a.png").shape == (64, 64)
    except DFSCError as error:
        said = str(error)
    assert not said or (said.isprintable() and said.endswith("."))


@pytest.mark.parametrize("make", ["pipe", "folder", "link to itself", "link to a device", "gif of many", "floats"])
def test_masks_that_are_none(make: str, root: Path):
    place = root / "mask.tif"
    if make == "pipe":
        os.mkfifo(place)
    elif make == "folder":
        place.mkdir()
    elif make == "link to itself":
        place.symlink_to(place)
    elif make == "link to a device":
        place.symlink_to("/dev/zero")
    elif make == "gif of many":
        frames = [Image.new("P", (64, 64), number) for number in range(50)]
        frames[0].save(place, "GIF", save_all=True, append_images=frames[1:])
    else:
        values = np.full((64, 64), np.nan, np.float32)
        values[0, 0] = np.inf
        Image.fromarray(values).save(place)
    with pytest.raises(DFSCError) as caught:
        read_mask(place, root / "a.png")
    assert str(caught.value).endswith(".")


LAYOUTS = (
    ("train/good", "test/good", "ground_truth"),
    ("train/good", "test/good", "test/logical_anomalies", "ground_truth/logical_anomalies"),
    ("Data/Images/Normal", "Data/Images/Anomaly"),
    ("train/ok", "test/ok", "test/ko"),
    ("train/good", "test_public/good", "test_public/bad"),
)


@pytest.mark.parametrize("odd", ["file", "pipe", "link to itself", "link above", "closed", "sparse"])
@pytest.mark.parametrize("folders", LAYOUTS, ids=lambda folders: folders[-1])
def test_layouts_with_something_else_in_a_folders_place(folders: tuple[str, ...], odd: str, root: Path):
    for folder in folders[:-1]:
        (root / folder).mkdir(parents=True)
        Image.new("RGB", (64, 64), "red").save(root / folder / "a.png")
    place = root / folders[-1]
    place.parent.mkdir(parents=True, exist_ok=True)
    if odd == "file":
        place.write_bytes(b"x")
    elif odd == "pipe":
        os.mkfifo(place)
    elif odd == "link to itself":
        place.symlink_to(place)
    elif odd == "link above":
        place.symlink_to(root)
    elif odd == "closed":
        place.mkdir(mode=0)
    else:
        with place.open("wb") as file:
            file.truncate(100_000_000_000)
    assert is_sound(outcome(root), root)

"""labelme's outlines: as masks, beside photographs in a folder, and those that have no area."""

import base64
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfsc.annotations.masks import read_mask
from dfsc.datasets import Layout, good_images, open_dataset
from dfsc.errors import DatasetError
from dfsc.evaluation.ground_truth import GroundTruth

SQUARE = [[10, 10], [20, 10], [20, 20], [10, 20]]


def shape(points: list, kind: str = "polygon", label: str = "scratch", **more: object) -> dict:
    return {"label": label, "points": points, "shape_type": kind, **more}


def write(file: Path, *shapes: dict, size: tuple[int, int] = (60, 40), **more: object) -> Path:
    content = {"version": "5", "shapes": shapes, "imageWidth": size[0], "imageHeight": size[1], "imageData": None}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content | more))
    return file


def picture(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (60, 40)).save(file)
    return file


def in_base64(mask: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


@pytest.mark.parametrize(
    ("outline", "area"),
    [
        (shape(SQUARE), 100),
        (shape(SQUARE[::-1]), 100),
        (shape([[20, 20], [10, 10]], "rectangle"), 100),
        (shape(SQUARE, "rectangle"), 100),
        (shape([[0, 0], [60, 0], [0, 40]]), 1200),
        (shape([[-50, 10], [20, 10], [20, 20], [-50, 20]]), 200),
        (shape([[30.5, 20.5], [30.5, 30.5]], "circle"), math.pi * 100),
        (shape([[5, 5], [21, 21]], "mask", mask=in_base64(np.uint8(255) * np.tri(17, dtype=np.uint8))), 17 * 9),
        (shape([[5, 5], [35, 35], [35, 5], [5, 35]]), 450),
    ],
)
def test_what_lies_within_an_outline(outline: dict, area: float, tmp_path: Path):
    assert read_mask(write(tmp_path / "a.json", outline), tmp_path / "a.png").sum() == pytest.approx(area, rel=0.03)


def test_outlines_are_joined_and_what_is_no_object_is_not(tmp_path: Path):
    far = [[x + 25, y] for x, y in SQUARE]
    file = write(tmp_path / "a.json", shape(SQUARE), shape(far, label="dent"), shape(SQUARE, label="_background_"))
    assert read_mask(file, tmp_path / "a.png").sum() == 200


@pytest.mark.parametrize(
    ("outlines", "more", "said"),
    [
        ([shape([[1, 1], [9, 9]], "line")], {}, "has a line called scratch, which has no area"),
        ([shape([[1, 1]], "point")], {}, "has a point called scratch, which has no area"),
        ([shape([[1, 1], [9, 9]])], {}, "has a polygon that can't be read"),
        ([shape([[1, "x"], [9, 9], [2, 2]])], {}, "has a polygon that can't be read"),
        ([shape([[1, 1], [9, 9]], "mask", mask="!")], {}, "has a mask that can't be read"),
        ([shape(SQUARE)], {"imageWidth": None}, "was expected to tell imageHeight and imageWidth"),
        ([shape(SQUARE)], {"imageWidth": 10**9}, "was expected to tell imageHeight and imageWidth"),
        ([shape(SQUARE)], {"shapes": 3}, "was expected to be labelme's JSON"),
        ([], {}, "is empty"),
    ],
)
def test_outlines_that_are_refused(outlines: list, more: dict, said: str, tmp_path: Path):
    file = write(tmp_path / "a.json", *outlines, **more)
    with pytest.raises(DatasetError) as caught:
        read_mask(file, tmp_path / "a.png")
    assert str(caught.value).startswith(f"The mask {file} ")
    assert said in str(caught.value)


def test_a_folder_of_outlined_photographs(tmp_path: Path):
    for name in "abcde":
        picture(tmp_path / f"{name}.png")
    write(tmp_path / "b.json", shape(SQUARE))
    write(tmp_path / "c.json", shape(SQUARE), shape(SQUARE, label="dent"))
    write(tmp_path / "d.json")
    dataset = open_dataset(tmp_path)
    assert dataset.layout is Layout.LABELME
    assert good_images(tmp_path)[0] == tuple(tmp_path / f"{name}.png" for name in "ade")
    assert [(i.path.stem, i.defect, i.family, [m.name for m in i.masks]) for i in dataset.test] == [
        *((name, "good", "good", []) for name in "ade"),
        ("b", "scratch", "structural", ["b.json"]),
        ("c", "anomaly", "anomaly", ["c.json"]),
    ]
    assert dataset.problems[1] == f"2 photographs in {tmp_path} have no file of labelme's and count as good."
    (defect,) = GroundTruth(dataset).defects(dataset.test[3], 60, 40)
    assert defect.saturation == 100


def test_outlines_beside_the_test_images_of_a_layout(tmp_path: Path):
    for name in ("train/good/0.png", "test/good/0.png", "test/cut/1.png", "test/cut/2.png"):
        picture(tmp_path / name)
    write(tmp_path / "test/cut/1.json", shape(SQUARE))
    (tmp_path / "test/cut/2.json").write_text('{"exposure": 3}')
    dataset = open_dataset(tmp_path)
    assert [image.masks for image in dataset.test] == [(), (tmp_path / "test/cut/1.json",), ()]


def test_notes_in_json_beside_photographs_are_no_outlines(tmp_path: Path):
    picture(tmp_path / "a.png")
    (tmp_path / "a.json").write_text('{"exposure": 3}')
    assert open_dataset(tmp_path).layout is Layout.PLAIN

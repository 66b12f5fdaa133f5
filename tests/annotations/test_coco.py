"""COCO's annotations: polygons and run lengths as pixels, and images with and without them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfsc.annotations.coco import segmented_pixels
from dfsc.datasets import Layout, open_dataset
from dfsc.errors import DatasetError
from dfsc.evaluation.ground_truth import GroundTruth

SQUARE = [10, 10, 20, 10, 20, 20, 10, 20]
SIZE = [24, 32]  # height and width
# The rows 3 to 9 of the columns 5 to 12, as COCO's API packs them, and unpacked.
PACKED, COUNTS = "k37a00000000000000U>", [123, 7, *([17, 7] * 7), 24 * 32 - 123 - 7 - 7 * 24]


def write(file: Path, *annotations: tuple[int, int, object], images: int = 3) -> Path:
    """Annotations are image, category and segmentation."""
    content = {
        "images": [{"id": n, "file_name": f"part/{n}.png", "width": 32, "height": 24} for n in range(images)],
        "categories": [{"id": 1, "name": "scratch"}, {"id": 2, "name": "missing"}],
        "annotations": [
            {"id": n, "image_id": image, "category_id": category, "segmentation": segmentation, "bbox": [1, 1, 5, 5]}
            for n, (image, category, segmentation) in enumerate(annotations)
        ],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "images" / "part").mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (32, 24)).save(tmp_path / "images" / "part" / f"{number}.png")
    return tmp_path


@pytest.mark.parametrize(
    ("segmentation", "area"),
    [
        ([SQUARE], 100),
        ([SQUARE, [0, 0, 4, 0, 4, 4, 0, 4]], 116),
        ({"size": SIZE, "counts": COUNTS}, 56),
        ({"size": SIZE, "counts": PACKED}, 56),
    ],
)
def test_segmentations_are_pixels(segmentation: object, area: int, root: Path):
    file = write(root / "a.json", (1, 1, segmentation))
    marked = segmented_pixels(file, root / "images" / "part" / "1.png")
    assert (marked.shape, marked.sum()) == ((24, 32), area)
    if area == 56:
        assert marked[3:10, 5:13].all()


@pytest.mark.parametrize("place", ["instances.json", "annotations/instances.json", "images/instances.json"])
def test_images_are_what_their_annotations_say(place: str, root: Path):
    file = write(root / place, (1, 1, [SQUARE]), (2, 1, [SQUARE]), (2, 2, [SQUARE]), images=4)
    dataset = open_dataset(file)
    assert open_dataset(file.parent) == dataset
    assert dataset.layout is Layout.COCO
    assert dataset.train == (root / "images/part/0.png",)
    assert [(i.path.stem, i.defect, i.family, i.masks) for i in dataset.test] == [
        ("0", "good", "good", ()),
        ("1", "scratch", "structural", (file,)),
        ("2", "anomaly", "anomaly", (file,)),
    ]
    assert dataset.problems[1] == f"1 images that {file} names are not there and are left out."
    assert GroundTruth(dataset).faults(dataset.test) == {}
    assert [d.saturation for d in GroundTruth(dataset).defects(dataset.test[1], 32, 24)] == [100]


@pytest.mark.parametrize(
    "segmentation",
    [
        None,
        [],
        [[1, 2, 3]],
        [["a", 1]],
        {"size": SIZE, "counts": [3]},
        {"size": [9, 9], "counts": COUNTS},
        {"counts": 3},
    ],
)
def test_boxes_and_broken_segmentations_are_named(segmentation: object, root: Path):
    dataset = open_dataset(write(root / "a.json", (1, 1, segmentation)))
    (fault,) = GroundTruth(dataset).faults(dataset.test).values()
    assert fault == f"The scratch on 1.png in {root}/a.json was expected to have a polygon or run lengths, but has not."


def test_images_that_are_not_there(tmp_path: Path):
    with pytest.raises(DatasetError, match="were expected beside it or in images, but are not there"):
        open_dataset(write(tmp_path / "deep" / "a.json"))


def test_files_that_lead_elsewhere_are_not_read(root: Path):
    file = write(root / "a.json")
    file.write_text(file.read_text().replace("part/1.png", "../x/1.png"))
    assert [image.path.stem for image in open_dataset(file).test] == ["0", "2"]


def test_another_size_than_the_image_is_named(root: Path):
    Image.new("RGB", (40, 40)).save(root / "images" / "part" / "1.png")
    dataset = open_dataset(write(root / "a.json", (1, 1, [SQUARE])))
    (fault,) = GroundTruth(dataset).faults(dataset.test).values()
    assert "32×24 pixels, its image 40×40" in fault
    assert np.array_equal(GroundTruth(dataset).defects(dataset.test[0], 40, 40), [])

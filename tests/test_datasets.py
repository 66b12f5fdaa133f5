"""Layouts of data sets, and what is said about folders that have none."""

from pathlib import Path

import pytest

from dfsc import datasets
from dfsc.datasets import Layout, TestImage, check_masks, family_of, good_images, open_dataset
from dfsc.errors import DatasetError


def touch(root: Path, *names: str) -> Path:
    """Make empty files with their folders; a name that ends with / is a folder."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return root


@pytest.fixture
def loco(tmp_path: Path) -> Path:
    return touch(
        tmp_path / "breakfast_box",
        "defects_config.json",
        "train/good/000.png",
        "train/good/001.png",
        "validation/good/000.png",
        "test/good/000.png",
        "test/logical_anomalies/000.png",
        "test/logical_anomalies/001.png",
        "test/structural_anomalies/000.png",
        "ground_truth/logical_anomalies/000/001.png",
        "ground_truth/logical_anomalies/000/000.png",
        "ground_truth/structural_anomalies/000/000.png",
    )


@pytest.fixture
def mvtec_ad(tmp_path: Path) -> Path:
    return touch(
        tmp_path / "transistor",
        "license.txt",
        "train/good/000.png",
        "test/good/000.png",
        "test/good/001.png",
        "test/misplaced/000.png",
        "test/bent_lead/000.png",
        "test/bent_lead/001.png",
        "ground_truth/misplaced/000_mask.png",
        "ground_truth/bent_lead/000_mask.png",
    )


def test_loco(loco: Path):
    dataset = open_dataset(loco)
    assert (dataset.layout, dataset.name, dataset.root) == (Layout.LOCO, "breakfast_box", loco)
    assert [path.name for path in dataset.train] == ["000.png", "001.png"]
    assert dataset.validation == (loco / "validation/good/000.png",)
    assert [(image.defect, image.family, image.is_good) for image in dataset.test] == [
        ("good", "good", True),
        ("logical_anomalies", "logical", False),
        ("logical_anomalies", "logical", False),
        ("structural_anomalies", "structural", False),
    ]


def test_loco_image_may_have_several_masks(loco: Path):
    first, second = (image for image in open_dataset(loco).test if image.family == "logical")
    truth = loco / "ground_truth/logical_anomalies"
    assert first.masks == (truth / "000/000.png", truth / "000/001.png")
    assert second.masks == (truth / "001",)  # not there, which comes out when it is read


def test_mvtec_ad(mvtec_ad: Path):
    dataset = open_dataset(str(mvtec_ad))
    assert (dataset.layout, dataset.validation) == (Layout.MVTEC_AD, ())
    truth = mvtec_ad / "ground_truth"
    assert [(image.path.parent.name, image.defect, image.family, image.masks) for image in dataset.test] == [
        ("good", "good", "good", ()),
        ("good", "good", "good", ()),
        ("bent_lead", "bent_lead", "structural", (truth / "bent_lead/000_mask.png",)),
        ("bent_lead", "bent_lead", "structural", (truth / "bent_lead/001_mask.png",)),  # not there
        ("misplaced", "misplaced", "logical", (truth / "misplaced/000_mask.png",)),
    ]


def test_without_ground_truth_no_masks_are_expected(tmp_path: Path):
    root = touch(tmp_path, "train/good/0.png", "test/good/0.png", "test/missing/0.png")
    assert [image.masks for image in open_dataset(root).test] == [(), ()]


def test_masks_may_be_called_like_their_images(tmp_path: Path):
    names = ("train/good/0.JPG", "test/good/0.JPG", "test/bad/1.JPG", "ground_truth/bad/1.png")
    dataset = open_dataset(touch(tmp_path, *names))
    assert dataset.test[1] == TestImage(tmp_path / names[2], "bad", "anomaly", (tmp_path / names[3],))
    check_masks(dataset)


def test_validation_or_either_test_folder_makes_it_loco(tmp_path: Path):
    validated = touch(tmp_path / "a", "train/good/0.png", "validation/good/0.png")
    structural = touch(tmp_path / "b", "train/good/0.png", "test/good/0.png", "test/structural_anomalies/0.png")
    assert open_dataset(validated).layout is Layout.LOCO
    assert open_dataset(structural).layout is Layout.LOCO


def test_plain_folder(tmp_path: Path):
    touch(tmp_path, "b.jpg", "a.PNG", "readme.md")
    dataset = open_dataset(tmp_path)
    assert dataset == datasets.Dataset(tmp_path, Layout.PLAIN, (tmp_path / "a.PNG", tmp_path / "b.jpg"))


def test_name_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(touch(tmp_path / "bottle", "0.png"))
    assert open_dataset(".").name == "bottle"


def test_good_images_of_each_layout(loco: Path, mvtec_ad: Path):
    assert good_images(loco) == (
        (loco / "train/good/000.png", loco / "train/good/001.png"),
        (loco / "validation/good/000.png",),
    )
    assert good_images(mvtec_ad) == ((mvtec_ad / "train/good/000.png",), ())
    assert good_images(mvtec_ad / "test/good")[0] == tuple(mvtec_ad / f"test/good/00{i}.png" for i in range(2))


def test_training_needs_no_test_images(tmp_path: Path):
    root = touch(tmp_path, "train/good/0.png")
    assert open_dataset(root).test == ()


def test_hidden_and_empty_test_folders_are_passed_over(mvtec_ad: Path):
    before = open_dataset(mvtec_ad)
    touch(mvtec_ad, "test/.ipynb_checkpoints/000.png", "test/empty/", "test/notes/notes.txt")
    assert open_dataset(mvtec_ad) == before


@pytest.mark.parametrize(
    ("defect", "family"),
    [
        ("good", "good"),
        ("missing", "logical"),
        ("misplaced", "logical"),
        ("logical_anomalies", "logical"),
        ("structural_anomalies", "structural"),
        ("cut_lead", "structural"),
        ("damaged_case", "structural"),
        ("never heard of", "structural"),
        ("anomaly", "anomaly"),
        ("bad", "anomaly"),
    ],
)
def test_families(defect: str, family: str):
    assert family_of(defect) == family


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), "{root} was expected to hold train/good, VisA's Data/Images or images of its own, but holds nothing."),
        (("notes.txt",), "or images of its own, but holds no images."),
        (("test/good/0.png",), "but holds the folder test."),
        (
            ("cable/train/good/0.png", "bottle/train/good/0.png"),
            "but holds the folders bottle, cable; name one product, as in {root}/bottle.",
        ),
        (("train/ok/0.png",), "{root}/train was expected to hold the folder good, but holds the folder ok."),
        (("train/0.png",), "{root}/train was expected to hold the folder good, but holds 1 image."),
        (("train/good/",), "{root}/train/good was expected to hold good images, but holds nothing."),
        (("train/good/a.txt",), "{root}/train/good was expected to hold good images, but holds no images."),
        (("train/0.png", "train/1.png"), "the folder good, but holds 2 images."),
        (("train/good/0.png", "test/bad/0.png"), "{root}/test was expected to hold the folder good, but holds the"),
        (("train/good/0.png", "validation/0/"), "{root}/validation was expected to hold the folder good, but holds"),
        (("x/train/good/0.png",), "but holds the folder x; name one product, as in {root}/x."),
        (("train/good/x/0.png",), "{root}/train/good was expected to hold good images, but holds the folder x."),
        (
            ("train/good/0.png", "test/good/0.png", "test/cut/cut/0.png"),
            "{root}/test/cut was expected to hold images, but holds the folder cut.",
        ),
        (
            ("split_csv/1cls.csv", "pcb1/Data/Images/Normal/", "candle/Data/Images/Normal/"),
            "but holds the folders candle, pcb1, split_csv; name one class, as in {root}/candle.",
        ),
        (tuple(f"{letter}/" for letter in "abcdefg"), "but holds the folders a, b, c, d, e …."),
    ],
)
def test_wrong_layout_says_what_was_expected_and_found(names: tuple[str, ...], expected: str, tmp_path: Path):
    touch(tmp_path, *names)
    with pytest.raises(DatasetError) as caught:
        open_dataset(tmp_path)
    text = str(caught.value)
    assert expected.format(root=tmp_path) in text
    assert "\n" not in text


@pytest.mark.parametrize("part", ["train", "test"])
def test_of_a_part_of_a_product_the_whole_is_named(mvtec_ad: Path, part: str):
    with pytest.raises(DatasetError, match=f"; name {mvtec_ad} itself.$"):
        open_dataset(mvtec_ad / part)


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(folder: Path):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DatasetError, match=f"^{tmp_path} can't be read; check its permissions.$"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("mask", "missing"),
    [
        ("bent_lead/007_mask.png", "test/bent_lead, but there is no 007."),
        ("bent/000_mask.png", "test/bent, but there is no 000."),
        ("bent_lead/009/000.png", "test/bent_lead, but there is no 009."),
    ],
)
def test_masks_that_belong_to_no_image(mvtec_ad: Path, mask: str, missing: str):
    check_masks(open_dataset(mvtec_ad))
    touch(mvtec_ad, f"ground_truth/{mask}")
    with pytest.raises(DatasetError, match="was expected to belong to an image in") as caught:
        check_masks(open_dataset(mvtec_ad))
    assert str(caught.value).endswith(missing)


def test_no_folder_at_all(tmp_path: Path):
    file = touch(tmp_path, "0.png") / "0.png"
    with pytest.raises(DatasetError, match="is a file; name"):
        open_dataset(file)
    with pytest.raises(DatasetError, match="does not exist; name"):
        open_dataset(tmp_path / "nowhere")

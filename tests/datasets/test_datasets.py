"""Layouts of data sets, and what is said about folders that have none."""

from pathlib import Path

import pytest

from dfsc import datasets
from dfsc.datasets import (
    Layout,
    TestImage,
    as_logical,
    check_trainable,
    family_of,
    good_images,
    open_dataset,
    unpaired_masks,
)
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
    assert unpaired_masks(dataset) == []


def test_its_config_or_either_test_folder_makes_it_loco_but_not_its_validation(tmp_path: Path):
    configured = touch(tmp_path / "a", "train/good/0.png", "test/good/0.png", "defects_config.json")
    structural = touch(tmp_path / "b", "train/good/0.png", "test/good/0.png", "test/structural_anomalies/0.png")
    validated = touch(tmp_path / "c", "train/good/0.png", "validation/good/1.png", "test/good/0.png", "test/cut/0.png")
    assert open_dataset(configured).layout is Layout.LOCO
    assert open_dataset(structural).layout is Layout.LOCO
    assert open_dataset(validated).layout is Layout.MVTEC_AD
    assert open_dataset(validated).validation == (validated / "validation/good/1.png",)


def test_mvtec_ad_2(tmp_path: Path):
    root = touch(
        tmp_path / "vial",
        "train/good/000_regular.png",
        "validation/good/001_regular.png",
        "test_private/002.png",
        "test_public/good/000_regular.png",
        "test_public/bad/000_overexposed.png",
        "test_public/bad/000_regular.png",
        "test_public/ground_truth/bad/000_overexposed_mask.png",
        "test_public/ground_truth/bad/000_regular_mask.png",
    )
    dataset = open_dataset(root)
    assert (dataset.layout, dataset.problems) == (Layout.MVTEC_AD_2, ())
    assert [path.name for path in (*dataset.train, *dataset.validation)] == ["000_regular.png", "001_regular.png"]
    assert [(image.defect, image.family, [mask.name for mask in image.masks]) for image in dataset.test] == [
        ("good", "good", []),
        ("bad", "anomaly", ["000_overexposed_mask.png"]),
        ("bad", "anomaly", ["000_regular_mask.png"]),
    ]
    assert unpaired_masks(dataset) == []


def test_btad(tmp_path: Path):
    names = ("train/ok/0.bmp", "test/ok/1.bmp", "test/ko/0.bmp", "ground_truth/ko/0.png")
    dataset = open_dataset(touch(tmp_path, *names))
    assert dataset.train == (tmp_path / names[0],)
    assert dataset.test == (
        TestImage(tmp_path / names[1], "good", "good"),
        TestImage(tmp_path / names[2], "ko", "anomaly", (tmp_path / names[3],)),
    )


@pytest.mark.parametrize(
    "mask",
    [
        "ground_truth/cut/A1_mask.png",
        "ground_truth/cut/a1_MASK.PNG",
        "ground_truth/cut/A1.bmp",
        "ground_truth/cut/A1-gt.tif",
        "ground_truth/cut/A1.jpg_mask.png",
        "ground_truth/cut/A1.jpg.png",
        "ground_truth/cut/mask_A1.png",
        "ground_truth/cut/A1.json",
        "ground_truth/cut/A1/000.png",
        "Ground_Truth/CUT/A1_mask.png",
        "masks/cut/A1.png",
        "ground_truth/A1_mask.png",
        "Test/cut/A1_mask.png",
    ],
)
def test_masks_go_by_several_names(mask: str, tmp_path: Path):
    root = touch(tmp_path, "Train/Good/0.jpg", "Test/Good/0.jpg", "Test/cut/A1.jpg", "Test/cut/a1_2.jpg", mask)
    dataset = open_dataset(root)
    assert [image.path.name for image in dataset.test] == ["0.jpg", "A1.jpg", "a1_2.jpg"]
    assert dataset.test[1].masks == (root / mask,)
    assert not any(path.is_file() for path in dataset.test[2].masks)
    assert unpaired_masks(dataset) == []


def test_of_two_masks_of_an_image_one_is_not_used(mvtec_ad: Path):
    touch(mvtec_ad, "ground_truth/bent_lead/000.bmp")
    (sentence,) = unpaired_masks(open_dataset(mvtec_ad))
    assert sentence.endswith("000.bmp is not used, because 000 in " + f"{mvtec_ad}/test/bent_lead has another mask.")


def test_nothing_in_test_keeps_from_training(tmp_path: Path):
    root = touch(tmp_path, "train/good/0.png", "test/0.png", "test/1.png", "test/cut/cut/0.png", "test/dent/0.png")
    dataset = open_dataset(root)
    assert good_images(root) == ((root / "train/good/0.png",), ())
    assert [image.path for image in dataset.test] == [root / "test/dent/0.png"]
    assert dataset.problems == (
        f"{root}/test holds 2 images outside of good and of a defect's folder, which can't be used.",
        f"{root}/test/cut was expected to hold images, but holds the folder cut; it is left out.",
    )


def test_a_validation_without_good_images_is_said_and_not_used(tmp_path: Path):
    root = touch(tmp_path, "train/good/0.png", "validation/0/")
    assert good_images(root) == ((root / "train/good/0.png",), ())
    assert open_dataset(root).problems == (
        f"{root}/validation was expected to hold the folder good, but holds the folder 0.",
    )


def test_an_evaluation_needs_nothing_to_train_on(tmp_path: Path):
    root = touch(tmp_path, "test/good/0.png", "test/dent/0.png")
    dataset = open_dataset(root)
    assert (dataset.train, len(dataset.test)) == ((), 2)
    with pytest.raises(DatasetError, match="was expected to hold train/good to train on, but holds the folder test"):
        check_trainable(dataset)
    with pytest.raises(DatasetError, match="to train on"):
        good_images(root)
    touch(root, "train/good/", "own.png")
    with pytest.raises(DatasetError, match="good was expected to hold good images, but holds nothing"):
        check_trainable(open_dataset(root))


def test_images_beside_a_folder_called_test_are_a_plain_folder(tmp_path: Path):
    assert open_dataset(touch(tmp_path, "0.png", "test/cut/1.png")).layout is Layout.PLAIN


def test_kinds_may_be_told_to_be_logical(mvtec_ad: Path):
    dataset = as_logical(open_dataset(mvtec_ad), ["bent_lead"])
    assert {image.defect: image.family for image in dataset.test} == {
        "good": "good",
        "bent_lead": "logical",
        "misplaced": "logical",
    }
    with pytest.raises(DatasetError, match="has no kind of defect called bent; it has bent_lead, misplaced"):
        as_logical(dataset, ["bent"])


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
        ("NG", "anomaly"),
    ],
)
def test_families(defect: str, family: str):
    assert family_of(defect) == family


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), "{root} was expected to hold train/good, VisA's Data/Images or images of its own, but holds nothing."),
        (("notes.txt",), "or images of its own, but holds no images."),
        (
            ("cable/train/good/0.png", "bottle/train/good/0.png"),
            "but holds the folders bottle, cable; name one product, as in {root}/bottle.",
        ),
        (("train/all/0.png",), "{root}/train was expected to hold the folder good, but holds the folder all."),
        (("train/0.png",), "{root}/train was expected to hold the folder good, but holds 1 image."),
        (("train/good/",), "{root}/train/good was expected to hold good images, but holds nothing."),
        (("train/good/a.txt",), "{root}/train/good was expected to hold good images, but holds no images."),
        (("train/0.png", "train/1.png"), "the folder good, but holds 2 images."),
        (("x/train/good/0.png",), "but holds the folder x; name one product, as in {root}/x."),
        (("train/good/x/0.png",), "{root}/train/good was expected to hold good images, but holds the folder x."),
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
    assert unpaired_masks(open_dataset(mvtec_ad)) == []
    touch(mvtec_ad, f"ground_truth/{mask}")
    (sentence,) = unpaired_masks(open_dataset(mvtec_ad))
    assert "was expected to belong to an image in" in sentence
    assert sentence.endswith(missing)


def test_no_folder_at_all(tmp_path: Path):
    file = touch(tmp_path, "0.png") / "0.png"
    with pytest.raises(DatasetError, match="is a file; name"):
        open_dataset(file)
    with pytest.raises(DatasetError, match="does not exist; name"):
        open_dataset(tmp_path / "nowhere")

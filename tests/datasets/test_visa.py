"""VisA's archive: classes by their table, and tables that are missing, broken or hostile."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfsc.datasets import Layout, good_images, open_dataset
from dfsc.errors import DatasetError
from dfsc.evaluation.ground_truth import GroundTruth

HEAD = "object,split,label,image,mask"
CANDLE = (
    "candle,train,normal,candle/Data/Images/Normal/0002.JPG,",
    "candle,train,normal,candle/Data/Images/Normal/0000.JPG,",
    "candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png",
    "candle,test,normal,candle/Data/Images/Normal/0001.JPG,",
)
PCB = ("pcb1,train,normal,pcb1/Data/Images/Normal/0000.JPG,",)
GOOD_LINE, TEST_LINE = CANDLE[0], CANDLE[2]


def write_table(archive: Path, *rows: str, head: str = HEAD) -> None:
    table = archive / "split_csv" / "1cls.csv"
    table.parent.mkdir(exist_ok=True)
    table.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two classes with their images; the masks are missing."""
    root = tmp_path / "VisA"
    for row in (*CANDLE, *PCB):
        image = root / row.split(",")[3]
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    (root / "candle" / "image_anno.csv").touch()
    write_table(root, *CANDLE, *PCB)
    return root


def refused(folder: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        open_dataset(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_class_is_divided_as_the_table_says(archive: Path):
    dataset = open_dataset(archive / "candle")
    images = archive / "candle/Data/Images"
    assert (dataset.layout, dataset.name, dataset.validation) == (Layout.VISA, "candle", ())
    assert dataset.train == (images / "Normal/0000.JPG", images / "Normal/0002.JPG")
    assert [(image.path, image.defect, image.family, image.masks) for image in dataset.test] == [
        (images / "Normal/0001.JPG", "good", "good", ()),
        (images / "Anomaly/000.JPG", "anomaly", "anomaly", (archive / "candle/Data/Masks/Anomaly/000.png",)),
    ]
    assert good_images(archive / "pcb1") == ((archive / "pcb1/Data/Images/Normal/0000.JPG",), ())


def test_a_class_may_be_the_working_folder(archive: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(archive / "candle")
    dataset = open_dataset(".")
    assert (dataset.name, len(dataset.train), len(dataset.test)) == ("candle", 2, 2)
    monkeypatch.chdir("Data")
    assert len(open_dataset("..").train) == 2


def test_a_table_saved_by_a_spreadsheet(archive: Path):
    table = archive / "split_csv" / "1cls.csv"
    table.write_bytes(table.read_text().replace("\n", "\r\n").encode("utf-8-sig"))
    assert len(open_dataset(archive / "candle").train) == 2


def test_labels_of_a_mask_are_defects_by_their_regions(archive: Path):
    labels = np.zeros((24, 32), np.uint8)
    labels[2:4, 2:5], labels[10:14, 10:12], labels[10:14, 12:14] = 1, 2, 9
    mask = archive / "candle/Data/Masks/Anomaly/000.png"
    mask.parent.mkdir(parents=True)
    Image.fromarray(labels).save(mask)
    dataset = open_dataset(archive / "candle")
    defects = GroundTruth(dataset).defects(dataset.test[1], 32, 24)
    assert [(int(defect.mask.sum()), defect.saturation) for defect in defects] == [(6, 6), (16, 16)]


def test_a_missing_mask_comes_out_when_it_is_read(archive: Path):
    dataset = open_dataset(archive / "candle")
    with pytest.raises(
        DatasetError, match=r"Masks/Anomaly/000\.png was expected as ground truth of anomaly/000\.JPG, but"
    ):
        GroundTruth(dataset).defects(dataset.test[1], 32, 24)


def test_the_table_is_missing(archive: Path):
    table = archive / "split_csv" / "1cls.csv"
    table.unlink()
    assert refused(archive / "candle").startswith(
        f"{table} was expected, as VisA's archive has it, to divide the images"
    )


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a" * 200_000, HEAD.encode() + b"\n" + b"a" * 200_000])
def test_the_table_is_none(archive: Path, content: bytes):
    table = archive / "split_csv" / "1cls.csv"
    table.write_bytes(content)
    assert refused(archive / "candle") == f"{table} was expected to be a table in CSV, but can't be read as one."


def test_the_table_lacks_columns_or_the_class(archive: Path):
    write_table(archive, head="object,split,image")
    assert refused(archive / "candle").endswith("columns object, split, label, image, mask, but lacks label, mask.")
    write_table(archive, *PCB)
    assert refused(archive / "candle").endswith("1cls.csv was expected to list images of candle, but lists pcb1.")
    write_table(archive)
    assert refused(archive / "candle").endswith("but lists none.")
    write_table(archive, TEST_LINE)
    with pytest.raises(DatasetError, match="images of candle for training, but names none"):
        good_images(archive / "candle")  # though it can be evaluated on


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (GOOD_LINE.replace("0002", "0009"), "names candle/Data/Images/Normal/0009.JPG, which is not in {archive}."),
        (GOOD_LINE.replace("0002", "0" * 5000), "…, which is not in {archive}."),
        ('candle,train,normal,"a\nb\x1b[2J",', "names a?b?[2J, which is not in {archive}."),
        ("candle,train,normal,../secret.jpg,", "names ../secret.jpg, which lies outside of {archive} and is not read."),
        ("candle,train,normal,candle/../../x.jpg,", "which lies outside of {archive} and is not read."),
        ("candle,train,normal,/etc/hostname,", "which lies outside of {archive} and is not read."),
        ("candle,train,normal,C:\\x.jpg,", "which lies outside of {archive} and is not read."),
        ("candle,train,normal,..\\x.jpg,", "which lies outside of {archive} and is not read."),
        (TEST_LINE.replace("candle/Data/Masks", "../Masks"), "which lies outside of {archive} and is not read."),
        (GOOD_LINE.replace("train", "val"), "was expected to have the split train or test, but has “val”."),
        (GOOD_LINE.replace("normal", "ok"), "was expected to have the label normal or anomaly, but has “ok”."),
        (TEST_LINE.replace("test", "train"), "was expected to train on a normal image, but names an anomalous one."),
        (TEST_LINE.rpartition(",")[0], "was expected to name a mask, but names none."),
        ("candle,train,normal", "was expected to name an image, but names none."),
    ],
)
def test_a_line_that_is_wrong_is_named(archive: Path, row: str, what: str):
    write_table(archive, CANDLE[1], row)
    text = refused(archive / "candle")
    assert text.startswith(f"Line {3 + row.count(chr(10))} of {archive}/split_csv/1cls.csv ")
    assert text.endswith(what.format(archive=archive))


def test_what_is_not_there_costs_only_what_needs_it(archive: Path):
    whole = open_dataset(archive / "candle")
    (archive / "candle/Data/Images/Anomaly/000.JPG").unlink()
    dataset = open_dataset(archive / "candle")
    assert (dataset.train, dataset.test) == (whole.train, whole.test[:1])
    (problem,) = dataset.problems
    assert problem.endswith(f"1cls.csv names candle/Data/Images/Anomaly/000.JPG, which is not in {archive}.")
    (archive / "candle/Data/Images/Normal/0002.JPG").unlink()
    assert open_dataset(archive / "candle").test == whole.test[:1]
    with pytest.raises(DatasetError, match=r"names candle/Data/Images/Normal/0002\.JPG, which is not in"):
        good_images(archive / "candle")


def test_an_image_can_not_be_trained_on_and_tested(archive: Path):
    write_table(archive, GOOD_LINE, GOOD_LINE.replace("train", "test"))
    assert refused(archive / "candle").endswith("names candle/Data/Images/Normal/0002.JPG a second time.")


def test_other_classes_lines_do_not_count(archive: Path):
    write_table(archive, *CANDLE, "pcb1,train,normal,../secret.jpg,")
    assert len(open_dataset(archive / "candle").train) == 2

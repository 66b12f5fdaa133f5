"""Tables that label images: what they may look like, and what is said about lines that can't be used."""

import json
from pathlib import Path

import pytest

from dfsc.datasets import Dataset, Layout, check_trainable, good_images, open_dataset
from dfsc.errors import DatasetError
from dfsc.sweeps.cells import check_datasets

ROWS = (
    "path,label,mask,split",
    "img/1.png,good,,train",
    "img/2.png,good,,test",
    "img/3.png,scratch,masks/3.png,test",
    "img/4.png,missing,masks/4.png,test",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "part" / "img").mkdir(parents=True)
    for number in range(1, 7):
        (tmp_path / "part" / "img" / f"{number}.png").touch()
    return tmp_path / "part"


def write(root: Path, *rows: str, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
    (root / name).write_text("\n".join(rows) + "\n", encoding=encoding)
    return root / name


def told(dataset: Dataset) -> list[tuple[str, str, str, list[str]]]:
    return [(i.path.name, i.defect, i.family, [mask.name for mask in i.masks]) for i in dataset.test]


def test_a_table_divides_and_labels(root: Path):
    table = write(root, *ROWS)
    for opened in (root, table):
        dataset = open_dataset(opened)
        assert (dataset.layout, dataset.root, dataset.name, dataset.problems) == (Layout.TABLE, root, "part", ())
        assert dataset.train == (root / "img/1.png",)
        assert told(dataset) == [
            ("2.png", "good", "good", []),
            ("3.png", "scratch", "structural", ["3.png"]),
            ("4.png", "missing", "logical", ["4.png"]),
        ]


@pytest.mark.parametrize(
    ("change", "encoding"),
    [
        (lambda row: row.replace(",", ";"), "utf-8-sig"),
        (lambda row: row.replace(",", "\t"), "utf-16"),
        (lambda row: row.replace("img/", "img\\").replace("good", "OK"), "cp1252"),
        (
            lambda row: row.replace("path", " Image_Path ").replace("label", "Class").replace("train", "Training"),
            "utf-8",
        ),
        (lambda row: row + ",ü" + "\r", "cp1252"),
    ],
)
def test_tables_as_other_programs_write_them(change, encoding: str, root: Path):
    expected = told(open_dataset(write(root, *ROWS)))
    write(root, *map(change, ROWS), encoding=encoding)
    assert told(open_dataset(root)) == expected
    assert good_images(root) == ((root / "img/1.png",), ())


def test_without_a_split_good_images_train_and_all_are_tested_which_is_said(root: Path):
    dataset = open_dataset(write(root, "file,label_index", "img/2.png,1", "img/1.png,0", "img/3.png,2"))
    assert dataset.train == (root / "img/1.png",)
    assert told(dataset) == [
        ("1.png", "good", "good", []),
        ("2.png", "anomaly", "anomaly", []),
        ("3.png", "2", "anomaly", []),
    ]
    assert "does not say which images are for testing" in dataset.problems[0]
    with pytest.raises(DatasetError, match="does not say which images are for testing; list them in a table"):
        check_datasets([root], pixels=False)


def test_several_masks_and_none(root: Path):
    rows = ("path,label,mask", "img/1.png,cut,a.png;b.png", "img/1.png,cut,c.png", "img/2.png,cut,nan", "img/3.png,cut")
    dataset = open_dataset(write(root, *rows))
    assert [masks for *_, masks in told(dataset)] == [["a.png", "b.png", "c.png"], [], []]
    with pytest.raises(DatasetError, match=r"labels\.csv was expected to name good images for training"):
        check_trainable(dataset)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("img/9.png,good,,train", "names img/9.png, which is not in {root}, and is left out."),
        ("../x.png,good,,train", "names what lies outside of {root} and is left out."),
        ("/etc/hostname,good,,train", "names what lies outside of {root} and is left out."),
        ("C:\\x.png,good,,train", "names what lies outside of {root} and is left out."),
        ("img/5.png,cut,../../m.png,test", "names what lies outside of {root} and is left out."),
        ("img/5.png,,,train", "has no label and is left out."),
        ("img/5.png,good,,third", "was expected to have the split train, validation or test, but has “third”."),
        ("img/4.png,good,,train", "contradicts an earlier line on img/4.png and is left out."),
    ],
)
def test_a_line_that_can_not_be_used_is_said_and_the_others_count(row: str, said: str, root: Path):
    expected = open_dataset(write(root, *ROWS))
    dataset = open_dataset(write(root, *ROWS, row))
    assert dataset.problems == (f"Line 6 of {root}/labels.csv {said.format(root=root)}",)
    assert (dataset.train, dataset.test) == (expected.train, expected.test)


def test_paths_may_be_absolute_within_the_folder(root: Path):
    dataset = open_dataset(write(root, "path,label,split", f"{root}/img/1.png,good,train"))
    assert (dataset.train, dataset.problems) == ((root / "img/1.png",), ())


def test_faulty_images_are_not_learned_from(root: Path):
    dataset = open_dataset(write(root, *ROWS, "img/5.png,cut,,train", "img/6.png,good,,val"))
    assert (dataset.train, dataset.validation) == ((root / "img/1.png",), (root / "img/6.png",))
    assert "has 1 anomalous images for training, which are left out" in dataset.problems[0]


def test_of_many_wrong_lines_the_first_are_said(root: Path):
    dataset = open_dataset(write(root, *ROWS, *(f"img/{n}.png,good,,train" for n in range(10, 30))))
    assert len(dataset.problems) == 6
    assert dataset.problems[-1].startswith("15 more lines of ")


def test_tables_that_are_refused(root: Path):
    cases = {
        "but lacks label": ("path,mask", "img/1.png,"),
        "has the label -1, which may mean either": ("path,label", "img/1.png,-1"),
        "but names none": ("path,label",),
        "names gone.png, which is not in": ("path,label", "gone.png,good"),
    }
    for said, rows in cases.items():
        with pytest.raises(DatasetError, match=said):
            open_dataset(write(root, *rows))
    write(root, *ROWS)
    write(root, *ROWS, name="other.tsv")
    with pytest.raises(DatasetError, match=r"holds several tables; name one, as in .*labels\.csv"):
        open_dataset(root)


def test_a_table_of_something_else_leaves_a_plain_folder(root: Path):
    write(root / "img", "image,score", "1.png,0.7")
    assert open_dataset(root / "img").layout is Layout.PLAIN


def test_real_iad(tmp_path: Path):
    images = tmp_path / "realiad_1024" / "audiojack"
    for name in ("OK/S1/a.jpg", "OK/S2/b.jpg", "NG/HS/S3/c.jpg"):
        (images / name).parent.mkdir(parents=True)
        (images / name).touch()
    content = {
        "meta": {"normal_class": "OK", "prefix": "audiojack/"},
        "train": [{"category": "audiojack", "anomaly_class": "OK", "image_path": "OK/S1/a.jpg", "mask_path": None}],
        "test": [
            {"category": "audiojack", "anomaly_class": "OK", "image_path": "OK/S2/b.jpg", "mask_path": None},
            {"anomaly_class": "HS", "image_path": "NG/HS/S3/c.jpg", "mask_path": "NG/HS/S3/c.png"},
        ],
    }
    file = tmp_path / "realiad_jsons" / "audiojack.json"
    file.parent.mkdir()
    file.write_text(json.dumps(content))
    dataset = open_dataset(file)
    assert (dataset.name, dataset.train, dataset.problems) == ("audiojack", (images / "OK/S1/a.jpg",), ())
    assert told(dataset) == [("b.jpg", "good", "good", []), ("c.jpg", "HS", "structural", ["c.png"])]
    for broken in ([], {"train": [], "test": []}, content | {"train": [1]}):
        file.write_text(json.dumps(broken))
        with pytest.raises(DatasetError, match="was expected to be a class of Real-IAD in JSON, but is not"):
            open_dataset(file)

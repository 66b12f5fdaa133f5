"""The report's folder: what it says equals what was evaluated, nothing is overwritten, and pictures are pictures."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from dfsc.datasets import open_dataset
from dfsc.errors import DatasetError
from dfsc.evaluation import evaluate
from dfsc.localisation import localise
from dfsc.metrics import image_auroc, roc_points
from dfsc.reporting.report import new_folder, write_report
from dfsc.reporting.sheet import worst_and_best


@pytest.fixture(scope="module")
def masked_dataset(toy_dataset, tmp_path_factory):
    """The toy data set with a mask for each anomalous image, as MVTec AD keeps them."""
    root = shutil.copytree(toy_dataset, tmp_path_factory.mktemp("masked") / "toy")
    truth = root / "ground_truth"
    for defect in ("missing", "scratch"):
        (truth / defect).mkdir(parents=True, exist_ok=True)
        for path in (root / "test" / defect).glob("*.png"):
            mask = np.zeros((256, 256), np.uint8)
            mask[60:100, 60:100] = 255
            Image.fromarray(mask).save(truth / defect / f"{path.stem}_mask.png")
    return open_dataset(root)


@pytest.fixture(scope="module")
def evaluation(masked_dataset, tiny_detectors):
    return evaluate(masked_dataset, tiny_detectors)


@pytest.fixture(scope="module")
def report(masked_dataset, evaluation, tmp_path_factory):
    folder = new_folder(tmp_path_factory.mktemp("out") / "report")
    return write_report("toy", evaluation, localise(masked_dataset, evaluation), folder)


def test_markdown_and_json_say_what_was_evaluated(report, evaluation):
    text = report.read_text(encoding="utf-8")
    told = json.loads((report.parent / "report.json").read_text(encoding="utf-8"))
    for entry, detector in zip(told["detectors"], evaluation.detectors, strict=True):
        assert entry["auroc"] == detector.auroc
        fused = detector.auroc["all"]["fused"]
        assert re.search(rf"\| {detector.detector} \| all \| 5 \|.*\| {100 * fused:.1f} \|", text)
        low, high = entry["interval_95"]["all"]
        assert low <= fused <= high
        assert 0 <= entry["localisation"]["areas"]["all"]["0.3"] <= 1
    difference = told["detectors"][1]["auroc"]["all"]["fused"] - told["detectors"][0]["auroc"]["all"]["fused"]
    (pooled,) = [pair for pair in told["comparisons"] if pair["group"] == "all"]
    assert pooled["difference"] == pytest.approx(difference)
    assert len(told["images"]) == len(evaluation.images)


def test_every_picture_of_the_report_opens(report):
    files = re.findall(r"!\[.*\]\((.*)\)", report.read_text(encoding="utf-8"))
    assert len(files) == 6
    for file in files:
        with Image.open(report.parent / file) as picture:
            assert min(picture.size) > 200


def test_sheets_show_the_extremes(evaluation):
    chosen = worst_and_best(evaluation)
    for title, indices in chosen.items():
        assert all(evaluation.images[i].is_good == title.startswith("Good") for i in indices)
    scores = np.mean([np.argsort(np.argsort(r.scores["fused"])) for r in evaluation.detectors], axis=0)
    lowest = chosen["Anomalous images with the lowest scores"]
    assert scores[lowest[0]] == min(scores[i] for i, image in enumerate(evaluation.images) if not image.is_good)


def test_a_report_overwrites_nothing(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not empty"):
        new_folder(tmp_path)
    assert new_folder(tmp_path / "new").is_dir()


def test_the_roc_curve_encloses_the_auroc():
    rng = np.random.default_rng(0)
    scores, anomalous = np.round(rng.normal(size=200), 1), rng.random(200) < 0.3
    x, y = roc_points(scores, anomalous)
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(y, x) == pytest.approx(image_auroc(scores, anomalous))

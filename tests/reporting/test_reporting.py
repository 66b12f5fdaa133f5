"""The report's folder: what it says equals what was evaluated, nothing is overwritten, and pictures are pictures."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dfsc.checkpoints.files import digest
from dfsc.datasets import open_dataset
from dfsc.errors import DatasetError
from dfsc.evaluation.auroc import image_auroc, roc_points
from dfsc.evaluation.evaluation import evaluate
from dfsc.evaluation.ground_truth import GroundTruth
from dfsc.evaluation.localisation import localise
from dfsc.reporting import sheet
from dfsc.reporting.figures_of_merit import figures_of_merit
from dfsc.reporting.markdown import markdown
from dfsc.reporting.naming import distinct_groups, group_title, labels
from dfsc.reporting.provenance import facts
from dfsc.reporting.report import new_folder, write_report
from dfsc.reporting.sheet import worst_and_best
from dfsc.sources import load


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
def report(masked_dataset, evaluation, tiny_detectors, tmp_path_factory):
    folder = new_folder(tmp_path_factory.mktemp("out") / "report")
    return write_report("toy", evaluation, localise(GroundTruth(masked_dataset), evaluation), folder, tiny_detectors)


def test_markdown_and_json_say_what_was_evaluated(report, evaluation):
    text = report.read_text(encoding="utf-8")
    told = json.loads((report.parent / "report.json").read_text(encoding="utf-8"))
    for title, entry, detector in zip(("EAD-S", "DFSC"), told["detectors"], evaluation.detectors, strict=True):
        assert entry["auroc"] == detector.auroc
        fused = detector.auroc["all"]["fused"]
        assert re.search(rf"\| All, pooled \| {title} \| 4 \| 5 \|.*\| {100 * fused:.1f} \|", text)
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


def test_the_report_says_what_was_evaluated_on_what(report, tiny_detectors):
    text = report.read_text(encoding="utf-8")
    told = json.loads((report.parent / "report.json").read_text(encoding="utf-8"))
    assert "| missing | Logical | 3 | 3 |" in text
    assert {"name": "good", "family": "good", "images": 4, "masks": 0} in told["data_set"]["folders"]
    for entry, detector in zip(told["detectors"], tiny_detectors, strict=True):
        assert entry["checkpoint"]["teacher"] == detector.config.teacher_digest
        assert entry["checkpoint"]["weights"] is None
    assert "constraint tau 0.99" in text


def test_a_checkpoint_is_told_by_its_digest(demo_detectors):
    told = [facts(detector) for detector in demo_detectors]
    assert [fact.checkpoint for fact in told] == ["toy_block/ead-s", "toy_block/dfsc"]
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", fact.weights) for fact in told)
    assert told[0].weights != told[1].weights
    assert told[0].constraint is None
    assert told[1].constraint["tau"] == 0.99


def test_a_renamed_folder_is_told_by_its_own_digest(demo_weights, tmp_path, monkeypatch):
    weights = shutil.copytree(demo_weights, tmp_path / "weights")
    monkeypatch.setenv("DFSC_WEIGHTS", str(weights))
    (weights / "toy_block").rename(weights / "lid")
    # At the place where the renamed checkpoint's config says that it lies, there is another one.
    shutil.copytree(weights / "lid" / "ead-s", weights / "toy_block" / "dfsc")
    told = facts(load("lid/dfsc"))
    assert (told.checkpoint, told.weights) == ("lid/dfsc", digest(weights / "lid" / "dfsc"))
    assert told.weights != digest(weights / "toy_block" / "dfsc")


def test_every_row_of_a_table_has_as_many_cells(report):
    widths = []
    for line in report.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            widths = []
            continue
        widths.append(line.count("|"))
        assert len(set(widths)) == 1


def test_detectors_of_one_method_and_name_keep_their_own_figures(evaluation):
    first, second = evaluation.detectors
    alike = replace(evaluation, detectors=(first, replace(second, detector=first.detector, method=first.method)))
    assert labels(alike.detectors) == ["toy_block-ead-s", "toy_block-ead-s-2"]
    figures = figures_of_merit("toy", alike)
    scores = [image["scores"] for image in figures.as_json()["images"]]
    assert [entry["toy_block-ead-s"] for entry in scores] == pytest.approx(first.scores["fused"].tolist())
    assert [entry["toy_block-ead-s-2"] for entry in scores] == pytest.approx(second.scores["fused"].tolist())
    assert "| toy_block-ead-s-2 |" in markdown(figures, [])


def test_groups_of_the_same_images_are_shown_once(evaluation):
    assert distinct_groups(evaluation) == ["logical", "structural", "mean", "all"]
    one_family = tuple(image for image in evaluation.images if image.family != "logical")
    counts = {name: evaluation.counts[name] for name in ("scratch", "structural", "all")}
    assert distinct_groups(replace(evaluation, images=one_family, counts=counts)) == ["all"]
    assert group_title("wrong_colour") == "Wrong colour"


def test_sheets_keep_the_proportions_of_photographs(evaluation, tmp_path):
    wide, index = evaluation.images[-1], len(evaluation.images) - 1
    path = tmp_path / "wide.png"
    Image.fromarray(np.full((200, 800, 3), 90, np.uint8)).save(path)
    mask = np.zeros((200, 800), np.uint8)
    mask[100, 400] = 255  # a single pixel, less than one of the sheet
    Image.fromarray(mask).save(tmp_path / "mask.png")
    images = (*evaluation.images[:-1], replace(wide, path=path, masks=(tmp_path / "mask.png",)))
    figures = figures_of_merit("toy", replace(evaluation, images=images))
    sheet.sheet(figures, [index], tmp_path / "wide.jpg")
    sheet.sheet(figures, [0], tmp_path / "square.jpg")
    with Image.open(tmp_path / "wide.jpg") as flat, Image.open(tmp_path / "square.jpg") as square:
        assert square.height - flat.height == sheet.TILE * 3 // 4
        pixels = np.asarray(flat.convert("RGB")).astype(int)
    magenta = (np.abs(pixels - sheet.OUTLINE).max(axis=2) < 60).sum()
    assert 10 < magenta < 200


def test_a_mask_that_is_not_there_leaves_the_photograph_as_it_is(evaluation, tmp_path):
    bare = replace(evaluation.images[-1], masks=(tmp_path / "gone.png",))
    figures = figures_of_merit("toy", replace(evaluation, images=(*evaluation.images[:-1], bare)))
    sheet.sheet(figures, [len(evaluation.images) - 1], tmp_path / "bare.jpg")
    assert (tmp_path / "bare.jpg").is_file()


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


@pytest.mark.slow
def test_several_trainings_of_each_method_are_compared_over_seeds(masked_dataset, make_tiny_detector, tiny_teacher):
    detectors = []
    for method in ("ead-s", "dfsc"):
        for seed in (0, 1, 2):
            detector = make_tiny_detector(tiny_teacher, method, 10 * len(method) + seed)
            detectors.append(replace(detector, config=replace(detector.config, training={"seed": seed})))
    evaluation = evaluate(masked_dataset, detectors)
    figures = figures_of_merit("toy", evaluation, (), detectors)
    (pooled,) = (pair for pair in figures.seeds if pair.group == "all")
    auroc = [report.auroc["all"]["fused"] for report in evaluation.detectors]
    assert pooled.seeds == (0, 1, 2)
    assert pooled.result.differences == pytest.approx([b - a for a, b in zip(auroc[:3], auroc[3:], strict=True)])
    assert "## Methods over seeds" in markdown(figures, [])
    assert not figures_of_merit("toy", evaluate(masked_dataset, detectors[:2]), (), detectors[:2]).seeds

"""AUROC of detectors over labelled images, files that can't be read, and the shapes of the report."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dfsc import datasets
from dfsc.datasets import open_dataset
from dfsc.errors import DatasetError, DFSCError
from dfsc.evaluation import evaluation
from dfsc.evaluation.auroc import image_auroc
from dfsc.evaluation.evaluation import Evaluation, evaluate
from dfsc.evaluation.scoring import Read
from dfsc.images.decoding import read_image
from dfsc.inspection.inspector import Inspector
from dfsc.models.calibration import BranchMaps
from dfsc.models.detector import Detector
from dfsc.training.closed_form import closed_form_detector

MAPS = ("local", "global", "fused")


@pytest.fixture(scope="module")
def toy(toy_dataset: Path) -> datasets.Dataset:
    return open_dataset(toy_dataset)


@pytest.fixture(scope="module")
def evaluated(toy: datasets.Dataset, tiny_detectors: tuple[Detector, Detector]) -> Evaluation:
    return evaluate(toy, tiny_detectors)


class StubInspector(Inspector):
    """Gives a detector's results for an image whose first pixel tells the peaks: red for local, green for global."""

    def __init__(self, detectors: Sequence[Detector], **options):
        super().__init__(detectors[:1], **options)
        self.detectors = tuple(detectors)
        self.template = Inspector(detectors[:1]).results(np.zeros((1, 256, 256, 3), np.uint8))[0][0]

    def results(self, images: np.ndarray, device: object = None) -> list[list]:
        peaks = images[:, 0, 0, :2].astype(np.float32)
        return [[self._result(*pair) for pair in peaks] for _ in self.detectors]

    def _result(self, local: float, global_: float):
        maps = np.zeros((2, 56, 56), np.float32)
        maps[0, 7, 9], maps[1, 7, 9] = local, global_
        return replace(self.template, maps=BranchMaps(*maps))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Scores follow from file names "<local>-<global>.png" instead of networks and files."""

    def decode(path: Path, name: str) -> np.ndarray:
        local, global_ = map(int, path.stem.split("-"))
        return np.full((256, 256, 3), (local, global_, 0), np.uint8)

    monkeypatch.setattr(evaluation, "Inspector", StubInspector)
    return decode


def image(scores: str, defect: str = "good", family: str | None = "good") -> datasets.TestImage:
    return datasets.TestImage(Path(f"{scores}.png"), defect, family)


def test_known_scores_give_known_figures(read: Read, tiny_detectors):
    images = [
        image("10-10"),
        image("20-40"),
        image("30-20"),
        image("40-10", "scratch", "structural"),
        image("25-25", "scratch", "structural"),
        image("5-90", "missing", "logical"),
    ]
    outcome = evaluate(images, tiny_detectors[:1], read=read)
    (report,) = outcome.detectors
    # Fused scores: good 10, 30, 25; scratch 25, 25; missing 47.5.
    assert report.scores["fused"].tolist() == [10, 30, 25, 25, 25, 47.5]
    scratch = {"local": 5 / 6, "global": 2.5 / 6, "fused": 3 / 6}
    missing = {"local": 0, "global": 1, "fused": 1}
    pooled = {key: (2 * scratch[key] + missing[key]) / 3 for key in MAPS}
    mean = {key: (missing[key] + scratch[key]) / 2 for key in MAPS}
    expected = {"missing": missing, "scratch": scratch, "logical": missing, "structural": scratch}
    expected |= {"mean": mean, "all": pooled}
    assert list(report.auroc) == list(expected)
    for group, figures in expected.items():
        assert report.auroc[group] == pytest.approx(figures), group
    assert {name: (c.good, c.anomalous) for name, c in outcome.counts.items()} == {
        "missing": (3, 1),
        "scratch": (3, 2),
        "logical": (3, 1),
        "structural": (3, 2),
        "mean": (3, 3),
        "all": (3, 3),
    }


def test_family_without_images_is_left_out(read: Read, tiny_detectors):
    (report,) = evaluate([image("1-1"), image("2-2", "dent", "structural")], tiny_detectors[:1], read=read).detectors
    assert list(report.auroc) == ["dent", "structural", "all"]
    (report,) = evaluate([image("1-1"), image("2-2", "odd", None)], tiny_detectors[:1], read=read).detectors
    assert list(report.auroc) == ["odd", "all"]


def test_group_names_keep_their_meaning_beside_folders_of_the_same_name(read: Read, tiny_detectors):
    images = [image("50-50"), image("60-60", "logical", "logical"), image("40-40", "missing", "logical")]
    images += [image("30-30", "all", "structural")]
    (report,) = evaluate(images, tiny_detectors[:1], read=read).detectors
    assert report.auroc["logical"]["fused"] == 0.5
    assert report.auroc["all"]["fused"] == pytest.approx(1 / 3)


def test_progress_counts_every_image_once(read: Read, tiny_detectors):
    images = [image("1-1")] + [image("2-2", "dent", "structural")] * 9
    steps = []
    evaluate(images, tiny_detectors[:1], lambda done, total: steps.append((done, total)), read=read)
    assert steps == [(4, 10), (8, 10), (10, 10)]


def test_scores_equal_those_of_single_inspections(evaluated: Evaluation, toy: datasets.Dataset, tiny_detectors):
    assert evaluated.images == toy.test
    inspector = Inspector(tiny_detectors)
    for index, test_image in enumerate(toy.test):
        results = inspector.inspect(read_image(test_image.path)).results
        for report, result in zip(evaluated.detectors, results, strict=True):
            expected = result.maps.local.max(), result.maps.global_.max(), result.score
            found = [report.scores[key][index] for key in MAPS]
            np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_network_with_its_partner_scores_what_an_inspector_of_both_says(toy: datasets.Dataset, tiny_detectors, draw):
    pictures = np.stack([draw(seed) for seed in range(8)])
    fre = closed_form_detector(pictures, tiny_detectors[0].teacher, "toy_block", {}, self_tested=False)
    trio = [replace(one, config=replace(one.config, held_out="sha256:both")) for one in (*tiny_detectors, fre)]
    reports = evaluate(toy, trio, partner=True).detectors
    assert [report.method for report in reports] == ["ead-s", "dfsc", "fre", "ead-s+fre", "dfsc+fre"]
    together = Inspector(trio, partner=True)
    for number, picture in enumerate(toy.test[:3]):
        for report, result in zip(reports[3:], together.results(read_image(picture.path)), strict=False):
            assert report.scores["fused"][number] == pytest.approx(result[0].score, abs=1e-6)


def test_figures_follow_from_the_scores(evaluated: Evaluation, tiny_detectors):
    assert [(r.detector, r.method) for r in evaluated.detectors] == [
        ("toy_block-ead-s", "ead-s"),
        ("toy_block-dfsc", "dfsc"),
    ]
    logical = np.array([i.family == "logical" for i in evaluated.images])
    used = np.array([i.family in ("good", "logical") for i in evaluated.images])
    for report in evaluated.detectors:
        assert list(report.auroc) == ["missing", "scratch", "logical", "structural", "mean", "all"]
        for key in MAPS:
            assert report.auroc["logical"][key] == image_auroc(report.scores[key][used], logical[used])


def test_json_has_exactly_the_agreed_shape(evaluated: Evaluation):
    shape = json.loads(json.dumps(evaluated.as_json()))
    assert list(shape) == ["detectors"]
    for entry in shape["detectors"]:
        assert set(entry) == {"detector", "method", "auroc"}
        for figures in entry["auroc"].values():
            assert set(figures) == set(MAPS)
            assert all(isinstance(value, float) and 0 <= value <= 1 for value in figures.values())


def test_table_shows_each_figure_beside_its_counts(read: Read, tiny_detectors):
    images = [image("10-10"), image("30-10"), image("20-90", "dent", "structural")]
    lines = evaluate(images, tiny_detectors, read=read).table().splitlines()
    assert lines[:3] == [
        "toy_block-ead-s",
        "AUROC in %   good   bad    local   global    fused",
        "dent            2     1     50.0    100.0    100.0",
    ]
    assert lines[lines.index("") + 1] == "toy_block-dfsc"


def test_unreadable_files_are_named_and_the_rest_goes_on(toy: datasets.Dataset, tmp_path: Path, tiny_detectors):
    broken = tmp_path / "007.png"
    broken.write_bytes(b"no image")
    missing = datasets.TestImage(tmp_path / "008.png", "good", "good")
    images = [datasets.TestImage(broken, "scratch", "structural"), *toy.test, missing]
    steps = []
    outcome = evaluate(images, tiny_detectors[:1], lambda done, total: steps.append((done, total)))
    assert outcome.images == toy.test
    assert [sentence.split(" ")[0] for sentence in outcome.unreadable] == ["scratch/007.png", "good/008.png"]
    assert str(tmp_path) not in "".join(outcome.unreadable)
    assert outcome.counts["scratch"].anomalous == 2
    assert steps[-1] == (11, 11)


def test_one_class_alone_can_not_be_evaluated(toy: datasets.Dataset, tmp_path: Path, tiny_detectors):
    good = [test_image for test_image in toy.test if test_image.is_good]
    with pytest.raises(DatasetError, match="there are 4 good and 0 anomalous ones"):
        evaluate(good, tiny_detectors)
    with pytest.raises(DatasetError, match="there are 0 good and 0 anomalous"):
        evaluate([], tiny_detectors)
    gone = datasets.TestImage(tmp_path / "gone.png", "scratch", "structural")
    with pytest.raises(DatasetError, match="1 could not be read, which leaves 4 good and 0 anomalous ones"):
        evaluate([*good, gone], tiny_detectors)


def test_without_a_detector_there_is_nothing_to_evaluate(toy: datasets.Dataset):
    with pytest.raises(DFSCError, match="no detector"):
        evaluate(toy, [])

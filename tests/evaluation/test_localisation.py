"""Localisation over a data set: maps against masks at each image's own size, for several detectors at once."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dfsc.datasets import Dataset, Layout, TestImage
from dfsc.errors import DatasetError
from dfsc.evaluation.evaluation import DetectorReport, Evaluation
from dfsc.evaluation.ground_truth import GroundTruth
from dfsc.evaluation.localisation import LIMITS, has_masks, localise

CELLS = np.zeros((56, 56), np.float32)


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def box(width, height, value=255):
    """A mask over the middle fifth of an image."""
    mask = np.zeros((height, width), np.uint8)
    mask[2 * height // 5 : 3 * height // 5, 2 * width // 5 : 3 * width // 5] = value
    return mask


@pytest.fixture
def dataset(tmp_path):
    """Images of three sizes in LOCO's layout: good, logical and structural."""
    rule = {"defect_name": "box", "pixel_value": 255, "saturation_threshold": 1.0, "relative_saturation": True}
    (tmp_path / "defects_config.json").write_text(json.dumps([rule]))
    images = [TestImage(write(tmp_path / "good.png", np.zeros((200, 300, 3), np.uint8)), "good", "good")]
    for number, family in enumerate(("logical", "structural")):
        width, height = 320 + 60 * number, 240
        path = write(tmp_path / f"{family}.png", np.zeros((height, width, 3), np.uint8))
        mask = write(tmp_path / "ground_truth" / family / "000.png", box(width, height))
        images.append(TestImage(path, f"{family}_anomalies", family, (mask,)))
    return Dataset(tmp_path, Layout.LOCO, (), (), tuple(images))


def evaluation(dataset, *detectors):
    """Detectors given as a map for each image."""
    reports = tuple(
        DetectorReport(f"toy-{i}", "ead-s", {}, {"fused": np.stack(maps)}) for i, maps in enumerate(detectors)
    )
    return Evaluation(reports, dataset.test, {}, ())


def hot_in_the_middle():
    cells = CELLS.copy()
    cells[21:35, 21:35] = 1.0  # the middle fifth and a little more: cell i is centred at 16.5 + 4i of 256 px
    return cells


def test_the_map_that_marks_the_defects_beats_the_one_that_marks_the_rest(dataset):
    hot, cold = hot_in_the_middle(), 1 - hot_in_the_middle()
    right, wrong, half = localise(
        GroundTruth(dataset), evaluation(dataset, (CELLS, hot, hot), (CELLS, cold, cold), (CELLS, hot, cold))
    )
    assert right.metric == "sPRO"
    assert list(right.areas) == ["logical", "structural", "mean", "all"]
    assert right.areas["all"][1.0] > 0.98
    assert wrong.areas["all"][0.05] == 0.0
    assert half.areas["logical"] == right.areas["logical"]
    for limit in LIMITS:
        mean = (half.areas["logical"][limit] + half.areas["structural"][limit]) / 2
        assert half.areas["mean"][limit] == pytest.approx(mean)
    assert right.pixel_auroc["all"] > 0.98 > wrong.pixel_auroc["all"]


def test_the_usual_limit_is_that_of_the_metric(dataset):
    hot = hot_in_the_middle()
    (spro,) = localise(GroundTruth(dataset), evaluation(dataset, (CELLS, hot, hot)))
    assert spro.usual["all"] == spro.areas["all"][0.05]
    regions = replace(dataset, layout=Layout.MVTEC_AD)
    (aupro,) = localise(GroundTruth(regions), evaluation(regions, (CELLS, hot, hot)))
    assert aupro.metric == "AUPRO"
    assert aupro.usual["all"] == aupro.areas["all"][0.3]


def test_progress_counts_the_images(dataset):
    told = []
    hot = hot_in_the_middle()
    judged = evaluation(dataset, (CELLS, hot, hot))
    localise(GroundTruth(dataset), judged, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_images_without_masks_are_noticed(dataset):
    bare = replace(dataset, test=tuple(replace(image, masks=()) for image in dataset.test))
    assert has_masks(dataset.test)
    assert not has_masks(bare.test)
    truth = GroundTruth(bare)
    with pytest.raises(DatasetError, match="no ground-truth mask"):
        localise(truth, evaluation(bare, (CELLS,) * 3))

"""Inspection: one run of a shared teacher, true places in the map, and verdicts that follow from the good images."""

import copy
import itertools
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dfsc.errors import CheckpointError, DFSCError, ImageError
from dfsc.geometry import cell_at, cell_centre, place_on_image
from dfsc.inspection.inspector import Inspector, inspect
from dfsc.inspection.results import Result
from dfsc.models.calibration import BranchMaps, Calibration, RawMaps
from dfsc.models.detector import Detector, Teacher

ROOT = Path(__file__).parents[2]
BLOB_PLACES = [(45, 50), (60, 190), (101, 77), (128, 128), (150, 93), (175, 60), (203, 202), (90, 166)]


@pytest.fixture(scope="module")
def inspector(tiny_detectors: tuple[Detector, Detector]) -> Inspector:
    return Inspector(tiny_detectors, torch.float32)


def counting(teacher: Teacher, digest: str) -> tuple[Teacher, list[int]]:
    """The same teacher under a digest, and a list that grows by the number of images on each run."""
    network, runs = copy.deepcopy(teacher.network), []
    network[0].register_forward_hook(lambda _module, inputs, _output: runs.append(len(inputs[0])))
    return replace(teacher, network=network, digest=digest), runs


# A shared teacher


def test_detectors_with_one_teacher_share_its_run(tiny_detectors, good_pictures):
    teacher, runs = counting(tiny_detectors[0].teacher, "sha256:one")
    ready = Inspector([replace(d, teacher=teacher) for d in tiny_detectors])
    assert len(ready.inspect(good_pictures[0]).results) == 2
    assert runs == [1]
    ready.results(np.stack(good_pictures[:3]))
    assert runs == [1, 3]


def test_detectors_with_two_teachers_run_both(tiny_detectors, good_pictures):
    (first, first_runs), (second, second_runs) = (
        counting(d.teacher, f"sha256:{number}") for number, d in enumerate(tiny_detectors)
    )
    pair = [replace(tiny_detectors[0], teacher=first), replace(tiny_detectors[1], teacher=second)]
    Inspector(pair).inspect(good_pictures[0])
    assert (first_runs, second_runs) == ([1], [1])


def test_company_does_not_change_a_detectors_result(inspector: Inspector, tiny_detectors, good_pictures):
    together = inspector.inspect(good_pictures[0]).results
    for detector, expected in zip(tiny_detectors, together, strict=True):
        alone = Inspector([detector], torch.float32).inspect(good_pictures[0]).results[0]
        np.testing.assert_array_equal(alone.maps.local, expected.maps.local)
        np.testing.assert_array_equal(alone.maps.global_, expected.maps.global_)


def test_detectors_are_not_changed_by_an_inspector(tiny_detectors, good_pictures):
    Inspector(tiny_detectors, torch.bfloat16).inspect(good_pictures[0])
    for detector in tiny_detectors:
        for network in (detector.teacher.network, detector.model):
            assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_each_device_has_copies_of_the_networks_which_stay_there(inspector: Inspector, good_pictures, monkeypatch):
    pictures = np.stack(good_pictures[:1])
    before, there = inspector.results(pictures), inspector.results(pictures, "cpu:0")
    monkeypatch.setattr("dfsc.backends.runtimes.for_inference", lambda *_: pytest.fail("copied again"))
    monkeypatch.setattr(nn.Module, "to", lambda *_: pytest.fail("moved"))
    for again in (inspector.results(pictures, "cpu:0"), inspector.results(pictures)):
        for results in (before, there):
            np.testing.assert_array_equal(again[0][0].fused, results[0][0].fused)


def test_no_detector_and_no_image_are_errors(inspector: Inspector):
    with pytest.raises(DFSCError, match="no detector"):
        Inspector([])
    with pytest.raises(ImageError, match="RGB uint8"):
        inspector.inspect(np.zeros((256, 256), np.uint8))


def test_records_say_what_was_inspected_with_what(tiny_detectors, draw):
    picture = draw(3, 300, 200)
    inspection = inspect(picture, iter(tiny_detectors))
    assert inspection.size == (300, 200)
    assert inspection.image is picture
    assert [(r.detector, r.method, r.title, r.source) for r in inspection.results] == [
        ("toy_block-ead-s", "ead-s", "EAD-S", "memory"),
        ("toy_block-dfsc", "dfsc", "DFSC", "memory"),
    ]
    for result in inspection.results:
        assert result.maps.local.shape == result.maps.global_.shape == result.fused.shape == (56, 56)
        assert result.maps.local.dtype == result.fused.dtype == np.float32
        assert result.milliseconds > 0


# Scores and verdicts


def test_good_calibration_images_are_accepted_when_inspected_again(inspector: Inspector, good_pictures):
    for number, picture in enumerate(good_pictures):
        for result in inspector.inspect(picture).results:
            good = result.good.maps.fused()[number]
            assert result.score == pytest.approx(good.max(), abs=1e-6)
            assert result.score <= result.threshold
            assert result.verdict == "accept"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_good_image_that_a_limit_is_of_is_rejected_in_any_arithmetic(
    tiny_detectors, demo_detectors, good_pictures, dtype
):
    detectors = [*tiny_detectors, *demo_detectors]
    for of_detector in Inspector(detectors, dtype).results(np.stack(good_pictures)):
        for result, weight in itertools.product(of_detector, (0.0, 0.5, 1.0)):
            assert replace(result, local_weight=weight).verdict == "accept"


def test_detectors_from_disk_accept_their_good_images(demo_detectors: list[Detector], good_pictures):
    ready = Inspector(demo_detectors, torch.float32)
    for of_detector in ready.results(np.stack(good_pictures[:3])):
        for number, result in enumerate(of_detector):
            kept = result.good.maps
            np.testing.assert_allclose(result.maps.local, kept.local[number], rtol=2e-3, atol=2e-3)
            np.testing.assert_allclose(result.maps.global_, kept.global_[number], rtol=2e-3, atol=2e-3)
            assert result.verdict == "accept"


def test_verdict_and_percentile_follow_threshold_and_weight(inspector: Inspector, good_pictures):
    results = [inspector.inspect(picture).results[0] for picture in good_pictures]
    for weight in (0.0, 0.5, 1.0):
        again = [replace(result, rejected_good=3, local_weight=weight) for result in results]
        assert sum(result.verdict == "reject" for result in again) <= 3
        percentiles = [result.percentile for result in sorted(again, key=lambda result: result.score)]
        assert percentiles == sorted(percentiles)
        assert (percentiles[0], max(percentiles) < 100) == (0, True)
        highest = max(again, key=lambda result: result.score)
        beyond = replace(highest, maps=BranchMaps(highest.maps.local * 1.2, highest.maps.global_ * 1.2))
        assert (beyond.verdict, beyond.percentile) == ("reject", 100)


def test_what_is_strange_nearly_everywhere_is_foreign_and_gets_no_verdict(any_result: Result, tiny_detectors):
    calibration = tiny_detectors[0].calibration
    usual = np.median(calibration.good.local.astype(np.float32), axis=(1, 2)).max()
    cells = np.full((56, 56), usual, np.float32)
    assert calibration.strangeness(cells) == pytest.approx(1, rel=1e-3)
    cells[:27] *= 1000  # a defect over nearly half of the image
    assert calibration.strangeness(cells) == pytest.approx(1, rel=1e-3)
    cells[:29] = usual * 3
    assert calibration.strangeness(cells) == pytest.approx(3, rel=1e-3)
    assert replace(any_result, strangeness=3.0).verdict == "foreign"
    assert replace(any_result, strangeness=1.0).verdict == any_result.verdict == "accept"


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_no_comparison_with_what_is_no_number_ends_in_accept(any_result: Result, number: float):
    maps = replace(any_result.maps, local=np.full((56, 56), number, np.float32))
    assert replace(any_result, maps=maps).verdict == "reject"
    assert replace(any_result, strangeness=number).verdict == "foreign"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [1e38, math.nan])
def test_maps_that_are_not_finite_give_an_error_and_no_verdict(tiny_detectors, good_pictures, dtype, size):
    model = copy.deepcopy(tiny_detectors[0].model)
    nn.init.constant_(model.student[-1].weight, size)
    with pytest.raises(CheckpointError, match="not finite"):
        Inspector([replace(tiny_detectors[0], model=model)], dtype).inspect(good_pictures[0])


def test_bfloat16_scores_lie_close_to_float32_ones(inspector: Inspector, tiny_detectors, draw):
    fast = Inspector(tiny_detectors, torch.bfloat16)
    picture = draw(50, scratch=True)
    for exact, rounded in zip(inspector.inspect(picture).results, fast.inspect(picture).results, strict=True):
        assert rounded.score == pytest.approx(exact.score, rel=0.03)


@pytest.fixture
def any_result(inspector: Inspector, good_pictures) -> Result:
    return inspector.inspect(good_pictures[0]).results[0]


@pytest.mark.parametrize(
    ("local", "global_", "weight", "cell", "branch"),
    [
        ({(3, 4): 2}, {(3, 4): 1}, 0.5, (3, 4), "local"),
        ({(3, 4): 1}, {(3, 4): 2}, 0.5, (3, 4), "global"),
        ({(3, 4): 5}, {(50, 2): 6}, 0.5, (50, 2), "global"),
        ({(3, 4): 5}, {(50, 2): 6}, 0.9, (3, 4), "local"),
        ({(3, 4): 5, (9, 9): 4}, {(9, 9): 3}, 0.5, (9, 9), "local"),
        ({(0, 55): 1}, {(0, 55): 1}, 0.5, (0, 55), "local"),
    ],
)
def test_branch_is_the_larger_one_at_the_fused_peak(any_result: Result, local, global_, weight, cell, branch):
    maps = BranchMaps(np.zeros((56, 56), np.float32), np.zeros((56, 56), np.float32))
    for values, peaks in ((maps.local, local), (maps.global_, global_)):
        for place, value in peaks.items():
            values[place] = value
    result = replace(any_result, maps=maps, local_weight=weight)
    assert result.peak_cell == cell
    assert result.local_peak == local.get(cell, 0)
    assert result.global_peak == global_.get(cell, 0)
    assert result.branch == branch
    assert result.score == pytest.approx(weight * result.local_peak + (1 - weight) * result.global_peak)


# Places


def averaging(network: nn.Module) -> nn.Module:
    """Make each convolution the mean of its inputs, shifted so far that ReLU never acts: a linear, symmetric blur."""
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    for layer in convolutions:
        nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
        nn.init.zeros_(layer.bias)
    nn.init.constant_(convolutions[0].bias, 3.0)
    return network


def silent(network: nn.Module) -> nn.Module:
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    return network


@pytest.fixture(scope="module")
def blurring(tiny_detectors: tuple[Detector, Detector]) -> Inspector:
    """A detector whose local map is the square of the blurred picture, its global map 0."""
    like = tiny_detectors[0]
    ramp = np.linspace(0, 1, 2 * 56 * 56, dtype=np.float16).reshape(2, 56, 56)
    detector = replace(
        like,
        teacher=replace(like.teacher, network=averaging(copy.deepcopy(like.teacher.network))),
        model=silent(copy.deepcopy(like.model)),
        channel_mean=torch.zeros_like(like.channel_mean),
        channel_std=torch.ones_like(like.channel_std),
        calibration=Calibration(RawMaps(ramp, ramp)),
    )
    return Inspector([detector], torch.float32)


def blob_maps(inspector: Inspector, level: int = 100) -> Iterator[tuple[np.ndarray, tuple[float, float]]]:
    """For each place, how far a bright 5×5 px blob changes the local map of a flat 256×256 picture, and its centre."""
    flat = np.full((256, 256, 3), level, np.uint8)
    pictures = [flat]
    for x, y in BLOB_PLACES:
        pictures.append(flat.copy())
        pictures[-1][y : y + 5, x : x + 5] = 250
    maps = [result.maps.local for result in inspector.results(np.stack(pictures))[0]]
    for changed, (x, y) in zip(maps[1:], BLOB_PLACES, strict=True):
        yield np.abs(changed - maps[0]), (x + 2.5, y + 2.5)


def centroid(values: np.ndarray) -> tuple[float, float]:
    """x and y of the centre of mass, in pixels from the top left corner (a pixel's own centre lies at + 0.5)."""
    rows, columns = (np.arange(edge) + 0.5 for edge in values.shape)
    return float(values.sum(0) @ columns / values.sum()), float(values.sum(1) @ rows / values.sum())


def test_point_source_shows_where_it_is_without_a_systematic_shift(blurring: Inspector):
    errors = []
    for change, place in blob_maps(blurring):
        errors.append(np.subtract(centroid(place_on_image(change, 256, 256)), place))
    assert np.abs(errors).max() < 1
    assert np.abs(np.mean(errors, axis=0)).max() < 0.2


def test_random_networks_show_a_point_source_within_6_pixels(
    tiny_detectors: tuple[Detector, Detector], make_tiny_detector: Callable[..., Detector]
):
    # Their responses are lopsided, each in its own way, so only the bound holds and not the missing shift.
    for detector in (*tiny_detectors, make_tiny_detector(tiny_detectors[0].teacher, seed=7)):
        for change, place in blob_maps(Inspector([detector], torch.float32)):
            x, y = centroid(place_on_image(change, 256, 256))
            assert np.hypot(x - place[0], y - place[1]) < 6


@pytest.mark.parametrize("size", [(256, 256), (512, 384), (300, 900)])
def test_peak_lies_on_the_blob_in_the_photographs_own_pixels(blurring: Inspector, size: tuple[int, int]):
    width, height = size
    photograph = np.full((height, width, 3), 60, np.uint8)
    x, y = 0.62 * width, 0.31 * height
    rows, columns = np.mgrid[:height, :width] + 0.5
    inside = ((columns - x) * 256 / width) ** 2 + ((rows - y) * 256 / height) ** 2 < 16
    photograph[inside] = 255
    inspection = blurring.inspect(photograph)
    found = inspection.peak_xy(inspection.results[0])
    assert abs(found[0] - x) * 256 / width < 3
    assert abs(found[1] - y) * 256 / height < 3


def test_cells_lie_at_their_true_centres():
    cells = np.random.default_rng(0).normal(size=(56, 56)).astype(np.float32)
    placed = place_on_image(cells, 256, 256)
    assert placed.shape == (256, 256)
    assert placed.dtype == np.float32
    # Pixel 16 has its centre at 16.5, which is cell 0's.
    np.testing.assert_allclose(placed[16:240:4, 16:240:4], cells, atol=1e-6)
    assert (cell_centre(0), cell_centre(55)) == (16.5, 236.5)
    assert cell_at(cell_centre(40) / 256, cell_centre(10) / 256) == (10, 40)
    assert (cell_at(0.05, 0.5), cell_at(0.5, 0.95)) == (None, None)


@given(width=st.integers(16, 400), height=st.integers(16, 400), x=st.floats(0, 0.999), y=st.floats(0, 0.999))
@settings(max_examples=60, deadline=None)
def test_placing_is_bilinear_between_cells_and_repeats_the_outer_ones(width: int, height: int, x: float, y: float):
    cells = np.random.default_rng(1).normal(size=(56, 56)).astype(np.float32)
    column, row = int(x * width), int(y * height)
    u = min(max(((column + 0.5) * 256 / width - 16.5) / 4, 0), 55)
    v = min(max(((row + 0.5) * 256 / height - 16.5) / 4, 0), 55)
    left, top = min(int(u), 54), min(int(v), 54)
    a, b = u - left, v - top
    upper = (1 - a) * cells[top, left] + a * cells[top, left + 1]
    lower = (1 - a) * cells[top + 1, left] + a * cells[top + 1, left + 1]
    assert place_on_image(cells, width, height)[row, column] == pytest.approx((1 - b) * upper + b * lower, abs=1e-5)


def test_placing_keeps_width_and_height_apart():
    cells = np.zeros((56, 56), np.float32)
    cells[10, 40] = 1
    placed = place_on_image(cells, 512, 128)
    assert placed.shape == (128, 512)
    x, y = centroid(placed)
    assert (x, y) == (pytest.approx(2 * cell_centre(40), abs=0.2), pytest.approx(cell_centre(10) / 2, abs=0.2))


FORKED = """
import multiprocessing
import numpy as np
import torch
import dfsc

torch.set_num_threads(2)
inspector = dfsc.Inspector(dfsc.product_detectors("toy_block"))
image = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
scores = [inspector.inspect(image).results[0].score]
context = multiprocessing.get_context("fork")
queue = context.Queue()
worker = context.Process(target=lambda: queue.put(inspector.inspect(image).results[0].score))
worker.start()
worker.join(600)
assert worker.exitcode == 0, worker.kill()
assert abs(queue.get() - scores[0]) < 1e-3 * abs(scores[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_that_is_forked_after_an_inspection_inspects_too(shared_folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DFSC_WEIGHTS": str(shared_folder)}
    ran = subprocess.run([sys.executable, "-c", FORKED], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr

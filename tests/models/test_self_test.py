"""Faults made on good photographs, and what a detector that finds few of them may still say."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from dfsc.__main__ import main
from dfsc.checkpoints.bundles import write_bundle
from dfsc.checkpoints.cards import detector_card, repository_card
from dfsc.checkpoints.detectors import save_detector
from dfsc.errors import CheckpointError
from dfsc.geometry import FIRST_CELL_CENTRE, cell_at
from dfsc.inspection.inspector import Inspector
from dfsc.inspection.records import result_record
from dfsc.material.training_set import prepare
from dfsc.models.calibration import Calibration, RawMaps, peak
from dfsc.models.detector import network_input
from dfsc.models.self_test import (
    BESIDE,
    DECIDING,
    MADE,
    MADE_BESIDE,
    SEEN_LEVELS,
    SEEN_PIXELS,
    USABLE_STEPS,
    Example,
    SelfTest,
    judge,
    make_faults,
)
from dfsc.sources import load, open_checkpoints
from dfsc.training.plan import TrainingPlan
from dfsc.training.training import Training

POOR = SelfTest({"erased": (0, 7), "copied": (2, 7), "scratched": (1, 6)}, 900)
GOOD = SelfTest({"erased": (6, 7), "copied": (6, 7), "scratched": (5, 6)}, 900)
MISSED = Example("swapped", ((0.1, 0.1, 0.2, 0.25), (0.5, 0.5, 0.6, 0.65)), False)
WIDER = SelfTest(GOOD.by_kind | {"swapped": (1, 3), "recoloured": (0, 3), "doubled": (0, 3)}, 900, MISSED, 0.25)


@pytest.fixture(scope="module")
def photographs(good_pictures):
    return np.stack(good_pictures[:5])


@pytest.fixture(scope="module")
def faults(photographs):
    return make_faults(photographs, seed=4)


def maps_with(faults, value, shift=0.0):
    """Local maps 0 but for one cell, at each fault's centre or a share of the edge away from it; global ones are 0."""
    local = np.zeros((len(faults), 56, 56), np.float32)
    for cells, fault in zip(local, faults, strict=True):
        left, top, right, bottom = fault.boxes[-1]
        x, y = (left + right) / 2, (top + bottom) / 2
        cells[cell_at((x + shift - 0.1) % 0.8 + 0.1, y)] = value
    return RawMaps(local, np.zeros_like(local))


@pytest.fixture(scope="module")
def calm():
    """The calibration of a detector whose maps of good photographs lie between 0 and 1."""
    good = np.random.default_rng(0).uniform(0, 1, (2, 5, 56, 56)).astype(np.float16)
    return Calibration(RawMaps(*good))


def with_test(detector, test):
    return dataclasses.replace(detector, config=dataclasses.replace(detector.config, self_test=test))


def test_the_same_seed_makes_the_same_faults_and_another_one_others(photographs, faults):
    again, others = make_faults(photographs, seed=4), make_faults(photographs, seed=5)
    assert [fault.boxes for fault in again] == [fault.boxes for fault in faults]
    assert all((one.image == other.image).all() for one, other in zip(again, faults, strict=True))
    assert [fault.boxes for fault in others] != [fault.boxes for fault in faults]


def test_faults_are_of_all_kinds_and_on_all_photographs(faults):
    counts = {kind: sum(fault.kind == kind for fault in faults) for kind in DECIDING | BESIDE}
    assert counts == {"erased": 7, "copied": 7, "scratched": 6, "swapped": 3, "recoloured": 3, "doubled": 3}
    assert MADE_BESIDE <= MADE / 2
    for kind in DECIDING:
        assert {fault.photograph for fault in faults if fault.kind == kind} == set(range(5))


def test_a_fault_is_seen_where_it_is_said_to_be_and_nowhere_else(photographs, faults):
    for fault in faults:
        before = photographs[fault.photograph].astype(int)
        changed = np.abs(fault.image - before).max(axis=-1)
        inside = np.zeros((256, 256), bool)
        for box in fault.boxes:
            left, top, right, bottom = (round(256 * edge) for edge in box)
            inside[top - 4 : bottom + 4, left - 4 : right + 4] = True
            assert FIRST_CELL_CENTRE < left < right < 256 - FIRST_CELL_CENTRE
            assert FIRST_CELL_CENTRE < top < bottom < 256 - FIRST_CELL_CENTRE
        assert (changed >= SEEN_LEVELS).sum() >= SEEN_PIXELS
        assert not changed[~inside].any()


@pytest.mark.parametrize("level", [0, 60, 140, 215, 255])
def test_on_a_plain_surface_there_are_scratches_and_colours_alone(level):
    faults = make_faults(np.full((4, 256, 256, 3), level, np.uint8), seed=1)
    assert {fault.kind for fault in faults} == {"scratched", "recoloured"}
    assert sum(fault.kind == "scratched" for fault in faults) >= 4


def test_who_marks_every_fault_finds_all_and_who_marks_beside_them_none(faults, calm):
    assert judge(faults, maps_with(faults, 50.0), calm, 900).share == 1
    assert judge(faults, maps_with(faults, 50.0, shift=0.4), calm, 900).found == 0
    assert judge(faults, maps_with(faults, 0.0), calm, 900).share == 0


def test_how_clearly_it_tells_them_is_the_middle_of_what_decides_above_good_parts(faults, calm):
    good = calm.good_parts.peaks().mean()
    for height in (0.0, 50.0):
        maps = maps_with(faults, height)
        scores = peak(calm.normalise(maps).fused())[:MADE]  # those that decide come first
        assert judge(faults, maps, calm, 900).strength == pytest.approx(np.median(scores) - good)
    beside = judge(faults[MADE:], maps_with(faults[MADE:], 50.0), calm, 900)
    assert (beside.share, beside.strength) == (1, None)


def test_one_that_was_missed_is_kept_as_an_example(faults, calm):
    maps = maps_with(faults, 50.0)
    assert judge(faults, maps, calm, 900).example == Example(faults[0].kind, faults[0].boxes, True)
    maps.local[23] = 0
    example = judge(faults, maps, calm, 900).example
    assert example == Example(faults[23].kind, faults[23].boxes, False)
    np.testing.assert_array_equal(example.image, faults[23].image)
    assert example.fused.shape == (56, 56)


def test_only_the_kinds_that_the_bar_was_measured_with_decide():
    assert (WIDER.found, WIDER.made, WIDER.usable, WIDER.sentence) == (17, 20, True, GOOD.sentence)
    assert WIDER.share == 18 / 29
    assert WIDER.details == f"{GOOD.details}; beside them swapped 1 of 3, recoloured 0 of 3, doubled 0 of 3"
    poor = SelfTest(POOR.by_kind | {"swapped": (9, 9)}, 900)
    assert not poor.usable


def test_untrained_networks_find_few(photographs, faults, tiny_detectors):
    x = network_input(np.stack([fault.image for fault in faults]))
    for detector in tiny_detectors:
        test = judge(faults, detector.raw_maps(x, detector.teacher.network(x).detach()), detector.calibration, 0)
        assert test.found < MADE / 2
        assert not test.usable


def test_usable_is_who_finds_enough_after_enough_steps():
    assert (GOOD.found, GOOD.made, GOOD.usable) == (17, 20, True)
    assert (POOR.found, POOR.made, POOR.usable) == (3, 20, False)
    assert GOOD.sentence == "finds 17 of 20 made-up faults"
    assert GOOD.details == "erased 6 of 7, copied 6 of 7, scratched 5 of 6"
    hasty = dataclasses.replace(GOOD, steps=USABLE_STEPS - 1)
    assert not hasty.usable
    assert hasty.sentence == f"finds 17 of 20 made-up faults after {USABLE_STEPS - 1} steps only"


@pytest.mark.slow
def test_a_training_of_few_steps_says_that_it_is_not_usable(photographs, good_pictures, tiny_teacher):
    data = prepare(photographs, np.stack(good_pictures[5:]), tiny_teacher, copies=1, movement=0.0, seed=0)
    training = Training(["ead-s", "dfsc"], TrainingPlan(autoencoder_steps=2, student_steps=3), data, photographs)
    list(training.run())
    for detector in training.detectors("part", {}).values():
        assert (detector.config.self_test.steps, detector.config.self_test.made) == (3, MADE)
        assert not detector.config.usable
        verdicts = {one.verdict for one in Inspector([detector]).results(np.stack(good_pictures))[0]}
        assert verdicts == {"unsure"}
    untold = training.detectors("part", {}, self_tested=False)["dfsc"].config
    assert (untold.self_test, untold.usable) == (None, True)


@pytest.mark.parametrize("missing", [(), (0, 1, 2, 3)])
def test_who_is_not_usable_neither_accepts_nor_rejects(tiny_detectors, draw, missing):
    detector, picture = tiny_detectors[0], draw(0, missing=missing)
    told, plain, unsure = (
        Inspector([with_test(detector, test)]).inspect(picture).results[0] for test in (GOOD, None, POOR)
    )
    assert told.verdict == plain.verdict != "unsure"
    assert unsure.verdict == dataclasses.replace(unsure, strangeness=99.0).verdict == "unsure"
    assert (unsure.score, unsure.threshold) == (plain.score, plain.threshold)


def test_a_record_tells_what_the_self_test_found(tiny_detectors, draw):
    inspection = Inspector([with_test(tiny_detectors[0], POOR), tiny_detectors[1]]).inspect(draw(0))
    unsure, plain = (result_record(inspection, result) for result in inspection.results)
    assert (unsure["verdict"], unsure["self_test"]) == ("unsure", {"found": 3, "made": 20, "by_kind": POOR.by_kind})
    assert plain["self_test"] is None


@pytest.mark.parametrize("test", [GOOD, POOR, WIDER, None])
def test_a_self_test_goes_with_its_detector_as_folder_and_as_zip(demo_detectors, tmp_path, test):
    detector = with_test(demo_detectors[0], test)
    save_detector(detector, tmp_path / "ead-s", "# Card\n")
    assert load(tmp_path / "ead-s").config == detector.config
    write_bundle([detector], tmp_path / "pair.zip")
    assert open_checkpoints(tmp_path / "pair.zip")[0].config == detector.config


def test_a_checkpoint_from_before_there_was_a_self_test_loads(demo_weights, tmp_path):
    folder = shutil.copytree(demo_weights, tmp_path / "weights") / "toy_block" / "ead-s"
    config = json.loads((folder / "config.json").read_text())
    del config["self_test"]
    (folder / "config.json").write_text(json.dumps(config))
    assert load(folder).config.self_test is None


@pytest.mark.parametrize(
    "wrong",
    [
        7,
        [],
        {},
        {"by_kind": {}, "steps": 3},
        {"by_kind": {"erased": [1, 2]}},
        {"by_kind": {"erased": [1, 2]}, "steps": 3, "usable": True},
        {"by_kind": {"erased": [1, 2]}, "steps": -3},
        {"by_kind": {"erased": [1, 2]}, "steps": 3.0},
        {"by_kind": {"erased": [1, 2]}, "steps": True},
        {"by_kind": {"erased": [1, 2]}, "steps": 3, "strength": "1"},
        {"by_kind": {"erased": [1, 2]}, "steps": 3, "strength": True},
        {"by_kind": {"erased": [1, 2]}, "steps": 3, "strength": float("inf")},
        {"by_kind": {"erased": [1, 2]}, "steps": 10**12},
        {"by_kind": {"erased": [3, 2]}, "steps": 3},
        {"by_kind": {"erased": [-1, 2]}, "steps": 3},
        {"by_kind": {"erased": [0, 0]}, "steps": 3},
        {"by_kind": {"erased": [1]}, "steps": 3},
        {"by_kind": {"erased": "12"}, "steps": 3},
        {"by_kind": {"<b>": [1, 2]}, "steps": 3},
        {"by_kind": [["erased", 1, 2]], "steps": 3},
        {"by_kind": {"erased": [float("nan"), 2]}, "steps": 3},
        *(
            {"by_kind": {"erased": [1, 2]}, "steps": 3, "example": example}
            for example in (
                {"kind": "erased"},
                {"kind": "<b>", "boxes": [[0, 0, 1, 1]], "found": True},
                {"kind": "erased", "boxes": [], "found": True},
                {"kind": "erased", "boxes": [[0, 0, 1, 1]] * 9, "found": True},
                {"kind": "erased", "boxes": [[0, 0, 1, float("nan")]], "found": True},
                {"kind": "erased", "boxes": [[0, 0, 1, 1]], "found": 1},
            )
        ),
    ],
)
def test_a_self_test_that_is_not_understood_is_refused(demo_weights, tmp_path, wrong):
    folder = shutil.copytree(demo_weights, tmp_path / "weights") / "toy_block" / "ead-s"
    config = json.loads((folder / "config.json").read_text()) | {"self_test": wrong}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"self_test.*\.$"):
        load(folder)


def test_cards_tell_the_self_test_and_that_it_is_no_accuracy(demo_detectors):
    configs = [with_test(detector, test).config for detector, test in zip(demo_detectors, (GOOD, POOR), strict=True)]
    good, poor = (detector_card(config, 4) for config in configs)
    assert "finds 17 of 20 made-up faults: erased 6 of 7, copied 6 of 7, scratched 5 of 6." in good
    assert "does not measure accuracy" in good
    assert ("Not usable yet" in good, "Not usable yet" in poor) == (False, True)
    assert "made-up faults" not in detector_card(demo_detectors[0].config, 4)
    both = repository_card("org/part", configs)
    assert "finds 17 of 20" in both
    assert "finds 3 of 20" in both


def test_the_command_line_says_unsure_and_why(demo_detectors, tmp_path, capsys, draw):
    save_detector(with_test(demo_detectors[0], POOR), tmp_path / "ead-s", "# Card\n")
    Image.fromarray(draw(1)).save(tmp_path / "part.png")
    assert main(["inspect", str(tmp_path / "part.png"), "--checkpoint", str(tmp_path / "ead-s")]) == 0
    assert "unsure (not usable yet: finds 3 of 20 made-up faults)" in capsys.readouterr().out

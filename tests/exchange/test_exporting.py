"""Exported files in the runtimes that they are for: what they say is what the library says."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from dfsc.__main__ import main
from dfsc.backends import runtimes
from dfsc.errors import CheckpointError
from dfsc.exchange.checking import Agreement, agreement, aurocs, check_agreement
from dfsc.exchange.exporting import NOTE, Wish, export
from dfsc.exchange.graph import OUTPUTS, VERDICTS
from dfsc.exchange.runtimes import opened
from dfsc.geometry import MAP_SIZE
from dfsc.models.calibration import Calibration, PositionScale
from dfsc.models.region import Region
from dfsc.models.self_test import SelfTest
from dfsc.training.closed_form import closed_form_detector

# Random networks' maps hardly vary, so that in units of that a last digit would count for much.
FLOOR = 30.0


@pytest.fixture(scope="module")
def images(draw, good_pictures):
    """Good ones, one without a disc, one with a scratch, and something else altogether."""
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    return np.stack([*good_pictures[:2], draw(20, missing=[1]), draw(21, scratch=True), noise])


@pytest.fixture(scope="module")
def pair(tiny_detectors):
    """EAD-S as calibrated by the paper, DFSC by position as trainings do it."""
    ead_s, dfsc = tiny_detectors
    good = dfsc.calibration.good
    return ead_s, replace(dfsc, calibration=Calibration(good, PositionScale.of(good, FLOOR)))


@pytest.fixture(scope="module")
def exported(pair, tmp_path_factory):
    """The pair in ONNX."""
    file = tmp_path_factory.mktemp("exported") / "pair.onnx"
    export(pair, file, Wish("onnx"))
    return file


def agrees(file, detectors, images, wish):
    run, _ = opened(file)
    for count in (1, len(images)):
        found = agreement(run, detectors, images[:count], wish)
        assert found.is_full, found.sentence


def test_a_pair_in_onnx_says_what_the_library_says(exported, pair, images):
    agrees(exported, pair, images, Wish("onnx"))
    run, runtime = opened(exported)
    found = run(images)
    assert runtime == "onnxruntime"
    assert found["fused_map"].shape == (len(images), 2, 56, 56)
    assert {VERDICTS[verdict] for verdict in found["verdict"][-1]} == {"foreign"}


def test_it_is_one_file_with_one_teacher_that_says_what_it_is(exported, pair):
    model = onnx.load(exported, load_external_data=False)
    layers = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(layers) == 4 + 2 * (4 + 14)
    assert [path.name for path in exported.parent.iterdir()] == ["pair.onnx"]
    note = json.loads({prop.key: prop.value for prop in model.metadata_props}[NOTE])
    assert [one["method"] for one in note["detectors"]] == ["ead-s", "dfsc"]
    limits = [one.calibration.good_parts.threshold() for one in pair]
    assert [one["limit"] for one in note["detectors"]] == pytest.approx(limits)
    assert note["outputs"] == [output.name for output in model.graph.output] == list(OUTPUTS)


def test_half_precision_takes_half_the_space_and_says_the_same(pair, images, exported, tmp_path):
    wish = Wish("onnx", "float16")
    export(pair, tmp_path / "half.onnx", wish)
    agrees(tmp_path / "half.onnx", pair, images, wish)
    assert (tmp_path / "half.onnx").stat().st_size < 0.6 * exported.stat().st_size


def test_openvino_says_what_the_library_says(pair, images, tmp_path):
    wish = Wish("openvino", local_weight=0.7, rejected_good=2)
    export(pair, tmp_path / "pair.xml", wish)
    agrees(tmp_path / "pair.xml", pair, images, wish)


def test_int8_rejects_no_good_part_and_finds_what_is_wrong(pair, images, good_pictures, tmp_path):
    wish, good = Wish("onnx", "int8"), np.stack(good_pictures)
    export(pair, tmp_path / "small.onnx", wish, good)
    run, _ = opened(tmp_path / "small.onnx")
    assert not run(good)["verdict"].any()
    found = agreement(run, pair, images, wish)
    assert found.difference > 0
    model = onnx.load(tmp_path / "small.onnx")
    in_bytes = {one.name for one in model.graph.initializer if one.name.endswith("weight_quantized")}
    assert {name for name in in_bytes if name.startswith("teachers")} == {"teachers.0.8.weight_quantized"}
    assert {name for name in in_bytes if "student" in name} == {
        f"models.{number}.student.{layer}.weight_quantized" for number in range(2) for layer in (3, 6, 8)
    }
    # What networks give is not rounded once more.
    rounded = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    made = {name: node for node in model.graph.node for name in node.output}
    last = [made[name].input[1] for name in rounded.values() if made[name].op_type == "Conv"]
    assert not {name for name in last if "student.8" in name or "teachers" in name}


@pytest.fixture(scope="module")
def others(tiny_teacher, make_tiny_detector, good_pictures):
    """FCL, whose maps are of codes, and FRE; FRE fails its self-test."""
    fre = closed_form_detector(np.stack(good_pictures), tiny_teacher, "toy_block", {}, self_tested=False)
    unsure = replace(fre, config=replace(fre.config, self_test=SelfTest({"erased": (0, 5)}, None)))
    return make_tiny_detector(tiny_teacher, "fcl", 3), fre, unsure


@pytest.mark.parametrize("kind", ["torchscript", "onnx"])
def test_codes_and_the_closed_form_are_exported_too(kind, others, images, tmp_path):
    file = tmp_path / {"torchscript": "others.pt", "onnx": "others.onnx"}[kind]
    export(others, file, Wish(kind))
    agrees(file, others, images, Wish(kind))
    assert {VERDICTS[verdict] for verdict in opened(file)[0](images)["verdict"][:, 2]} == {"unsure"}


def test_auroc_is_told_by_family(pair, toy_dataset, tmp_path):
    from dfsc.datasets import open_dataset

    export(pair, tmp_path / "pair.pt", Wish("torchscript"))
    found = aurocs(opened(tmp_path / "pair.pt")[0], pair, open_dataset(toy_dataset).test)
    assert set(found) == {"logical", "structural"}
    assert all(ours == theirs for values in found.values() for ours, theirs in values)


def test_a_file_that_says_something_else_is_removed(tmp_path):
    (tmp_path / "wrong.onnx").write_bytes(b"graph")
    with pytest.raises(CheckpointError, match="9 of 10 verdicts"):
        check_agreement(Agreement(1e-5, 9, 10), tmp_path / "wrong.onnx", Wish())
    assert not (tmp_path / "wrong.onnx").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "onnx", "--out", "pair.pt"], "ends in .onnx"),
        (["--format", "torchscript", "--out", "pair.pt", "--precision", "int8"], "float32 only"),
        (["--out", "pair.onnx", "--mix", "2"], "from 0 to 1"),
        (["--out", "pair.onnx", "--reject", "8"], "0 to 7"),
    ],
)
def test_what_can_not_be_exported_is_said(arguments, said, demo_weights, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "toy_block", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named(pair, tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes, "find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match=r'onnx is not installed here; `pip install "dfsc-inspector\[export\]"`'):
        export(pair, tmp_path / "pair.onnx", Wish())


def test_the_command_exports_a_product_and_checks_it(demo_weights, tmp_path, capsys):
    assert main(["export", "toy_block", "--format", "torchscript", "--out", str(tmp_path / "toy.pt")]) == 0
    told = capsys.readouterr().out
    assert "torchscript, float32, EAD-S, DFSC" in told
    assert "24 of 24 verdicts" in told
    note = {NOTE: ""}
    torch.jit.load(str(tmp_path / "toy.pt"), _extra_files=note)
    assert [one["product"] for one in json.loads(note[NOTE])["detectors"]] == ["toy_block", "toy_block"]


def test_a_detector_with_a_region_is_not_exported(demo_detectors, tmp_path):
    half = np.zeros((MAP_SIZE, MAP_SIZE), bool)
    half[:, : MAP_SIZE // 2] = True
    detector = demo_detectors[0]
    restricted = replace(detector, calibration=replace(detector.calibration, region=Region(half)))
    with pytest.raises(CheckpointError, match="only in a region"):
        export([restricted], tmp_path / "d.onnx", Wish())

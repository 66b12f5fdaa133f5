"""Inspections by other runtimes say what torch's say."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from dfsc import Inspector
from dfsc.__main__ import main
from dfsc.backends import runtimes
from dfsc.backends.runtimes import BACKENDS, TORCH, chosen_backend, ready
from dfsc.errors import CheckpointError, DeviceError
from dfsc.geometry import MAP_SIZE
from dfsc.interface.session.zerogpu import inspecting_place
from dfsc.models.networks import SIZES, AutoEncoder, student_network
from dfsc.models.region import Region
from dfsc.training.closed_form import closed_form_detector

OTHERS = BACKENDS[1:]
other_backends = pytest.mark.parametrize("backend", OTHERS)


@pytest.fixture(scope="module")
def detectors(tiny_detectors, tiny_teacher, make_tiny_detector, good_pictures):
    """EAD-S in a region, DFSC, FCL, whose maps are of codes, and FRE, all with one teacher."""
    ead_s, dfsc = tiny_detectors
    upper = np.zeros((MAP_SIZE, MAP_SIZE), bool)
    upper[:30] = True
    within = replace(ead_s, calibration=replace(ead_s.calibration, region=Region(upper)))
    fre = closed_form_detector(np.stack(good_pictures), tiny_teacher, "toy_block", {}, self_tested=False)
    return within, dfsc, make_tiny_detector(tiny_teacher, "fcl", 3), fre


@pytest.fixture(scope="module")
def images(draw, good_pictures):
    return np.stack([good_pictures[0], draw(20, missing=[1]), draw(21, scratch=True)])


@other_backends
def test_all_methods_say_what_they_say_with_torch(backend, detectors, images):
    expected = Inspector(detectors, backend=TORCH).results(images)
    found = Inspector(detectors, backend=backend).results(images)
    for of_detector, by_torch in zip(found, expected, strict=True):
        for one, other in zip(of_detector, by_torch, strict=True):
            np.testing.assert_allclose(one.raw.local, other.raw.local, rtol=2e-3, atol=1e-4)
            np.testing.assert_allclose(one.raw.global_, other.raw.global_, rtol=2e-3, atol=1e-4)
            assert (one.verdict, one.threshold) == (other.verdict, other.threshold)


@other_backends
@pytest.mark.parametrize("network", [lambda: student_network(SIZES["medium"])[:3], lambda: AutoEncoder(384, True)])
def test_other_shapes_of_networks_compute_the_same(backend, network):
    torch.manual_seed(0)
    original, image = network().eval(), torch.randn(1, 3, 256, 256)
    with torch.inference_mode():
        expected, found = original(image), ready(original, backend, torch.float32)(image)
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-5)


@other_backends
def test_visitors_at_the_same_time_get_their_own_results(backend, tiny_detectors, images):
    inspector = Inspector(tiny_detectors, backend=backend)
    alone = [inspector.inspect(image).results[0].score for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: inspector.inspect(image).results[0].score, [*images] * 4))
    assert together == alone * 4


def test_openvino_computes_in_the_arithmetic_that_is_asked_for(tiny_detectors, images):
    exact = Inspector(tiny_detectors, torch.float32, backend="openvino")
    fast = Inspector(tiny_detectors, torch.bfloat16, backend="openvino")
    assert (exact.arithmetic, fast.arithmetic) == ("float32 (OpenVINO)", "bfloat16 (OpenVINO)")
    for one, other in zip(exact.results(images)[0], fast.results(images)[0], strict=True):
        np.testing.assert_allclose(one.raw.local, other.raw.local, rtol=0.05, atol=0.01)
    assert Inspector(tiny_detectors, torch.bfloat16, backend="onnxruntime").arithmetic == "float32 (onnxruntime)"


def test_a_command_takes_the_backend_that_it_is_told(demo_weights, images, tmp_path, capsys, monkeypatch):
    Image.fromarray(images[1]).save(tmp_path / "photo.png")
    reports = []
    for backend in BACKENDS:
        arguments = ["inspect", str(tmp_path / "photo.png"), "--product", "toy_block", "--json"]
        assert main([*arguments, "--backend", backend]) == 0
        reports.append([one["score"] for one in json.loads(capsys.readouterr().out)[0]["results"]])
    assert reports[1] == pytest.approx(reports[0], rel=2e-3)
    assert reports[2] == pytest.approx(reports[0], rel=2e-3)
    assert main([*arguments, "--backend", "tensorrt"]) == 2
    assert "name torch, onnxruntime or openvino" in capsys.readouterr().err


def test_the_variable_decides_where_nothing_is_named(tiny_detectors, monkeypatch):
    monkeypatch.setenv("DFSC_BACKEND", "onnxruntime")
    assert Inspector(tiny_detectors).place.endswith("float32 (onnxruntime)")
    assert inspecting_place().endswith("in float32 (onnxruntime)")
    assert Inspector(tiny_detectors, backend=TORCH).arithmetic == "float32"
    # A GPU has torch's networks whatever the variable says, but nobody who names a backend gets another one.
    assert chosen_backend(None, torch.device("cuda:0")) == TORCH
    with pytest.raises(DeviceError, match="add --device cpu"):
        chosen_backend("onnxruntime", torch.device("cuda:0"))


def test_a_backend_that_is_not_installed_is_named(tiny_detectors, monkeypatch):
    monkeypatch.setattr(runtimes, "find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match=r"pip install \"dfsc-inspector\[export\]"):
        Inspector(tiny_detectors, backend="openvino")

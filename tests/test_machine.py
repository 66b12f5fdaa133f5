"""Where and in which arithmetic is computed: the device by its name, the arithmetic by a measurement."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dfsc import arithmetic, machine
from dfsc.errors import DeviceError, DFSCError
from dfsc.inspection.inspector import Inspector


@pytest.fixture
def undecided(monkeypatch, tmp_path):
    """Neither device nor arithmetic is demanded, and nothing is known of this processor; returns the cache's file."""
    for variable in ("DFSC_DEVICE", "DFSC_ARITHMETIC"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(arithmetic, "multiplies_bfloat16", lambda: True)
    arithmetic._faster.cache_clear()
    yield tmp_path / "dfsc" / "arithmetic.json"
    arithmetic._faster.cache_clear()


def with_gpus(monkeypatch, count: int, mps: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("gpus", "mps", "named", "found"),
    [
        (2, False, None, "cuda:0"),
        (2, False, "auto", "cuda:0"),
        (2, False, "cuda:1", "cuda:1"),
        (2, False, "cpu", "cpu"),
        (1, True, "auto", "cuda:0"),
        (0, True, "auto", "mps"),
        (0, True, "cpu", "cpu"),
        (0, False, "auto", "cpu"),
        (0, False, torch.device("cpu"), "cpu"),
    ],
)
def test_auto_takes_a_gpu_where_there_is_one_and_a_name_decides(monkeypatch, undecided, gpus, mps, named, found):
    with_gpus(monkeypatch, gpus, mps)
    assert str(machine.chosen(named)) == found


@pytest.mark.parametrize(
    ("gpus", "named", "sentence"),
    [
        (0, "cuda", "finds no CUDA GPU"),
        (0, "cuda:0", "finds no CUDA GPU"),
        (2, "cuda:2", "the last GPU is cuda:1"),
        (0, "mps", r"finds no Apple GPU \(MPS\)"),
        (1, "gpu", '"gpu" is no device'),
        (1, "cuda:-1", "is no device"),
    ],
)
def test_a_device_that_is_not_there_is_said_in_one_sentence(monkeypatch, gpus, named, sentence):
    with_gpus(monkeypatch, gpus)
    with pytest.raises(DeviceError, match=sentence):
        machine.chosen(named)


def test_the_variable_decides_where_nothing_is_named(monkeypatch):
    with_gpus(monkeypatch, 2)
    monkeypatch.setenv("DFSC_DEVICE", "cuda:1")
    assert str(machine.chosen()) == "cuda:1"
    assert str(machine.chosen("cpu")) == "cpu"


def test_an_inspector_says_where_it_computes(tiny_detectors, monkeypatch):
    monkeypatch.setenv("DFSC_ARITHMETIC", "bfloat16")
    inspector = Inspector(tiny_detectors, device="cpu")
    assert (inspector.device.type, inspector.arithmetic) == ("cpu", "bfloat16")
    assert inspector.place == "the processor with 1 thread, bfloat16"
    with_gpus(monkeypatch, 0)
    with pytest.raises(DeviceError):
        Inspector(tiny_detectors, device="cuda")


def test_the_faster_arithmetic_is_measured_once_for_each_purpose(undecided, monkeypatch):
    asked = []

    def slower_in_training(purpose: str) -> str:
        asked.append(purpose)
        return "float32" if purpose == "training" else "bfloat16"

    monkeypatch.setattr(arithmetic, "_measured", slower_in_training)
    for _ in range(2):
        assert machine.dtype_for("inference") is torch.bfloat16
        assert machine.dtype_for("training") is torch.float32
        arithmetic._faster.cache_clear()  # as another process
    assert asked == ["inference", "training"]
    (known,) = json.loads(undecided.read_text()).values()
    assert known == {"inference": "bfloat16", "training": "float32"}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', "\xff"])
def test_a_damaged_cache_is_measured_anew(undecided, monkeypatch, text):
    monkeypatch.setattr(arithmetic, "_measured", lambda purpose: "bfloat16")
    undecided.parent.mkdir()
    undecided.write_text(text, encoding="latin-1")
    assert machine.dtype_for("training") is torch.bfloat16
    assert list(json.loads(undecided.read_text()).values()) == [{"training": "bfloat16"}]


def test_without_a_place_for_the_cache_it_is_measured_all_the_same(undecided, monkeypatch):
    monkeypatch.setattr(arithmetic, "_measured", lambda purpose: "bfloat16")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nobody")
    assert machine.dtype_for("inference") is torch.bfloat16


@pytest.mark.parametrize(
    ("times", "found"), [((1.0, 0.5), "bfloat16"), ((1.0, 0.99), "float32"), ((0.5, 1), "float32")]
)
@pytest.mark.parametrize("purpose", ["inference", "training"])
def test_the_faster_way_wins_and_a_draw_goes_to_float32(monkeypatch, purpose, times, found):
    now = 0.0
    seconds = dict(zip((torch.float32, torch.bfloat16), times, strict=True))

    def way(body, x, dtype, purpose):
        def step() -> None:
            nonlocal now
            now += seconds[dtype]

        return step

    monkeypatch.setattr(arithmetic, "_way", way)
    monkeypatch.setattr(arithmetic, "time", SimpleNamespace(perf_counter=lambda: now))
    assert arithmetic._measured(purpose) == found


@pytest.mark.parametrize("purpose", ["inference", "training"])
def test_a_measurement_draws_nothing_and_works_under_inference_mode(purpose):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with torch.inference_mode():
        assert arithmetic._measured(purpose) in arithmetic.NAMES
    assert arithmetic._measured(purpose) in arithmetic.NAMES
    assert torch.equal(torch.get_rng_state(), before)


def test_a_processor_without_bfloat16_is_not_measured(undecided, monkeypatch):
    monkeypatch.setattr(arithmetic, "multiplies_bfloat16", lambda: False)
    monkeypatch.setattr(arithmetic, "_measured", lambda purpose: pytest.fail("measured"))
    assert machine.dtype_for("training") is torch.float32


def test_the_variable_for_the_arithmetic_decides_and_nonsense_is_said(monkeypatch):
    for name, dtype in arithmetic.NAMES.items():
        monkeypatch.setenv("DFSC_ARITHMETIC", name)
        assert machine.dtype_for("inference") is machine.dtype_for("training") is dtype
    monkeypatch.setenv("DFSC_ARITHMETIC", "float16")
    with pytest.raises(DFSCError, match='DFSC_ARITHMETIC is "float16"'):
        machine.dtype_for("inference")


@pytest.mark.parametrize("rank", [1, 2, 700, 1400, 1401, 2799, 2800])
def test_both_ways_to_a_value_at_a_rank_agree(rank):
    values = torch.from_numpy(np.random.default_rng(rank).normal(size=(3, 2800)).astype(np.float32))
    values[1] = values[1].round()  # with many equal ones
    assert torch.equal(machine._ranked_by_topk(values, rank), machine.ranked(values, rank))
    assert torch.equal(machine.ranked(values, rank), values.sort(dim=1).values[:, rank - 1 : rank])

"""The benchmark for a lent GPU, on the processor and with tiny networks: it goes on where it was stopped."""

import itertools
import json
import math
from types import SimpleNamespace

import pytest

from dfsc import load
from dfsc.benchmarks import gpu
from dfsc.benchmarks.pairs import PairPlan, trained_pairs
from dfsc.machine import CPU
from dfsc.scenes import Counts

PLAN = PairPlan(("pin_tray",), (0,), "tiny", steps=3, counts=Counts(12, 4, 2, 2, 2), penalty_images=2)
WISHES = gpu.Wishes("tiny", batches=(1, 2), training_batch=2, seconds=0.001)


def test_figures_that_are_there_are_not_measured_again(tmp_path, demo_weights, monkeypatch):
    told = []
    gpu.run(tmp_path, 0, CPU, WISHES, PLAN, told.append)
    inference, training = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("inference", "training"))
    assert {(row["method"], row["arithmetic"], row["batch"]) for row in inference} == {
        (method, arithmetic, batch)
        for method in ("EAD-S, DFSC", "FRE")
        for arithmetic in ("float32", "bfloat16")
        for batch in (1, 2)
    }
    assert {row["method"] for row in training} == {"matrices", "ead-s", "dfsc"}
    assert all(row["teraflops"] >= 0 for row in training)
    assert told[-1] == "The time is over; the same command goes on."
    (tmp_path / "training.json").write_text(json.dumps(training[:-1]))
    monkeypatch.setattr(gpu, "_inferred", lambda *_: pytest.fail("measured again"))
    again = []
    gpu.run(tmp_path, 0, CPU, WISHES, PLAN, again.append)
    assert [line.split(":")[0] for line in again[1:-1]] == ["training"]


@pytest.mark.slow
def test_a_pair_that_was_stopped_goes_on_and_is_trained_once(tmp_path, demo_weights, monkeypatch):
    looks = itertools.count()  # the time is over within the training
    monkeypatch.setattr("dfsc.benchmarks.pairs.time", SimpleNamespace(monotonic=lambda: next(looks)))
    stopped = list(trained_pairs(tmp_path, PLAN, CPU, deadline=5))
    assert "stopped at step" in stopped[-1]
    assert (tmp_path / "unfinished" / "pin_tray-0.pt").is_file()
    assert not (tmp_path / "pairs").exists()
    lines = list(trained_pairs(tmp_path, PLAN, CPU, math.inf))
    assert "for both methods" in lines[-1]
    result = json.loads((tmp_path / "pairs" / "pin_tray-0.json").read_text())
    assert [detector["method"] for detector in result["detectors"]] == ["ead-s", "dfsc", "fre"]
    for method in ("ead-s", "dfsc", "fre"):
        assert load(tmp_path / "checkpoints" / "pin_tray-0" / method).config.product == "pin_tray"
    assert list(trained_pairs(tmp_path, PLAN, CPU, math.inf)) == []

"""Sweeps by several processes: killed and resumed, failing, and spread by ray."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dfsc.errors import ImageError
from dfsc.sweeps.cells import grid, read_results
from dfsc.sweeps.running import run_missing
from dfsc.training.recipe import Recipe

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def demo_folder(shared_folder):
    """Of a size that other processes know."""
    return shared_folder


def found_in(folder):
    return json.loads((folder / "sweep.json").read_text())


def test_two_processes_killed_and_one_to_resume_end_with_the_same_figures(
    sweep, toy_dataset, penalty, by_one_process, tmp_path
):
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "dfsc", "sweep", str(toy_dataset), "--out", str(killed), *penalty]
    command += ["--steps", "3", "--copies", "1", "--seed", "0", "--workers", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.startswith("1/2"):
                process.send_signal(signal.SIGKILL)
                break
    assert len(read_results(killed)) in (1, 2)
    sweep(killed, "--seed", 0)
    assert found_in(killed) == found_in(by_one_process)


def test_two_processes_find_what_one_finds_by_a_method_without_steps(sweep, tmp_path):
    for workers in (1, 2):
        sweep(tmp_path / str(workers), "--method", "fre", "--seed", 0, 1, "--workers", workers)
    assert found_in(tmp_path / "1") == found_in(tmp_path / "2")


def test_a_cell_that_fails_stops_the_sweep_with_its_sentence(demo_weights, toy_dataset, tmp_path, penalty):
    copied = Path(shutil.copytree(toy_dataset, tmp_path / "toy"))
    cells = grid(
        [copied], [Recipe("dfsc", steps=3, copies=1, penalty=penalty[1], seed=seed) for seed in (0, 1)], False, False
    )
    (copied / "train" / "good" / "000.png").write_bytes(b"nothing")
    with pytest.raises(ImageError, match=r"good/000\.png"):
        list(run_missing(cells, tmp_path / "out", workers=2))


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the optional package ray is not installed")
def test_two_ray_workers_find_what_one_process_finds(sweep, by_one_process, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    sweep(tmp_path, "--seed", 0, "--workers", 2, "--ray")
    assert [row["auroc"] for row in found_in(tmp_path)] == [row["auroc"] for row in found_in(by_one_process)]

"""A short run of each fuzzer, where atheris is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris is an extra: pip install atheris")
TARGETS = (
    "images",
    "zips",
    "bundles",
    "weights",
    "configs",
    "tables",
    "annotations",
    "masks",
    "studies",
    "hub",
    "names",
)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_found_in_a_moment(target: str):
    program = [sys.executable, str(Path(__file__).with_name("fuzz.py")), target, "-runs=300", "-seed=1"]
    ran = subprocess.run(program, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]

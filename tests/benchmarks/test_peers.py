"""Two programs in turn, and what is said of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from dfsc.benchmarks import peers
from dfsc.benchmarks.peers import Side, Taken
from dfsc.errors import DFSCError

# Neither torch nor anomalib: ways that write to the standard output, as libraries do.
PROGRAM = """
from dfsc.benchmarks.turns import serve
serve(lambda: {"pair": lambda: lambda: print("noise"), "step": lambda: lambda: sum(range(10**5))})
"""


@pytest.fixture
def other_python(tmp_path):
    """A Python that runs another program than it is told to."""

    def write(program: str) -> Path:
        file = tmp_path / "python"
        (tmp_path / "program.py").write_text(program, encoding="utf-8")
        path = Path(peers.dfsc.__file__).parents[1]
        file.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {sys.executable} "{tmp_path}/program.py"\n')
        file.chmod(0o755)
        return file

    return write


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a Python is a shell script")
def test_both_sides_take_turns_and_noise_is_no_answer(other_python, monkeypatch):
    python = other_python(PROGRAM)
    monkeypatch.setattr("sys.executable", str(python))
    own, other = peers.compare(python, 2)
    for side in (own, other):
        assert set(side.ways) == {"pair", "step"}
        assert all(taken.seconds > 0 and taken.megabytes > 1 for taken in side.ways.values())
    assert own.ways["step"].busy > 0


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a Python is a shell script")
def test_a_python_without_the_package_is_said(other_python, monkeypatch):
    monkeypatch.setattr("sys.executable", str(other_python("raise ImportError('anomalib')")))
    with pytest.raises(DFSCError, match=r"anomalib 2.x has to be installed"):
        peers.compare(Path(sys.executable), 1)
    with pytest.raises(DFSCError, match="is no Python that starts"):
        peers.compare(Path("/nowhere/python"), 1)
    with pytest.raises(DFSCError, match="At least one round"):
        peers.compare(Path(sys.executable), 0)


def test_the_table_and_the_limit_are_ratios_of_what_was_taken():
    half, whole, product = Taken(0.5, 0.4, 300.0), Taken(1.0, 0.8, 500.0), Taken(0.01, 0.01, 300.0)
    own = Side(whole, {"pair torch float32": half, "product float32": product, "product by convolution float32": whole})
    other = Side(whole, {"pair": whole, "step": whole})
    assert "| pair torch float32 | 500 (400) | 1000 (800) | 0.50 (0.50) |" in peers.table(own, other)
    assert "float32 2.00 ×" in peers.limit_sentence(own, 20 * peers.EDGE**3)
    assert "300 MB here, 500 MB" in peers.memory_sentence(own, other)


def test_what_a_peers_python_runs_of_this_project_needs_the_standard_library_alone():
    program = "import dfsc.benchmarks.anomalib_side, sys; print(*sys.modules)"
    root = Path(peers.dfsc.__file__).parents[1]
    ran = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert not set(ran.stdout.split()) & {"torch", "numpy", "PIL"}

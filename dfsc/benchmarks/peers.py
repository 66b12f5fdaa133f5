"""This library beside anomalib, measured in one run: both take turns, each in a process and with a Python of its own.

Both have EfficientAD's networks of size small with random weights. A pair is one image through EAD-S and DFSC, which
share a teacher here, against two of anomalib's models; both end with maps. A step is of EAD-S with one image and one
penalty image, Adam in both.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import dfsc
from dfsc.benchmarks.own_side import EDGE
from dfsc.errors import DFSCError
from dfsc.reporting.formats import markdown_table

WARM_UP = 2
# A Python's own packages come first; this project's, at the end, are there for the module that it runs.
PROGRAM = "import sys; sys.path.append({folder!r}); from dfsc.benchmarks.{side} import load, serve; serve(load)"


@dataclass(frozen=True)
class Taken:
    """Medians of a way's turns: seconds by the clock, and of the processor; megabytes of the process after the first.

    A process makes a way ready when its turn first comes, so after its first way it holds that one alone.
    """

    seconds: float
    busy: float
    megabytes: float


@dataclass(frozen=True)
class Side:
    """One of the two: how long it imports what it needs, and what its ways took."""

    loading: Taken
    ways: dict[str, Taken]


def compare(python: Path, rounds: int) -> tuple[Side, Side]:
    """Ours and anomalib's, on as many threads as this process has.

    Args:
        python: an interpreter of an environment that has anomalib.

    Raises:
        DFSCError: for less than one round, and where a side does not start.
    """
    if rounds < 1:
        raise DFSCError(f"At least one round is needed for a median, not {rounds}.")
    with _running(Path(sys.executable), "own_side") as ours, _running(python, "anomalib_side") as theirs:
        sides = [(process, _read(process)) for process in (ours, theirs)]
        turns = [(process, way) for process, told in sides for way in told["ways"]]
        taken: dict[tuple[int, str], list[dict]] = {}
        for process, way in turns * (rounds + WARM_UP):
            taken.setdefault((process.pid, way), []).append(_asked(process, way))
    own, other = (
        Side(_medians([told]), {way: _medians(taken[process.pid, way]) for way in told["ways"]})
        for process, told in sides
    )
    return own, other


def _medians(answers: Sequence[dict]) -> Taken:
    counted = answers[WARM_UP:] or answers
    seconds, busy = (median(answer[name] for answer in counted) for name in ("seconds", "busy"))
    return Taken(seconds, busy, answers[0].get("megabytes", float("nan")))


@contextmanager
def _running(python: Path, side: str) -> Iterator[subprocess.Popen]:
    program = PROGRAM.format(folder=str(Path(dfsc.__file__).parents[1]), side=side)
    try:
        process = subprocess.Popen(
            [str(python), "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )
    except OSError as error:
        raise DFSCError(f"{python} is no Python that starts: {error.strerror}.") from error
    with process:
        yield process
        process.stdin.close()


def _asked(process: subprocess.Popen, way: str) -> dict:
    process.stdin.write(f"{way}\n")
    process.stdin.flush()
    return _read(process)


def _read(process: subprocess.Popen) -> dict:
    line = process.stdout.readline()
    if not line:
        raise DFSCError("A side of the comparison broke off; anomalib 2.x has to be installed for the given Python.")
    return json.loads(line)


def table(own: Side, other: Side) -> str:
    """A line a way: here, there, and here divided by there; by the clock and in processor time."""
    rows = [_row("importing", own.loading, other.loading)]
    for name, taken in own.ways.items():
        if name.startswith(("pair", "step")):
            rows.append(_row(name, taken, other.ways[name.split()[0]]))
    rows += [_row(f"{name}, {EDGE}×{EDGE}", own.ways[name], None) for name in own.ways if name.startswith("product")]
    return markdown_table(["", "here, ms (processor)", "anomalib, ms (processor)", "ratio (processor)"], rows)


def _row(name: str, here: Taken, there: Taken | None) -> list[str]:
    cells = [f"{1000 * taken.seconds:.0f} ({1000 * taken.busy:.0f})" if taken else "" for taken in (here, there)]
    ratio = f"{here.seconds / there.seconds:.2f} ({here.busy / there.busy:.2f})" if there else ""
    return [name, *cells, ratio]


def limit_sentence(own: Side, count: int) -> str:
    """By how much the pair takes longer than its multiplications would in the faster product of matrices."""
    shares = []
    for name, taken in own.ways.items():
        if name.startswith("pair"):
            kind = name.split()[-1]
            product = min(own.ways[f"product{by} {kind}"].busy for by in ("", " by convolution"))
            shares.append(f"{name} {taken.busy / (product * count / EDGE**3):.2f}")
    return f"A pair is {count / 1e9:.1f} billion multiplications; beside products of matrices: {', '.join(shares)} ×."


def memory_sentence(own: Side, other: Side) -> str:
    """What both processes hold once a pair has inspected an image."""
    here, there = (next(iter(side.ways.values())).megabytes for side in (own, other))
    return f"Memory with a pair: {here:.0f} MB here, {there:.0f} MB with anomalib's."

"""Ways of two programs in turn: each in a process of its own, of which one computes at a time.

Such a process imports what it measures, writes a line about that, then takes a step of the way that it is asked for and
writes a line about it. This module needs the standard library alone, as another project's Python runs it too.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

# By name, what makes a way ready.
Ways = Mapping[str, Callable[[], Callable[[], object]]]


def serve(load: Callable[[], Ways]) -> None:
    """Answer requests on the standard input until it ends; a way is made ready when it is first asked for.

    Args:
        load: imports all that is measured.
    """
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    ways, measured = _timed(load)
    _answer(answers, measured | {"ways": list(ways)})
    ready: dict[str, Callable[[], object]] = {}
    for line in sys.stdin:
        name = line.strip()
        if name not in ready:
            ready[name] = ways[name]()
        _, measured = _timed(ready[name])
        _answer(answers, measured | {"megabytes": megabytes("self")})


def megabytes(process: int | str) -> float:
    """What a process holds in memory; nan where the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _timed(function: Callable) -> tuple:
    """What it returns, and how many seconds by the clock and of the processor it takes."""
    clock, processor = time.perf_counter(), time.process_time()
    returned = function()
    return returned, {"seconds": time.perf_counter() - clock, "busy": time.process_time() - processor}


def _answer(stream: object, content: dict) -> None:
    print(json.dumps(content), file=stream, flush=True)  # type: ignore[call-overload]

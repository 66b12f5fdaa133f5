"""Trainings that differ in the constraint alone, step by step together, so that what they share is computed once.

Each equals what it would have become by itself (see dfsc.training.method_training.share).
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from dfsc.errors import DivergenceError
from dfsc.training.method_training import share
from dfsc.training.progress import Progress
from dfsc.training.training import Training


@dataclass(frozen=True)
class Turn:
    """One step of one training: its name, what came of the step, and how many seconds it took."""

    name: str
    outcome: Progress | DivergenceError
    seconds: float


def in_lockstep(trainings: Mapping[str, Training], state_files: Mapping[str, Path]) -> Iterator[Turn]:
    """Train all to their ends, each resumed from and kept in its own file; one that diverges is left behind.

    The next step is made by those that are furthest behind, so that trainings which were interrupted at different steps
    come together again.
    """
    with ExitStack() as stack:
        running = {n: stack.enter_context(closing(one.run(state_files[n]))) for n, one in trainings.items()}
        while running:
            first = min(trainings[name].first.due for name in running)
            due = [name for name in running if trainings[name].first.due == first]
            share([trainings[name].first for name in due])
            turns = [_turn(name, running) for name in due]
            yield from (turn for turn in turns if turn)


def _turn(name: str, running: dict[str, Generator[Progress, None, None]]) -> Turn | None:
    """The next step of one training, which is no longer running if there is none."""
    started = monotonic()
    outcome: Progress | DivergenceError | None
    try:
        outcome = next(running[name], None)
    except DivergenceError as error:
        outcome = error
    if not isinstance(outcome, Progress):
        del running[name]
    return None if outcome is None else Turn(name, outcome, monotonic() - started)

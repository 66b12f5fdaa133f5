"""Trainings that differ in the constraint alone, step by step together, so that what they share is computed once.

They share the auto-encoder until the constraint begins and the student while it imitates the teacher alone; each equals
what it would have become by itself, because it takes over from the first training only steps that it was to make too.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from dfsc.errors import DivergenceError
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

    The next step is always made by the one that is furthest behind, the first of equals, so that trainings which were
    interrupted at different steps come together again.
    """
    with ExitStack() as stack:
        running = {n: stack.enter_context(closing(one.run(state_files[n]))) for n, one in trainings.items()}
        while running:
            name = min(running, key=lambda n: trainings[n].leader.due)
            started = monotonic()
            try:
                outcome = next(running[name], None)
            except DivergenceError as error:
                outcome = error
            if not isinstance(outcome, Progress):
                del running[name]
            if outcome is not None:
                yield Turn(name, outcome, monotonic() - started)

"""Where visitors' trainings happen: one at a time, in a thread of its own, first come, first served.

Inspections are short and never wait here; a training pauses between two steps while one is under way.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition
from typing import Protocol

MAX_WAITING = 16


class Job(Protocol):
    """What stands in the lane."""

    def run(self) -> None:
        """Do the work; must not raise."""

    @property
    def finished(self) -> bool:
        """Whether it is over, or was given up while it waited."""

    @property
    def seconds_left(self) -> float:
        """Until its end, once its turn has come."""


class Lane:
    """A queue of jobs with one worker."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="training")
        self._jobs: list[Job] = []

    @property
    def jobs(self) -> list[Job]:
        """Those that wait or run, in order, and at least the last one."""
        return list(self._jobs)

    def enter(self, job: Job) -> bool:
        """Line a job up; False when too many wait already."""
        if len(self._ahead_of(None)) >= MAX_WAITING:
            return False
        self._jobs = [*self._ahead_of(None), job]
        self._worker.submit(job.run)
        return True

    def place(self, job: Job) -> tuple[int, float]:
        """How many jobs come before this one, and how many seconds they will take."""
        ahead = self._ahead_of(job)
        return len(ahead), sum(other.seconds_left for other in ahead)

    def _ahead_of(self, job: Job | None) -> list[Job]:
        jobs = list(self._jobs)
        before = jobs[: jobs.index(job)] if job in jobs else jobs
        return [other for other in before if not other.finished]


class Courtesy:
    """Lets inspections go first: a training asks between two steps whether one is under way."""

    def __init__(self) -> None:
        self._inspecting = 0
        self._changed = Condition()

    @contextmanager
    def inspecting(self) -> Iterator[None]:
        with self._changed:
            self._inspecting += 1
        try:
            yield
        finally:
            with self._changed:
                self._inspecting -= 1
                self._changed.notify_all()

    def give_way(self, patience: float) -> None:
        """Wait until no inspection is under way, at most `patience` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._inspecting, patience)


lane = Lane()
courtesy = Courtesy()

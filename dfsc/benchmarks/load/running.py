"""The load itself: how many come when, what is watched meanwhile, and what it is reported as."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread

import numpy as np

from dfsc.benchmarks.load.client import AnswerError, Session, functions_of
from dfsc.benchmarks.load.marked import Marked, marked_photographs
from dfsc.benchmarks.load.server import Server, served
from dfsc.benchmarks.load.visitors import Tally, Visitor, inspect_as_program, train
from dfsc.reporting.formats import markdown_table

PICTURES = 3  # of each visitor
ALONE, BESIDE, IDLE = "inspecting alone", "beside trainings", "beside idle pages"
# Shares of the time: before which memory is not compared, and from which on there are trainings.
WARM_UP, TRAINING_FROM = 0.25, 0.3
SAMPLES = 20
AFTERWARDS = 30.0  # seconds in which all that visitors had is to be gone


@dataclass(frozen=True)
class Load:
    """How much is asked of the server.

    Attributes:
        visitors: who inspect; every fourth reads slowly, every fourth leaves at random moments, every second one is a
            program.
        trainers: who train again and again; every second one leaves at random moments.
        connections: idle pages that are opened at the end, beside those who inspect.
        latency: seconds that each request is under way.
        pause: mean seconds between a visitor's photographs.
        training_seconds: what each training is given, 30 to 900; a slow or busy machine needs more than 30.
    """

    visitors: int = 8
    trainers: int = 1
    minutes: float = 10.0
    connections: int = 0
    latency: float = 0.0
    pause: float = 1.0
    training_seconds: int = 30
    seed: int = 0


@dataclass
class Watched:
    """What the server took: lines of seconds, megabytes, descriptors, files and inspections so far; what is left."""

    lines: list[tuple[float, float, int, int, int]] = field(default_factory=list)
    idle: tuple[float, int] | None = None
    left: tuple[float, int, list[str]] = (0.0, 0, [])
    tracebacks: list[str] = field(default_factory=list)
    crashed: bool = False


def run(load: Load, say: Callable[[str], None]) -> tuple[Tally, Watched]:
    """Put the load on a server of its own.

    Args:
        say: takes a line now and then.

    Raises:
        DFSCError: if there is no embedded product, or the server does not start.
    """
    pictures = marked_photographs(max(load.visitors, 1) * PICTURES, load.seed)
    tally, watched, stop, stop_training = Tally(ALONE), Watched(), Event(), Event()
    training: list[Session] = []
    with served() as server:
        functions = functions_of(server.config)
        _warm_up(server, functions, pictures)
        crowd = [
            _started(visitor.inspect, tally, stop)
            for visitor in (_visitor(load, n, server, functions, pictures) for n in range(load.visitors))
        ]
        began, seconds = time.monotonic(), load.minutes * 60
        for sample in range(SAMPLES + 1):
            stop.wait(max(began + seconds * sample / SAMPLES - time.monotonic(), 0))
            if sample >= SAMPLES * TRAINING_FROM and load.trainers and tally.phase == ALONE:
                tally.phase = BESIDE
                for number in range(load.trainers):
                    connect = partial(_kept, training, server.address, functions, load.latency)
                    crowd.append(
                        _started(train, number, connect, load.training_seconds, number % 2 == 1, tally, stop_training)
                    )
            watched.lines.append(_sampled(server, tally, time.monotonic() - began))
            say(_line(watched.lines[-1], tally))
        stop_training.set()
        for session in training:
            session.leave()  # a training that is under way may last long
        if load.connections:
            tally.phase = IDLE
            watched.idle = _idle_pages(load, server, functions, tally)
        stop.set()
        for one in crowd:
            one.join()
        watched.left = _remains(server)
        watched.tracebacks, watched.crashed = server.tracebacks, not server.runs
    return tally, watched


def report(load: Load, tally: Tally, watched: Watched) -> str:
    """Figures as text, with tables."""
    lines = [
        f"{load.visitors} visitors, {load.trainers} trainers, {load.minutes:g} minutes, "
        f"{1000 * load.latency:.0f} ms latency: {tally.inspections} inspections, {len(tally.trainings)} trainings, "
        f"{tally.left} times somebody left in the middle; {tally.counts['error']} errors, "
        f"{tally.counts['mix-up']} mix-ups, {len(watched.tracebacks)} unforeseen errors in the server's log"
        + (", and it ended by itself." if watched.crashed else "."),
        *(f"- {sentence}" for sentence in (*tally.mixed, *tally.errors)),
        *watched.tracebacks[:3],
        "",
        _latencies(tally),
        "",
        markdown_table(
            ["s", "MB", "open files", "files on disk", "inspections"],
            [[f"{at:.0f}", f"{memory:.0f}", *others] for at, memory, *others in watched.lines],
            words=0,
        ),
        "",
        _growth(watched),
    ]
    if watched.idle:
        lines.append(f"With {watched.idle[1]} idle pages beside: {watched.idle[0]:.0f} MB.")
    memory, descriptors, files = watched.left
    lines.append(
        f"After all had left: {memory:.0f} MB, {descriptors} open files, {len(files)} files on disk"
        + (f" ({', '.join(files[:5])})." if files else ".")
    )
    return "\n".join(lines)


def is_sound(tally: Tally, watched: Watched) -> bool:
    """Whether nothing went wrong."""
    return not (tally.counts["error"] or tally.counts["mix-up"] or watched.tracebacks or watched.crashed)


def _warm_up(server: Server, functions: dict[str, int], pictures: Sequence[Marked]) -> None:
    """Ask each product once, so that its detectors are loaded."""
    session = Session(server.address, functions)
    for picture in {picture.product: picture for picture in pictures}.values():
        inspect_as_program(session, "first.jpg", picture)
    session.leave()


def _kept(sessions: list[Session], address: str, functions: dict[str, int], latency: float) -> Session:
    session = Session(address, functions, latency=latency)
    sessions.append(session)
    return session


def _visitor(load: Load, number: int, server: Server, functions: dict[str, int], pictures: Sequence[Marked]) -> Visitor:
    slow, leaves = number % 4 == 2, number % 4 == 3
    return Visitor(
        number=number,
        connect=partial(Session, server.address, functions, slow, load.latency),
        pictures=pictures[number :: load.visitors],
        program=(number // 4 + number) % 2 == 1,
        slow=slow,
        leaves=leaves,
        pause=load.pause,
    )


def _started(work: Callable, *arguments: object) -> Thread:
    thread = Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def _sampled(server: Server, tally: Tally, seconds: float) -> tuple[float, float, int, int, int]:
    return seconds, server.memory, server.descriptors, len(server.files), tally.inspections


def _idle_pages(load: Load, server: Server, functions: dict[str, int], tally: Tally) -> tuple[float, int]:
    """Open pages that do nothing, and leave after a while; memory and number while all are open."""
    pages: list[Session] = []
    for _ in range(load.connections):
        try:
            session = Session(server.address, functions)
            pages.append(session)
            session.page()
            session.ask("show_first", "{}", None)
        except AnswerError as error:
            tally.wrong(error)
    time.sleep(max(load.minutes * 60 / SAMPLES, 5.0))
    memory = server.memory
    for page in pages:
        page.leave()
    return memory, len(pages)


def _remains(server: Server) -> tuple[float, int, list[str]]:
    """Memory, open files and files on disk, once they do not become fewer any more."""
    until = time.monotonic() + AFTERWARDS
    with suppress(KeyboardInterrupt):
        while server.files and time.monotonic() < until:
            time.sleep(0.5)
        time.sleep(2.0)
    return server.memory, server.descriptors, server.files


def _latencies(tally: Tally) -> str:
    shares = (50, 90, 95, 99, 100)
    heads = ["seconds of an inspection", "number", *(f"{share} %" for share in shares)]
    rows = [
        [phase, str(len(taken)), *(f"{value:.2f}" for value in np.percentile(taken, shares))]
        for phase, taken in tally.seconds.items()
    ]
    if tally.trainings:
        rows.append(
            ["a training", str(len(tally.trainings)), *(f"{v:.1f}" for v in np.percentile(tally.trainings, shares))]
        )
    return markdown_table(heads, rows, words=1)


def _growth(watched: Watched) -> str:
    warm = [line for line in watched.lines if line[0] >= WARM_UP * watched.lines[-1][0]]
    middle = len(warm) // 2
    earlier, later = (np.median([line[1] for line in part]) for part in (warm[:middle], warm[middle:]))
    return f"Memory after the warm-up: {earlier:.0f} MB in its first half, {later:.0f} MB in its second (medians)."


def _line(line: tuple[float, float, int, int, int], tally: Tally) -> str:
    seconds, memory, descriptors, files, inspections = line
    return (
        f"{seconds:.0f} s: {inspections} inspections, {len(tally.trainings)} trainings, {memory:.0f} MB, {descriptors} "
        f"open files, {files} on disk, {tally.counts['error']} errors, {tally.counts['mix-up']} mix-ups"
    )

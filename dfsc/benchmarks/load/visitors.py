"""What visitors do: look at the page and inspect on it, ask as a program, train; some read slowly, some leave."""

import base64
import html
import json
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Timer
from urllib.error import URLError

import numpy as np

from dfsc.benchmarks.load.client import AnswerError, LeftError, Session
from dfsc.benchmarks.load.marked import Marked, good_parts
from dfsc.geometry import MAP_SIZE

# Mean seconds until somebody leaves in the middle, of those who inspect and of those who train.
STAY, STAY_TRAINING = 4.0, 40.0
OWN = "own"
MOST_TOLD = 20
_HTML, _INSPECTION = re.compile(r'data-html="([^"]*)"'), re.compile(r'data-inspection="([^"]*)"')
_PHOTO, _ANSWER = re.compile(r'data-photo="([^"]*)"'), re.compile(r'data-answer="(\d+)"')


class MixUpError(Exception):
    """An answer that belongs to another question."""


@dataclass
class Tally:
    """What was counted over all visitors.

    Attributes:
        phase: what goes on beside the inspections now.
        seconds: from a photograph's upload to the whole answer, by phase; of slow readers by "slow readers".
        trainings: seconds of those that were finished.
        left: how often somebody left in the middle.
        errors, mixed: sentences, the first MOST_TOLD of them, with their numbers in `counts`.
    """

    phase: str = ""
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    trainings: list[float] = field(default_factory=list)
    left: int = 0
    errors: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _lock: Lock = field(default_factory=Lock)

    @property
    def inspections(self) -> int:
        return sum(map(len, self.seconds.values()))

    def inspected(self, phase: str, seconds: float) -> None:
        with self._lock:
            self.seconds[phase].append(seconds)

    def trained(self, seconds: float) -> None:
        with self._lock:
            self.trainings.append(seconds)

    def wrong(self, error: Exception) -> None:
        kind, told = ("mix-up", self.mixed) if isinstance(error, MixUpError) else ("error", self.errors)
        with self._lock:
            self.counts[kind] += 1
            if len(told) < MOST_TOLD:
                told.append(f"{type(error).__name__}: {error}")

    def has_left(self) -> None:
        with self._lock:
            self.left += 1


@dataclass(frozen=True)
class Visitor:
    """One visitor, who comes back as another one after having left.

    Attributes:
        connect: makes a new session.
        pictures: the marked photographs that are sent in turn.
        program: whether it is a program instead of somebody before the page.
        slow: whether they read slowly.
        leaves: whether they leave at random moments.
        pause: mean seconds between two photographs.
    """

    number: int
    connect: Callable[[], Session]
    pictures: Sequence[Marked]
    program: bool
    slow: bool
    leaves: bool
    pause: float

    def inspect(self, tally: Tally, stop: Event) -> None:
        """Send photographs until told to stop."""
        rng = np.random.default_rng(self.number)
        while not stop.is_set():
            with _staying(self.connect, rng, STAY if self.leaves else None, tally, stop) as session:
                if session is None:
                    continue
                asked = 0 if self.program else _arrive(session)
                while not stop.is_set():
                    asked += 1
                    self._send_one(session, asked, tally)
                    stop.wait(rng.exponential(self.pause))

    def _send_one(self, session: Session, number: int, tally: Tally) -> None:
        picture = self.pictures[number % len(self.pictures)]
        name = f"{session.name} {number}.jpg"
        phase, started = "slow readers" if self.slow else tally.phase, time.monotonic()
        if self.program:
            inspect_as_program(session, name, picture)
        else:
            file = session.upload(name, picture.named(name))
            _check_page(
                session.ask("show_uploads", _question(number), [file], picture.product)[0], name, number, picture
            )
        tally.inspected(phase, time.monotonic() - started)


def inspect_as_program(session: Session, name: str, picture: Marked) -> None:
    """Inspect as a program; raises MixUpError if the answer is not that of the photograph."""
    file = session.upload(name, picture.named(name))
    _check_record(session.ask("inspect", file, picture.product, 0.5, 0, False)[0], name, picture)


def train(number: int, connect: Callable[[], Session], seconds: int, leaves: bool, tally: Tally, stop: Event) -> None:
    """Train on photographs of one's own again and again, and inspect with what was learned."""
    rng = np.random.default_rng([number, 1])
    while not stop.is_set():
        with _staying(connect, rng, STAY_TRAINING if leaves else None, tally, stop) as session:
            if session is None:
                continue
            parts = good_parts(number)
            while not stop.is_set():
                started = time.monotonic()
                files = [session.upload(f"{session.name} {n}.jpg", data) for n, data in enumerate(parts)]
                told = session.ask("train", files, seconds, 0.975, 0.0, number, [])[0]
                products = {detector["product"] for detector in told["detectors"]}
                file = session.upload(f"{session.name}.jpg", parts[0])
                record = session.ask("inspect", file, OWN, 0.5, 0, False)[0]
                if len(products) != 1 or not all("your own training" in r["source"] for r in record["results"]):
                    raise MixUpError(f"A training gave {products}, and {record}")
                tally.trained(time.monotonic() - started)


class _staying:  # noqa: N801
    """A session that its visitor leaves in the end, or before at a random moment; counts what goes wrong.

    Errors within the block are counted, not raised; there is no session (None) where the server takes none.
    """

    def __init__(
        self,
        connect: Callable[[], Session],
        rng: np.random.Generator,
        stay: float | None,
        tally: Tally,
        stop: Event,
    ):
        self._connect, self._rng, self._stay, self._tally, self._stop = connect, rng, stay, tally, stop
        self._session: Session | None = None

    def __enter__(self) -> Session | None:
        try:
            self._session = self._connect()
        except (AnswerError, URLError, OSError) as error:
            self._tally.wrong(error)
            self._stop.wait(1.0)
            return None
        if self._stay is not None:
            # Half of them close the page, half are cut off.
            timer = Timer(self._rng.exponential(self._stay), self._session.leave, [bool(self._rng.integers(2))])
            timer.daemon = True
            timer.start()
        return self._session

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if self._session is None:
            return False
        self._session.leave()
        if isinstance(error, LeftError):
            self._tally.has_left()
        elif isinstance(error, Exception):
            self._tally.wrong(error)
            self._stop.wait(1.0)
        return isinstance(error, Exception)


def _arrive(session: Session) -> int:
    """Open the page as a browser does; returns the number of the question that this asks."""
    session.page()
    session.ask("show_first", _question(1, browser=secrets.token_hex(16)), None)
    return 1


def _question(number: int, **about: str) -> str:
    return json.dumps({"number": number, "about": about, "finding": 0})


def _check_record(record: dict, name: str, picture: Marked) -> None:
    scores = [result["score"] for result in record["results"]]
    if record["photograph"] != name or not picture.has_scores(scores):
        raise MixUpError(f"{name} ({picture.scores}) got the answer {record['photograph']} ({scores}).")


def _check_page(told: object, name: str, number: int, picture: Marked) -> None:
    """Whether the finding that the page shows is that of a photograph."""
    found = _HTML.search(told) if isinstance(told, str) else None
    if not found or not isinstance(told, str):
        raise AnswerError(f"The page showed no finding of {name}.")
    finding = html.unescape(found[1])
    shown, asked, data = (
        pattern.search(text) for pattern, text in ((_PHOTO, finding), (_ANSWER, told), (_INSPECTION, finding))
    )
    if not (shown and asked and data):
        raise AnswerError(f"The page showed a finding without a photograph's name, number or maps for {name}.")
    maps = [_map(method["local"]) for method in json.loads(html.unescape(data[1]))["methods"]]
    if html.unescape(shown[1]) != name or int(asked[1]) != number or not picture.has_maps(maps):
        raise MixUpError(f"{name}, question {number}, got the answer {asked[1]} of {shown[1]}.")


def _map(packed: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), "<f4").reshape(MAP_SIZE, MAP_SIZE)

"""One person's inspections: what was found when, what people said of it later, and which of it a limit may follow.

A history is a table of SQLite, in memory or in a file that several people share; each sees only what is theirs.
"""

import io
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

import numpy as np

from dfsc.errors import DFSCError
from dfsc.inspection.records import csv_lines, inert
from dfsc.inspection.results import Result
from dfsc.models.calibration import RawMaps

GOOD, BAD, UNMARKED = "good", "bad", ""
MARKS = (GOOD, BAD, UNMARKED)
BRANCHES = ("local", "global_")
# Entries of one person, in memory and in a file, and of all people in a file. Marked ones are dropped last.
MOST, MOST_KEPT, MOST_IN_FILE = 300, 3000, 20_000
# So many of a product's last parts that are marked with the same mark count.
MOST_MARKED = 200
# Of so many of one person's last parts that were not accepted, the photo itself is kept.
MOST_PHOTOS = 48
CSV_HEADER = (
    "number",
    "time",
    "product",
    "photograph",
    "verdict",
    "marked",
    "detector",
    "its verdict",
    "score",
    "limit",
)
TABLES = """
create table if not exists inspections (
    number integer primary key autoincrement, person text not null, time real not null, product text not null,
    photograph text not null, digest text not null, verdict text not null, mark text not null default '',
    scores text not null, maps blob not null, thumbnail blob not null, photo blob, network blob
);
create index if not exists of_person on inspections (person, product, mark);
create table if not exists joined (person text not null, product text not null, primary key (person, product));
"""


@dataclass(frozen=True)
class Score:
    """What one detector said of a part, as it was judged then."""

    detector: str
    title: str
    verdict: str
    score: float
    limit: float

    @classmethod
    def of(cls, result: Result) -> "Score":
        return cls(result.detector, result.title, result.verdict, result.score, result.threshold)


@dataclass(frozen=True, eq=False)
class Inspected:
    """A part to remember.

    Attributes:
        product: with whose detectors it was inspected.
        photograph: the photo's name.
        verdict: of all detectors together (dfsc.inspection.limits.overall).
        scores: one a detector.
        maps: each detector's raw maps 56×56 by its identity (Inspector.identities).
        thumbnail: a JPEG.
        digest: of the photo's file, by which it is known again; "" if it shall not be.
        photo: the photo as a JPEG, and as the networks take it as a PNG; kept for some parts only.
        time: in seconds since 1970.
    """

    product: str
    photograph: str
    verdict: str
    scores: tuple[Score, ...]
    maps: Mapping[str, RawMaps]
    thumbnail: bytes
    digest: str = ""
    photo: tuple[bytes, bytes] | None = None
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, eq=False)
class Entry:
    """A line of the history: as Inspected, with its number and the mark that people gave it."""

    number: int
    time: float
    product: str
    photograph: str
    verdict: str
    mark: str
    scores: tuple[Score, ...]
    thumbnail: bytes
    has_photo: bool

    @property
    def moment(self) -> datetime:
        """When it was inspected, in UTC."""
        return datetime.fromtimestamp(self.time, UTC)


@dataclass(frozen=True)
class RejectRate:
    """How many parts got a verdict and were rejected from `start` to `end`, in seconds since 1970."""

    start: float
    end: float
    inspected: int
    rejected: int


class History:
    """One person's inspections, the latest `most`; thread-safe."""

    def __init__(self, database: sqlite3.Connection, person: str, most: int):
        self._database, self._person, self._most = database, person, most
        self._lock = RLock()

    @classmethod
    def in_memory(cls) -> "History":
        """Which is gone with the object."""
        return cls(_opened(":memory:"), "", MOST)

    @classmethod
    def in_file(cls, file: Path, person: str) -> "History":
        """Which is still there after a restart; raises DFSCError for a file that can't be used.

        Args:
            person: a secret name; whoever knows it sees what was kept under it.
        """
        return cls(_opened(file), person, MOST_KEPT)

    def add(self, part: Inspected) -> int:
        """Keep a part and return its number; a photo that the product knows already is not counted twice."""
        with self._writing():
            if part.digest and (known := self._known(part)):
                return known
            photo, network = part.photo if part.photo and part.verdict != "accept" else (None, None)
            row = (
                *(self._person, part.time, part.product, part.photograph, part.digest, part.verdict),
                *(_packed_scores(part.scores), _packed_maps(part.maps), part.thumbnail, photo, network),
            )
            number = self._database.execute(
                "insert into inspections (person, time, product, photograph, digest, verdict, scores, maps, thumbnail,"
                " photo, network) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            self._drop_surplus()
            return number or 0

    def entries(self, product: str | None = None, most: int | None = None) -> list[Entry]:
        """The latest entries, of all products or one, the latest first."""
        with self._lock:
            rows = self._database.execute(
                "select number, time, product, photograph, verdict, mark, scores, thumbnail, photo is not null"
                " from inspections where person = ? and (? is null or product = ?) order by number desc limit ?",
                (self._person, product, product, self._most if most is None else most),
            ).fetchall()
        return [
            Entry(number, moment, of, name, verdict, mark, _unpacked_scores(scores), thumbnail, bool(has_photo))
            for number, moment, of, name, verdict, mark, scores, thumbnail, has_photo in rows
        ]

    def mark(self, number: int, mark: str) -> None:
        """Say that a part was good or bad after all, or take that back; unknown numbers are ignored."""
        if mark not in MARKS:
            raise DFSCError(f'A part is marked "{GOOD}" or "{BAD}" or not at all, not "{mark}".')
        with self._writing():
            self._database.execute(
                "update inspections set mark = ? where person = ? and number = ?", (mark, self._person, number)
            )

    def marked(self, product: str, mark: str, identities: Sequence[str]) -> dict[int, list[RawMaps]]:
        """The latest MOST_MARKED parts of a product with a mark: raw maps by number, in the order of the identities.

        Parts are left out that one of these detectors has not seen.
        """
        with self._lock:
            rows = self._database.execute(
                "select number, maps from inspections where person = ? and product = ? and mark = ?"
                " order by number desc limit ?",
                (self._person, product, mark, MOST_MARKED),
            ).fetchall()
        maps = {number: _unpacked_maps(blob) for number, blob in rows}
        return {
            number: [of_part[one] for one in identities]
            for number, of_part in maps.items()
            if all(one in of_part for one in identities)
        }

    def numbers(self, product: str, mark: str) -> tuple[int, ...]:
        """Of a product's parts with a mark."""
        with self._lock:
            rows = self._database.execute(
                "select number from inspections where person = ? and product = ? and mark = ? order by number",
                (self._person, product, mark),
            ).fetchall()
        return tuple(number for (number,) in rows)

    def join(self, product: str, joined: bool) -> None:
        """Whether parts marked as good count among a product's good parts from now on."""
        with self._writing():
            statement = (
                "insert or ignore into joined values (?, ?)"
                if joined
                else ("delete from joined where person = ? and product = ?")
            )
            self._database.execute(statement, (self._person, product))

    def joins(self, product: str) -> bool:
        """Whether they do."""
        with self._lock:
            found = self._database.execute(
                "select 1 from joined where person = ? and product = ?", (self._person, product)
            ).fetchone()
        return found is not None

    def photo(self, number: int) -> tuple[str, str, bytes, bytes] | None:
        """A part's product, name, photo (JPEG) and network input (PNG), where its photo was kept."""
        with self._lock:
            return self._database.execute(
                "select product, photograph, photo, network from inspections"
                " where person = ? and number = ? and photo is not null",
                (self._person, number),
            ).fetchone()

    def clear(self) -> None:
        """Forget everything of this person."""
        with self._writing():
            for table in ("inspections", "joined"):
                self._database.execute(f"delete from {table} where person = ?", (self._person,))

    def close(self) -> None:
        """Let go of the file; the history can't be used afterwards."""
        self._database.close()

    def _known(self, part: Inspected) -> int | None:
        found = self._database.execute(
            "select number from inspections where person = ? and product = ? and digest = ?",
            (self._person, part.product, part.digest),
        ).fetchone()
        return found and found[0]

    def _drop_surplus(self) -> None:
        """The oldest ones go, marked ones last."""
        statement = (
            "delete from inspections where number in (select number from inspections where {}"
            " order by mark != '' desc, number desc limit -1 offset ?)"
        )
        self._database.execute(statement.format("person = ?"), (self._person, self._most))
        self._database.execute(statement.format("true"), (MOST_IN_FILE,))
        self._database.execute(
            "update inspections set photo = null, network = null where number in (select number from inspections"
            " where person = ? and photo is not null order by number desc limit -1 offset ?)",
            (self._person, MOST_PHOTOS),
        )

    @contextmanager
    def _writing(self):
        """One change as a whole or not at all; raises DFSCError if the file can't be written."""
        try:
            with self._lock, self._database:
                yield
        except sqlite3.Error as error:
            raise DFSCError(
                f"The history can't be written: {error}. Check the folder DFSC_HOME and its disk."
            ) from error


def reject_rates(entries: Iterable[Entry], most: int = 24) -> list[RejectRate]:
    """Inspected and rejected parts in at most so many equal spans from the first entry to the last.

    What got no verdict, as another product, does not count.
    """
    parts = sorted((one.time, one.verdict == "reject") for one in entries if one.verdict in ("accept", "reject"))
    if not parts:
        return []
    start, end = parts[0][0], parts[-1][0]
    spans = min(most, len(parts)) if end > start else 1
    width = (end - start) / spans
    counts = np.zeros((spans, 2), int)
    for moment, rejected in parts:
        span = min(int((moment - start) / width), spans - 1) if width else 0
        counts[span] += (1, rejected)
    return [
        RejectRate(start + span * width, start + (span + 1) * width, int(inspected), int(rejected))
        for span, (inspected, rejected) in enumerate(counts)
    ]


def history_csv(entries: Iterable[Entry]) -> str:
    """Entries as lines of a CSV file, one a part and detector; times are in UTC."""
    rows = (
        (
            *(entry.number, entry.moment.isoformat(timespec="seconds"), entry.product, inert(entry.photograph)),
            *(entry.verdict, entry.mark, one.detector, one.verdict, f"{one.score:.4f}", f"{one.limit:.4f}"),
        )
        for entry in entries
        for one in entry.scores
    )
    return csv_lines([CSV_HEADER, *rows])


def _opened(file: Path | str) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(file, timeout=10, check_same_thread=False)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        database.executescript(TABLES)
    except sqlite3.Error as error:
        raise DFSCError(
            f"The history {Path(file).name} can't be used: {error}. Move it away, or check DFSC_HOME."
        ) from error
    return database


def _packed_scores(scores: Iterable[Score]) -> str:
    return json.dumps([[one.detector, one.title, one.verdict, one.score, one.limit] for one in scores])


def _unpacked_scores(text: str) -> tuple[Score, ...]:
    return tuple(Score(*fields) for fields in json.loads(text))


def _packed_maps(maps: Mapping[str, RawMaps]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **{f"{name}/{branch}": getattr(one, branch) for name, one in maps.items() for branch in BRANCHES})
    return stream.getvalue()


def _unpacked_maps(blob: bytes) -> dict[str, RawMaps]:
    with np.load(io.BytesIO(blob)) as arrays:
        names = dict.fromkeys(key.rpartition("/")[0] for key in arrays.files)
        return {name: RawMaps(*(arrays[f"{name}/{branch}"] for branch in BRANCHES)) for name in names}

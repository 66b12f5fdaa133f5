"""A table of many photographs that survives whatever ends its writing, and goes on where it stands.

Two CSV files only grow: verdicts, a line a photograph and detector, and beside them what was left out, with a sentence
each. When they are opened again, a last photograph of which lines are missing or cut off is taken away; all others are
known by their names, and not inspected again.
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from dfsc.errors import DFSCError
from dfsc.files import claimed
from dfsc.inspection.records import CSV_HEADER, csv_lines, inert

HEADER = CSV_HEADER[:-1]  # the last one is a note on what is left out, which is a table of its own here
LEFT_OUT_HEADER = ("photograph", "note")
_DETECTOR, _LIMIT = HEADER.index("detector"), HEADER.index("limit")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # by which spreadsheets know UTF-8
_DIGEST = 16


class GrowingTable:
    """A context manager that keeps the two files open, and other processes out of them.

    Attributes:
        known: the names of all photographs that stood in one of them when they were opened.
        inspected, left_out: how many are in each of them.
    """

    def __init__(self, file: Path, judges: Sequence[tuple[str, str]]):
        """Args:
            file: the table of verdicts; what was left out goes beside it (see `left_out_file`).
            judges: each detector's name and limit as they stand in a photograph's rows.

        Raises:
            DFSCError: for files that are something else, or that another process writes.
        """
        names = bytearray()
        self._open = ExitStack()
        try:
            self._verdicts = self._opened(file, HEADER, judges, names)
            self.inspected = len(names) // _DIGEST
            self._left_out = self._opened(left_out_file(file), LEFT_OUT_HEADER, [None], names)
        except BaseException:
            self._open.close()
            raise
        self.known = Known(names)
        self.left_out = len(self.known) - self.inspected

    def __enter__(self) -> "GrowingTable":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._open.close()

    def write(self, rows: Iterable[tuple], left_out: Sequence[tuple[str, str]], count: int) -> None:
        """Append the rows of HEADER of `count` photographs together with names left out, each with a sentence."""
        _append(self._verdicts, _utf8(csv_lines(rows)))
        _append(self._left_out, _utf8(csv_lines((inert(name), inert(why)) for name, why in left_out)))
        self.inspected += count - len(left_out)
        self.left_out += len(left_out)

    def _opened(self, file: Path, header: tuple[str, ...], judges: Sequence, names: bytearray) -> BinaryIO:
        foreign = DFSCError(f"{file} is something else than a table by these detectors and limits; name another file.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        stream = self._open.enter_context(file.open("r+b"))
        if not claimed(stream):
            raise DFSCError(f"Another inspection writes {file}; wait for it, or name another file.")
        start = _BYTE_ORDER_MARK + _utf8(csv_lines([header]))
        found = stream.read(len(start))
        if not start.startswith(found):
            raise foreign
        end = 0
        if found == start:
            end = len(start)
            for place, name in _photographs(stream, len(header), judges, foreign):
                names += _digest(name)
                end = place
        stream.truncate(end)
        stream.seek(end)
        _append(stream, b"" if end else start)
        return stream


class Known:
    """Names by their digests of 16 bytes, so that those of a million photographs take 16 MB."""

    def __init__(self, digests: bytes | bytearray):
        self._sorted = np.sort(np.frombuffer(bytes(digests), f"S{_DIGEST}"))

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, name: str) -> bool:
        digest = np.bytes_(_digest(inert(name)))
        place = np.searchsorted(self._sorted, digest)
        return bool(place < len(self._sorted) and self._sorted[place] == digest)


def left_out_file(file: Path) -> Path:
    """Where the photographs are named that are not in a table: results.left_out.csv beside results.csv."""
    return file.with_name(f"{file.stem}.left_out.csv")


def _digest(name: str) -> bytes:
    # Numpy's strings lose zeros at their end.
    return hashlib.blake2b(_utf8(name), digest_size=_DIGEST - 1).digest() + b"."


def _utf8(text: str) -> bytes:
    """Names of files may hold bytes that are no text; these are spelt out, so that the table can be read as UTF-8."""
    return text.encode("utf-8", "backslashreplace")


def _append(stream: BinaryIO, lines: bytes) -> None:
    stream.write(lines)
    stream.flush()


def _photographs(
    stream: BinaryIO, columns: int, judges: Sequence[tuple[str, str] | None], foreign: DFSCError
) -> Iterator[tuple[int, str]]:
    """The end in bytes and the name of each photograph whose rows are all there; raises `foreign` for other rows."""
    before: list[str] = []
    cut_off = False
    for end, row in _whole_rows(stream, foreign):
        whole = len(row) == columns
        fits = whole and {row[0], *before} == {row[0]} and _says(row, judges[len(before)])
        if cut_off or (whole and not fits):
            raise foreign
        cut_off = not fits
        before.append(row[0])
        if fits and len(before) == len(judges):
            yield end, row[0]
            before = []


def _says(row: list[str], judge: tuple[str, str] | None) -> bool:
    return judge is None or judge == (row[_DETECTOR], row[_LIMIT])


def _whole_rows(stream: BinaryIO, foreign: DFSCError) -> Iterator[tuple[int, list[str]]]:
    """Rows that end with a line, from where the stream stands, each with its own end in bytes."""
    position, line = stream.tell(), b""

    def lines() -> Iterator[str]:
        nonlocal position, line
        for line in stream:
            position += len(line)
            yield line.decode("utf-8", "replace")

    try:
        for row in csv.reader(lines()):
            if line.endswith(b"\n"):
                yield position, row
    except csv.Error as error:
        raise foreign from error

"""What a visitor hands over, file by file: pictures as they are, folders walked, zips looked into.

Nothing is decoded here, and a file's bytes are read only when they are asked for.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dfsc.archives import (
    MAX_FILES,
    ZIP_STARTS,
    ArchiveError,
    entry_bytes,
    entry_name,
    is_system_file,
    open_zip,
    too_large,
    visible_entries,
)
from dfsc.errors import ImageError
from dfsc.images import MAX_BYTES

MAX_ZIPS = 20

_SHOWN_NAME = 72  # with a number behind it, still no longer than dfsc.images shows names


@dataclass(frozen=True)
class SourceFile:
    """A file that may be a photograph: what to call it, and how to get its bytes (raises ImageError)."""

    name: str
    read: Callable[[], bytes]


class Listing:
    """All files that a visitor handed over, in his order; folders and zips sorted by path, system files left out.

    A context manager: the zips stay open in it.

    Attributes:
        files: the files with names of their own; equal names from different folders are numbered.
        problems: one plain sentence for each upload that can't be looked into.
    """

    def __init__(self, uploads: Iterable[tuple[Path, str]]):
        """`uploads` are paths of files, folders or zips, each with the name that the visitor gave it."""
        self.files: list[SourceFile] = []
        self.problems: list[str] = []
        self._names: dict[str, int] = {}
        self._zips, self._open_zips = 0, ExitStack()
        try:
            for path, name in uploads:
                self._add(path, name)
        except _FullError as error:
            self.problems.append(str(error))
        except BaseException:
            self._open_zips.close()
            raise

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *_error: object) -> None:
        self._open_zips.close()

    def _add(self, path: Path, name: str) -> None:
        shown = shown_name(name)
        try:
            if path.is_dir():
                self._add_folder(path, shown)
            elif not is_system_file(name):
                self._add_file(path, shown)
        except _FullError:
            raise
        except ArchiveError as error:
            self.problems.append(str(error))
        except OSError:
            self.problems.append(_unreadable(shown))

    def _add_folder(self, folder: Path, shown: str) -> None:
        files = list(itertools.islice(_visible_files(folder, shown), MAX_FILES + 1))
        if not files:
            raise ArchiveError(f"The folder {shown} is empty; choose the one with the photographs.")
        for path in files:
            self._add(path, path.name)

    def _add_file(self, path: Path, shown: str) -> None:
        if _starts(path, shown).startswith(ZIP_STARTS):
            self._add_zip(path, shown)
        else:
            self._append(shown, lambda: _file_bytes(path, shown))

    def _add_zip(self, path: Path, shown: str) -> None:
        if self._zips >= MAX_ZIPS:
            raise ArchiveError(f"{shown} was not opened, because {MAX_ZIPS} zips are enough at a time.")
        archive = self._open_zips.enter_context(open_zip(path, shown))
        self._zips += 1
        for info in sorted(visible_entries(archive), key=lambda info: info.filename):
            name = shown_name(entry_name(info))
            self._append(name, lambda info=info, name=name: entry_bytes(archive, info, name))

    def _append(self, name: str, read: Callable[[], bytes]) -> None:
        if len(self.files) >= MAX_FILES:
            raise _FullError(f"There are more than {MAX_FILES} files, and only the first {MAX_FILES} were looked at.")
        self.files.append(SourceFile(self._own_name(name), read))

    def _own_name(self, name: str) -> str:
        """The name, with a number behind it if it is taken: a.jpg, a.jpg (2), …"""
        own = name
        while own in self._names:
            self._names[name] += 1
            own = f"{name} ({self._names[name]})"
        self._names[own] = 1
        return own


def shown_name(name: str) -> str:
    """A name from a visitor as it fits into a sentence: without folders, one line, printable, not endless."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    printable = "".join(character if character.isprintable() else "?" for character in last) or "The file"
    return printable if len(printable) <= _SHOWN_NAME else printable[: _SHOWN_NAME - 1] + "…"


class _FullError(ArchiveError):
    """There are more files than are looked at."""


def _visible_files(folder: Path, shown: str) -> Iterator[Path]:
    """All files in a folder and its subfolders, sorted by path; links to folders are not followed."""

    def refuse(error: OSError) -> None:
        raise ArchiveError(f"The folder {shown} could not be read; check its permissions.") from error

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not is_system_file(name))
        yield from (Path(place, name) for name in sorted(files) if not is_system_file(name))


def _starts(path: Path, shown: str) -> bytes:
    # A pipe or a device would keep whoever opens it waiting.
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(4)
    except (OSError, ValueError) as error:
        raise ArchiveError(_unreadable(shown)) from error
    raise ArchiveError(_unreadable(shown))


def _file_bytes(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(_unreadable(name)) from error
    if len(data) > MAX_BYTES:
        raise ImageError(too_large(name))
    return data


def _unreadable(name: str) -> str:
    return f"{name} could not be read; choose it once more."

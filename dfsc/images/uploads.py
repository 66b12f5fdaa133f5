"""What a visitor hands over, file by file: pictures as they are, folders walked, zips looked into.

Nothing is decoded here, and a file's bytes are read only when they are asked for.
"""

import itertools
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dfsc.errors import DFSCError, ImageError
from dfsc.images.archives import (
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
from dfsc.images.decoding import MAX_BYTES, one_line
from dfsc.images.good_parts import good_training
from dfsc.images.photo_files import no_file, place_in, visible_files

MAX_ZIPS = 20

_SHOWN_NAME = 72  # with a number behind it, still no longer than dfsc.images.decoding shows names
_SHOWN_PLACE = 200
_IN_NO_NAME = set('<>:"|?*')  # what file systems of this world don't have in folders' names


@dataclass(frozen=True)
class SourceFile:
    """A file that may be a photograph: what to call it, where it lay, and how to get its bytes (raises ImageError)."""

    name: str
    place: str
    read: Callable[[], bytes]


class Listing:
    """All files that a visitor handed over, in his order; folders and zips sorted by path, system files left out.

    A context manager: the zips stay open in it.

    Attributes:
        files: the files with names of their own: paths within the folder or zip, behind its name where several things
            were handed over; equal ones are numbered.
        problems: one plain sentence for each upload that can't be looked into.
    """

    def __init__(self, uploads: Iterable[tuple[Path, str]], good: bool = False):
        """Args:
        uploads: paths of files, folders or zips, each with the name that the visitor gave it.
        good: take those of good parts alone where folders tell them apart (see dfsc.images.good_parts).
        """
        self.files: list[SourceFile] = []
        self.problems: list[str] = []
        self._names: dict[str, int] = {}
        self._zips, self._open_zips = 0, ExitStack()
        uploads = list(uploads)
        self._told_apart = len(uploads) > 1
        try:
            for path, name in uploads:
                self._add(path, shown_place(name), name)
        except _FullError as error:
            self.problems.append(str(error))
        except BaseException:
            self._open_zips.close()
            raise
        if good:
            self._keep_good()

    def _keep_good(self) -> None:
        taken, sentence = good_training([file.place for file in self.files])
        self.files = [self.files[index] for index in taken]
        self.problems += [sentence] if sentence else []

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *_error: object) -> None:
        self._open_zips.close()

    def _add(self, path: Path, shown: str, name: str) -> None:
        try:
            if path.is_dir():
                self._add_folder(path, shown)
            elif not is_system_file(name):
                self._add_file(path, shown)
        except ArchiveError as error:
            self.problems.append(str(error))
        except OSError:
            self.problems.append(_unreadable(shown))

    def _add_folder(self, folder: Path, shown: str) -> None:
        files = list(itertools.islice(visible_files(folder), MAX_FILES + 1))
        if not files:
            raise ArchiveError(f"The folder {shown} is empty; choose the one with the photographs.")
        for path in files:
            try:
                self._add_file(path, self._within(shown, place_in(folder, path)))
            except ArchiveError as error:
                self.problems.append(str(error))

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
            name = self._within(shown, shown_place(entry_name(info)))
            self._append(name, partial(entry_bytes, archive, info, name))

    def _within(self, container: str, place: str) -> str:
        return shown_place(f"{container}/{place}" if self._told_apart else place)

    def _append(self, place: str, read: Callable[[], bytes]) -> None:
        if len(self.files) >= MAX_FILES:
            raise _FullError(f"There are more than {MAX_FILES} files, and only the first {MAX_FILES} were looked at.")
        self.files.append(SourceFile(self._own_name(place), place, read))

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
    return one_line(last or "The file", _SHOWN_NAME)


def shown_place(name: str) -> str:
    """A path from a visitor as it fits into a sentence and a table: relative, one line, printable, not endless.

    Of one that leads somewhere else, or has folders as there are none, only the file's own name is left.
    """
    path = name.replace("\\", "/")
    folders = path.split("/")[:-1]
    odd = any(part in ("", ".", "..") or not part.isprintable() or _IN_NO_NAME & set(part) for part in folders)
    if not folders or odd:
        return shown_name(name)
    place = "/".join([*folders, shown_name(name)])
    return place if len(place) <= _SHOWN_PLACE else f"…{place[1 - _SHOWN_PLACE :]}"


class _FullError(DFSCError):
    """There are more files than are looked at."""


def _starts(path: Path, shown: str) -> bytes:
    # A pipe or a device would keep whoever opens it waiting.
    try:
        if reason := no_file(path, shown):
            raise ArchiveError(reason)
        with path.open("rb") as file:
            return file.read(4)
    except (OSError, ValueError) as error:
        raise ArchiveError(_unreadable(shown)) from error


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

"""The files of an upload: single pictures, and those in folders and zips.

Nothing is decoded here, and a file's bytes are only read on demand.
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

_MAX_NAME = 72  # with a number behind it, still no longer than dfsc.images.decoding shows names
_MAX_PATH = 200
_FORBIDDEN = set('<>:"|?*')  # characters that some file systems forbid in folder names


@dataclass(frozen=True)
class SourceFile:
    """A file that may be a photo: its display name, its path, and how to read its bytes (raises ImageError)."""

    name: str
    place: str
    read: Callable[[], bytes]


class Listing:
    """All files of an upload, in its order; folders and zips sorted by path, without system files.

    A context manager that keeps the zips open.

    Attributes:
        files: the files with unique names: paths within the folder or zip, preceded by its name if there are several
            uploads; equal ones are numbered.
        problems: one plain sentence for each upload that can't be opened.
    """

    def __init__(self, uploads: Iterable[tuple[Path, str]], good: bool = False):
        """Args:
        uploads: paths of files, folders or zips, each with the visitor's name for it.
        good: only those of good parts, if folders tell them apart (see dfsc.images.good_parts).
        """
        self.files: list[SourceFile] = []
        self.problems: list[str] = []
        self._names: dict[str, int] = {}
        self._zips, self._open_zips = 0, ExitStack()
        uploads = list(uploads)
        self._several = len(uploads) > 1
        try:
            for path, name in uploads:
                self._add(path, display_path(name), name)
        except _FullError as error:
            self.problems.append(str(error))
        except BaseException:
            self._open_zips.close()
            raise
        if good:
            self._keep_good()

    def _keep_good(self) -> None:
        indices, sentence = good_training([file.place for file in self.files])
        self.files = [self.files[index] for index in indices]
        self.problems += [sentence] if sentence else []

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *_error: object) -> None:
        self._open_zips.close()

    def _add(self, path: Path, label: str, name: str) -> None:
        try:
            if path.is_dir():
                self._add_folder(path, label)
            elif not is_system_file(name):
                self._add_file(path, label)
        except ArchiveError as error:
            self.problems.append(str(error))
        except OSError:
            self.problems.append(_unreadable(label))

    def _add_folder(self, folder: Path, label: str) -> None:
        files = list(itertools.islice(visible_files(folder), MAX_FILES + 1))
        if not files:
            raise ArchiveError(f"The folder {label} is empty; choose the one with the photographs.")
        for path in files:
            try:
                self._add_file(path, self._within(label, place_in(folder, path)))
            except ArchiveError as error:
                self.problems.append(str(error))

    def _add_file(self, path: Path, label: str) -> None:
        if _starts(path, label).startswith(ZIP_STARTS):
            self._add_zip(path, label)
        else:
            self._append(label, lambda: _file_bytes(path, label))

    def _add_zip(self, path: Path, label: str) -> None:
        if self._zips >= MAX_ZIPS:
            raise ArchiveError(f"{label} was not opened, because at most {MAX_ZIPS} zips are read at a time.")
        archive = self._open_zips.enter_context(open_zip(path, label))
        self._zips += 1
        for info in sorted(visible_entries(archive), key=lambda info: info.filename):
            name = self._within(label, display_path(entry_name(info)))
            self._append(name, partial(entry_bytes, archive, info, name))

    def _within(self, container: str, place: str) -> str:
        return display_path(f"{container}/{place}" if self._several else place)

    def _append(self, place: str, read: Callable[[], bytes]) -> None:
        if len(self.files) >= MAX_FILES:
            raise _FullError(f"There are more than {MAX_FILES} files, and only the first {MAX_FILES} were used.")
        self.files.append(SourceFile(self._unique_name(place), place, read))

    def _unique_name(self, name: str) -> str:
        """The name, with a number if it is in use: a.jpg, a.jpg (2), …"""
        unique = name
        while unique in self._names:
            self._names[name] += 1
            unique = f"{name} ({self._names[name]})"
        self._names[unique] = 1
        return unique


def display_name(name: str) -> str:
    """A visitor's file name for use in a sentence: without folders, on one line, printable, of limited length."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return one_line(last or "The file", _MAX_NAME)


def display_path(name: str) -> str:
    """A visitor's path for use in sentences and tables: relative, on one line, printable, of limited length.

    A path that leads elsewhere or has impossible folder names is reduced to the file's name.
    """
    path = name.replace("\\", "/")
    folders = path.split("/")[:-1]
    odd = any(part in ("", ".", "..") or not part.isprintable() or _FORBIDDEN & set(part) for part in folders)
    if not folders or odd:
        return display_name(name)
    place = "/".join([*folders, display_name(name)])
    return place if len(place) <= _MAX_PATH else f"…{place[1 - _MAX_PATH :]}"


class _FullError(DFSCError):
    """There are more files than the maximum."""


def _starts(path: Path, label: str) -> bytes:
    # Opening a pipe or a device would block.
    try:
        if reason := no_file(path, label):
            raise ArchiveError(reason)
        with path.open("rb") as file:
            return file.read(4)
    except (OSError, ValueError) as error:
        raise ArchiveError(_unreadable(label)) from error


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
    return f"{name} could not be read; choose it again."

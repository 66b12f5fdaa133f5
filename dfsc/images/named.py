"""Photographs by name, one after the other: of folders, zips, lists and addresses of other file systems.

None is looked into before its turn, so that a million take no longer to begin with than their names do.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from zipfile import ZipFile

import numpy as np

from dfsc.errors import DFSCError, ImageError
from dfsc.images.archives import entry_bytes, entry_name, is_system_file, is_zip, open_zip, visible_entries
from dfsc.images.decoding import MAX_BYTES, read_image
from dfsc.images.photo_files import reason_against, visible_files

LIST = ".txt"
ELSEWHERE = "://"


@dataclass(frozen=True)
class Named:
    """A file that may be a photograph.

    Attributes:
        name: what tables call it: its path as it follows from the source's, of a zip's file ZIP/PATH.
        place: absolute path or address of the file, or of the zip that holds it.
        entry: its number in the zip's directory.
    """

    name: str
    place: str
    entry: int | None = None


def photographs(sources: Sequence[str]) -> Iterator[Named]:
    """The files of all sources, each name once, in the order of the sources and by path within each.

    Args:
        sources: files, folders, zips, lists (.txt, a path or address a line, which counts from the list's folder), and
            addresses that fsspec knows, such as s3://bucket/folder.

    Raises:
        DFSCError: for a source that can't be opened.
    """
    each = (named for source in sources for named in _of(source))
    # A folder alone can't name a file twice, and of the names of a million files a set takes 100 MB.
    return each if len(sources) == 1 and Path(sources[0]).is_dir() else _once(each)


def _of(source: str) -> Iterator[Named]:
    path = Path(source)
    if ELSEWHERE in source:
        yield from _elsewhere(source)
    elif path.is_dir():
        yield from (Named(str(file), _absolute(file)) for file in visible_files(path))
    elif path.suffix.lower() == LIST:
        yield from _listed(path)
    elif is_zip(path):
        yield from _zipped(path)
    elif not path.exists():
        raise DFSCError(f"{source} does not exist; check the path.")
    else:
        yield Named(source, _absolute(path))


def _absolute(path: Path) -> str:
    return os.path.abspath(path)


def _once(each: Iterable[Named]) -> Iterator[Named]:
    seen = set()
    for named in each:
        if named.name not in seen:
            seen.add(named.name)
            yield named


def _listed(path: Path) -> Iterator[Named]:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for line in lines:
                if name := line.rstrip("\r\n"):
                    yield Named(name, name if ELSEWHERE in name else _absolute(path.parent / name))
    except (OSError, UnicodeError) as error:
        raise DFSCError(f"The list {path} can't be read; it has to be text in UTF-8, a path a line.") from error


def _zipped(path: Path) -> Iterator[Named]:
    with open_zip(path, path.name) as archive:
        numbers = {id(info): number for number, info in enumerate(archive.infolist())}
        named = [
            Named(f"{path}/{entry_name(info)}", _absolute(path), numbers[id(info)]) for info in visible_entries(archive)
        ]
    yield from sorted(named, key=lambda one: one.name)


def _elsewhere(source: str) -> Iterator[Named]:
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(source)
        files = system.find(path) if system.isdir(path) else [path]
        names = [system.unstrip_protocol(file) for file in files if not is_system_file(file.removeprefix(path))]
    except Exception as error:  # each file system has its own, and may not be installed
        raise DFSCError(f"{source} can't be listed ({error}); check the address.") from error
    yield from (Named(name, name) for name in names)


class Reader:
    """Reads named photographs; a context manager that keeps zips open."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._zips: dict[str, ZipFile] = {}

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._open.close()

    def pixels(self, named: Named, bits: int | None) -> np.ndarray:
        """RGB uint8 H×W×3; see dfsc.read_image, also for errors."""
        name = Path(named.name).name
        if named.entry is not None:
            return read_image(self._unpacked(named.place, named.entry, name), name, bits)
        if ELSEWHERE in named.place:
            return read_image(_fetched(named.place, name), name, bits)
        if reason := reason_against(Path(named.place), name):
            raise ImageError(reason)
        return read_image(named.place, name, bits)

    def _unpacked(self, path: str, entry: int, name: str) -> bytes:
        if path not in self._zips:
            self._zips[path] = self._open.enter_context(open_zip(Path(path), Path(path).name))
        archive = self._zips[path]
        return entry_bytes(archive, archive.infolist()[entry], name)


def _fetched(address: str, name: str) -> bytes:
    import fsspec

    try:
        with fsspec.open(address, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except Exception as error:  # each file system has its own
        raise ImageError(f"{name} could not be fetched; check its address and its permissions.") from error

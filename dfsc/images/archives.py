"""Reads the files in a zip: nothing is extracted to disk, and no zip can cost more than photos do.

The sizes that a zip declares are checked before anything is unpacked; zipfile then returns no more than these.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dfsc.errors import DFSCError, ImageError
from dfsc.images.decoding import MAX_BYTES

MAX_FILES = 5000
MAX_UNPACKED = 4_000_000_000
MAX_RATIO, RATIO_FROM = 100, 100_000_000  # a zip of photographs hardly shrinks; one of small drawings may

ZIP_STARTS = (b"PK\3\4", b"PK\5\6")

_SYSTEM_FILES = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_PIECE = 1 << 20
_MAX_DIRECTORY = 4 << 20
_ENCRYPTED, _NAME_IS_UTF8 = 0x1, 0x800


class ArchiveError(DFSCError):
    """A zip or folder can't be opened."""


def is_zip(path: Path) -> bool:
    """Whether a file starts like a zip, whatever its name."""
    try:
        with path.open("rb") as file:
            return file.read(4).startswith(ZIP_STARTS)
    except OSError:
        return False


@contextmanager
def open_zip(path: Path, label: str, content: str = "photographs") -> Iterator[zipfile.ZipFile]:
    """Open a zip that should contain `content`, if its directory shows that its files are safe to read one by one.

    Raises:
        ArchiveError: with one sentence that names the zip: damaged, empty, with a password, packed by an uncommon
            method, too many files, or unpacking to too much.
    """
    with _Piecewise(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:  # on hostile bytes zipfile raises nearly anything
            raise ArchiveError(
                f"{label} is a zip that is damaged, cut off or far too full; pack the {content} again."
            ) from error
        with archive:
            fault = _fault(archive, path.stat().st_size, content)
            if fault:
                raise ArchiveError(f"{label} {fault}")
            yield archive


def visible_entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The files in a zip, without folders and system files."""
    return (info for info in archive.infolist() if not info.is_dir() and not is_system_file(info.filename))


def entry_name(info: zipfile.ZipInfo) -> str:
    """An entry's name; macOS and old tools write UTF-8 without saying so, which zipfile takes for code page 437."""
    if info.flag_bits & _NAME_IS_UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def entry_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    """Unpack one file of a zip into memory; raises ImageError with a sentence that calls it by `name`."""
    if info.file_size > MAX_BYTES:
        raise ImageError(too_large(name))
    try:
        with archive.open(info) as entry:
            return b"".join(iter(lambda: entry.read(_PIECE), b""))
    except Exception as error:  # a wrong checksum, overlapping entries, a cut-off stream, …
        raise ImageError(f"{name} is damaged inside the zip; pack it again.") from error


def is_system_file(path: str) -> bool:
    """Whether a path is, or is inside, a system file or folder: hidden files, __MACOSX, Thumbs.db, …"""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return any(part.startswith(".") or part.casefold() in _SYSTEM_FILES for part in parts)


def too_large(name: str) -> str:
    """The error for a file that is too large to read."""
    return f"{name} is larger than {MAX_BYTES // 1_000_000} MB; use a smaller file."


class _Piecewise(io.FileIO):
    """A file that refuses to be read in large pieces.

    zipfile reads a zip's whole directory at once and makes an object of some hundred bytes of each entry before
    anybody could count them; a directory of more than 4 MB has more entries than are looked at.
    """

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > _MAX_DIRECTORY:
            raise OSError("The zip's directory is too large.")
        return super().read(size)


def _fault(archive: zipfile.ZipFile, packed: int, content: str) -> str:
    entries = archive.infolist()
    unpacked = sum(info.file_size for info in entries)
    if not any(visible_entries(archive)):
        return f"is an empty zip; pack the {content} into it."
    if any(info.flag_bits & _ENCRYPTED for info in entries):
        return f"is protected by a password; pack the {content} without one."
    if len(entries) > MAX_FILES:
        return f"has {len(entries)} files, more than the maximum of {MAX_FILES}; pack only the {content}."
    if unpacked > MAX_UNPACKED:
        return f"unpacks to more than {MAX_UNPACKED // 10**9} GB; pack fewer or smaller {content}."
    if unpacked > max(RATIO_FROM, MAX_RATIO * packed):
        return f"unpacks to far more than {content} would, so it was not opened."
    # The others' decompressors can't be told how much to give back at once.
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in entries):
        return f"uses an uncommon compression method; pack the {content} into an ordinary zip."
    return ""

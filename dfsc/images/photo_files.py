"""Which files of a folder are photos, and why the others are not: the same rules for every kind of input.

Hidden and system files are ignored silently. A file counts if it is named like a picture (SUFFIXES of decoding) or
starts like one, in subfolders too; links to files count as files, links to folders are not followed. Every other file
gets a sentence. Whether a picture's pixels can be read shows later, when they are decoded.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from dfsc.images.archives import ZIP_STARTS, ArchiveError, is_system_file
from dfsc.images.decoding import SUFFIXES, opens_as_picture, unknown_kind
from dfsc.images.good_parts import good_training

MOST_FILES = 100_000
MAX_REASONS = 6


@dataclass(frozen=True)
class FolderListing:
    """The files in a folder.

    Attributes:
        files: photos, sorted by path.
        others: for each other file, a sentence why it is not one.
        selection: a sentence on the part used of a data set; usually empty.
    """

    files: tuple[Path, ...] = ()
    others: dict[Path, str] = field(default_factory=dict)
    selection: str = ""

    @property
    def left_out(self) -> tuple[str, ...]:
        return (*([self.selection] if self.selection else []), *self.others.values())


def photograph_files(folder: Path, good: bool = False) -> FolderListing:
    """The photos in a folder and its subfolders.

    Args:
        good: only those of good parts, if folders tell them apart (see dfsc.images.good_parts).
    """
    files, selection = list(islice(visible_files(folder), MOST_FILES)), ""
    if good:
        indices, selection = good_training([place_in(folder, file) for file in files])
        files = [files[index] for index in indices]
    reasons = {file: reason_against(file, place_in(folder, file)) for file in files}
    photographs = tuple(file for file, reason in reasons.items() if not reason)
    return FolderListing(photographs, {file: reason for file, reason in reasons.items() if reason}, selection)


def visible_files(folder: Path) -> Iterator[Path]:
    """All files in a folder and its subfolders and all links to folders, sorted by path.

    Raises:
        ArchiveError: for a folder that can't be read.
    """

    def refuse(error: OSError) -> None:
        raise ArchiveError(
            f"The folder {Path(error.filename).name} could not be read; check its permissions."
        ) from error

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not is_system_file(name))
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        yield from (Path(place, name) for name in sorted(files + links) if not is_system_file(name))


def reason_against(path: Path, label: str) -> str:
    """Why a file is not a photo, in one sentence that calls it `label`; empty if it may be one."""
    if reason := no_file(path, label):
        return reason
    if path.suffix.lower() in SUFFIXES:
        return ""
    try:
        with path.open("rb") as file:
            start = file.read(16)
        if start.startswith(ZIP_STARTS):
            return f"{label} is a zip, which is not opened here; unpack it."
        return "" if opens_as_picture(path) else unknown_kind(label, start)
    except OSError:
        return f"{label} could not be read."


def no_file(path: Path, label: str) -> str:
    """Why there is no file at a path, in one sentence; empty if there is one."""
    if path.is_dir():
        return f"{label} is a link to a folder, which is not followed; name that folder itself."
    if path.is_symlink() and not path.exists():
        return f"{label} is a link that leads nowhere."
    return "" if path.is_file() else f"{label} could not be read; choose it again."


def place_in(folder: Path, path: Path) -> str:
    """A path relative to a folder, with "/" as the separator."""
    return path.relative_to(folder).as_posix()


def summary(used: int, left_out: Sequence[str], what: str = "used") -> str:
    """One sentence: how many photos are used, and which are left out and why."""
    count = "1 photograph is" if used == 1 else f"{used} photographs are"
    if not left_out:
        return f"{count} {what}."
    reasons = [sentence.partition(";")[0].removesuffix(".") for sentence in left_out[:MAX_REASONS]]
    more = len(left_out) - MAX_REASONS
    rest = f"; and {more} more" if more > 0 else ""
    return f"{count} {what}; left out: {'; '.join(reasons)}{rest}."

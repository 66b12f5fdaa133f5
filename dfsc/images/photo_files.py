"""Which files of a folder are photographs, and why the others are none: one list of rules for all ways in.

Hidden and system files are passed over without a word. A file counts that is named like a picture (SUFFIXES of
decoding) or begins like one, in subfolders too; links to files count as files, links to folders are not followed.
Whatever else there is gets a sentence. Whether a picture's pixels can be read comes out later, when they are.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from PIL import Image

from dfsc.images.archives import ZIP_STARTS, ArchiveError, is_system_file
from dfsc.images.decoding import FORMATS, SUFFIXES, unknown_kind
from dfsc.images.good_parts import good_training

MOST_FILES = 100_000
SHOWN_LEFT_OUT = 6


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Attributes:
        files: its photographs, sorted by path.
        others: why each other file is none, in a sentence.
        chosen: what was taken of a data set and what not, in a sentence; mostly empty.
    """

    files: tuple[Path, ...] = ()
    others: dict[Path, str] = field(default_factory=dict)
    chosen: str = ""

    @property
    def left_out(self) -> tuple[str, ...]:
        return (*([self.chosen] if self.chosen else []), *self.others.values())


def photograph_files(folder: Path, good: bool = False) -> Found:
    """The photographs in a folder and its subfolders.

    Args:
        good: take those of good parts alone where folders tell them apart (see dfsc.images.good_parts).
    """
    files, chosen = list(islice(visible_files(folder), MOST_FILES)), ""
    if good:
        taken, chosen = good_training([place_in(folder, file) for file in files])
        files = [files[index] for index in taken]
    reasons = {file: reason_against(file, place_in(folder, file)) for file in files}
    photographs = tuple(file for file, reason in reasons.items() if not reason)
    return Found(photographs, {file: reason for file, reason in reasons.items() if reason}, chosen)


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


def reason_against(path: Path, shown: str) -> str:
    """Why a file is no photograph, in one sentence that calls it `shown`; empty for one that may be."""
    if reason := no_file(path, shown):
        return reason
    if path.suffix.lower() in SUFFIXES:
        return ""
    try:
        with path.open("rb") as file:
            start = file.read(16)
        if start.startswith(ZIP_STARTS):
            return f"{shown} is a zip, which is not opened here; unpack it."
        with Image.open(path, formats=FORMATS):
            return ""
    except OSError:  # also of a file that Pillow does not know
        return unknown_kind(shown, start) if os.access(path, os.R_OK) else f"{shown} could not be read."
    except Exception:  # on hostile bytes Pillow's parsers raise nearly anything
        return unknown_kind(shown, start)


def no_file(path: Path, shown: str) -> str:
    """Why there is no file at a path, in one sentence; empty if there is one."""
    if path.is_dir():
        return f"{shown} is a link to a folder, which is not followed; name that folder itself."
    if path.is_symlink() and not path.exists():
        return f"{shown} is a link that leads nowhere."
    return "" if path.is_file() else f"{shown} could not be read; choose it once more."


def place_in(folder: Path, path: Path) -> str:
    """A path within a folder, divided by "/"."""
    return path.relative_to(folder).as_posix()


def summary(used: int, left_out: Sequence[str], what: str = "used") -> str:
    """One sentence: how many photographs are used, and what is left out and why."""
    count = "1 photograph is" if used == 1 else f"{used} photographs are"
    if not left_out:
        return f"{count} {what}."
    reasons = [sentence.partition(";")[0].removesuffix(".") for sentence in left_out[:SHOWN_LEFT_OUT]]
    more = len(left_out) - SHOWN_LEFT_OUT
    rest = f"; and {more} more" if more > 0 else ""
    return f"{count} {what}; left out: {'; '.join(reasons)}{rest}."

"""A folder into which photographs fall: each of them once, the newest first, none before it is whole."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dfsc.errors import ImageError
from dfsc.images.decoding import SUFFIXES, read_image
from dfsc.images.photo_files import place_in, visible_files
from dfsc.watching.frames import Frame, frame

POLL_SECONDS = 0.2
# So many looks in a row a file has to be the same before it is read, and before it is given up where it can't be.
SAME_BEFORE_READING, SAME_BEFORE_GIVING_UP = 2, 15

State = tuple[int, int]


@dataclass(frozen=True)
class Unreadable:
    """A file that is no photograph, and why: a sentence."""

    name: str
    why: str


def falling_photographs(folder: Path, bits: int | None = None, existing: bool = False) -> Iterator[Frame | Unreadable]:
    """Photographs as they come into a folder and its subfolders; ends when the folder is gone.

    A file counts once its size and time stay the same and it can be decoded; one that is written again counts again.

    Args:
        bits: of 16-bit photographs (see read_image).
        existing: whether those that are there already count.
    """
    seen: dict[Path, State] = {} if existing else _states(folder)
    waiting: dict[Path, tuple[State, int]] = {}
    number = 0
    while folder.is_dir():
        waiting = _looked_at(_states(folder), seen, waiting)
        for path in sorted(waiting, key=lambda path: waiting[path][0], reverse=True):
            state, looks = waiting[path]
            if looks < SAME_BEFORE_READING:
                continue
            try:
                one: Frame | Unreadable = frame(read_image(path, bits=bits), number, place_in(folder, path))
            except ImageError as error:
                if path.exists() and looks < SAME_BEFORE_GIVING_UP:
                    continue
                one = Unreadable(place_in(folder, path), str(error))
            seen[path] = state
            if isinstance(one, Unreadable) and not path.exists():
                break  # gone before it was read
            number += isinstance(one, Frame)
            yield one
            break  # what has come meanwhile is newer
        else:
            time.sleep(POLL_SECONDS)


def _looked_at(
    states: dict[Path, State], seen: dict[Path, State], waiting: dict[Path, tuple[State, int]]
) -> dict[Path, tuple[State, int]]:
    """Files that are to be read, each with its state and for how many looks it has been in it."""
    looked = {}
    for path, state in states.items():
        if seen.get(path) != state:
            before, looks = waiting.get(path, (state, 0))
            looked[path] = state, looks + 1 if before == state else 1
    return looked


def _states(folder: Path) -> dict[Path, State]:
    """Time of writing and size of each file that is named like a picture."""
    states = {}
    for path in visible_files(folder):
        if path.suffix.lower() in SUFFIXES:
            try:
                status = path.stat()
            except OSError:  # gone again
                continue
            states[path] = status.st_mtime_ns, status.st_size
    return states

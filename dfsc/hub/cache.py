"""Where fetched files lie, how they arrive, and which version a name means."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from huggingface_hub import constants
from huggingface_hub.utils import tqdm

from dfsc.files import replacing


def places() -> tuple[str, ...]:
    """The folders in which fetched versions may lie, the usual one first."""
    return tuple(dict.fromkeys((_usual_place(), writable_place())))


def writable_place() -> str:
    """Where to keep what is fetched: the usual cache, or under a home that can't be written this process's own."""
    place = _usual_place()
    try:
        Path(place).mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=place).close()
    except OSError:
        return _passing_place().name
    return place


def counting(told: Callable[[int], None]) -> type[tqdm]:
    """A progress bar that is not drawn, and tells of the bytes that arrive."""

    class Counting(tqdm):
        def __init__(self, *arguments: object, **options: object):
            self._counts = options.get("unit") == "B" and options.get("name") == "huggingface_hub.snapshot_download"
            super().__init__(*arguments, **(options | {"disable": True}))

        def update(self, n: float | None = 1) -> bool | None:
            if self._counts and n:
                told(int(n))
            return super().update(n)

    return Counting


def point(snapshot: Path, revision: str, commit: str) -> None:
    """Let a branch's or tag's name mean this version from now on."""
    if revision == commit:
        return
    reference = snapshot.parent.parent / "refs" / revision
    with replacing(reference) as unfinished:
        unfinished.write_text(commit)


def _usual_place() -> str:
    return os.environ.get("HF_HUB_CACHE", constants.HF_HUB_CACHE)


@cache
def _passing_place() -> TemporaryDirectory:
    """A folder that is deleted when the process ends."""
    return TemporaryDirectory(prefix="dfsc-hub-")

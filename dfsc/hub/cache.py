"""The Hub's cache: its folders, download progress, and which version a name refers to."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from huggingface_hub import constants
from huggingface_hub.utils import tqdm

from dfsc.files import replacing


def places() -> tuple[str, ...]:
    """The folders that may contain downloaded versions, the usual one first."""
    return tuple(dict.fromkeys((_usual_place(), writable_place())))


def writable_place() -> str:
    """The folder for downloads: the usual cache, or a temporary one of this process if that is not writable."""
    place = _usual_place()
    try:
        Path(place).mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=place).close()
    except OSError:
        return _temporary_place().name
    return place


def counting(progress: Callable[[int], None]) -> type[tqdm]:
    """An invisible progress bar that calls `progress` with the number of bytes that have arrived."""

    class Counting(tqdm):
        def __init__(self, *arguments: object, **options: object):
            self._counts = options.get("unit") == "B" and options.get("name") == "huggingface_hub.snapshot_download"
            super().__init__(*arguments, **(options | {"disable": True}))

        def update(self, n: float | None = 1) -> bool | None:
            if self._counts and n:
                progress(int(n))
            return super().update(n)

    return Counting


def point(snapshot: Path, revision: str, commit: str) -> None:
    """Make the name of a branch or tag refer to this version from now on."""
    if revision == commit:
        return
    reference = snapshot.parent.parent / "refs" / revision
    with replacing(reference) as unfinished:
        unfinished.write_text(commit)


def _usual_place() -> str:
    return os.environ.get("HF_HUB_CACHE", constants.HF_HUB_CACHE)


@cache
def _temporary_place() -> TemporaryDirectory:
    """A folder that is deleted when the process ends."""
    return TemporaryDirectory(prefix="dfsc-hub-")

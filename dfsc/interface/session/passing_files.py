"""Files that pass through the server's disk: what a browser uploads, and what it may download."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gradio.utils import get_upload_folder, is_in_or_equal

from dfsc.images.uploads import display_path

Upload = tuple[Path, str]


@contextmanager
def taken_over(files: object) -> Iterator[list[Upload]]:
    """Move uploads to a temporary private folder; yields each with the visitor's name for it.

    Gradio stores equal files of all visitors under one path, which the first visitor to finish would delete.

    Args:
        files: gradio's record of an upload or several: "path" and "orig_name". A client may send anything: if a path
            is not an uploaded file (a folder, say), nothing is moved, and the list is empty.
    """
    records = files if isinstance(files, list) else [files]
    paths: list[Any] = [record.get("path") if isinstance(record, dict) else None for record in records]
    with TemporaryDirectory(dir=_upload_folder()) as folder:
        if not all(map(_may_be_upload, paths)):
            yield []
            return
        uploads = [(Path(folder) / str(number), _name(record)) for number, record in enumerate(records)]
        for path, (private, _) in zip(paths, uploads, strict=True):
            with suppress(OSError):
                shutil.move(path, private)
                Path(path).parent.rmdir()
        # Files that have disappeared are still listed, so that they are reported, unless all have.
        yield uploads if any(private.is_file() for private, _ in uploads) else []


def delete_file(path: Path) -> None:
    """Delete a file of gradio's cache and its folder."""
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()


def _may_be_upload(path: object) -> bool:
    if not isinstance(path, str) or "\0" in path:
        return False
    return is_in_or_equal(path, get_upload_folder()) and not Path(path).is_dir()


def _name(record: dict) -> str:
    """The visitor's name for a file: its path in an uploaded folder (see static/page.js), else its name."""
    return display_path(str(record.get("orig_name") or Path(record["path"]).name))


def _upload_folder() -> Path:
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return folder

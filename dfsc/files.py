"""Files of this library's own: JSON that is read strictly, and whatever is there as a whole or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

MAX_LEVELS = 32  # this library's own files have five
MAX_JSON_BYTES = 200_000_000  # a data set's annotations
MAX_DIGITS = 300  # of a whole number, so that it is one for a float too


def read_json(file: Path, most: int = MAX_JSON_BYTES) -> Any:
    """What a file in UTF-8 says; raises OSError, or ValueError as `parsed` does and for more than `most` bytes."""
    return parsed(file_bytes(file, most))


def file_bytes(file: Path, most: int) -> bytes:
    """A regular file's bytes; raises OSError, also for a pipe or device, on which one could wait for ever.

    Raises:
        ValueError: for a file of more than `most` bytes.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file.name} is no file")
    with file.open("rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise ValueError("too large")
    return data


def parsed(text: bytes) -> Any:
    """What a text in UTF-8 says.

    Raises:
        ValueError: for what is no JSON, has a number of more than 300 digits, or is nested so deep that whoever walks
            through it could run out of stack.
    """
    try:
        content = json.loads(text.decode("utf-8"), parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    level = [content]
    for _ in range(MAX_LEVELS):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise ValueError("nested too deep")
    return content


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number is too long")
    return int(digits)


def _inside(value: Any) -> list:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def cache_folder() -> Path:
    """Where the user's caches lie; it may not exist, and not be writable."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dfsc"


def claimed(stream: IO) -> bool:
    """Lock an open file until it is closed; False if another process has it. Without file locks it is always True."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Where to write what becomes the file once the block has ended; whatever breaks off leaves the file as it was."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        yield unfinished
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)

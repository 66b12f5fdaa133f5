"""JSON from outside: whatever can't be read, for whatever reason, is a ValueError."""

import json
from pathlib import Path
from typing import Any

MAX_LEVELS = 32  # this library's own files have five
MAX_DIGITS = 300  # of a whole number, so that it is one for a float too


def read_json(file: Path) -> Any:
    """What a file in UTF-8 says; raises OSError, or ValueError as `parsed` does."""
    return parsed(file.read_bytes())


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

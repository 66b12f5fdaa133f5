"""A study's figures as the JSON file that the page reads, and the sweeps that they come from."""

import json
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from dfsc.errors import DatasetError
from dfsc.files import read_json, replacing
from dfsc.study.figures import Study

FORMAT = "dfsc-study-1"
NAME = "study.json"
# What a sweep's row needs to have.
PARTS = {"settings", "seeds", "diverged", "auroc", "gain", "watched"}


def read_sweep(folder: Path) -> list[dict]:
    """The rows that `python -m dfsc sweep` left in a folder; raises DatasetError where there are none."""
    file = folder / "sweep.json"
    try:
        rows = read_json(file)
        if not rows or not all(row.keys() >= PARTS for row in rows):
            raise ValueError
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise DatasetError(f"{file} is not what a sweep writes; name the --out of `python -m dfsc sweep`.") from error
    return rows


def write_study(study: Study, folder: Path) -> Path:
    """Write a study into its folder, in place of an older one, and return its file."""
    file = folder / NAME
    content = {"format": FORMAT} | asdict(study)
    with replacing(file) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def read_study(folder: Path) -> Study | None:
    """The study in a folder, None where there is none; raises DatasetError for a file that is not one."""
    file = folder / NAME
    if not file.is_file():
        return None
    try:
        content = read_json(file)
        if content.pop("format") != FORMAT:
            raise ValueError
        return TypeAdapter(Study).validate_python(content, extra="forbid")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{file.name} is not a study; write it once more with `study tables`.") from error

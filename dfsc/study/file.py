"""A study's figures as the JSON file that the page reads, and the sweeps that they come from."""

import json
from dataclasses import asdict
from pathlib import Path

from dfsc.errors import DatasetError
from dfsc.json_text import read_json
from dfsc.study.figures import Row, Setting, Study
from dfsc.study.gains import Gain
from dfsc.study.switches import Switch, Switches

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
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / NAME
    content = {
        "format": FORMAT,
        "meaning": study.meaning,
        "compared": asdict(study.compared),
        "held_out": study.held_out,
        "rows": [asdict(row) for row in study.rows],
        "switches": study.switches and asdict(study.switches),
    }
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def read_study(folder: Path) -> Study | None:
    """The study in a folder, None where there is none; raises DatasetError for a file that is not one."""
    file = folder / NAME
    if not file.is_file():
        return None
    try:
        content = read_json(file)
        if content["format"] != FORMAT:
            raise ValueError
        rows = tuple(map(_row, content["rows"]))
        meaning, held_out = (tuple(map(str, content[name])) for name in ("meaning", "held_out"))
        switches = _switches(content["switches"]) if content.get("switches") else None
        return Study(meaning, Setting(**content["compared"]), rows, held_out, switches)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DatasetError(f"{file.name} is not a study; write it once more with `study tables`.") from error


def _row(record: dict) -> Row:
    setting = record["setting"]
    return Row(
        **record
        | _shared(record)
        | {
            "setting": Setting(**setting) if setting else None,
            "auroc": {group: tuple(values) for group, values in record["auroc"].items()},
        }
    )


def _switches(record: dict) -> Switches:
    return Switches(dict(record["usual"]), tuple(Switch(**row | _shared(row)) for row in record["rows"]))


def _shared(record: dict) -> dict:
    """What rows of both kinds have, as JSON has no tuples."""
    return {
        "seeds": tuple(record["seeds"]),
        "diverged": tuple(record["diverged"]),
        "gains": {group: Gain(**gain) for group, gain in record["gains"].items()},
    }

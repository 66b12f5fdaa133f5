"""What an unfinished training leaves in its folder, by which it goes on: the plan that it began with, and its state."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dfsc.errors import TrainingError
from dfsc.jsontext import read_json
from dfsc.optimization import Algorithm, Decay
from dfsc.plan import Schedule, TrainingPlan
from dfsc.separation import SeparationSettings

PLAN_FILE = "plan.json"


def state_file(folder: Path) -> Path:
    """Where an unfinished training's state lies."""
    return folder / "state.pt"


def noted_plan(folder: Path, wishes: dict) -> TrainingPlan | None:
    """The plan that lies in a folder, None without one.

    Args:
        wishes: as for `note_plan`.

    Raises:
        TrainingError: for a plan that followed from other wishes, or is damaged.
    """
    file = folder / PLAN_FILE
    if not file.is_file():
        return None
    try:
        noted = read_json(file)
        recipe, plan = noted["recipe"], _plan(noted["plan"])
    except (ValueError, KeyError, TypeError, OverflowError, TrainingError) as error:
        raise TrainingError(f"{file} is damaged or of another version; delete {folder.name} to start anew.") from error
    if recipe != wishes:
        raise TrainingError(
            f"{folder.parent} holds an unfinished training with other settings; repeat these, choose another folder, "
            f"or delete {folder.name} in it."
        )
    return plan


def _plan(entries: dict) -> TrainingPlan:
    kinds = {"schedule": Schedule, "algorithm": Algorithm, "decay": Decay, "separation": _separation}
    return TrainingPlan(**entries | {name: kind(entries[name]) for name, kind in kinds.items()})


def _separation(entries: dict) -> SeparationSettings:
    return SeparationSettings(**entries)


def note_plan(folder: Path, wishes: dict, plan: TrainingPlan) -> None:
    """Write a plan and what it followed from, a recipe `as_json`."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "plan.part"
    temporary.write_text(json.dumps({"recipe": wishes, "plan": as_json(plan)}), encoding="utf-8")
    temporary.replace(folder / PLAN_FILE)


def forget(folder: Path) -> None:
    """Remove what a finished training left for resuming."""
    shutil.rmtree(folder, ignore_errors=True)


def as_json(record: Any) -> dict:
    """All fields of a dataclass as JSON keeps them: strings, numbers, null and objects of these."""
    return json.loads(json.dumps(asdict(record)))

"""What an unfinished training leaves in its folder, by which it goes on: what it began with, and its state.

It goes on with the same settings and images alone: an auto-encoder that never saw what the student learns from makes no
detector, and an image that was fitted must not be held out. Time is no setting: more of it is always welcome.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dfsc.errors import TrainingError
from dfsc.files import read_json, replacing
from dfsc.training.plan import TrainingPlan

PLAN_FILE = "plan.json"
MAX_CHANGES = 3


@dataclass(frozen=True)
class Origin:
    """What a training is of beside its settings: digests of the contents, in order.

    Attributes:
        good: one of each good image, as the networks see it.
        validation: likewise, of images that were given to be held out.
        teacher: the teacher's.
        penalty: of the penalty folder's listing; "" where penalty images are rendered.
    """

    good: tuple[str, ...]
    validation: tuple[str, ...]
    teacher: str
    penalty: str

    def changes(self, now: "Origin") -> str:
        """What is another in a later origin, in words; empty if nothing is."""
        changes = [
            f"{what}: {change}"
            for what, change in (
                ("good images", _changes(self.good, now.good)),
                ("images to hold out", _changes(self.validation, now.validation)),
            )
            if change
        ]
        changes += ["another teacher"] if self.teacher != now.teacher else []
        changes += ["other penalty images"] if self.penalty != now.penalty else []
        return "; ".join(changes)


@dataclass(frozen=True)
class Beginning:
    """What a training began with: a recipe `as_json`, the plan that followed from it, and its origin."""

    recipe: dict
    plan: TrainingPlan
    origin: Origin


def digests(images: Iterable[np.ndarray]) -> tuple[str, ...]:
    """A digest of each image's pixels (uint8 arrays)."""
    return tuple(hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=8).hexdigest() for image in images)


def state_file(folder: Path) -> Path:
    """Where an unfinished training's state lies."""
    return folder / "state.pt"


def noted_beginning(folder: Path, recipe: dict, origin: Origin) -> Beginning | None:
    """What the unfinished training in a folder began with; None where there is none to go on with.

    Args:
        recipe: the one to go on with, `as_json`; where both have a time, that may differ.

    Raises:
        TrainingError: when it began with other settings or images, or what it left is damaged.
    """
    if not state_file(folder).is_file():
        return None
    from pydantic import TypeAdapter  # who never goes on with a training need not have it

    file = folder / PLAN_FILE
    try:
        began = TypeAdapter(Beginning).validate_python(read_json(file), extra="forbid")
    except (OSError, ValueError, TrainingError) as error:
        raise TrainingError(
            f"{file} is missing, damaged or of another version; start anew (train --anew, or delete {folder.name})."
        ) from error
    settings, images = _other_settings(began.recipe, recipe), began.origin.changes(origin)
    if settings or images:
        of = f"with other settings ({settings})" if settings else f"from other material ({images})"
        raise TrainingError(
            f"{folder.parent} holds an unfinished training that began {of}; repeat these, choose another folder, "
            f"or start anew (train --anew, or delete {folder.name})."
        )
    return began


def note_beginning(folder: Path, began: Beginning) -> None:
    """Write down what a training begins with."""
    with replacing(folder / PLAN_FILE) as unfinished:
        unfinished.write_text(json.dumps(as_json(began)), encoding="utf-8")


def write_state(file: Path, state: dict) -> None:
    """Write what a training needs to go on, all of it or nothing; raises OSError where the disk is full."""
    with replacing(file) as unfinished:
        try:
            with unfinished.open("wb") as stream:
                torch.save(state, stream)
        except RuntimeError as error:  # of torch's, whose writer was not let finish
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def forget(folder: Path) -> None:
    """Remove what a finished training left for resuming, or an unfinished one that shall not go on."""
    shutil.rmtree(folder, ignore_errors=True)


def as_json(record: Any) -> dict:
    """All fields of a dataclass as JSON keeps them: strings, numbers, null and objects of these."""
    return json.loads(json.dumps(asdict(record)))


def _changes(before: Sequence[str], now: Sequence[str]) -> str:
    old, new = Counter(before), Counter(now)
    gone, added = (old - new).total(), (new - old).total()
    if before == now:
        return ""
    if not gone and not added:
        return "another order, as after renaming"
    if gone == len(before) > 0 and added == len(now) > 0:
        return "all are others"
    if gone == added:
        return f"{gone} of {len(before)} changed"
    return " and ".join([f"{added} were added"] * bool(added) + [f"{gone} are gone"] * bool(gone))


def _other_settings(began: dict, now: dict) -> str:
    """What differs between two recipes, in words; their paths don't count, as the origin tells what lay there."""
    both_timed = began.get("seconds") is not None and now.get("seconds") is not None
    ignored = {"teacher", "penalty"} | ({"seconds"} if both_timed else set())
    before, after = ({name: value for name, value in _flat(r).items() if name not in ignored} for r in (began, now))
    others = [name for name in before | after if before.get(name) != after.get(name)]
    changes = [f"{name} {before.get(name)}, now {after.get(name)}" for name in others[:MAX_CHANGES]]
    return "; ".join(changes + [f"{len(others) - MAX_CHANGES} more"] * (len(others) > MAX_CHANGES))


def _flat(recipe: dict) -> dict:
    """A recipe with its groups of settings, where it has any, among its own."""
    settings = dict(recipe)
    return settings | (settings.pop("separation", None) or {}) | (settings.pop("consistency", None) or {})

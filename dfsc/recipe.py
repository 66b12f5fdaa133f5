"""From good photographs and a few wishes to a training: the recipe's defaults, and how it is stopped and resumed."""

import dataclasses
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dfsc.checkpoints import embedded_teacher, load_teacher
from dfsc.detector import Teacher
from dfsc.errors import TrainingError
from dfsc.objectives import METHODS
from dfsc.optimization import Algorithm
from dfsc.penalty import PenaltySource, from_folder, rendered
from dfsc.separation import SeparationSettings, settings_from
from dfsc.trainer import Schedule, TrainingPlan
from dfsc.training import Training, penalty_pool, plan_for_seconds
from dfsc.trainingset import check_enough, prepare, split_good

PENALTY_IMAGES = 128
MAX_COPIES_IN_ALL = 640


@dataclass(frozen=True)
class Recipe:
    """What is wished of a training.

    Attributes:
        methods: keys of dfsc.objectives.METHODS; two for a matched pair.
        size: network size, which also names the embedded teacher.
        teacher: folder of another teacher.
        steps: steps of the student, four times those of the auto-encoder; None when `seconds` decide.
        seconds: time for all methods together, everything after decoding counted.
        copies: augmented copies of each image; None takes as many as fit into 640 in all, at least 2 and at most 16.
        movement: how far the product moves between photographs, as a share of the edge (see dfsc.augmentation.moved).
        penalty: folder of penalty images; None renders them.
        schedule: "staged" or "joint".
        detach: see TrainingPlan.
    """

    methods: tuple[str, ...]
    size: str = "demo"
    teacher: str | None = None
    steps: int | None = None
    seconds: float | None = None
    copies: int | None = None
    movement: float = 0.0
    penalty: str | None = None
    schedule: Schedule = Schedule.STAGED
    detach: bool = False
    separation: SeparationSettings = field(default_factory=SeparationSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = set(self.methods) - METHODS.keys()
        if unknown or not self.methods:
            raise TrainingError(f"Known methods are {', '.join(METHODS)}, not {', '.join(sorted(unknown)) or 'none'}.")
        if (self.steps is None) == (self.seconds is None):
            raise TrainingError("Say either how many steps or how many seconds a training shall take.")
        if (self.steps or self.seconds) <= 0:
            raise TrainingError("The number of steps or seconds has to be positive.")
        if not 0 <= self.movement <= 0.2:
            raise TrainingError(f"The movement is a share of the edge from 0 to 0.2, not {self.movement:g}.")

    def loaded_teacher(self) -> Teacher:
        return load_teacher(self.teacher) if self.teacher else embedded_teacher(self.size)

    def penalty_source(self) -> PenaltySource:
        return from_folder(Path(self.penalty), self.seed) if self.penalty else rendered(self.seed)


def start(
    recipe: Recipe, good: np.ndarray, validation: np.ndarray | None = None, folder: Path | None = None
) -> Training:
    """Prepare a training on good images (uint8 N×256×256×3, resized by the rule); its `run` does the rest.

    Args:
        validation: good images to hold out; without them max(4, 20 %) of `good` are, by a seeded draw.
        folder: where an unfinished training may lie; the plan that it began with is kept there and found again.

    Raises:
        TrainingError: too few images, too little time, or an unfinished training with another recipe in `folder`.
    """
    fit, held_out = _split(recipe, good, validation)
    copies = recipe.copies or min(16, max(2, MAX_COPIES_IN_ALL // len(fit)))
    penalty = penalty_pool(recipe.penalty_source(), PENALTY_IMAGES)
    data = prepare(fit, held_out, recipe.loaded_teacher(), copies, recipe.movement, recipe.seed)
    plan = _unfinished_plan(recipe, folder)
    if plan is None:
        plan = TrainingPlan(
            schedule=recipe.schedule, detach=recipe.detach, separation=recipe.separation, seed=recipe.seed
        )
        if recipe.steps:
            plan = dataclasses.replace(plan, autoencoder_steps=max(1, recipe.steps // 4), student_steps=recipe.steps)
        else:
            plan = plan_for_seconds(plan, recipe.seconds, len(recipe.methods), data, penalty)
        _note_plan(recipe, plan, folder)
    return Training(recipe.methods, plan, data, penalty)


def state_file(folder: Path) -> Path:
    """Where an unfinished training's state lies."""
    return folder / "state.pt"


def forget(folder: Path) -> None:
    """Remove what a finished training left for resuming."""
    shutil.rmtree(folder, ignore_errors=True)


def _split(recipe: Recipe, good: np.ndarray, validation: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if validation is not None and len(validation):
        check_enough(len(good))
        return good, validation
    fit, held_out = split_good(len(good), recipe.seed)
    return good[fit], good[held_out]


def _unfinished_plan(recipe: Recipe, folder: Path | None) -> TrainingPlan | None:
    if folder is None or not (folder / "plan.json").is_file():
        return None
    noted = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    if noted["recipe"] != _as_json(recipe):
        raise TrainingError(
            f"{folder.parent} holds an unfinished training with other settings; repeat these, choose another folder, "
            f"or delete {folder.name} in it."
        )
    plan = noted["plan"]
    kinds = {"separation": settings_from, "schedule": Schedule, "algorithm": Algorithm}
    return TrainingPlan(**plan | {name: kind(plan[name]) for name, kind in kinds.items()})


def _note_plan(recipe: Recipe, plan: TrainingPlan, folder: Path | None) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / "plan.part"
        temporary.write_text(json.dumps({"recipe": _as_json(recipe), "plan": _as_json(plan)}), encoding="utf-8")
        temporary.replace(folder / "plan.json")


def _as_json(record: Recipe | TrainingPlan) -> dict:
    return json.loads(json.dumps(dataclasses.asdict(record)))

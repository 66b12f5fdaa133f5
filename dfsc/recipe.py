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
from dfsc.optimization import Algorithm, Decay
from dfsc.penalty import PenaltySource, from_folder, rendered
from dfsc.plan import PUBLISHED_PLAN, Schedule, TrainingPlan
from dfsc.separation import SeparationSettings, settings_from
from dfsc.training import Training, penalty_pool, plan_for_seconds
from dfsc.trainingset import TrainingSet, check_enough, prepare, split_good

PENALTY_IMAGES = 128
MAX_COPIES_IN_ALL = 640
MATERIAL_FIELDS = ("seed", "size", "teacher", "copies", "movement", "penalty")


@dataclass(frozen=True)
class Recipe:
    """What is wished of a training.

    Attributes:
        methods: keys of dfsc.objectives.METHODS; two for a matched pair.
        size: network size, which also names the embedded teacher.
        teacher: folder of another teacher.
        steps: steps of the student; None when `seconds` decide.
        autoencoder_steps: steps of the auto-encoder in a staged training; None takes a quarter of the student's.
        seconds: time for all methods together, everything after decoding counted.
        copies: augmented copies of each image; None takes as many as fit into 640 in all, at least 2 and at most 16.
        movement: how far the product moves between photographs, as a share of the edge (see dfsc.augmentation.moved).
        penalty: folder of penalty images; None renders them.
        schedule: "staged" or "joint".
        as_published: the papers' optimiser, rates and hard quantile (see plan.PUBLISHED_PLAN).
        detach: see TrainingPlan.
    """

    methods: tuple[str, ...]
    size: str = "demo"
    teacher: str | None = None
    steps: int | None = None
    autoencoder_steps: int | None = None
    seconds: float | None = None
    copies: int | None = None
    movement: float = 0.0
    penalty: str | None = None
    schedule: Schedule = Schedule.STAGED
    as_published: bool = False
    detach: bool = False
    separation: SeparationSettings = field(default_factory=SeparationSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = set(self.methods) - METHODS.keys()
        if unknown or not self.methods:
            raise TrainingError(f"Known methods are {', '.join(METHODS)}, not {', '.join(sorted(unknown)) or 'none'}.")
        if (self.steps is None) == (self.seconds is None):
            raise TrainingError("Say either how many steps or how many seconds a training shall take.")
        if self.seed < 0 or (self.copies is not None and self.copies < 1):
            raise TrainingError("The seed can't be negative, and there has to be at least one copy of each image.")
        if (self.seconds if self.steps is None else self.steps) <= 0:
            raise TrainingError("The number of steps or seconds has to be positive.")
        if self.autoencoder_steps is not None and (self.autoencoder_steps <= 0 or self.steps is None):
            raise TrainingError("The auto-encoder's number of steps has to be positive, and goes with the student's.")
        if not 0 <= self.movement <= 0.2:
            raise TrainingError(f"The movement is a share of the edge from 0 to 0.2, not {self.movement:g}.")

    def loaded_teacher(self) -> Teacher:
        return load_teacher(self.teacher) if self.teacher else embedded_teacher(self.size)

    def penalty_source(self) -> PenaltySource:
        return from_folder(Path(self.penalty), self.seed) if self.penalty else rendered(self.seed)


@dataclass(frozen=True)
class Material:
    """What a training works on: the good images' set, and the penalty images (uint8 P×256×256×3)."""

    data: TrainingSet
    penalty: np.ndarray


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
    return begin(recipe, gather(recipe, good, validation), folder)


def gather(recipe: Recipe, good: np.ndarray, validation: np.ndarray | None = None) -> Material:
    """The first half of `start`: split, copy and look at the images with the teacher; any method can begin on it."""
    fit, held_out = _split(recipe, good, validation)
    copies = recipe.copies or min(16, max(2, MAX_COPIES_IN_ALL // len(fit)))
    data = prepare(fit, held_out, recipe.loaded_teacher(), copies, recipe.movement, recipe.seed)
    return Material(data, penalty_pool(recipe.penalty_source(), PENALTY_IMAGES))


def material_key(recipe: Recipe) -> tuple:
    """Two recipes with equal keys make the same of the same images, so that one `gather` is enough for both."""
    return tuple(getattr(recipe, name) for name in MATERIAL_FIELDS)


def begin(recipe: Recipe, material: Material, folder: Path | None = None) -> Training:
    """The second half of `start`: decide how many steps there are to be, and take the first networks."""
    plan = _unfinished_plan(recipe, folder)
    if plan is None:
        plan = planned(recipe)
        if recipe.seconds:
            plan = plan_for_seconds(plan, recipe.seconds, len(recipe.methods), material.data, material.penalty)
        _note_plan(recipe, plan, folder)
    return Training(recipe.methods, plan, material.data, material.penalty)


def planned(recipe: Recipe) -> TrainingPlan:
    """The plan that a recipe asks for; where it gives a time, the numbers of steps are not decided yet."""
    joint = recipe.schedule is Schedule.JOINT
    plan = dataclasses.replace(
        PUBLISHED_PLAN if recipe.as_published else TrainingPlan(),
        schedule=recipe.schedule,
        detach=recipe.detach and joint,
        separation=recipe.separation,
        seed=recipe.seed,
    )
    if recipe.steps is None:
        return plan
    autoencoder_steps = 0 if joint else recipe.autoencoder_steps or max(1, recipe.steps // 4)
    return dataclasses.replace(plan, autoencoder_steps=autoencoder_steps, student_steps=recipe.steps)


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
    try:
        noted = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise TrainingError(f"{folder / 'plan.json'} is damaged; delete {folder.name} to start anew.") from error
    if noted["recipe"] != as_json(recipe):
        raise TrainingError(
            f"{folder.parent} holds an unfinished training with other settings; repeat these, choose another folder, "
            f"or delete {folder.name} in it."
        )
    plan = noted["plan"]
    kinds = {"separation": settings_from, "schedule": Schedule, "algorithm": Algorithm, "decay": Decay}
    return TrainingPlan(**plan | {name: kind(plan[name]) for name, kind in kinds.items()})


def _note_plan(recipe: Recipe, plan: TrainingPlan, folder: Path | None) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / "plan.part"
        temporary.write_text(json.dumps({"recipe": as_json(recipe), "plan": as_json(plan)}), encoding="utf-8")
        temporary.replace(folder / "plan.json")


def as_json(record: Recipe | TrainingPlan) -> dict:
    """All fields as JSON keeps them: strings, numbers, null and objects of these."""
    return json.loads(json.dumps(dataclasses.asdict(record)))

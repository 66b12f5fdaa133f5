"""From good photographs and a few wishes to a training: the recipe's defaults."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from dfsc.checkpoints.detectors import load_teacher
from dfsc.checkpoints.embedded import embedded_teacher
from dfsc.errors import TrainingError
from dfsc.geometry import INPUT_SIZE
from dfsc.images.decoding import check_bits
from dfsc.machine import Device, chosen
from dfsc.material.image_store import Chosen, ImageStore
from dfsc.material.on_demand import OnDemand
from dfsc.material.penalty import PenaltySource, from_folder, listing_digest, rendered
from dfsc.material.photographs import PhotoSet
from dfsc.material.training_set import (
    HELD_OUT_SHARE,
    MAX_HELD_OUT,
    MIN_IMAGES,
    PUBLISHED_HELD_OUT_SHARE,
    TrainingSet,
    check_enough,
    check_variety,
    evenly,
    on_device,
    prepare,
    split_good,
)
from dfsc.models import fre
from dfsc.models.consistency import ConsistencySettings
from dfsc.models.detector import Teacher
from dfsc.models.methods import METHODS
from dfsc.models.region import Region
from dfsc.models.separation import SeparationSettings, one_of
from dfsc.training.pacing import Budget
from dfsc.training.plan import MOVING_FLOOR, PUBLISHED_PLAN, QUICK_PLAN, Schedule, TrainingPlan
from dfsc.training.training import Training
from dfsc.training.unfinished import Beginning, Origin, as_json, digests, note_beginning, noted_beginning

PENALTY_IMAGES = 128
MAX_COPIES_IN_ALL = 640
COPIES_A_SECOND = 0.4
# Of how many images the teacher's mean and std are, unless as published: more would hardly change them, and each costs
# time before the first step. With a time it is one a second, but no fewer than the least.
LEAST_LOOKS, MOST_LOOKS = 64, 512
Pixels = np.ndarray | ImageStore
Images = PhotoSet | Pixels | Sequence[np.ndarray]
MATERIAL_FIELDS = ("seed", "size", "teacher", "copies", "movement", "penalty", "as_published", "bits")


@dataclass(frozen=True)
class Recipe:
    """What is wished of a training; None leaves a setting to what follows from the others.

    `methods` are keys of METHODS, one of which may stand without a tuple. Time counts for all methods together, from
    `start` (or a budget's beginning) to the calibration; what goes on with an unfinished training has it anew. Without
    `copies` there are 2 to 16 of each image, 640 in all or fewer where `seconds` are few; as published one a pass.
    """

    methods: tuple[str, ...]
    size: Annotated[str, "network size, which also names the embedded teacher"] = "demo"
    teacher: Annotated[str | None, "folder of another teacher than the embedded one"] = None
    steps: Annotated[int | None, "steps of the student, where no time decides"] = None
    autoencoder_steps: Annotated[int | None, "steps of the auto-encoder (as many as the student's)"] = None
    imitation_steps: Annotated[int | None, "steps before those with the teacher alone (0; quick: as --steps)"] = None
    seconds: Annotated[float | None, "time for all methods together"] = None
    copies: Annotated[int | None, "augmented copies of each image (by default as fits)"] = None
    movement: Annotated[float, "how far the product moves between photographs, share of the edge, 0 to 0.2"] = 0.0
    penalty: Annotated[str | None, "folder of photographs of anything else (by default rendered)"] = None
    schedule: Annotated[Schedule | None, "one network after the other, or both at once (staged; published: joint)"] = (
        None
    )
    as_published: Annotated[bool, "as the papers do, with what README names"] = False
    quick: Annotated[bool, "what pays in a few minutes; the page's retraining does so"] = False
    published_calibration: Annotated[bool, "without the scale of each position, as in the papers"] = False
    detach: Annotated[bool, "joint training: keep the student's loss from training the auto-encoder"] = False
    separation: SeparationSettings | None = None
    consistency: ConsistencySettings | None = None
    seed: Annotated[int, "of everything that is drawn"] = 0
    bits: Annotated[int | None, "how many bits the values of 16-bit photographs fill (by default as it seems)"] = None

    def __post_init__(self) -> None:
        several = isinstance(self.methods, Iterable) and not isinstance(self.methods, str)
        methods = tuple(map(str, self.methods if several else (self.methods,)))
        check_bits(self.bits)
        object.__setattr__(self, "methods", methods)
        if self.schedule is not None:
            object.__setattr__(self, "schedule", one_of(Schedule, self.schedule, "schedule"))
        unknown = set(self.methods) - METHODS.keys()
        if unknown or not self.methods:
            raise TrainingError(f"Known methods are {', '.join(METHODS)}, not {', '.join(sorted(unknown)) or 'none'}.")
        if len(set(self.methods)) < len(self.methods):
            raise TrainingError(f"A method is named twice in {', '.join(self.methods)}; name each once.")
        trained = any(METHODS[method].trained for method in self.methods)
        if not trained and (self.steps, self.seconds) != (None, None):
            raise TrainingError("A method in closed form takes neither steps nor time; leave out both.")
        if trained and (self.steps is None) == (self.seconds is None):
            raise TrainingError("Say either how many steps or how many seconds a training shall take.")
        if self.seed < 0 or (self.copies is not None and self.copies < 1):
            raise TrainingError("The seed can't be negative, and there has to be at least one copy of each image.")
        length = self.seconds if self.steps is None else self.steps
        if length is not None and not 0 < length < math.inf:
            raise TrainingError("The number of steps or seconds has to be positive.")
        joint = (self.schedule or _kind_of_plan(self).schedule) is Schedule.JOINT
        if joint and (self.autoencoder_steps, self.imitation_steps) != (None, None):
            raise TrainingError("A joint training has steps of the student alone; leave out the other stages' steps.")
        if self.autoencoder_steps is not None and (self.autoencoder_steps <= 0 or self.steps is None):
            raise TrainingError("The auto-encoder's number of steps has to be positive, and goes with the student's.")
        if self.imitation_steps is not None and (self.imitation_steps < 0 or self.steps is None):
            raise TrainingError("The imitation's number of steps can't be negative, and goes with the student's.")
        if self.quick and self.as_published:
            raise TrainingError("A training is either quick or as published, not both.")
        if not 0 <= self.movement <= 0.2:
            raise TrainingError(f"The movement is a share of the edge from 0 to 0.2, not {self.movement:g}.")

    @property
    def least_images(self) -> int:
        """How many good images it needs: 12 for networks, 4 for methods in closed form alone."""
        trained = any(METHODS[method].trained for method in self.methods)
        return MIN_IMAGES if trained else fre.MIN_IMAGES

    def loaded_teacher(self) -> Teacher:
        return load_teacher(self.teacher) if self.teacher else embedded_teacher(self.size)

    def penalty_source(self) -> PenaltySource:
        return from_folder(Path(self.penalty), self.seed) if self.penalty else rendered(self.seed)


@dataclass(frozen=True)
class Material:
    """What a training works on: the good images' set, and the penalty images (uint8 P×256×256×3, made on demand).

    `origin` tells by digests what it was made of.
    """

    data: TrainingSet
    penalty: OnDemand
    origin: Origin


def start(
    recipe: Recipe,
    good: Images,
    validation: Images | None = None,
    folder: Path | None = None,
    budget: Budget | None = None,
    device: Device | None = None,
    region: Region | None = None,
) -> Training:
    """Prepare a training on good images; its `run` does the rest.

    They need not fit into memory (see imagestore.ImageStore).

    Args:
        good: a PhotoSet, or uint8 N×256×256×3 resized by the rule, as one array or N.
        validation: good images to hold out; without them max(4, 20 %) of `good` are (as published 10 %), by a seeded
            draw.
        folder: where an unfinished training may lie; what it began with is kept there and found again.
        budget: the recipe's seconds, where they began to count earlier than now.
        device: where to train: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:N" or "mps"; by default what
            DFSC_DEVICE says, or "auto". A training goes on on any other.
        region: what counts of the photographs; nothing is learned of the rest. One with a fill means that the images
            show it already.

    Raises:
        DeviceError: for a device that is not there.
        TrainingError: too few images, or too few that show anything, or an unfinished training with other settings or
            images in `folder`.
    """
    if not isinstance(recipe, Recipe):
        raise TrainingError(f"A training takes a Recipe and then the good images, not {type(recipe).__name__} first.")
    if budget is None and recipe.seconds:
        budget = Budget(recipe.seconds)
    if region and region.fill is None:
        region, good, validation = _restricted(region, good, validation)
    origin = _origin(recipe, good, validation)
    began = noted_beginning(folder, as_json(recipe), origin) if folder else None
    if began:
        # What follows from the time, such as the number of copies, is to be as it was.
        recipe = dataclasses.replace(recipe, seconds=began.recipe["seconds"])
    return begin(recipe, gather(recipe, good, validation, origin, device, region), folder, budget)


def gather(
    recipe: Recipe,
    good: Images,
    validation: Images | None = None,
    origin: Origin | None = None,
    device: Device | None = None,
    region: Region | None = None,
) -> Material:
    """The first half of `start`: split, copy and look at the images with the teacher; any method can begin on it."""
    place, bits = chosen(device), recipe.bits or getattr(good, "bits", None)
    origin = origin or _origin(recipe, good, validation)
    pixels = _pixels(good)
    check_variety(pixels, recipe.least_images)
    fit, held_out = _split(recipe, pixels, None if validation is None else _pixels(validation))
    copies, published = copies_each(recipe, len(fit)), recipe.as_published
    looks = None if published else min(MOST_LOOKS, max(LEAST_LOOKS, round(recipe.seconds or MOST_LOOKS)))
    data = prepare(
        fit, held_out, recipe.loaded_teacher(), copies, recipe.movement, recipe.seed, published, looks, place
    )
    data = dataclasses.replace(data, bits=bits, region=region)
    penalty_images = recipe.steps if published and recipe.steps else PENALTY_IMAGES
    penalty = OnDemand(penalty_images, recipe.penalty_source(), np.stack, data.jittered.kept)
    return Material(data, on_device(penalty, place, data.memory), origin)


def _restricted(region: Region, good: Images, validation: Images | None) -> tuple[Region, Images, Images | None]:
    """A region with a fill made of the good images, and all images as detectors will see them."""
    pixels = [None if one is None else np.stack(list(_pixels(one))) for one in (good, validation)]
    region = region.filled(image for one in pixels if one is not None for image in one)
    seen, also_seen = (None if one is None else region.seen(one) for one in pixels)
    return region, dataclasses.replace(good, images=seen) if isinstance(good, PhotoSet) else seen, also_seen


def _origin(recipe: Recipe, good: Images, validation: Images | None) -> Origin:
    return Origin(
        good=digests(_pixels(good)),
        validation=digests(() if validation is None else _pixels(validation)),
        teacher=recipe.loaded_teacher().digest,
        penalty=listing_digest(Path(recipe.penalty)) if recipe.penalty else "",
    )


def material_key(recipe: Recipe) -> tuple:
    """Two recipes with equal keys make the same of the same images, so that one `gather` is enough for both."""
    return *(getattr(recipe, name) for name in MATERIAL_FIELDS), recipe.as_published and recipe.steps


def begin(
    recipe: Recipe,
    material: Material,
    folder: Path | None = None,
    budget: Budget | None = None,
) -> Training:
    """The second half of `start`: decide how many steps there are to be, and take the first networks."""
    wishes = as_json(recipe)
    began = noted_beginning(folder, wishes, material.origin) if folder else None
    if began is None:
        began = Beginning(wishes, planned(recipe), material.origin)
        if folder:
            note_beginning(folder, began)
    if budget is None and recipe.seconds:
        budget = Budget(recipe.seconds)
    return Training(recipe.methods, began.plan, material.data, material.penalty, budget)


def planned(recipe: Recipe) -> TrainingPlan:
    """The plan that a recipe asks for; where it gives a time, the numbers of steps will follow from that."""
    kind = _kind_of_plan(recipe)
    schedule = recipe.schedule or kind.schedule
    joint = schedule is Schedule.JOINT
    plan = dataclasses.replace(
        kind,
        schedule=schedule,
        detach=recipe.detach and joint,
        separation=recipe.separation or kind.separation,
        consistency=recipe.consistency or kind.consistency,
        seed=recipe.seed,
    )
    if recipe.steps is None:
        return plan
    if joint:
        return dataclasses.replace(plan, autoencoder_steps=0, imitation_steps=0, student_steps=recipe.steps)
    usual = recipe.steps if recipe.quick else 0
    return dataclasses.replace(
        plan,
        autoencoder_steps=recipe.autoencoder_steps or recipe.steps,
        imitation_steps=usual if recipe.imitation_steps is None else recipe.imitation_steps,
        student_steps=recipe.steps,
    )


def _kind_of_plan(recipe: Recipe) -> TrainingPlan:
    if recipe.as_published:
        return PUBLISHED_PLAN
    plan = QUICK_PLAN if recipe.quick else TrainingPlan()
    if recipe.published_calibration:
        return dataclasses.replace(plan, position_floor=None)
    return dataclasses.replace(plan, position_floor=MOVING_FLOOR) if recipe.movement else plan


def copies_each(recipe: Recipe, fitted: int) -> int:
    """Copies of each fitted image: as wished, or as many as are drawn more than once, as new ones cost time.

    As published each pass over the images has copies of its own.
    """
    if recipe.copies:
        return recipe.copies
    if recipe.as_published and recipe.steps:
        return math.ceil(max(recipe.steps, recipe.autoencoder_steps or 0) / fitted)
    in_all = MAX_COPIES_IN_ALL if recipe.seconds is None else min(MAX_COPIES_IN_ALL, COPIES_A_SECOND * recipe.seconds)
    return min(16, max(2, round(in_all / fitted)))


def _split(recipe: Recipe, good: Pixels, validation: Pixels | None) -> tuple[Pixels | Chosen, np.ndarray]:
    """What is fitted, without a copy of it, and what is held out."""
    if validation is not None and len(validation):
        check_enough(len(good), recipe.least_images)
        return good, validation[evenly(len(validation), MAX_HELD_OUT)]
    share = PUBLISHED_HELD_OUT_SHARE if recipe.as_published else HELD_OUT_SHARE
    fit, held_out = split_good(len(good), recipe.seed, share, recipe.least_images)
    return Chosen(good, fit), good[held_out]


def _pixels(images: Images) -> Pixels:
    """The images as one array or store; raises TrainingError for anything that is none of theirs."""
    if isinstance(images, PhotoSet):
        return images.images
    if isinstance(images, (list, tuple)) and len({getattr(image, "shape", None) for image in images}) == 1:
        images = np.stack(images)
    dtype, shape = getattr(images, "dtype", type(images).__name__), getattr(images, "shape", ())
    are_right = dtype == np.uint8 and len(shape) == 4 and shape[1:] == (INPUT_SIZE, INPUT_SIZE, 3)
    if isinstance(images, (np.ndarray, ImageStore)) and are_right:
        return images
    raise TrainingError(
        f"A training takes one array of images, uint8 N×{INPUT_SIZE}×{INPUT_SIZE}×3 as network_image "
        f"gives them, or a PhotoSet, not {dtype} {'×'.join(map(str, shape))}."
    )

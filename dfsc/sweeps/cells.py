"""A sweep's unit: one recipe on one data set, and what comes of it as a JSON file of its own.

A cell's file name ends in a digest of what decides its result: settings, teacher, the names and sizes of the images. So
a changed setting is another cell, and a finished one is never computed again.
"""

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dfsc.datasets import Dataset, check_divided, check_trainable, open_dataset, unpaired_masks
from dfsc.errors import DatasetError, DFSCError
from dfsc.evaluation.ground_truth import GroundTruth
from dfsc.evaluation.localisation import has_masks
from dfsc.files import read_json, replacing
from dfsc.models.consistency import ConsistencySettings
from dfsc.models.methods import METHODS
from dfsc.models.separation import Form, Hinge, SeparationSettings
from dfsc.training.closed_form import FIXED
from dfsc.training.plan import TrainingPlan, calibration_name
from dfsc.training.recipe import Recipe, material_key, planned
from dfsc.training.unfinished import as_json


@dataclass(frozen=True)
class Cell:
    """One training of one method and its evaluation.

    Attributes:
        folder: the data set's, absolute.
        images: a digest of the names and sizes of the data set's images.
        recipe: of one method, by steps where it takes any.
        teacher_digest: the teacher's, wherever it lies.
        cross_validated: test on another quarter of all good images seed by seed, train on the others.
        pixels: evaluate the maps' localisation too.
    """

    folder: Path
    images: str
    recipe: Recipe
    teacher_digest: str
    cross_validated: bool = False
    pixels: bool = False

    @property
    def dataset(self) -> str:
        return self.folder.name

    @property
    def method(self) -> str:
        return self.recipe.methods[0]

    @cached_property
    def plan(self) -> TrainingPlan:
        """What its recipe asks for."""
        return planned(self.recipe)

    @cached_property
    def settings(self) -> dict[str, object]:
        """What a reader tells cells apart by, flat, as JSON values; only what has an effect on this cell."""
        recipe, method = self.recipe, METHODS[self.method]
        settings: dict[str, object] = {
            "dataset": self.dataset,
            "images": self.images,
            "method": self.method,
            "cross_validated": self.cross_validated,
            "pixels": self.pixels,
            "size": recipe.size,
            "teacher": self.teacher_digest,
            "seed": recipe.seed,
        }
        if method.trained:
            settings |= _of_training(recipe, self.plan)
        coding = method.coding(self.plan.consistency)
        return settings | (_constraint(self.plan) if method.separates else {}) | (as_json(coding) if coding else {})

    @cached_property
    def name(self) -> str:
        """What its file is called."""
        # What no option changes decides too.
        plan = as_json(self.plan) if METHODS[self.method].trained else FIXED
        text = json.dumps({"plan": plan} | self.settings, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        return f"{self.dataset}-{self.method}-seed{self.recipe.seed}-{digest}"


def grid(folders: list[Path], recipes: list[Recipe], cross_validated: bool, pixels: bool) -> list[Cell]:
    """Every recipe on every data set, each different cell once; those that share their images next to each other.

    Raises:
        DatasetError, CheckpointError: for a data set or a teacher that can't be opened.
    """
    distinct = {(recipe.size, recipe.teacher): recipe for recipe in recipes}
    teachers = {key: recipe.loaded_teacher().digest for key, recipe in distinct.items()}
    cells: dict[str, Cell] = {}
    for folder in map(_absolute, folders):
        images = _images_digest(open_dataset(folder))
        for recipe in map(_without_idle_settings, recipes):
            digest = teachers[recipe.size, recipe.teacher]
            cell = Cell(folder, images, recipe, digest, cross_validated, pixels)
            cells.setdefault(cell.name, cell)
    return sorted(cells.values(), key=lambda cell: (cell.dataset, *map(str, material_key(cell.recipe))))


def check_datasets(folders: list[Path], pixels: bool) -> None:
    """Open each data set before hours are spent.

    Raises:
        DatasetError: for one that is not there or has nothing to evaluate on (`pixels`: no ground truth that can be
            used), and for two of the same name.
    """
    by_name: dict[str, Path] = {}
    for folder in map(_absolute, folders):
        if by_name.setdefault(folder.name, folder) != folder:
            raise DatasetError(f"Two data sets are called {folder.name}; a sweep tells them apart by their names.")
        dataset = open_dataset(folder)
        check_trainable(dataset)
        check_divided(dataset)
        _check_evaluable(dataset, pixels)


def result_file(folder: Path, cell: Cell) -> Path:
    return folder / "cells" / f"{cell.name}.json"


def unfinished_folder(folder: Path, cell: Cell) -> Path:
    """Where a cell's training keeps what it needs to go on."""
    return folder / "unfinished" / cell.name


def write_result(folder: Path, cell: Cell, result: dict) -> None:
    """Write what a cell came to, all of it or nothing."""
    content = {"cell": cell.name, "settings": cell.settings} | result
    with replacing(result_file(folder, cell)) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_results(folder: Path) -> list[dict]:
    """All results of a sweep's folder, by file name.

    Raises:
        DFSCError: for a file that is not a cell's.
    """
    results = []
    for file in sorted((folder / "cells").glob("*.json")):
        try:
            result = read_json(file)
        except ValueError:
            result = None
        if not isinstance(result, dict) or not {"cell", "settings"} <= result.keys():
            raise DFSCError(f"{file.name} in {file.parent} is not a cell's result; delete it or move it.")
        results.append(result)
    return results


def _absolute(folder: Path) -> Path:
    """Without following links: a data set is called as its folder is."""
    return Path(os.path.abspath(folder))


def _images_digest(dataset: Dataset) -> str:
    files = [*dataset.train, *dataset.validation, *(image.path for image in dataset.test)]
    told = sorted((os.path.relpath(file, dataset.root), file.stat().st_size) for file in files)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:10]


def _without_idle_settings(recipe: Recipe) -> Recipe:
    """The recipe with settings that have no effect at their defaults, so that they don't multiply trainings."""
    defaults, method = SeparationSettings(), METHODS[recipe.methods[0]]
    if not method.trained:
        return Recipe(recipe.methods, size=recipe.size, teacher=recipe.teacher, seed=recipe.seed)
    coding = method.coding(recipe.consistency or ConsistencySettings())
    recipe = dataclasses.replace(recipe, consistency=coding and _effective(coding))
    if not method.separates:
        return dataclasses.replace(recipe, separation=defaults)
    separation = recipe.separation
    if separation is None:
        return recipe
    if separation.hinge is Hinge.PULL:
        separation = dataclasses.replace(separation, margin=None, margin_ratio=defaults.margin_ratio)
    elif separation.margin is not None:
        separation = dataclasses.replace(separation, margin_ratio=defaults.margin_ratio)
    if separation.constraint is Form.ADDED:
        separation = dataclasses.replace(separation, normaliser=defaults.normaliser)
    return dataclasses.replace(recipe, separation=separation)


def _effective(coding: ConsistencySettings) -> ConsistencySettings:
    """A coding with its losses' weights at their defaults where it has no losses."""
    if coding.in_training:
        return coding
    return ConsistencySettings(coding.snc, coding.neighbourhood, coding.temperature)


def _of_training(recipe: Recipe, plan: TrainingPlan) -> dict[str, object]:
    """What decides a training in steps."""
    return {
        "as_published": recipe.as_published,
        "quick": recipe.quick,
        "calibration": calibration_name(plan),
        "schedule": str(plan.schedule),
        "autoencoder_steps": plan.autoencoder_steps,
        "imitation_steps": plan.imitation_steps,
        "steps": plan.student_steps,
        "rates": plan.rates,
        "copies": recipe.copies,
        "movement": recipe.movement,
        "penalty": recipe.penalty,
        "detach": plan.detach,
    }


def _constraint(plan: TrainingPlan) -> dict[str, object]:
    """The constraint's settings; of the two ways to say the margin only the one that holds."""
    settings = as_json(plan.separation)
    del settings["margin_ratio" if plan.separation.margin is not None else "margin"]
    return settings


def _check_evaluable(dataset: Dataset, pixels: bool) -> None:
    anomalous = sum(not image.is_good for image in dataset.test)
    if not anomalous:
        raise DatasetError(f"{dataset.root} was expected to hold anomalous images in test/<defect>, but holds none.")
    if pixels:
        if not has_masks(dataset.test):
            raise DatasetError(f"{dataset.root} lacks masks for some anomalous images; leave out --pixels.")
        faults = [*unpaired_masks(dataset), *GroundTruth(dataset).faults(dataset.test).values()]
        if faults:
            more = f" {len(faults) - 1} more masks of it can't be used either." if len(faults) > 1 else ""
            raise DatasetError(f"{faults[0]}{more}")

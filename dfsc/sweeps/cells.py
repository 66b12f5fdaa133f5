"""A sweep's unit: one recipe on one data set, and what comes of it as a JSON file of its own.

A cell's file name ends in a digest of everything that decides its result, so that a changed setting is another cell and
a finished one is never computed again.
"""

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from dfsc.datasets import Dataset, open_dataset
from dfsc.errors import DatasetError, DFSCError
from dfsc.groundtruth import GroundTruth
from dfsc.localisation import has_masks
from dfsc.objectives import METHODS
from dfsc.plan import TrainingPlan
from dfsc.recipe import Recipe, as_json
from dfsc.separation import SeparationSettings


@dataclass(frozen=True)
class Cell:
    """One training of one method and its evaluation.

    Attributes:
        folder: the data set's, absolute.
        recipe: of one method.
        teacher_digest: the teacher's, wherever it lies.
        cross_validated: test on another quarter of all good images seed by seed, train on the others.
        pixels: evaluate the maps' localisation too.
    """

    folder: Path
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

    @property
    def settings(self) -> dict[str, object]:
        """Everything that decides the result, flat, as JSON values; a method without the constraint has none of its."""
        recipe = as_json(self.recipe)
        constraint = recipe.pop("separation")
        separation = constraint if METHODS[self.method].separates else {}
        del recipe["methods"], recipe["seconds"]
        recipe["teacher"] = self.teacher_digest
        shared = {"dataset": self.dataset, "method": self.method, "cross_validated": self.cross_validated}
        return shared | {"pixels": self.pixels} | recipe | separation

    @property
    def name(self) -> str:
        """What its file is called."""
        # The plan's defaults decide too, though no option changes them.
        text = json.dumps({"plan": as_json(TrainingPlan())} | self.settings, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        return f"{self.dataset}-{self.method}-seed{self.recipe.seed}-{digest}"


def grid(folders: list[Path], recipes: list[Recipe], cross_validated: bool, pixels: bool) -> list[Cell]:
    """Every recipe on every data set, each different cell once; those that share their images next to each other."""
    distinct = {(recipe.size, recipe.teacher): recipe for recipe in recipes}
    teachers = {key: recipe.loaded_teacher().digest for key, recipe in distinct.items()}
    cells: dict[str, Cell] = {}
    for folder in folders:
        for recipe in map(_without_idle_settings, recipes):
            digest = teachers[recipe.size, recipe.teacher]
            cell = Cell(folder.resolve(), recipe, digest, cross_validated, pixels)
            cells.setdefault(cell.name, cell)
    return sorted(cells.values(), key=lambda cell: (cell.dataset, cell.recipe.seed))


def check_datasets(folders: list[Path], pixels: bool) -> None:
    """Open each data set before hours are spent.

    Raises:
        DatasetError: for one that is not there or has nothing to evaluate on (`pixels`: no ground truth that can be
            used), and for two of the same name.
    """
    by_name: dict[str, Path] = {}
    for folder in (folder.resolve() for folder in folders):
        if by_name.setdefault(folder.name, folder) != folder:
            raise DatasetError(f"Two data sets are called {folder.name}; a sweep tells them apart by their names.")
        _check_evaluable(open_dataset(folder), pixels)


def result_file(folder: Path, cell: Cell) -> Path:
    return folder / "cells" / f"{cell.name}.json"


def unfinished_folder(folder: Path, cell: Cell) -> Path:
    """Where a cell's training keeps what it needs to go on."""
    return folder / "unfinished" / cell.name


def write_result(folder: Path, cell: Cell, result: dict) -> None:
    """Write what a cell came to, all of it or nothing."""
    file = result_file(folder, cell)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}.part")
    temporary.write_text(
        json.dumps({"cell": cell.name, "settings": cell.settings} | result, indent=1) + "\n", encoding="utf-8"
    )
    temporary.replace(file)


def read_results(folder: Path) -> list[dict]:
    """All results of a sweep's folder, by file name.

    Raises:
        DFSCError: for a file that is not a cell's.
    """
    results = []
    for file in sorted((folder / "cells").glob("*.json")):
        try:
            result = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            result = None
        if not isinstance(result, dict) or not {"cell", "settings"} <= result.keys():
            raise DFSCError(f"{file.name} in {file.parent} is not a cell's result; delete it or move it.")
        results.append(result)
    return results


def _without_idle_settings(recipe: Recipe) -> Recipe:
    separates = METHODS[recipe.methods[0]].separates
    return recipe if separates else dataclasses.replace(recipe, separation=SeparationSettings())


def _check_evaluable(dataset: Dataset, pixels: bool) -> None:
    anomalous = sum(not image.is_good for image in dataset.test)
    if not anomalous:
        raise DatasetError(f"{dataset.root} was expected to hold anomalous images in test/<defect>, but holds none.")
    if pixels:
        if not has_masks(dataset.test):
            raise DatasetError(f"{dataset.root} lacks masks for some anomalous images; leave out --pixels.")
        GroundTruth(dataset)

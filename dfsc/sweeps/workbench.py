"""Where cells are computed, one after the other; what neighbouring cells share is made once and kept."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from dfsc.datasets import GOOD, Dataset, TestImage, open_dataset
from dfsc.errors import CheckpointError, DivergenceError
from dfsc.evaluation import Evaluation, evaluate
from dfsc.groundtruth import GroundTruth
from dfsc.images import network_image
from dfsc.localisation import localise
from dfsc.recipe import Material, Recipe, begin, gather, material_key, state_file
from dfsc.sweeps.cells import Cell
from dfsc.training import Training

TEST_SHARE = 0.25
# 4,000 images of 256×256 take 0.8 GB.
KEPT_IMAGES = 4000
TELL_SECONDS = 60.0

Tell = Callable[[str], None]


class Workbench:
    """Computes cells and keeps decoded images and the last cell's material for the next one."""

    def __init__(self, tell: Tell = lambda line: None) -> None:
        """`tell` is handed a line about the training at hand every minute."""
        self._tell = tell
        self._images: dict[Path, np.ndarray] = {}
        self._material: tuple[Cell, Material] | None = None

    def compute(self, cell: Cell, unfinished: Path) -> dict:
        """Train and evaluate: JSON with "auroc", "images", "scores" and "training", or "error" where it diverged.

        Args:
            unfinished: folder in which an interrupted training is found again.

        Raises:
            DFSCError: for what can't be read or trained on, or a teacher that is not the cell's.
        """
        dataset = open_dataset(cell.folder)
        if cell.cross_validated:
            dataset = cross_validation_split(dataset, cell.recipe.seed)
        started = time.monotonic()
        material = self._material_for(cell, dataset)
        if material.data.teacher.digest != cell.teacher_digest:
            raise CheckpointError(f"{cell.name} is to be trained with another teacher than the one that is here.")
        training = begin(cell.recipe, material, unfinished)
        try:
            self._follow(training, cell, unfinished)
        except DivergenceError as error:
            return {"error": str(error)}
        trained = time.monotonic()
        detectors = list(training.detectors(dataset.name, {}).values())
        evaluation = evaluate(dataset, detectors, read=self._image)
        result = _result(dataset, evaluation) | _pixels(cell, dataset, evaluation)
        result["training"] = {
            "steps": dict(training.trainings[cell.method].stages),
            "seconds": round(trained - started, 1),
            "averages": training.trainings[cell.method].averages,
        }
        return result

    def _material_for(self, cell: Cell, dataset: Dataset) -> Material:
        if self._material:
            other, material = self._material
            shared = (other.folder, other.cross_validated) == (cell.folder, cell.cross_validated)
            if shared and material_key(other.recipe) == material_key(cell.recipe):
                return material
        # Let go of before the next is made: two would be the most that a sweep holds in memory.
        self._material = None
        material = self.gathered(dataset, cell.recipe)
        self._material = cell, material
        return material

    def gathered(self, dataset: Dataset, recipe: Recipe) -> Material:
        """What a recipe makes of a data set's good images."""
        good = np.stack([self._image(path) for path in dataset.train])
        validation = np.stack([self._image(path) for path in dataset.validation]) if dataset.validation else None
        return gather(recipe, good, validation)

    def _follow(self, training: Training, cell: Cell, unfinished: Path) -> None:
        told = time.monotonic()
        for progress in training.run(state_file(unfinished)):
            record = progress.record
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                left = f"{progress.seconds_left / 60:.0f} min left for this one"
                self._tell(f"{cell.name}: {record.stage} {record.step}/{record.steps}, {left}")

    def _image(self, path: Path, name: str | None = None) -> np.ndarray:
        image = self._images.get(path)
        if image is None:
            image = network_image(path, name or f"{path.parent.name}/{path.name}")
            if len(self._images) < KEPT_IMAGES:
                self._images[path] = image
        return image


def cross_validation_split(dataset: Dataset, seed: int) -> Dataset:
    """The same data set with another quarter of all its good images as good test images.

    With few good photographs a fixed set of good test images would say little.
    """
    good = [*dataset.train, *dataset.validation, *(image.path for image in dataset.test if image.is_good)]
    order = np.random.default_rng(seed).permutation(len(good))
    tested = round(TEST_SHARE * len(good))
    test = [TestImage(good[i], GOOD, GOOD) for i in sorted(order[:tested])]
    return replace(
        dataset,
        train=tuple(good[i] for i in sorted(order[tested:])),
        validation=(),
        test=(*test, *(image for image in dataset.test if not image.is_good)),
    )


def _result(dataset: Dataset, evaluation: Evaluation) -> dict:
    """AUROCs, and each image's scores, from which methods are compared image by image later."""
    report = evaluation.detectors[0]
    images = [{"image": os.path.relpath(i.path, dataset.root), "family": i.family} for i in evaluation.images]
    scores = {name: [float(f"{score:.6g}") for score in values] for name, values in report.scores.items()}
    return {"auroc": report.auroc, "images": images, "scores": scores, "unreadable": list(evaluation.unreadable)}


def _pixels(cell: Cell, dataset: Dataset, evaluation: Evaluation) -> dict:
    return {"localisation": localise(GroundTruth(dataset), evaluation)[0].as_json()} if cell.pixels else {}

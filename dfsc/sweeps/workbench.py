"""Where cells are computed, some of them together; what neighbouring ones share is made once and kept."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dfsc.datasets import GOOD, Dataset, TestImage, open_dataset
from dfsc.errors import CheckpointError, DivergenceError
from dfsc.evaluation.evaluation import Evaluation, evaluate
from dfsc.evaluation.ground_truth import GroundTruth
from dfsc.evaluation.localisation import localise
from dfsc.images.decoding import network_image
from dfsc.machine import Device, chosen, give_back
from dfsc.sweeps.cells import Cell
from dfsc.sweeps.lockstep import in_lockstep
from dfsc.training.progress import Throttle
from dfsc.training.recipe import Material, Recipe, begin, gather, material_key
from dfsc.training.training import Training
from dfsc.training.unfinished import state_file

TEST_SHARE = 0.25
# 4,000 images of 256×256 take 0.8 GB.
KEPT_IMAGES = 4000
TELL_SECONDS = 60.0

Tell = Callable[[str], None]


class Workbench:
    """Computes cells and keeps decoded images and the last cells' material for the next ones."""

    def __init__(self, tell: Tell = lambda line: None, device: Device | None = None) -> None:
        """Args:
        tell: is handed a line about the training at hand every minute.
        device: where to train and evaluate (see dfsc.training.recipe.start).
        """
        self._tell, self._device = tell, chosen(device)
        self._images: dict[Path, np.ndarray] = {}
        self._material: tuple[Cell, Material] | None = None

    def compute(self, cells: Sequence[Cell], unfinished: Mapping[str, Path]) -> dict[str, dict]:
        """Train and evaluate cells that `divided` put together; the same as each by itself, in less time.

        Args:
            unfinished: by cell's name, the folder in which its interrupted training is found again.

        Returns:
            By cell's name JSON with "auroc", "images", "scores" and "training" (its "seconds" of steps, without
            what was taken over from another cell), or "error" where it diverged.

        Raises:
            DFSCError: for what can't be read or trained on, or a teacher that is not the cells'.
        """
        dataset = open_dataset(cells[0].folder)
        if cells[0].cross_validated:
            dataset = cross_validation_split(dataset, cells[0].recipe.seed)
        material = self._material_for(cells[0], dataset)
        if material.data.teacher.digest != cells[0].teacher_digest:
            raise CheckpointError(f"{cells[0].name} is to be trained with another teacher than the one that is here.")
        trainings = {cell.name: begin(cell.recipe, material, unfinished[cell.name]) for cell in cells}
        seconds, errors = self._follow(trainings, unfinished)
        trained = {name: training for name, training in trainings.items() if name not in errors}
        results = self._evaluated(dataset, trained, cells[0].pixels) if trained else {}
        for name, result in results.items():
            result["training"] = {"seconds": round(seconds[name], 1), **_told(trained[name])}
        return results | {name: {"error": error} for name, error in errors.items()}

    def _evaluated(self, dataset: Dataset, trainings: Mapping[str, Training], pixels: bool) -> dict[str, dict]:
        """All on the same images at once: by name what was found. What is in closed form learns here."""
        calibrated = (training.detectors(dataset.name, {}, self_tested=False) for training in trainings.values())
        detectors = [detector for of_one in calibrated for detector in of_one.values()]
        evaluation = evaluate(dataset, detectors, read=self._image, device=self._device)
        results = {name: _result(number, dataset, evaluation) for number, name in enumerate(trainings)}
        if pixels:
            for result, located in zip(results.values(), localise(GroundTruth(dataset), evaluation), strict=True):
                result["localisation"] = located.as_json()
        return results

    def _material_for(self, cell: Cell, dataset: Dataset) -> Material:
        if self._material:
            other, material = self._material
            shared = (other.folder, other.cross_validated) == (cell.folder, cell.cross_validated)
            if shared and material_key(other.recipe) == material_key(cell.recipe):
                return material
        # Let go of before the next is made: two would be the most that a sweep holds in memory.
        self._material = None
        give_back()
        material = self.gathered(dataset, cell.recipe)
        self._material = cell, material
        return material

    def gathered(self, dataset: Dataset, recipe: Recipe) -> Material:
        """What a recipe makes of a data set's good images."""
        good = np.stack([self._image(path) for path in dataset.train])
        validation = np.stack([self._image(path) for path in dataset.validation]) if dataset.validation else None
        return gather(recipe, good, validation, device=self._device)

    def _follow(
        self, trainings: Mapping[str, Training], unfinished: Mapping[str, Path]
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Train all; by name the seconds that each took, and why each that diverged was stopped."""
        report, seconds, errors = Throttle(TELL_SECONDS), dict.fromkeys(trainings, 0.0), {}
        in_steps = {name: training for name, training in trainings.items() if training.trainings}
        for turn in in_lockstep(in_steps, {name: state_file(folder) for name, folder in unfinished.items()}):
            seconds[turn.name] += turn.seconds
            if isinstance(turn.outcome, DivergenceError):
                errors[turn.name] = str(turn.outcome)
            elif report.due():
                record = turn.outcome.record
                others = f" and {len(trainings) - 1} beside it" if len(trainings) > 1 else ""
                self._tell(f"{turn.name}{others}: {record.stage} {record.step}/{record.steps}")
        return seconds, errors

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


def _told(training: Training) -> dict:
    """How many steps of each stage there were and what they logged; empty for a method without steps."""
    averages = training.first.averages if training.trainings else {}
    return {"steps": dict(training.stages), "averages": averages}


def _result(number: int, dataset: Dataset, evaluation: Evaluation) -> dict:
    """AUROCs of the detector with this number, and each image's scores, from which methods are compared later."""
    report = evaluation.detectors[number]
    images = [{"image": os.path.relpath(i.path, dataset.root), "family": i.family} for i in evaluation.images]
    scores = {name: [float(f"{score:.6g}") for score in values] for name, values in report.scores.items()}
    return {"auroc": report.auroc, "images": images, "scores": scores, "unreadable": list(evaluation.unreadable)}

"""python -m dfsc train: one method, or a matched pair, on a folder of good images."""

import argparse
import dataclasses
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.detectors import keep_teacher, save_detector
from dfsc.checkpoints.files import UNFINISHED, check_replaceable
from dfsc.commands import recipe_options
from dfsc.commands.good_images import read_good
from dfsc.datasets import Dataset, as_logical, check_trainable, open_dataset
from dfsc.errors import DatasetError
from dfsc.evaluation.evaluation import evaluate
from dfsc.machine import Device, chosen, described
from dfsc.material.image_store import stored
from dfsc.material.photographs import PhotoSet
from dfsc.models.detector import Detector, DetectorConfig
from dfsc.models.methods import METHODS
from dfsc.models.region import Region, read_region
from dfsc.training.notes import training_notes
from dfsc.training.pacing import Budget
from dfsc.training.progress import Throttle
from dfsc.training.recipe import Recipe, start
from dfsc.training.training import Training
from dfsc.training.unfinished import forget, state_file

REPORT_SECONDS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="FOLDER", type=Path, help="folder of good images, or a data set's folder or table"
    )
    recipe_options.add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="checkpoint folder to write")
    parser.add_argument("--anew", action="store_true", help="discard an unfinished training in DIR and start over")
    parser.add_argument(
        "--region",
        type=Path,
        metavar="FILE",
        help="what counts of the photos: white on black, or outlines as labelme or COCO write them",
    )
    parser.add_argument("--product", help="name of the product (default: the folder's)")
    parser.add_argument(
        "--logical", nargs="+", default=[], metavar="NAME", help="kinds of test defects that count as logical anomalies"
    )
    parser.add_argument("--license", default="unknown", help="licence for the model card")


def run(options: argparse.Namespace) -> int:
    recipe, device = recipe_options.recipe(options), chosen(options.device)
    budget = Budget(recipe.seconds) if recipe.seconds else None
    dataset = as_logical(open_dataset(options.folder), options.logical)
    check_trainable(dataset)
    for problem in dataset.problems:
        sys.stderr.write(f"{problem}\n")
    folders = {method: options.out / method if len(recipe.methods) > 1 else options.out for method in recipe.methods}
    for folder in folders.values():
        check_replaceable(folder)
    unfinished = options.out / UNFINISHED
    if options.anew:
        forget(unfinished)
    photographs = read_good(dataset, recipe.bits, recipe.least_images, budget)
    recipe = replace(recipe, bits=photographs[0].bits)
    region = _restrict(photographs, options.region)
    # On disk, so that memory does not grow with their number.
    good, validation = (stored(of.images, options.out) for of in photographs)
    del photographs
    training = start(recipe, good, validation, unfinished, budget, device, region)
    if recipe.teacher:
        for folder in folders.values():
            keep_teacher(Path(recipe.teacher), recipe.size, folder)
    sys.stderr.write(f"Training on {described(device)}\n")
    _follow(training, state_file(unfinished))
    data = f"{len(good)} good images of {options.folder.resolve().name}"
    notes = training_notes(recipe, training, data, training.seconds, options.license)
    detectors = training.detectors(_plain_name(options.product or dataset.name), notes)
    for detector in _measured(list(detectors.values()), dataset, device):
        method, test = METHODS[detector.config.method], detector.config.self_test
        save_detector(detector, folders[method.name], detector_card(detector.config, detector.calibration.count))
        sys.stderr.write(f"{method.title}: {folders[method.name]}; {test.sentence} ({test.details})\n")
    forget(unfinished)
    _warn_unusable([detector.config for detector in detectors.values()], recipe)
    return 0


def _restrict(photographs: Sequence[PhotoSet], file: Path | None) -> Region | None:
    """The region of a file, whose fill the photographs show from now on; None without a file."""
    if file is None:
        return None
    region = read_region(file).filled(image for of in photographs for image in of.images)
    for image in (image for of in photographs for image in of.images):
        image[:] = region.seen(image)
    sys.stderr.write(f"{region.share:.0%} of the photographs counts.\n")
    return region


def _warn_unusable(configs: list[DetectorConfig], recipe: Recipe) -> None:
    more = "train again with more --steps" if recipe.seconds is None else "train again with more --seconds"
    for config in configs:
        method = METHODS[config.method]
        if not config.usable:
            advice = more if method.trained else "learn from more photographs"
            sys.stderr.write(f'{method.title} is not usable yet: its verdicts will be "unsure"; {advice}.\n')


def _plain_name(product: str) -> str:
    """A product name for detectors, files and folders: up to 64 letters, digits and underscores."""
    return re.sub(r"\W+", "_", product).strip("_")[:64] or "product"


def _follow(training: Training, state_file: Path) -> None:
    report = Throttle(REPORT_SECONDS, at_once=True)
    for progress in training.run(state_file):
        record = progress.record
        if report.due() or record.step == record.steps:
            losses = ", ".join(f"{name} {value:.3f}" for name, value in (record.losses | record.watch).items())
            left = "" if math.isnan(progress.seconds_left) else f"; {progress.seconds_left:.0f} s left"
            sys.stderr.write(
                f"{METHODS[record.method].title} {record.stage} {record.step}/{record.steps}: {losses}{left}\n"
            )


def _measured(detectors: list[Detector], dataset: Dataset, device: Device) -> list[Detector]:
    """The detectors, with their AUROC noted if the data set has good and anomalous test images."""
    if all(image.is_good for image in dataset.test):
        return detectors
    trained = {*dataset.train, *dataset.validation}
    try:
        test = [image for image in dataset.test if image.path not in trained]
        evaluation = evaluate(test, detectors, device=device)
    except DatasetError as error:  # a problem in test/ must not lose the training
        sys.stderr.write(f"Not measured: {error}\n")
        return detectors
    counts = {group: dataclasses.asdict(count) for group, count in evaluation.counts.items()}
    return [
        _with_note(detector, {"measured": {"auroc": report.auroc, "counts": counts}})
        for detector, report in zip(detectors, evaluation.detectors, strict=True)
    ]


def _with_note(detector: Detector, note: dict) -> Detector:
    config = dataclasses.replace(detector.config, training=detector.config.training | note)
    return dataclasses.replace(detector, config=config)

"""python -m dfsc train: one method, or a matched pair, on a folder of good images."""

import argparse
import dataclasses
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.config import plain_product
from dfsc.checkpoints.detectors import keep_teacher, save_detector
from dfsc.checkpoints.files import UNFINISHED, check_replaceable
from dfsc.commands import recipe_options
from dfsc.commands.good_images import read_good, read_good_large
from dfsc.datasets import Dataset, as_logical, check_trainable, open_dataset
from dfsc.errors import DatasetError, TrainingError
from dfsc.evaluation.evaluation import evaluate
from dfsc.images.tiling import MOST_ALONG_AN_EDGE
from dfsc.machine import Device, chosen, described
from dfsc.material.image_store import stored
from dfsc.material.photographs import PhotoSet
from dfsc.models.detector import Detector, DetectorConfig
from dfsc.models.methods import METHODS, PARTNER
from dfsc.models.region import Region, read_region
from dfsc.training.closed_form import closed_form_notes
from dfsc.training.notes import training_notes
from dfsc.training.pacing import Budget
from dfsc.training.progress import Throttle
from dfsc.training.recipe import Recipe, start
from dfsc.training.tiled import tiled_detector
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
    parser.add_argument(
        "--tiles",
        type=int,
        metavar="N",
        help="FRE alone: large photos in N overlapping tiles along the longer edge",
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
    if options.tiles is not None:
        learned = _learned_in_tiles(recipe, dataset, options, device)
        _keep_teacher(recipe, folders)
        _save(_measured([learned], dataset, device), folders, recipe)
        return 0
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
    _keep_teacher(recipe, folders)
    sys.stderr.write(f"Training on {described(device)}\n")
    _follow(training, state_file(unfinished))
    data = f"{len(good)} good images of {options.folder.resolve().name}"
    notes = training_notes(recipe, training, data, training.seconds, options.license)
    detectors = list(training.detectors(plain_product(options.product or dataset.name), notes).values())
    _save(_measured(detectors, dataset, device), folders, recipe)
    forget(unfinished)
    return 0


def _keep_teacher(recipe: Recipe, folders: Mapping[str, Path]) -> None:
    """Copy another teacher than the embedded one to where the detectors will be."""
    if recipe.teacher:
        for folder in folders.values():
            keep_teacher(Path(recipe.teacher), recipe.size, folder)


def _save(detectors: Sequence[Detector], folders: Mapping[str, Path], recipe: Recipe) -> None:
    for detector in detectors:
        method, test = METHODS[detector.config.method], detector.config.self_test
        save_detector(detector, folders[method.name], detector_card(detector.config, detector.calibration.count))
        told = f"{test.sentence} ({test.details})" if test else "no fault could be made to try it with"
        sys.stderr.write(f"{method.title}: {folders[method.name]}; {told}\n")
    _warn_unusable([detector.config for detector in detectors], recipe)


def _learned_in_tiles(recipe: Recipe, dataset: Dataset, options: argparse.Namespace, device: Device) -> Detector:
    if recipe.methods != (PARTNER,) or options.region:
        raise TrainingError("Tiles are learned by FRE alone and without a region: --tiles N --method fre.")
    if not 2 <= options.tiles <= MOST_ALONG_AN_EDGE:
        raise TrainingError(
            f"--tiles is the number along the longer edge, 2 to {MOST_ALONG_AN_EDGE}, not {options.tiles}."
        )
    images, tiles, bits = read_good_large(dataset, recipe.bits, options.tiles)
    rows, columns = tiles
    sys.stderr.write(f"{columns} × {rows} tiles, {images[0].shape[1]} × {images[0].shape[0]} pixels in all\n")
    data = f"{len(images)} good images of {options.folder.resolve().name}"
    notes = closed_form_notes({"data": data, "seed": recipe.seed, "license": options.license}, len(images))
    name = plain_product(options.product or dataset.name)
    return tiled_detector(images, tiles, recipe.loaded_teacher(), name, notes, bits, recipe.seed, device)


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

"""python -m dfsc evaluate: detectors over a data set, image AUROC and localisation by kind of defect."""

import argparse
import json
import sys
from collections.abc import Container, Iterable
from pathlib import Path

from dfsc.commands import detector_options
from dfsc.datasets import Dataset, as_logical, open_dataset, unpaired_masks
from dfsc.errors import DFSCError
from dfsc.evaluation.evaluation import Evaluation, evaluate
from dfsc.evaluation.ground_truth import GroundTruth
from dfsc.evaluation.localisation import Localisation, localise
from dfsc.reporting.report import new_folder, write_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DIR", type=Path, help="a data set's folder, or a table")
    detector_options.add_arguments(parser)
    parser.add_argument("--partner", action="store_true", help="report each network together with FRE too")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the report: Markdown, JSON, curves, images")
    parser.add_argument(
        "--logical", nargs="+", default=[], metavar="NAME", help="kinds of defects that count as logical anomalies"
    )
    parser.add_argument("--images-only", action="store_true", help="leave out the pixel metrics")


def run(options: argparse.Namespace) -> int:
    """Exit status 0; 1 when a file could not be read and was left out, or masks that turned out to be unusable."""
    dataset = as_logical(open_dataset(options.dataset), options.logical)
    if options.out:
        new_folder(options.out)
    detectors = detector_options.detectors(options)
    unusable_ones = (one.config for one in detectors if not one.config.usable)
    _tell(f"{config.name} is not usable yet: it {config.self_test.sentence}." for config in unusable_ones)
    _tell(dataset.problems)
    # Ground truth that can't be used shall be told before hours of inspecting, not after them.
    truth: GroundTruth | None = None
    faults: dict[Path, str] = {}
    unusable = False
    if not options.images_only and any(image.masks for image in dataset.test):
        truth, faults, unusable = _ground_truth(dataset)
    evaluation = evaluate(dataset, detectors, partner=options.partner, device=options.device, backend=options.backend)
    _tell((sentence for sentence in evaluation.unreadable if sentence not in faults.values()), "Left out: ")
    localisations = _localised(truth, evaluation, faults)
    if options.out:
        file = write_report(dataset.name, evaluation, localisations, options.out, detectors)
        sys.stderr.write(f"Report: {file}\n")
    text = _json(evaluation, localisations) if options.json else _tables(evaluation, localisations)
    sys.stdout.write(text + "\n")
    return 1 if evaluation.unreadable or unusable else 0


def _tell(sentences: Iterable[str], lead: str = "") -> None:
    for sentence in sentences:
        sys.stderr.write(f"{lead}{sentence}\n")


def _ground_truth(dataset: Dataset) -> tuple[GroundTruth | None, dict[Path, str], bool]:
    """Masks, what is wrong with those of which images, and whether anything is; all of it is told."""
    try:
        truth = GroundTruth(dataset)
    except DFSCError as error:
        _tell([str(error)], "No pixel figures: ")
        return None, {}, True
    unpaired, faults = unpaired_masks(dataset), truth.faults(dataset.test)
    _tell(unpaired, "Not used: ")
    _tell(faults.values(), "Left out of the pixel figures: ")
    return truth, faults, bool(unpaired or faults)


def _localised(truth: GroundTruth | None, evaluation: Evaluation, faults: Container[Path]) -> list[Localisation]:
    """The pixel figures; what the images gave shall not be lost with them."""
    try:
        return localise(truth, evaluation, leave_out=faults) if truth else []
    except DFSCError as error:
        _tell([str(error)], "No pixel figures: ")
        return []


def _json(evaluation: Evaluation, localisations: list[Localisation]) -> str:
    report = evaluation.as_json()
    for detector, localisation in zip(report["detectors"], localisations, strict=False):
        detector["localisation"] = localisation.as_json()
    return json.dumps(report, indent=2)


def _tables(evaluation: Evaluation, localisations: list[Localisation]) -> str:
    blocks = [evaluation.table()]
    for report, localisation in zip(evaluation.detectors, localisations, strict=False):
        blocks.append(localisation.table(f"{report.detector}, fused map"))
    return "\n\n".join(blocks)

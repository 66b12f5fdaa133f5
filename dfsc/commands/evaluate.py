"""python -m dfsc evaluate: detectors over a data set, image AUROC and localisation by kind of defect."""

import argparse
import json
import sys
from pathlib import Path

from dfsc.commands import sources
from dfsc.datasets import open_dataset
from dfsc.errors import DFSCError
from dfsc.evaluation import Evaluation, evaluate
from dfsc.groundtruth import GroundTruth
from dfsc.localisation import Localisation, has_masks, localise
from dfsc.reporting.report import new_folder, write_report

NAME = "evaluate"
HELP = "Image AUROC, sPRO or AUPRO, and pixel AUROC on a data set in the layout of MVTec LOCO AD, MVTec AD or VisA."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DIR", type=Path)
    sources.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the report: Markdown, JSON, curves, images")
    parser.add_argument("--images-only", action="store_true", help="leave out the pixel metrics")


def run(options: argparse.Namespace) -> int:
    """Exit status 0; 1 when a file could not be read and was left out, or masks that turned out to be unusable."""
    dataset = open_dataset(options.dataset)
    if options.out:
        new_folder(options.out)
    detectors = sources.detectors(options)
    # Ground truth that can't be used shall be told before hours of inspecting, not after them.
    truth = GroundTruth(dataset) if not options.images_only and has_masks(dataset.test) else None
    evaluation = evaluate(dataset, detectors)
    for sentence in evaluation.unreadable:
        sys.stderr.write(f"Left out: {sentence}\n")
    localisations, unusable = _localised(truth, evaluation)
    if options.out:
        file = write_report(dataset.name, evaluation, localisations, options.out, detectors)
        sys.stderr.write(f"Report: {file}\n")
    text = _json(evaluation, localisations) if options.json else _tables(evaluation, localisations)
    sys.stdout.write(text + "\n")
    return 1 if evaluation.unreadable or unusable else 0


def _localised(truth: GroundTruth | None, evaluation: Evaluation) -> tuple[list[Localisation], bool]:
    """The pixel figures, and whether a mask has prevented them: what the images gave shall not be lost with them."""
    try:
        return (localise(truth, evaluation) if truth else []), False
    except DFSCError as error:
        sys.stderr.write(f"No pixel figures: {error}\n")
        return [], True


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

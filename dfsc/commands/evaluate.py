"""python -m dfsc evaluate: detectors over a data set, image AUROC by kind of defect."""

import argparse
import json
import sys
from pathlib import Path

from dfsc.commands import sources
from dfsc.datasets import open_dataset
from dfsc.evaluation import evaluate

NAME = "evaluate"
HELP = "Image AUROC of detectors on a data set in MVTec LOCO AD's or MVTec AD's layout."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DIR", type=Path)
    sources.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(options: argparse.Namespace) -> int:
    """Exit status 0; 1 when a file could not be read and was left out."""
    dataset = open_dataset(options.dataset)
    evaluation = evaluate(dataset, sources.detectors(options))
    for sentence in evaluation.unreadable:
        sys.stderr.write(f"Left out: {sentence}\n")
    text = json.dumps(evaluation.as_json(), indent=2) if options.json else evaluation.table()
    sys.stdout.write(text + "\n")
    return 1 if evaluation.unreadable else 0

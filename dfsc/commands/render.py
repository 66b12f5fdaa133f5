"""python -m dfsc render: a rendered product as a data set in MVTec LOCO AD's layout."""

import argparse
import sys
from pathlib import Path

from dfsc.scenes import PRODUCTS, write_dataset
from dfsc.scenes.dataset import Counts
from dfsc.training.progress import Throttle

REPORT_SECONDS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    defaults = Counts()
    parser.add_argument("product", metavar="PRODUCT", help=f"one of: {', '.join(PRODUCTS)}")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--seed", type=int, default=0)
    for part in ("train", "validation", "good", "logical", "structural"):
        parser.add_argument(
            f"--{part}", type=int, default=getattr(defaults, part), help="number of images (%(default)s)"
        )

    parser.add_argument("--graded", action="store_true", help="logical defects in every severity, slight to gross")


def run(options: argparse.Namespace) -> int:
    counts = Counts(
        train=options.train,
        validation=options.validation,
        good=options.good,
        logical=options.logical,
        structural=options.structural,
    )
    report = Throttle(REPORT_SECONDS)
    for progress in write_dataset(options.product, options.out, options.seed, counts, graded=options.graded):
        if report.due() or progress.done == progress.total:
            sys.stderr.write(f"{progress.done}/{progress.total} {progress.path}\n")
    return 0

"""The options by which inspect and evaluate name their detectors."""

import argparse
from pathlib import Path

from dfsc.checkpoints import load, product_detectors
from dfsc.detector import Detector
from dfsc.errors import CheckpointError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--product", action="append", default=[], help="embedded product, all its methods (may be repeated)"
    )
    parser.add_argument(
        "--checkpoint", action="append", default=[], help="checkpoint folder, or PRODUCT/METHOD (may be repeated)"
    )


def detectors(options: argparse.Namespace) -> list[Detector]:
    """The named detectors, products first; a folder of several checkpoints stands for all of them."""
    found = [detector for product in options.product for detector in product_detectors(product)]
    for source in options.checkpoint:
        found += [load(folder) for folder in _folders(source)]
    if not found:
        raise CheckpointError("Name what to inspect with: --product NAME or --checkpoint DIR.")
    return found


def _folders(source: str) -> list[str | Path]:
    """A folder without a config.json whose sub-folders have one, as `train --pair` leaves it, stands for these."""
    folder = Path(source)
    inner = sorted(path.parent for path in folder.glob("*/config.json") if path.parent.name != "teacher")
    return inner if inner and not (folder / "config.json").is_file() else [source]

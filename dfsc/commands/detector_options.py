"""The options by which inspect and evaluate name their detectors, and where these run."""

import argparse

import dfsc
from dfsc.commands import device_option
from dfsc.errors import CheckpointError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--product", action="append", default=[], help="inspect with all methods of a product (repeatable)"
    )
    parser.add_argument(
        "--checkpoint", action="append", default=[], help="checkpoint folder, zip, or PRODUCT/METHOD (repeatable)"
    )
    device_option.add_argument(parser)


def detectors(options: argparse.Namespace) -> "list[dfsc.Detector]":
    """The named detectors, products first; a folder or zip of several checkpoints means all of them."""
    named = [detector for product in options.product for detector in dfsc.product_detectors(product)]
    for source in options.checkpoint:
        named += dfsc.open_checkpoints(source)
    if not named:
        raise CheckpointError("Name the detectors with --product NAME or --checkpoint DIR.")
    return named

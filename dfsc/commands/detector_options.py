"""The options by which commands name their detectors, what of the photographs counts, and where they run."""

import argparse
from pathlib import Path

import dfsc
from dfsc.commands import device_option
from dfsc.errors import CheckpointError, DFSCError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--product", action="append", default=[], help="inspect with all methods of a product (repeatable)"
    )
    parser.add_argument(
        "--checkpoint", action="append", default=[], help="checkpoint folder, zip, or PRODUCT/METHOD (repeatable)"
    )
    add_region(parser)
    device_option.add_argument(parser)
    parser.add_argument(
        "--backend",
        metavar="NAME",
        help="what computes the networks on a processor: torch, onnxruntime or openvino (DFSC_BACKEND, or torch)",
    )


def add_region(parser: argparse.ArgumentParser, required: bool = False) -> None:
    parser.add_argument(
        "--region",
        type=Path,
        metavar="FILE",
        required=required,
        help="what counts of the photos: white on black, or outlines as labelme or COCO write them",
    )
    parser.add_argument(
        "--good", type=Path, metavar="FOLDER", help="good photos to calibrate on for the region (FRE needs them)"
    )


def detectors(options: argparse.Namespace) -> "list[dfsc.Detector]":
    """The named detectors, products first; a folder or zip of several checkpoints means all of them."""
    named = [detector for product in options.product for detector in dfsc.product_detectors(product)]
    for source in options.checkpoint:
        named += dfsc.open_checkpoints(source)
    if not named:
        raise CheckpointError("Name the detectors with --product NAME or --checkpoint DIR.")
    return within_region(named, options)


def within_region(detectors: "list[dfsc.Detector]", options: argparse.Namespace) -> "list[dfsc.Detector]":
    """The detectors with the region of --region, if it is given."""
    if options.region is None:
        if options.good:
            raise DFSCError("--good names good photos for a region; name its file with --region.")
        return detectors
    region = dfsc.read_region(options.region)
    if options.good is None:
        return dfsc.restricted(detectors, region)
    # Torch takes seconds to load; --help must not wait for it.
    from dfsc.commands.good_images import read_good
    from dfsc.datasets import check_trainable, open_dataset
    from dfsc.inspection.inspector import common_bits
    from dfsc.models import fre

    dataset = open_dataset(options.good)
    check_trainable(dataset)
    good, validation = read_good(dataset, common_bits(detectors), fre.MIN_IMAGES)
    return dfsc.restricted(detectors, region, good.images, validation.images, options.device)

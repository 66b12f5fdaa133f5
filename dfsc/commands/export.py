"""python -m dfsc export: detectors as one file for onnxruntime, OpenVINO or TorchScript, checked after writing."""

import argparse
import sys
from pathlib import Path

import numpy as np

from dfsc.datasets import open_dataset
from dfsc.exchange.checking import agreement, aurocs, check_agreement, example_images
from dfsc.exchange.exporting import ENDINGS, OPSET, PRECISIONS, Wish, export
from dfsc.exchange.runtimes import opened
from dfsc.material.photographs import load_photographs
from dfsc.models.methods import method_title
from dfsc.sources import open_checkpoints, product_detectors, products
from dfsc.training.strangeness import other_things


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="CHECKPOINT", help="a product, a checkpoint folder or zip, or a folder of several"
    )
    parser.add_argument("--format", default="onnx", choices=list(ENDINGS), help="(%(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="ends in .onnx, .xml or .pt")
    parser.add_argument("--precision", default="float32", choices=PRECISIONS, help="(%(default)s)")
    parser.add_argument("--good", type=Path, metavar="FOLDER", help="photos of good parts, which int8 is fitted to")
    parser.add_argument(
        "--check", type=Path, metavar="FOLDER", help="photos to check with (default: the embedded ones)"
    )
    parser.add_argument("--test", type=Path, metavar="DATASET", help="also measure AUROC on a data set's test images")
    parser.add_argument("--mix", type=float, default=0.5, metavar="W", help="weight of the local map, 0 to 1 (0.5)")
    parser.add_argument(
        "--reject", type=int, default=0, metavar="N", help="how many held-out good parts the limit rejects (0)"
    )


def run(options: argparse.Namespace) -> int:
    wish = Wish(options.format, options.precision, options.mix, options.reject)
    known = options.source in products()
    detectors = product_detectors(options.source) if known else open_checkpoints(options.source)
    good = _photographs(options.good)
    export(detectors, options.out, wish, good)
    titles = ", ".join(method_title(detector.config) for detector in detectors)
    opset = "" if options.format == "torchscript" else f", opset {OPSET}"
    sys.stdout.write(f"{options.out}: {options.format}{opset}, {options.precision}, {titles}\n")
    graph, runtime = opened(options.out)
    images = _to_check(_photographs(options.check), example_images(detectors), good)
    found = agreement(graph, detectors, images, wish)
    check_agreement(found, options.out, wish)
    sys.stdout.write(f"Checked with {runtime} on {len(images)} photographs: {found.sentence}.\n")
    if options.test:
        for family, values in aurocs(graph, detectors, open_dataset(options.test).test).items():
            for detector, (ours, theirs) in zip(detectors, values, strict=True):
                sys.stdout.write(f"AUROC {family}, {method_title(detector.config)}: {ours:.4f} → {theirs:.4f}\n")
    return 0


def _photographs(folder: Path | None) -> np.ndarray | None:
    return None if folder is None else load_photographs(folder).images


def _to_check(*choices: np.ndarray | None) -> np.ndarray:
    """The first choice with any images; pictures of anything where there is none."""
    return next((images for images in choices if images is not None and len(images)), other_things(0))

"""python -m dfsc convert: another library's EfficientAD detector, or a teacher alone, as a checkpoint of this one."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from dfsc.checkpoints.config import plain_product
from dfsc.errors import CheckpointError
from dfsc.exchange.converting import convert_detector, convert_teacher
from dfsc.exchange.origins import Origin
from dfsc.exchange.teachers import published, read_source, recognised
from dfsc.material.photographs import load_photographs
from dfsc.material.training_set import MAX_HELD_OUT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        metavar="SOURCE",
        type=Path,
        help="anomalib's .ckpt or .pt, a folder with nelson1425/EfficientAD's three .pth, or a teacher (.pth, .zip)",
    )
    parser.add_argument(
        "--good",
        type=Path,
        metavar="FOLDER",
        help="photos of good parts, best ones that it was not trained on; not needed for a teacher alone",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--product", help="name of the product (default: the name of the folder of good parts)")
    parser.add_argument("--size", default="small", choices=["small", "medium"], help="which teacher of a zip (small)")
    parser.add_argument("--padded", action="store_true", help="the networks pad, where the file itself does not tell")
    parser.add_argument("--bits", type=int, help="significant bits of 16-bit photos (default: as many as are filled)")
    parser.add_argument("--license", default="unknown", help="licence for the model card")


def run(options: argparse.Namespace) -> int:
    if not options.source.exists():
        raise CheckpointError(f"{options.source} does not exist, so there is nothing to convert.")
    origin, digest = read_source(options.source, options.size)
    if not origin.is_teacher:
        return _convert_detector(origin, options)
    size = convert_teacher(origin, options.out, published(digest))
    sys.stdout.write(f"{options.out}: a teacher of size {size}; train with it by --teacher {options.out}\n")
    sys.stdout.write(f"{recognised(digest)}\n")
    return 0


def _convert_detector(origin: Origin, options: argparse.Namespace) -> int:
    if options.good is None:
        raise CheckpointError("A detector also needs photos of good parts; name their folder with --good.")
    photographs = load_photographs(options.good, MAX_HELD_OUT, options.bits)
    sys.stderr.write(f"{photographs.summary}\n")
    if options.padded and origin.padded is None:
        origin = replace(origin, padded=True)
    product = plain_product(options.product or options.good.resolve().name)
    detector = convert_detector(origin, photographs.images, options.out, product, options.license, photographs.bits)
    test = detector.config.self_test
    sys.stdout.write(f"{options.out}: {origin.title} as {product}/{detector.config.method}; {test.sentence}\n")
    sys.stdout.write(f"{detector.config.training['statistics']}\n")
    return 0

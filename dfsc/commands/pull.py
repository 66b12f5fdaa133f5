"""python -m dfsc pull: detectors with their teacher from a repository on the Hugging Face Hub."""

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="ORG/NAME[@REVISION][:FOLDER]")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the detectors")


def run(options: argparse.Namespace) -> int:
    # The Hub's client and torch take seconds to load; --help must not wait for them.
    from dfsc.hub.publishing import pull

    for folder in pull(options.source, options.out):
        sys.stdout.write(f"{folder}\n")
    return 0

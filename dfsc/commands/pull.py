"""python -m dfsc pull: detectors with their teacher from a repository on the Hugging Face Hub."""

import argparse
import sys
from pathlib import Path

from dfsc.hub.publishing import pull

NAME = "pull"
HELP = "Fetch detectors from the Hugging Face Hub into a folder; every file is checked against the Hub's hash."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="ORG/NAME[@REVISION][:FOLDER]")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the detectors' folders go")


def run(options: argparse.Namespace) -> int:
    for folder in pull(options.source, options.out):
        sys.stdout.write(f"{folder}\n")
    return 0

"""python -m dfsc push: detectors with their teacher to a repository on the Hugging Face Hub."""

import argparse
import sys
from pathlib import Path

from dfsc.publishing import push

NAME = "push"
HELP = "Upload all detectors of a folder with their teacher to the Hugging Face Hub (log in with `hf auth login`)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="a detector's folder, or one that holds several")
    parser.add_argument("repository", metavar="ORG/NAME", help="made when it is not there yet")
    parser.add_argument("--private", action="store_true", help="when it is made: readable by you alone")


def run(options: argparse.Namespace) -> int:
    sys.stdout.write(push(options.folder, options.repository, options.private) + "\n")
    return 0

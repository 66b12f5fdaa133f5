"""python -m dfsc push: detectors with their teacher, or the app as a Space, to the Hugging Face Hub."""

import argparse
import sys
from pathlib import Path

from dfsc.errors import DFSCError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="folder of one detector or several")
    parser.add_argument("repository", metavar="ORG/NAME", nargs="?", help="created if it does not exist")
    parser.add_argument("--private", action="store_true", help="create it as private")
    parser.add_argument("--space", metavar="ORG/NAME", help="upload this app as a Space instead")
    parser.add_argument(
        "--models", default="", metavar="ORG/NAME[@REVISION]", help="with --space: detectors that the Space shows"
    )


def run(options: argparse.Namespace) -> int:
    sys.stdout.write(_pushed(options) + "\n")
    return 0


def _pushed(options: argparse.Namespace) -> str:
    # The Hub's client and torch take seconds to load; --help must not wait for them.
    from dfsc.hub.publishing import push
    from dfsc.hub.space import push_space

    if options.space and options.folder is None:
        return push_space(options.space, options.models, options.private)
    if options.space or options.models or options.repository is None:
        raise DFSCError("Name either DIR and ORG/NAME, or --space ORG/NAME, to which --models ORG/NAME may be added.")
    return push(options.folder, options.repository, options.private)

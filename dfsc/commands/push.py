"""python -m dfsc push: detectors with their teacher, a rendered data set, or the app as a Space, to the Hub."""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dfsc.errors import DFSCError

if TYPE_CHECKING:
    import dfsc


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="DIR", type=Path, nargs="?", help="folder of one detector or several, or a data set"
    )
    parser.add_argument("repository", metavar="ORG/NAME", nargs="?", help="created if it does not exist")
    parser.add_argument("--private", action="store_true", help="create it as private")
    parser.add_argument(
        "--picture", metavar="PHOTO", type=Path, help="photo to show on the card with its maps (an embedded example)"
    )
    parser.add_argument("--dataset", action="store_true", help="DIR is a rendered data set, pushed as such")
    parser.add_argument("--space", metavar="ORG/NAME", help="upload this app as a Space instead")
    parser.add_argument(
        "--models", default="", metavar="ORG/NAME[@REVISION]", help="with --space: detectors that the Space shows"
    )


def run(options: argparse.Namespace) -> int:
    sys.stdout.write(_pushed(options) + "\n")
    return 0


def _pushed(options: argparse.Namespace) -> str:
    # The Hub's client and torch take seconds to load; --help must not wait for them.
    from dfsc.hub.publishing import push, push_dataset
    from dfsc.hub.space import push_space

    if options.space and options.folder is None:
        return push_space(options.space, options.models, options.private)
    if options.space or options.models or options.repository is None:
        raise DFSCError("Name either DIR and ORG/NAME, or --space ORG/NAME, to which --models ORG/NAME may be added.")
    if options.dataset:
        from dfsc.scenes.card import dataset_card

        card = dataset_card(options.folder, options.repository)
        return push_dataset(options.folder, card, options.repository, options.private)
    return push(options.folder, options.repository, options.private, partial(_pictures, options.picture))


def _pictures(photograph: Path | None, detectors: "list[dfsc.Detector]") -> dict[str, bytes]:
    """The card's pictures, of a photograph or of the first example of an embedded product; without either none."""
    from dfsc.reporting.card_picture import card_pictures

    photograph = photograph or _example(detectors[0].config.product)
    return card_pictures(detectors, photograph) if photograph else {}


def _example(product: str) -> Path | None:
    from dfsc.checkpoints.weights import weights_folder
    from dfsc.images.decoding import image_files

    folders = [weights_folder() / "examples" / product / kind for kind in ("logical", "structural")]
    return next((file for folder in folders if folder.is_dir() for file in image_files(folder)), None)

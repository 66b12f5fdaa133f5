"""Where embedded checkpoints lie: where DFSC_WEIGHTS points, in a checkout, or inside the installed package.

A checkout has all of weights/; what `pip install` puts into the package are the teachers, without which nothing can be
trained and no detector runs.
"""

import os
from pathlib import Path

from dfsc.checkpoints.format import TEACHER

VARIABLE = "DFSC_WEIGHTS"
PACKAGE = Path(__file__).parents[1]


def weights_folder() -> Path:
    """The folder of embedded products with their examples and photographs: the first place of those above."""
    return _places()[0]


def teacher_folders(size: str) -> list[Path]:
    """Where an embedded teacher of a network size may lie: in each of the places, in their order."""
    return [place / TEACHER / size for place in _places()]


def _places() -> list[Path]:
    checkout, bundled = PACKAGE.parent / "weights", PACKAGE / "weights"
    # Beside an installed package lie other projects' folders, whatever they are called.
    here = [place for place in (checkout, bundled) if (place / TEACHER).is_dir()] or [checkout]
    named = os.environ.get(VARIABLE)
    return [Path(named), *here] if named else here

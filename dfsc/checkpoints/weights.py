"""Where the embedded checkpoints lie."""

import os
from pathlib import Path


def weights_folder() -> Path:
    """The embedded checkpoints: weights/ beside the package, or where DFSC_WEIGHTS points."""
    return Path(os.environ.get("DFSC_WEIGHTS", Path(__file__).parents[2] / "weights"))

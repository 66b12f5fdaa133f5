"""Detectors that people keep under a name on their own machine: DFSC_HOME/models/NAME.zip.

They are products like the embedded ones, to the page, the command line and Python alike, in any process with the same
DFSC_HOME.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dfsc.checkpoints.bundles import open_bundle, write_bundle
from dfsc.checkpoints.config import check_product
from dfsc.errors import CheckpointError
from dfsc.models.detector import Detector

MOST = 200


def kept_products() -> list[str]:
    """Names of what is kept, sorted; none without DFSC_HOME."""
    folder = _folder()
    return sorted(file.stem for file in folder.glob("*.zip")) if folder and folder.is_dir() else []


def kept_detectors(product: str) -> list[Detector]:
    """A kept product's detectors, in the order of the registry of methods.

    Raises:
        CheckpointError: without DFSC_HOME, or if they are damaged.
    """
    return open_bundle(_home() / f"{check_product(product)}.zip", f"{product}.zip in DFSC_HOME")


def keep(detectors: Sequence[Detector], name: str, taken: Sequence[str] = ()) -> None:
    """Keep detectors as the product of this name.

    Args:
        taken: names that it can't have.

    Raises:
        CheckpointError: without DFSC_HOME; for a name that is none, or is taken; if too many are kept.
    """
    folder, name, known = _home(), check_product(name.strip()), kept_products()
    if name.casefold() in {one.casefold() for one in (*taken, *known)}:
        raise CheckpointError(f"There is a model called {name} already; choose another name.")
    if len(known) >= MOST:
        raise CheckpointError(f"{MOST} models are kept already; delete some from models in DFSC_HOME.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_bundle([replace(one, config=replace(one.config, product=name)) for one in detectors], folder / f"{name}.zip")


def _home() -> Path:
    folder = _folder()
    if folder is None:
        raise CheckpointError("Models are kept in DFSC_HOME, which is not set.")
    return folder


def _folder() -> Path | None:
    home = os.environ.get("DFSC_HOME", "").strip()
    return Path(home).expanduser() / "models" if home else None

"""Files that a visitor takes home: written into a folder of his own, and gone with him."""

import shutil
import tempfile
from pathlib import Path

from dfsc.bundles import write_bundle
from dfsc.interface.retraining import Retraining
from dfsc.interface.visitors import Visitor


def pair_file(known: Visitor, pair: Retraining) -> str:
    """Write a pair as a zip, in a folder whose name nobody can guess; returns the file's path.

    The one before is deleted.
    """
    for earlier in known.folder.iterdir():
        shutil.rmtree(earlier, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="pair-", dir=known.folder))
    file = folder / f"{pair.product}.zip"
    write_bundle(pair.detectors, file)
    return str(file)

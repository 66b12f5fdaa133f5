"""Files that a visitor takes home, kept where gradio serves them from and deleted with him."""

from pathlib import Path
from tempfile import TemporaryDirectory

from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from dfsc.bundles import write_bundle
from dfsc.interface.retraining import Retraining
from dfsc.interface.visitors import Visitor


def pair_file(known: Visitor, pair: Retraining) -> str:
    """Write a pair as a zip, in place of the visitor's last one; returns its path, which nobody can guess.

    Gradio copies whatever it serves into its cache; put there by ourselves, the file is known and can be deleted.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"{pair.product}.zip"
        write_bundle(pair.detectors, file)
        served = save_file_to_cache(file, get_upload_folder())
    known.serve(Path(served))
    return served

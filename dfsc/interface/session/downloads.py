"""Files for download, kept where gradio serves them from and deleted when the visitor leaves."""

import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from dfsc import Detector, Inspection
from dfsc.checkpoints.bundles import write_bundle
from dfsc.images.uploads import display_name
from dfsc.inspection.history import Entry, history_csv
from dfsc.inspection.quality_record import Circumstances
from dfsc.inspection.report import write_inspection
from dfsc.interface.session.photograph import Photograph
from dfsc.interface.session.visitors import Pair, Visitor


def fetch_script(button: str) -> str:
    """Javascript that clicks a hidden download button, for when its file has just been written."""
    return f"() => setTimeout(() => document.querySelector('#{button}')?.click(), 200)"


def pair_file(known: Visitor, pair: Pair) -> str:
    """A pair as a zip, replacing the visitor's last one; returns its unguessable path."""
    return _served(known, "pair", f"{pair.product}.zip", lambda file: write_bundle(pair.detectors, file))


def model_file(known: Visitor, product: str, detectors: Sequence[Detector], entries: Sequence[Entry]) -> str:
    """Detectors with the list of what they inspected as a zip, replacing the visitor's last one; returns its path."""

    def write(file: Path) -> None:
        write_bundle(detectors, file)
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("history.csv", history_csv(entries).encode("utf-8-sig"))

    return _served(known, "model", f"{product}.zip", write)


def report_file(known: Visitor, inspection: Inspection, photograph: Photograph, product: str) -> str:
    """An inspection's report as a zip, replacing the visitor's last one; returns its unguessable path.

    Args:
        product: what the photo was inspected as, in words.
    """
    name = photograph.name
    size = photograph.width, photograph.height
    circumstances = Circumstances(datetime.now(UTC), product, photograph.digest, size)
    stem = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in Path(display_name(name)).stem)
    return _served(
        known,
        "report",
        f"inspection-{stem}.zip",
        lambda file: write_inspection(inspection, name, file, circumstances),
    )


def _served(known: Visitor, kind: str, name: str, write: Callable[[Path], None]) -> str:
    """Gradio copies whatever it serves into its cache; put there by ourselves, the file is known and can be deleted."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
        write(file)
        served = save_file_to_cache(file, get_upload_folder())
    known.serve(kind, Path(served))
    return served

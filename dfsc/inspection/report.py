"""One inspection to take away: a zip with a picture for people, maps for programs, and a record of all figures."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from PIL import Image

from dfsc.geometry import place_on_image
from dfsc.inspection.colours import LEVELS, SCALE_END, colours, overlay
from dfsc.inspection.map_files import write_map
from dfsc.inspection.quality_record import Circumstances, quality_record
from dfsc.inspection.records import result_record
from dfsc.inspection.results import Inspection, Result
from dfsc.version import __version__

COLUMN_INCHES, DPI = 3.4, 110
SCALE_LABEL = "0 and 0.1 are the 0.9 and 0.995 quantiles of good parts"
BRANCHES = ("local", "global", "fused")


def write_inspection(inspection: Inspection, name: str, file: Path, circumstances: Circumstances | None = None) -> None:
    """Write one zip: report.html to print, report.png, inspection.json, photograph.png, maps/<detector>.<branch>.tiff.

    Args:
        name: what to call the photo; maps (float32) and places are in pixels of the inspection's image.
        circumstances: by default, that it is made now.
    """
    circumstances = circumstances or Circumstances(datetime.now(UTC))
    record = {
        "photograph": name,
        **circumstances.record(),
        "size": list(inspection.size),
        "library_version": __version__,
        "results": [
            result_record(inspection, result)
            | {"local_weight": result.local_weight, "rejected_good": result.good_above}
            | {"limit_set_by_hand": result.limit is not None}
            | {"good_parts": result.good.count, "weights_digest": result.weights_digest}
            for result in inspection.results
        ],
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, TemporaryDirectory() as folder:
        archive.writestr("inspection.json", json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        archive.writestr("photograph.png", _png(inspection.image))
        picture = report_picture(inspection, name)
        archive.writestr("report.png", picture)
        archive.writestr("report.html", quality_record(inspection, name, circumstances, picture))
        for result in inspection.results:
            for branch, cells in zip(BRANCHES, _maps(result), strict=True):
                path = Path(folder) / f"{result.detector}.{branch}.tiff"
                write_map(path, place_on_image(cells, *inspection.size))
                archive.write(path, f"maps/{path.name}")


def report_picture(inspection: Inspection, name: str) -> bytes:
    """A PNG: the photograph, and a row with verdict and three maps on the common colour scale for each method."""
    rows, (width, height) = len(inspection.results), inspection.size
    row_inches = COLUMN_INCHES * height / width + 0.6
    figure = Figure(figsize=(4 * COLUMN_INCHES, rows * row_inches + 1.2), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(name.replace("$", r"\$"), fontsize=13)
    axes = figure.subplots(rows, 4, squeeze=False)
    for line, result in zip(axes, inspection.results, strict=True):
        _row(line, inspection, result)
    scale = ScalarMappable(Normalize(0, SCALE_END), ListedColormap(colours(np.linspace(0, SCALE_END, LEVELS)) / 255))
    figure.colorbar(scale, ax=axes, location="bottom", shrink=0.4, aspect=40, pad=0.02, label=SCALE_LABEL)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _row(line: np.ndarray, inspection: Inspection, result: Result) -> None:
    first, *others = line
    first.imshow(inspection.image)
    first.set_title(
        f"{result.title}: {_verdict_text(result)}\nscore {result.score:.2f}, limit {result.threshold:.2f}", fontsize=11
    )
    for axis, branch, cells in zip(others, BRANCHES, _maps(result), strict=True):
        axis.imshow(overlay(inspection.image, cells))
        axis.set_title(f"{branch}, highest {cells.max():.2f}", fontsize=11)
    others[-1].plot(*inspection.peak_xy(result), "o", mfc="none", mec="white", ms=12, mew=2)
    for axis in line:
        axis.set_axis_off()


def _verdict_text(result: Result) -> str:
    test = result.self_test
    return f"not usable yet, {test.sentence}" if test and not test.usable else result.verdict


def _maps(result: Result) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return result.maps.local, result.maps.global_, result.fused


def _png(image: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()

"""The report's folder: report.md, report.json, roc.png, overlap.png and four sheets of images."""

import json
from collections.abc import Sequence
from pathlib import Path

from dfsc.errors import DatasetError
from dfsc.evaluation.evaluation import Evaluation
from dfsc.evaluation.localisation import Localisation
from dfsc.models.detector import Detector
from dfsc.reporting.figures_of_merit import figures_of_merit
from dfsc.reporting.markdown import markdown
from dfsc.reporting.pictures import draw_pictures


def new_folder(folder: Path) -> Path:
    """Make a folder for a report; raises DatasetError when it holds anything, which is not overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DatasetError(f"{folder} is not empty; name a new folder for the report.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_report(
    name: str,
    evaluation: Evaluation,
    localisations: Sequence[Localisation],
    folder: Path,
    detectors: Sequence[Detector] = (),
) -> Path:
    """Write the report on data set `name` into a folder of `new_folder` and return its Markdown file.

    Args:
        localisations: one a detector, or none.
        detectors: those that were evaluated, in the evaluation's order; without them the report does not say where
            they come from.
    """
    figures = figures_of_merit(name, evaluation, localisations, detectors)
    pictures = draw_pictures(figures, folder)
    (folder / "report.json").write_text(json.dumps(figures.as_json(), indent=2) + "\n", encoding="utf-8")
    file = folder / "report.md"
    file.write_text(markdown(figures, pictures), encoding="utf-8")
    return file

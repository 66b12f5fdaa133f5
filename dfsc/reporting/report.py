"""The report's folder: report.md, report.json, roc.png, overlap.png and four sheets of images."""

import json
from pathlib import Path

from dfsc.errors import DatasetError
from dfsc.evaluation import Evaluation
from dfsc.localisation import Localisation
from dfsc.reporting.figures_of_merit import figures_of_merit
from dfsc.reporting.markdown import markdown
from dfsc.reporting.plots import overlap_picture, roc_picture
from dfsc.reporting.sheet import sheet, worst_and_best


def new_folder(folder: Path) -> Path:
    """Make a folder for a report; raises DatasetError when it holds anything, which is not overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DatasetError(f"{folder} is not empty; name a new folder for the report.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_report(name: str, evaluation: Evaluation, localisations: list[Localisation], folder: Path) -> Path:
    """Write the report on data set `name` into a folder of `new_folder` and return its Markdown file."""
    figures = figures_of_merit(evaluation, localisations)
    roc_picture(figures, folder / "roc.png")
    pictures = {"roc.png": "ROC of the images"}
    located = [detector for detector in figures.detectors if detector.localisation]
    if located:
        overlap_picture(located, folder / "overlap.png")
        pictures["overlap.png"] = f"{located[0].localisation.metric} of the pixels"
    for number, (title, indices) in enumerate(worst_and_best(evaluation).items(), start=1):
        sheet(evaluation, indices, folder / f"images-{number}.jpg")
        pictures[f"images-{number}.jpg"] = title
    (folder / "report.json").write_text(json.dumps(figures.as_json(), indent=2) + "\n", encoding="utf-8")
    file = folder / "report.md"
    file.write_text(markdown(name, figures, pictures), encoding="utf-8")
    return file

"""A report's pictures with what stands below them."""

from dataclasses import dataclass
from pathlib import Path

from dfsc.evaluation.localisation import USUAL_LIMIT
from dfsc.inspection.colours import SCALE_END
from dfsc.models.calibration import LOWER_QUANTILE, UPPER_QUANTILE, UPPER_VALUE
from dfsc.reporting.figures_of_merit import FiguresOfMerit
from dfsc.reporting.plots import overlap_picture, roc_picture
from dfsc.reporting.sheet import sheet, worst_and_best

_SHEET_CAPTION = (
    "Ordered by the detectors' mean rank. Left the photograph, each ground-truth mask outlined in magenta just outside "
    "of its border; then each detector's fused map over the photograph, with the image's score, the map's maximum. All "
    "maps have one colour scale, fixed by a detector's own held-out good images: in the local and in the global map "
    f"0 and {UPPER_VALUE:g} are the {LOWER_QUANTILE:g} and {UPPER_QUANTILE:g} quantiles of their pixels. Up to 0 "
    f"the photograph shows as it is; from {SCALE_END:g} on the colour stays the same."
)


@dataclass(frozen=True)
class Picture:
    """A picture's file name in the report's folder, its heading and its caption."""

    file: str
    title: str
    caption: str


def draw_pictures(figures: FiguresOfMerit, folder: Path) -> list[Picture]:
    """Draw curves and sheets into a folder."""
    pictures = [
        Picture(
            "roc.png",
            "ROC curves of the images",
            "By the fused map's score; in the legend the area under the curve in percent. The dotted line is chance.",
        )
    ]
    roc_picture(figures, folder / "roc.png")
    if figures.located:
        metric = figures.located[0].localisation.metric
        curve = metric.removeprefix("AU")
        overlap = "saturated overlap" if metric == "sPRO" else "overlap"
        caption = (
            f"Mean {overlap} of the fused map with the defects up to the false positive rate of "
            f"{USUAL_LIMIT[metric]:g}; in the legend the area under the curve, divided by that rate, in percent."
        )
        overlap_picture(figures, folder / "overlap.png")
        pictures.append(Picture("overlap.png", f"{curve} curves of the pixels", caption))
    for number, (title, indices) in enumerate(worst_and_best(figures.evaluation).items(), start=1):
        file = f"images-{number}.jpg"
        sheet(figures, indices, folder / file)
        pictures.append(Picture(file, title, _SHEET_CAPTION if number == 1 else "Drawn like the sheet above."))
    return pictures

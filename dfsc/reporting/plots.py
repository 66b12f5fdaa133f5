"""A report's curves: ROC of the images, and overlap against the false positive rate of the pixels."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfsc.evaluation.auroc import roc_points
from dfsc.evaluation.evaluation import ALL
from dfsc.evaluation.localisation import USUAL_LIMIT
from dfsc.evaluation.scoring import FUSED
from dfsc.reporting.figures_of_merit import FiguresOfMerit
from dfsc.reporting.naming import group_title

PANEL_INCHES, DPI = 3.7, 150
MARGIN = 0.02  # of the axes, so that a curve along an edge is seen

# Okabe and Ito's colours, which people with any colour vision tell apart. Each further curve is thinner and broken
# otherwise, so that one that lies upon another does not hide it.
_COLOURS = ("#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#0072B2", "#E69F00", "#000000")
_DASHES = ((), (4, 1.5), (1, 1), (6, 1.5, 1, 1.5))
_WIDEST, _THINNER, _THINNEST = 3.0, 1.0, 1.2


def roc_picture(figures: FiguresOfMerit, file: Path) -> None:
    """ROC curves of the fused maps' scores, a panel for each family and one for all images."""
    images = figures.evaluation.images
    good = np.array([image.is_good for image in images])
    groups = [group for group in figures.groups if group in figures.detectors[0].intervals]
    figure, axes = _panels(len(groups))
    for axis, group in zip(axes, groups, strict=True):
        used = good | np.array([group in (image.family, ALL) for image in images])
        axis.plot((0, 1), (0, 1), color="0.6", linewidth=1, dashes=(1, 3))
        for place, detector in enumerate(figures.detectors):
            x, y = roc_points(detector.report.scores[FUSED][used], ~good[used])
            axis.plot(x, y, label=_label(detector.label, detector.report.auroc[group][FUSED]), **_style(place))
        _finish(axis, group, "False positive rate of the images", "True positive rate", 1.0, "AUROC")
    figure.savefig(file, dpi=DPI)


def overlap_picture(figures: FiguresOfMerit, file: Path) -> None:
    """sPRO or PRO against the pixels' false positive rate up to the usual limit, for detectors with pixel figures."""
    first = figures.located[0].localisation
    limit = USUAL_LIMIT[first.metric]
    groups = [group for group in figures.groups if group in first.curves]
    figure, axes = _panels(len(groups))
    for axis, group in zip(axes, groups, strict=True):
        for place, detector in enumerate(figures.located):
            curve = detector.localisation.curves[group]
            visible = slice(int(np.searchsorted(curve.false_positive_rate, (1 + MARGIN) * limit, side="right")) + 1)
            label = _label(detector.label, detector.localisation.usual[group])
            axis.plot(curve.false_positive_rate[visible], curve.overlap[visible], label=label, **_style(place))
        legend = f"{first.metric} {limit:g}"
        _finish(axis, group, "False positive rate of the pixels", first.metric.removeprefix("AU"), limit, legend)
    figure.savefig(file, dpi=DPI)


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(PANEL_INCHES * count, PANEL_INCHES), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _label(detector: str, area: float) -> str:
    return f"{detector}: {100 * area:.1f}"


def _style(place: int) -> dict:
    """How the curve of the detector at a place in the report's order is drawn."""
    width = max(_WIDEST - _THINNER * place, _THINNEST)
    return {
        "color": _COLOURS[place % len(_COLOURS)],
        "dashes": _DASHES[place % len(_DASHES)] or (None, None),
        "linewidth": width,
        "solid_capstyle": "butt",
        "zorder": 3 + place,
    }


def _finish(axis: Axes, group: str, x: str, y: str, limit: float, legend: str) -> None:
    axis.set(
        title=group_title(group),
        xlabel=x,
        ylabel=y,
        xlim=(-MARGIN * limit, (1 + MARGIN) * limit),
        ylim=(-MARGIN, 1 + MARGIN),
    )
    axis.grid(alpha=0.3)
    axis.legend(
        loc="lower right",
        fontsize="small",
        title=f"{legend}, %",
        title_fontsize="small",
        handlelength=3.2,
        framealpha=0.6,
    )

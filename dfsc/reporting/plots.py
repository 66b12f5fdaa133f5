"""A report's curves: ROC of the images, and overlap against the false positive rate of the pixels."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfsc.evaluation import ALL, FUSED
from dfsc.localisation import USUAL_LIMIT
from dfsc.metrics import roc_points
from dfsc.reporting.figures_of_merit import DetectorFigures, FiguresOfMerit

PANEL_INCHES, DPI = 3.6, 130


def roc_picture(figures: FiguresOfMerit, file: Path) -> None:
    """ROC curves of the fused maps' scores, a panel for each family and one for all images."""
    images = figures.evaluation.images
    good = np.array([image.is_good for image in images])
    groups = list(figures.detectors[0].intervals)
    figure, axes = _panels(len(groups))
    for axis, group in zip(axes, groups, strict=True):
        used = good | np.array([group in (image.family, ALL) for image in images])
        for detector in figures.detectors:
            x, y = roc_points(detector.report.scores[FUSED][used], ~good[used])
            area = 100 * detector.report.auroc[group][FUSED]
            axis.plot(x, y, label=f"{detector.report.detector} {area:.1f}")
        _finish(axis, group, "good images rejected", "anomalous images rejected", 1.0)
    figure.savefig(file, dpi=DPI)


def overlap_picture(detectors: list[DetectorFigures], file: Path) -> None:
    """sPRO or PRO against the pixels' false positive rate up to the usual limit, for detectors with a localisation."""
    first = detectors[0].localisation
    limit = USUAL_LIMIT[first.metric]
    figure, axes = _panels(len(first.curves))
    for axis, group in zip(axes, first.curves, strict=True):
        for detector in detectors:
            curve = detector.localisation.curves[group]
            area = 100 * detector.localisation.usual[group]
            shown = curve.false_positive_rate <= 1.05 * limit
            axis.plot(
                curve.false_positive_rate[shown], curve.overlap[shown], label=f"{detector.report.detector} {area:.1f}"
            )
        _finish(axis, group, "false positive rate of the pixels", first.metric.replace("AU", ""), limit)
    figure.savefig(file, dpi=DPI)


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(PANEL_INCHES * count, PANEL_INCHES), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _finish(axis: Axes, title: str, x: str, y: str, limit: float) -> None:
    axis.set(title=title, xlabel=x, ylabel=y, xlim=(0, limit), ylim=(0, 1.02))
    axis.grid(alpha=0.3)
    axis.legend(loc="lower right", fontsize="small")

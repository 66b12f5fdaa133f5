"""AUROC against τ′, a line a data set with the baseline dashed: the form of Figure 4 of arXiv 2407.17909."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfsc.datasets import FAMILIES
from dfsc.evaluation.evaluation import ALL
from dfsc.models.methods import BASELINE
from dfsc.sweeps.summary import Row

PANEL_INCHES, DPI = 3.4, 130


def tau_picture(rows: Sequence[Row], file: Path) -> bool:
    """Write panels, a column a group of anomalies and a row a margin; False when no τ′ was swept.

    Of rows that differ in other settings too, those with the same τ′ are put together by their mean.
    """
    constrained = [row for row in rows if "tau" in row.settings and row.results]
    margins = sorted({_margin(row) for row in constrained})
    groups = [group for group in FAMILIES if any(row.auroc(group) for row in constrained)] or [ALL]
    if len({row.settings["tau"] for row in constrained}) < 2:
        return False
    size = (PANEL_INCHES * len(groups), PANEL_INCHES * len(margins))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(margins), len(groups), squeeze=False, sharex=True, sharey="col")
    for margin, axes in zip(margins, panels, strict=True):
        for group, axis in zip(groups, axes, strict=True):
            _panel(axis, [row for row in constrained if _margin(row) == margin], rows, group)
            axis.set_title(f"{group}, {margin}", fontsize="medium")
    panels[0][0].legend(fontsize="small")
    figure.supxlabel("τ′, the share of features that count as similar", fontsize="medium")
    figure.supylabel("image AUROC in %", fontsize="medium")
    figure.savefig(file, dpi=DPI)
    return True


def _margin(row: Row) -> str:
    settings = row.settings
    return f"m = {settings['margin']:g}" if "margin" in settings else f"κ = {settings['margin_ratio']:g}"


def _panel(axis: Axes, constrained: Sequence[Row], rows: Sequence[Row], group: str) -> None:
    for number, dataset in enumerate(sorted({row.settings["dataset"] for row in rows})):
        colour = f"C{number}"
        at = _by_tau([row for row in constrained if row.settings["dataset"] == dataset], group)
        taus, values = list(at), list(at.values())
        axis.plot(taus, list(map(mean, values)), color=colour, marker="o", markersize=4, label=dataset)
        axis.fill_between(taus, list(map(min, values)), list(map(max, values)), color=colour, alpha=0.12, linewidth=0)
        baseline = [
            100 * value
            for row in rows
            if row.settings["method"] == BASELINE and row.settings["dataset"] == dataset
            for value in row.auroc(group)
        ]
        if baseline:
            axis.axhline(mean(baseline), color=colour, linestyle="--", linewidth=1)
    axis.grid(alpha=0.3)


def _by_tau(rows: Sequence[Row], group: str) -> dict[float, list[float]]:
    """Ascending τ′ with all values there, in percent."""
    at: dict[float, list[float]] = {}
    for row in sorted(rows, key=lambda row: row.settings["tau"]):
        at.setdefault(row.settings["tau"], []).extend(100 * value for value in row.auroc(group))
    return {tau: values for tau, values in at.items() if values}

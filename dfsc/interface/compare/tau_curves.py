"""AUROC against τ′ as inline SVG: a plot a product and group, a line a margin, EAD-S as the dashed one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from dfsc.evaluation.evaluation import ALL
from dfsc.interface.compare import wording
from dfsc.interface.markup import text
from dfsc.interface.wording import product_name
from dfsc.study.figures import Study

WIDTH, HEIGHT = 340, 210
LEFT, RIGHT, TOP, BOTTOM = 40, 14, 12, 38
MIN_SPAN = 4.0
TIP_WIDTH, TIP_LINE = 176, 16
COLOURS = ("var(--dfsc)", "var(--series-2)", "var(--series-3)", "var(--series-4)")
DASHES = ("none", "7 3", "2 3", "9 3 2 3")


@dataclass(frozen=True)
class Line:
    """DFSC with one margin: (τ′, lowest, mean and highest AUROC of the seeds in percent), τ′ ascending.

    A margin has the same number, by which it is coloured, in all plots.
    """

    number: int
    label: str
    points: tuple[tuple[float, float, float, float], ...]


def tau_curves_html(study: Study) -> str:
    """All plots of products on which at least two values of τ′ were tried; empty without any."""
    plots = [
        _plot(study, product, group)
        for product in study.products
        if len({row.setting.tau for row in study.constrained(product) if row.seeds}) > 1
        for group in _plotted(study, product)
    ]
    if not plots:
        return ""
    return (
        f'<section class="card taus"><h2>{wording.CURVES_TITLE}</h2><p class="quiet">{wording.CURVES_NOTE}</p>'
        + f'<div class="curves">{"".join(plots)}</div></section>'
    )


def _plotted(study: Study, product: str) -> list[str]:
    """Families where there are any, since all together say nothing that they don't."""
    groups = study.groups(product)
    return [group for group in groups if group != ALL] or groups


def _plot(study: Study, product: str, group: str) -> str:
    lines = _lines(study, product, group)
    baseline = study.baseline(product)
    level = 100 * mean(baseline.auroc[group]) if baseline and baseline.auroc.get(group) else None
    values = [value for line in lines for point in line.points for value in point[1:]]
    low, high = _range(values + ([level] if level is not None else []))
    taus = sorted({point[0] for line in lines for point in line.points})
    frame = _Frame(taus, low, high)
    drawn = "".join(frame.line(line) for line in lines)
    tips = "".join(frame.tip(tau, lines, level) for tau in taus)
    title = f"{product_name(product)}: {wording.GROUPS[group].lower()} faults"
    said = text(f"{wording.CURVES_TITLE}, {title}")
    drawing = frame.axes() + frame.baseline(level) + drawn + tips
    return (
        f'<figure class="curve tau"><figcaption>{text(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" '
        + f'role="group" aria-label="{said}">{drawing}</svg>{_legend(lines, level)}</figure>'
    )


def _lines(study: Study, product: str, group: str) -> list[Line]:
    by_margin: dict[str, list[tuple[float, float, float, float]]] = {}
    for row in study.constrained(product):
        values = [100 * value for value in row.auroc.get(group, ())]
        if values:
            point = (row.setting.tau, min(values), mean(values), max(values))
            by_margin.setdefault(row.setting.margin_label, []).append(point)
    numbers = _numbers(study)
    return [Line(numbers[label], label, tuple(sorted(points))) for label, points in by_margin.items()]


def _numbers(study: Study) -> dict[str, int]:
    """Each margin of the study with its number."""
    labels = (row.setting.margin_label for product in study.products for row in study.constrained(product))
    return {label: number for number, label in enumerate(dict.fromkeys(labels))}


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Whole percents around the values, at most 100, and not so close that chance looks like a slope."""
    low, high = math.floor(min(values)), min(100, math.ceil(max(values)))
    missing = max(0.0, MIN_SPAN - (high - low))
    high = min(100, high + math.ceil(missing / 2))
    return min(low, high - MIN_SPAN), high


@dataclass(frozen=True)
class _Frame:
    """Where values come to lie in a plot."""

    taus: list[float]
    low: float
    high: float

    def x(self, tau: float) -> float:
        steps = max(1, len(self.taus) - 1)
        return LEFT + 10 + (WIDTH - LEFT - RIGHT - 20) * self.taus.index(tau) / steps

    def y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)

    def line(self, line: Line) -> str:
        """Band from lowest to highest seed, and the means."""
        colour, dash = _look(line)
        up = [f"{self.x(tau):.1f},{self.y(most):.1f}" for tau, _, _, most in line.points]
        down = [f"{self.x(tau):.1f},{self.y(least):.1f}" for tau, least, _, _ in reversed(line.points)]
        middle = " ".join(f"{self.x(tau):.1f},{self.y(value):.1f}" for tau, _, value, _ in line.points)
        marks = "".join(
            f'<circle cx="{self.x(tau):.1f}" cy="{self.y(value):.1f}" r="3"/>' for tau, _, value, _ in line.points
        )
        return (
            f'<g style="--hue:{colour}"><polygon points="{" ".join([*up, *down])}"/>'
            f'<polyline stroke-dasharray="{dash}" points="{middle}"/>{marks}</g>'
        )

    def tip(self, tau: float, lines: Sequence[Line], level: float | None) -> str:
        """A column over a value of τ′ that tells all values there when it is pointed at, touched or focused."""
        step = self.x(self.taus[1]) - self.x(self.taus[0]) if len(self.taus) > 1 else WIDTH
        column = f'x="{self.x(tau) - step / 2:.1f}" y="0" width="{step:.1f}" height="{HEIGHT}"'
        told = [(f"τ′ = {tau:g}", "var(--ink)")]
        told += [(_values(line, tau), _look(line)[0]) for line in lines if _values(line, tau)]
        told += [(f"EAD-S: {level:.1f}", "var(--ead-s)")] if level is not None else []
        left = LEFT + 2 if self.x(tau) > WIDTH / 2 else WIDTH - RIGHT - TIP_WIDTH
        words = "".join(
            f'<text style="fill:{colour}" x="{left + 8}" y="{TOP + 15 + TIP_LINE * number}">{text(said)}</text>'
            for number, (said, colour) in enumerate(told)
        )
        box = f'x="{left}" y="{TOP}" width="{TIP_WIDTH}" height="{TIP_LINE * len(told) + 6}" rx="4"'
        rule = f'x1="{self.x(tau):.1f}" x2="{self.x(tau):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"'
        return (
            f'<g class="column" tabindex="0" role="img" aria-label="{text("; ".join(said for said, _ in told))}">'
            f'<rect class="reach" {column}/>'
            f'<g class="tip"><line class="rule" {rule}/><rect class="box" {box}/>{words}</g></g>'
        )

    def baseline(self, level: float | None) -> str:
        if level is None:
            return ""
        ends = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(level):.1f}" y2="{self.y(level):.1f}"'
        return f'<line class="level" {ends}/>'

    def axes(self) -> str:
        parts = []
        for mark in _marks(self.low, self.high):
            y = self.y(mark)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{mark:g}</text>')
        for tau in self.taus:
            parts.append(f'<text x="{self.x(tau):.1f}" y="{HEIGHT - 20}" text-anchor="middle">{tau:g}</text>')
        parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">τ′ →</text>')
        parts.append(f'<text x="{LEFT}" y="{HEIGHT - 4}">AUROC in %</text>')
        return "".join(parts)


def _look(line: Line) -> tuple[str, str]:
    """A line's colour and dashes."""
    return COLOURS[line.number % len(COLOURS)], DASHES[line.number % len(DASHES)]


def _values(line: Line, tau: float) -> str:
    """κ = 1.5: 93.1 (92.0 to 94.5), where a line has a value at a τ′."""
    found = [point for point in line.points if point[0] == tau]
    if not found:
        return ""
    _, least, value, most = found[0]
    return f"{line.label}: {value:.1f}" + (f" ({least:.1f} to {most:.1f})" if least < most else "")


def _marks(low: float, high: float) -> list[float]:
    """Three to six round values between both ends."""
    step = next(step for step in (1, 2, 5, 10, 20) if (high - low) / step <= 5)
    first = math.ceil(low / step) * step
    return [first + step * number for number in range(int((high - first) / step) + 1)]


def _legend(lines: list[Line], level: float | None) -> str:
    """A line an entry, as in the plot."""

    def entry(colour: str, dash: str, words: str) -> str:
        sample = f'<line style="stroke:{colour}" stroke-dasharray="{dash}" x1="0" x2="24" y1="4" y2="4"/>'
        return f'<li><svg width="24" height="8" aria-hidden="true">{sample}</svg>{words}</li>'

    entries = [entry(*_look(line), f"DFSC, {text(line.label)}") for line in lines]
    if level is not None:
        entries.append(entry("var(--ead-s)", "5 4", f"EAD-S <b>{level:.1f}</b>"))
    return f"<ul>{''.join(entries)}</ul>"

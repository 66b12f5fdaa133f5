"""A training's curves as inline SVG, which takes the page's colours and costs a busy processor next to nothing."""

import math
from collections.abc import Callable, Sequence

from dfsc.interface.markup import text
from dfsc.interface.retrain import wording
from dfsc.interface.session.retraining import Point
from dfsc.models.methods import METHODS

WIDTH, HEIGHT = 320, 170
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 8, 22
MAX_POINTS = 150
DASHES = ("none", "5 4", "1.5 4")
# Shares, from 0 on; what is lost has a logarithmic scale.
LINEAR = ("active", "found")


def curves_html(points: Sequence[Point]) -> str:
    """All plots that have points, each with a legend; losses on a logarithmic scale."""
    plots = {plot: [p for p in points if p.plot == plot] for plot in wording.PLOT_TITLES}
    return '<div class="curves">' + "".join(_plot(plot, own) for plot, own in plots.items() if own) + "</div>"


def _plot(plot: str, points: Sequence[Point]) -> str:
    logarithmic = plot not in LINEAR
    lines = _by_series(points)
    low, high = _range([value for line in lines.values() for _, value in line], logarithmic)
    end = max(1.0, *(p.seconds for p in points))
    styles = _styles(list(lines))

    def place(seconds: float, value: float) -> str:
        height = _height(value, low, high, logarithmic)
        x = LEFT + (WIDTH - LEFT - RIGHT) * seconds / end
        return f"{x:.1f},{TOP + (HEIGHT - TOP - BOTTOM) * (1 - height):.1f}"

    drawn = "".join(
        f'<polyline style="stroke:{styles[name][0]}" stroke-dasharray="{styles[name][1]}" '
        f'points="{" ".join(place(*point) for point in line)}"/>'
        for name, line in lines.items()
    )
    if plot == "found":
        drawn += "".join(_dots(line, place, styles[name][0]) for name, line in lines.items())
    legend = "".join(
        f'<li><svg width="24" height="8" aria-hidden="true"><line style="stroke:{styles[name][0]}" '
        f'stroke-dasharray="{styles[name][1]}" x1="0" x2="24" y1="4" y2="4"/></svg>{text(name)} '
        f"<b>{line[-1][1]:.3g}</b></li>"
        for name, line in lines.items()
    )
    title = wording.PLOT_TITLES[plot]
    return (
        f'<figure class="card curve" data-plot="{plot}"><figcaption>{text(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(title)}">'
        f"{_axes(low, high, logarithmic, end)}{drawn}</svg><ul>{legend}</ul></figure>"
    )


def _dots(line: Sequence[tuple[float, float]], place: Callable[[float, float], str], colour: str) -> str:
    """A dot where a value was measured, which is a few times."""
    centres = (place(*point).split(",") for point in dict.fromkeys(line))
    return "".join(f'<circle style="fill:{colour}" cx="{x}" cy="{y}" r="2.5"/>' for x, y in centres)


def _by_series(points: Sequence[Point]) -> dict[str, list[tuple[float, float]]]:
    """(seconds, value) by series; of many points evenly spread ones and the last."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for point in points:
        lines.setdefault(point.series, []).append((point.seconds, point.value))
    return {name: [*line[:: 1 + len(line) // MAX_POINTS], line[-1]] for name, line in lines.items()}


def _styles(series: list[str]) -> dict[str, tuple[str, str]]:
    """A colour a method and a dash pattern a loss; what takes no steps is dashed."""
    colours = {method.title: f"var(--{name})" for name, method in METHODS.items()}
    level = {method.title for method in METHODS.values() if not method.trained}
    patterns: dict[str, str] = {}
    styles = {}
    for name in series:
        method, _, loss = name.partition(" ")
        patterns.setdefault(loss, DASHES[len(patterns) % len(DASHES)])
        styles[name] = colours[method], DASHES[1] if method in level else patterns[loss]
    return styles


def _range(values: Sequence[float], logarithmic: bool) -> tuple[float, float]:
    """The ends of the scale: whole powers of ten around the values, or 0 to a round number above them."""
    if not logarithmic:
        return 0.0, math.ceil(10 * max(0.1, *values)) / 10
    positive = [value for value in values if value > 0] or [1.0]
    low, high = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
    return 10.0**low, 10.0 ** max(high, low + 1)


def _height(value: float, low: float, high: float, logarithmic: bool) -> float:
    """Where a value lies between both ends, 0 to 1."""
    if not logarithmic:
        return (value - low) / (high - low)
    return math.log(max(value, low) / low) / math.log(high / low)


def _axes(low: float, high: float, logarithmic: bool, end: float) -> str:
    exponents = range(round(math.log10(low)), round(math.log10(high)) + 1) if logarithmic else ()
    marks = [10.0**exponent for exponent in exponents] if logarithmic else [low, high / 2, high]
    inner = HEIGHT - TOP - BOTTOM
    parts = []
    for mark in marks:
        y = TOP + inner * (1 - _height(mark, low, high, logarithmic))
        ends = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
        parts.append(f'<line style="stroke:var(--line);stroke-width:1" {ends}/>')
        parts.append(f'<text x="{LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{mark:g}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">0 s</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{end:.0f} s</text>')
    return "".join(parts)

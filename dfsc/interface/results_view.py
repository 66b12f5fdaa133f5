"""An inspection as HTML: summary, one row of verdict and maps a method, legend, and the wipe."""

from collections.abc import Sequence

import numpy as np

from dfsc import DetectorConfig, Inspection, Result
from dfsc.figures import SCALE_END, SCALE_MARKS, css_gradient, display_copy, overlay
from dfsc.interface import wording
from dfsc.interface.defect_view import defect_html
from dfsc.interface.markup import picture, text
from dfsc.interface.photograph import Photograph
from dfsc.interface.wording import number

GRID_EDGE, THUMBNAIL_EDGE = 560, 320
STRIP_LIMITS = 2.5


def results_html(photograph: Photograph, inspection: Inspection, configs: Sequence[DetectorConfig]) -> str:
    """The whole right side of the Inspect tab; `configs` belong to the inspection's results, in their order."""
    small = display_copy(photograph.display, GRID_EDGE)
    rows = [
        _method_row(result, config, small, _ring_place(inspection, result), photograph)
        for result, config in zip(inspection.results, configs, strict=True)
    ]
    return (
        _summary(photograph, inspection)
        + '<section class="card maps" aria-label="Verdicts and maps">'
        + _column_heads()
        + "".join(rows)
        + _legend()
        + "</section>"
        + _wipe(photograph, inspection)
        + defect_html(photograph)
    )


def _ring_place(inspection: Inspection, result: Result) -> tuple[float, float]:
    """The fused peak in shares of the photograph's width and height."""
    x, y = inspection.peak_xy(result)
    width, height = inspection.size
    return x / width, y / height


def _summary(photograph: Photograph, inspection: Inspection) -> str:
    thumbnail = display_copy(photograph.display, THUMBNAIL_EDGE)
    badges = "".join(
        f'<span class="pair"><span class="method">{text(result.title)}</span>{_badge(result)}</span>'
        for result in inspection.results
    )
    return (
        '<section class="card summary" aria-label="Photograph and verdicts">'
        + picture(thumbnail, f"The inspected photograph, {photograph.name}", "photograph")
        + f'<div><p class="file" title="{text(photograph.name)}">{text(photograph.name)}</p>'
        + f'<p class="quiet">{photograph.width} × {photograph.height} pixels</p>'
        + f'<h2 class="agreement">{text(wording.agreement(inspection.results))}</h2>'
        + f'<p class="badges">{badges}</p></div></section>'
    )


def _badge(result: Result) -> str:
    return f'<strong class="badge {result.verdict}">{wording.VERDICTS[result.verdict]}</strong>'


def _column_heads() -> str:
    heads = "".join(
        f"<div><h3>{title}</h3><p>{meaning}</p></div>" for title, meaning in (wording.MAPS[key] for key in wording.MAPS)
    )
    return f'<div class="heads"><div class="corner"></div>{heads}</div>'


def _method_row(
    result: Result, config: DetectorConfig, image: np.ndarray, ring: tuple[float, float], photograph: Photograph
) -> str:
    maps = {"local": result.maps.local, "global": result.maps.global_, "fused": result.fused}
    figures = "".join(
        _figure(result, key, cells, image, ring if key == "fused" else None) for key, cells in maps.items()
    )
    return (
        f'<article class="method-row" data-method="{text(result.method)}" aria-label="{text(result.title)}">'
        + _verdict(result, config, ring[0] * photograph.width, ring[1] * photograph.height)
        + figures
        + "</article>"
    )


def _figure(result: Result, key: str, cells: np.ndarray, image: np.ndarray, ring: tuple[float, float] | None) -> str:
    title = wording.MAPS[key][0]
    alt = f"{title} map of {result.title} over the photograph, highest value {number(cells.max())}"
    mark = "" if ring is None else f'<span class="ring" style="left:{ring[0]:.2%};top:{ring[1]:.2%}"></span>'
    return (
        f'<figure class="map {key}"><div class="frame">{picture(overlay(image, cells), alt)}{mark}</div>'
        + f"<figcaption><span>{title}</span> highest <b>{number(cells.max())}</b></figcaption></figure>"
    )


def _verdict(result: Result, config: DetectorConfig, x: float, y: float) -> str:
    return (
        f'<div class="verdict {result.verdict}"><header><h3>{text(result.title)}</h3>{_badge(result)}</header>'
        + f'<p class="score"><span>Score <b>{number(result.score)}</b></span> '
        + f"<span>Limit <b>{number(result.threshold)}</b></span></p>"
        + _strip(result)
        + f"<p>{wording.standing(result)}</p><p>{wording.strongest(result, x, y)}</p>"
        + f'<p class="quiet">Limit: {wording.limit(result)}. {result.milliseconds:.0f} ms on this computer.</p>'
        + _origin(result, config)
        + "</div>"
    )


def _strip(result: Result) -> str:
    """Good parts as dots, the limit as a line and this score as a mark, from 0 to STRIP_LIMITS times the limit."""
    end = max(result.threshold, 1e-6) * STRIP_LIMITS
    good = result.calibration.good_scores(result.local_weight)

    def place(value: float) -> str:
        return f"left:{min(max(value / end, 0), 1):.1%}"

    dots = "".join(f'<i class="dot" style="{place(score)}"></i>' for score in good)
    beyond = " beyond" if result.score > end else ""
    return (
        '<div class="strip" aria-hidden="true"><div class="axis">'
        + f'{dots}<i class="limit" style="{place(result.threshold)}"></i>'
        + f'<i class="mark{beyond}" style="{place(result.score)}"></i></div>'
        + "<p><span>● good parts</span><span>┃ limit</span><span>▼ this part</span></p></div>"
    )


def _origin(result: Result, config: DetectorConfig) -> str:
    place = text(wording.checkpoint(result.source, config.name, config.size))
    if not config.training:
        return f'<p class="quiet origin">Checkpoint: {place}</p>'
    facts = "".join(f"<dt>{text(key.replace('_', ' '))}</dt><dd>{text(value)}</dd>" for key, value in _facts(config))
    return f'<details class="quiet origin"><summary>Checkpoint: {place}</summary><dl>{facts}</dl></details>'


def _facts(config: DetectorConfig) -> list[tuple[str, object]]:
    """What the checkpoint says about its training, without nested tables."""
    return [(str(key), value) for key, value in config.training.items() if isinstance(value, (str, int, float))]


def _legend() -> str:
    marks = "".join(
        f'<li style="left:{value / SCALE_END:.1%}"><b>{value_text}</b> <span>{words}</span></li>'
        for value, (value_text, words) in zip(SCALE_MARKS, wording.LEGEND, strict=True)
    )
    return (
        '<div class="legend"><div class="bar" role="img" aria-label="Colour scale from 0 to 0.3">'
        + f'<div style="background:{css_gradient()}"></div></div><ul>{marks}</ul>'
        + f'<p class="quiet">{wording.LEGEND_NOTE}</p></div>'
    )


def _wipe(photograph: Photograph, inspection: Inspection) -> str:
    """The first and the last method's fused maps, one over the other, with a line to move between them."""
    if len(inspection.results) < 2:
        return ""
    left, right = inspection.results[0], inspection.results[-1]
    pictures = [
        picture(overlay(photograph.display, result.fused), f"Fused map of {result.title}", side)
        for result, side in ((left, "left"), (right, "right"))
    ]
    label = f"Move the line between {left.title} (left) and {right.title} (right)"
    return (
        f'<section class="card wiping"><h2>Fused maps: {text(left.title)} against {text(right.title)}</h2>'
        + f'<p class="quiet">Drag the line, or use the arrow keys.</p><div class="wipe">{"".join(pictures)}'
        + '<span class="line"></span>'
        + f'<span class="tag left">{text(left.title)}</span><span class="tag right">{text(right.title)}</span>'
        + f'<input type="range" min="0" max="100" step="0.5" value="50" aria-label="{text(label)}"></div></section>'
    )

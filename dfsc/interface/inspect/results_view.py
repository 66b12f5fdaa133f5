"""An inspection as HTML: photo, a row of verdict and maps for each method, legend, sliders, and comparisons.

Verdicts and maps are left empty here: static/inspection.js fills them in, and again whenever a slider moves.
"""

from collections.abc import Sequence

from dfsc import DetectorConfig, Inspection, Result
from dfsc.inspection.colours import SCALE_END, SCALE_MARKS, css_gradient
from dfsc.inspection.results import partners
from dfsc.interface import wording
from dfsc.interface.inspect.defect_view import defect_html
from dfsc.interface.inspect.payload import compared, payload
from dfsc.interface.inspect.region_view import region_outline_html, region_switch_html
from dfsc.interface.interest import interest_html
from dfsc.interface.markup import picture, text
from dfsc.interface.session.photograph import Finding


def results_html(finding: Finding, configs: Sequence[DetectorConfig]) -> str:
    """The whole right side of the Inspect tab; its outermost element says what it is about.

    Args:
        configs: those of the inspection's results, in their order.
    """
    photograph, inspection = finding.photograph, finding.inspection
    known = payload(inspection, finding.product, photograph.width, photograph.height)
    rows = [_method_row(inspection.results, index, config) for index, config in enumerate(configs)]
    height, width = photograph.display.shape[:2]
    return (
        f'<div data-finding="{finding.number}" data-photo="{text(photograph.name)}" '
        f'data-product="{text(finding.product)}" data-inspection="{text(known)}" '
        + ("data-large " if photograph.original else "")
        # The maps have their size before they are drawn, so that nothing below them moves.
        + f'style="--wide:{width};--high:{height};--rows:{len(rows)}">'
        + '<section class="card finding" aria-label="Photo, verdicts and maps">'
        + _summary(finding)
        + f'<div class="maps">{"".join(rows)}</div>'
        + _legend()
        + "</section>"
        + _sliders(inspection.results)
        + _comparison(inspection)
        + _interest(finding)
        + defect_html(photograph)
        + "</div>"
    )


def _interest(finding: Finding) -> str:
    photograph, restricted = finding.photograph, any(result.region for result in finding.inspection.results)
    return interest_html(photograph.display, photograph.brought, wording.INTEREST_HINT, restricted)


def _summary(finding: Finding) -> str:
    photograph = finding.photograph
    return (
        '<div class="summary"><div><div role="status"><h2 class="agreement"></h2></div>'
        + f'<p class="file" title="{text(photograph.name)}">{text(photograph.name)}</p>'
        + f'<p class="quiet"><span class="as">{text(wording.inspected_as(finding.product))}</span> · '
        + f"{photograph.width} × {photograph.height} pixels</p>"
        + f'<p class="acts"><button type="button" data-act="report">{wording.REPORT_LABEL}</button> '
        + f'<button type="button" class="offer" data-act="retrain">{wording.RETRAIN_OFFER}</button></p>'
        + region_switch_html(photograph.region)
        + '</div><div class="framed">'
        + picture(photograph.display, f"The inspected photo, {photograph.name}", "photograph")
        + region_outline_html(photograph.region)
        + "</div></div>"
    )


def _sliders(results: Sequence[Result]) -> str:
    fields = "".join(
        f'<label><span>{title}</span><input type="range" name="{name}" min="{low}" max="{high}" step="{step}" '
        f'data-says="{text(says)}"><output></output></label>'
        for name, (title, low, high, step, says) in wording.SLIDERS.items()
    )
    return (
        f'<section class="card sliders" aria-label="Settings">{fields}'
        + (
            f'<label class="switch"><input type="checkbox" name="partner"> {wording.PARTNER_LABEL}</label>'
            if any(partners(results))
            else ""
        )
        + _shown_methods(results)
        + f'<p class="quiet">{wording.SLIDERS_NOTE} '
        f'<button type="button" data-act="standard">{wording.STANDARD}</button></p></section>'
    )


def _shown_methods(results: Sequence[Result]) -> str:
    """A box for each method by which its row is shown or hidden, where there are more than two."""
    if len(results) <= 2:
        return ""
    boxes = "".join(
        f'<label class="switch"><input type="checkbox" name="shown" value="{index}"> {text(result.title)}</label>'
        for index, result in enumerate(results)
    )
    return f'<fieldset class="shown"><legend>{wording.SHOWN_METHODS}</legend>{boxes}</fieldset>'


def _method_row(results: Sequence[Result], index: int, config: DetectorConfig) -> str:
    result = results[index]
    figures = "".join(
        f'<figure class="map {key}"><div class="frame"><canvas role="img"></canvas>'
        + ('<span class="ring"></span>' if key == "fused" else "")
        + '<span class="spot"></span><button type="button" class="enlarge" aria-label="'
        + text(wording.ENLARGE.format(title=result.title, map=title.lower()))
        + f'">⤢</button></div><figcaption><span>{title}</span> highest <b></b></figcaption></figure>'
        for key, (title, _) in wording.MAPS.items()
    )
    return (
        f'<article class="method-row" data-method="{text(result.method)}" aria-label="{text(result.title)}">'
        + _verdict(results, index, config)
        + figures
        + "</article>"
    )


def _verdict(results: Sequence[Result], index: int, config: DetectorConfig) -> str:
    result = results[index]
    meanings = "".join(f"<dt>{title} map</dt><dd>{text(meaning)}</dd>" for title, meaning in wording.MAPS.values())
    return (
        f'<div class="verdict"><header><h3>{_title(results, index)}</h3><strong class="badge"></strong></header>'
        + '<p class="score"><span>Score <b data-fill="score"></b></span> '
        + '<span>Limit <b data-fill="limit"></b></span></p>'
        + f'<div class="strip" aria-hidden="true" title="{wording.STRIP_SIGNS}"><div class="axis"></div></div>'
        + f'<details class="why"><summary>{wording.WHY}</summary>'
        + f'<p class="quiet" aria-hidden="true">{wording.STRIP_SIGNS}</p>'
        + '<p data-fill="standing"></p><p data-fill="strongest"></p>'
        + f'<p>Limit: <span data-fill="limit-note"></span>. {result.milliseconds:.0f} ms on the server.</p>'
        + f"<dl>{meanings}</dl>"
        + _origin(result, config)
        + "</details></div>"
    )


def _origin(result: Result, config: DetectorConfig) -> str:
    source = f'<span class="source">{text(wording.origin(result.source))}</span>'
    place = f"Checkpoint: {source} {text(wording.checkpoint(config.name, config.size))}"
    if not config.training:
        return f'<p class="quiet origin">{place}</p>'
    facts = "".join(f"<dt>{text(key.replace('_', ' '))}</dt><dd>{text(value)}</dd>" for key, value in _facts(config))
    return f'<details class="quiet origin"><summary>{place}</summary><dl>{facts}</dl></details>'


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
        + f'<p class="quiet">{wording.LEGEND_NOTE} {wording.PROBE_HINT}</p></div>'
    )


def _comparison(inspection: Inspection) -> str:
    """Two methods' fused maps, one over the other with a line to move, and their difference."""
    pair = compared(inspection.results)
    if pair is None:
        return ""
    first, last = ('<span data-side="0"></span>', '<span data-side="1"></span>')
    note = wording.DIFFERENCE_NOTE.format(first=first, last=last)
    choices = [
        f'<select name="side" data-place="{place}" aria-label="{label}">'
        + "".join(
            f'<option value="{index}" data-title="{index}"{" selected" * (index == chosen)}>'
            f"{text(result.title)}</option>"
            for index, result in enumerate(inspection.results)
        )
        + "</select>"
        for place, (label, chosen) in enumerate(zip(wording.SIDES, pair, strict=True))
    ]
    return (
        f'<div class="compared"><section class="card wiping"><h2>Fused maps: {choices[0]} against {choices[1]}</h2>'
        + '<p class="quiet">Drag the line, or use the arrow keys.</p><div class="wipe">'
        + '<canvas class="left" role="img" aria-label="Fused map on the left"></canvas>'
        + '<canvas class="right" role="img" aria-label="Fused map on the right"></canvas><span class="line"></span>'
        + '<span class="tag left" data-side="0"></span><span class="tag right" data-side="1"></span>'
        + f'<input type="range" min="0" max="100" step="0.5" value="50" aria-label="{wording.WIPE_LABEL}">'
        + "</div></section>"
        + f'<section class="card difference"><h2>Difference: {last} − {first}</h2><p class="quiet">{note}</p>'
        + '<canvas role="img" aria-label="Difference of both fused maps"></canvas></section></div>'
    )


def _title(results: Sequence[Result], index: int) -> str:
    """A method's title, which the page's script changes while its partner is judged with it."""
    return f'<span data-title="{index}">{text(results[index].title)}</span>'

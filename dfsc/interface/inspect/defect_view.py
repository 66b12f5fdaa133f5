"""The panel for making a defect, and the effect of the pointer's strokes on the photo.

The browser sends all strokes of a photo each time, so that none is lost, doubled or out of order on a slow line.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from dfsc import DFSCError
from dfsc.images.decoding import resize_for_network
from dfsc.images.handmade import copy, erase, scratch
from dfsc.interface import wording
from dfsc.interface.markup import picture, text
from dfsc.interface.session.photograph import Photograph, Stroke

MAX_POINTS = 4000
MAX_STROKES = 24

Places = tuple[tuple[float, float], ...]


def defect_html(photograph: Photograph) -> str:
    """The photograph with a choice of tools; static/defect.js listens to the pointer."""
    tools = "".join(
        f'<label title="{text(meaning)}"><input type="radio" name="defect-tool" value="{tool}"'
        f"{' checked' if tool == 'erase' else ''}> {title}</label>"
        for tool, (title, meaning) in wording.DEFECT_TOOLS.items()
    )
    hints = "".join(
        f'<p class="hint {tool}">{text(meaning)}</p>' for tool, (_, meaning) in wording.DEFECT_TOOLS.items()
    )
    undo = f'<button type="button">{wording.DEFECT_UNDO}</button>' if photograph.strokes else ""
    return (
        f'<section class="card defect" data-brought="{photograph.brought}" data-strokes="{len(photograph.strokes)}">'
        f"<h2>{wording.DEFECT_TITLE}</h2>"
        f'<div class="tools" role="radiogroup" aria-label="{wording.DEFECT_TITLE}">{tools}{undo}</div>{hints}'
        f'<p class="hint place">{wording.DEFECT_PLACE}</p><p class="hint touch">{wording.DEFECT_TOUCH}</p>'
        f'<div class="drawn"><div class="stage" tabindex="0" role="group" aria-label="{wording.DEFECT_STAGE}">'
        f"{picture(photograph.display, wording.DEFECT_TITLE)}"
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"></svg></div>'
        '<div class="echo"></div></div></section>'
    )


def with_defects(photograph: Photograph, strokes: object) -> Photograph:
    """The photo after exactly these strokes; raises DFSCError for invalid ones.

    Args:
        strokes: from the browser: a list of {"tool": …, "points": [[x, y], …]}, the earlier ones first.
    """
    untouched, wanted = photograph.untouched or photograph, _strokes(strokes)
    if not wanted:
        return untouched
    done = photograph.strokes if photograph.strokes == wanted[: len(photograph.strokes)] else ()
    image = photograph.display if done else untouched.display
    for tool, places in wanted[len(done) :]:
        image = _changed(image, tool, places)
    return replace(
        untouched,
        name=wording.with_defect(untouched.name),
        display=image,
        network=resize_for_network(image),
        digest="",
        region=None,
        original=b"",
        strokes=wanted,
        untouched=untouched,
    )


def _changed(image: np.ndarray, tool: str, places: Places) -> np.ndarray:
    if tool == "erase" and len(places) == 2:
        return erase(image, (*places[0], *places[1]))
    if tool == "copy" and len(places) == 3:
        return copy(image, (*places[0], *places[1]), places[2])
    if tool == "scratch":
        return scratch(image, places)
    raise DFSCError(wording.UNKNOWN_STROKE)


def _strokes(record: Any) -> tuple[Stroke, ...]:
    try:
        strokes = tuple((str(stroke["tool"]), _places(stroke["points"])) for stroke in record)
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise DFSCError(wording.UNKNOWN_STROKE) from error
    if len(strokes) > MAX_STROKES:
        raise DFSCError(wording.TOO_MANY_STROKES)
    return strokes


def _places(points: Any) -> Places:
    """Pairs of numbers from 0 to 1; raises what is caught above for anything else."""
    places = tuple((float(x), float(y)) for x, y in points)[:MAX_POINTS]
    if not all(0 <= value <= 1 for place in places for value in place):
        raise ValueError
    return places

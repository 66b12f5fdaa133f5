"""The panel on which a visitor makes a defect, and what his pointer's strokes do to the photograph."""

from collections.abc import Sequence
from dataclasses import replace

from dfsc import DFSCError
from dfsc.images import resize_for_network
from dfsc.interface import wording
from dfsc.interface.markup import picture, text
from dfsc.interface.photograph import Photograph
from dfsc.tampering import copy, erase, scratch

MAX_POINTS = 4000
MAX_UNDO = 12


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
    undo = f'<button type="button">{wording.DEFECT_UNDO}</button>' if photograph.history else ""
    return (
        f'<section class="card defect"><h2>{wording.DEFECT_TITLE}</h2>'
        f'<div class="tools" role="radiogroup" aria-label="{wording.DEFECT_TITLE}">{tools}{undo}</div>{hints}'
        f'<p class="hint place">{wording.DEFECT_PLACE}</p><p class="hint touch">{wording.DEFECT_TOUCH}</p>'
        f'<div class="stage">{picture(photograph.display, wording.DEFECT_TITLE)}'
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"></svg></div></section>'
    )


def with_defect(photograph: Photograph, tool: object, points: object) -> Photograph:
    """The photograph after a stroke, or before the last one for "undo"; raises DFSCError for what can't be done."""
    if tool == "undo":
        return _undone(photograph)
    places = _places(points)
    image = photograph.display
    if tool == "erase" and len(places) == 2:
        image = erase(image, (*places[0], *places[1]))
    elif tool == "copy" and len(places) == 3:
        image = copy(image, (*places[0], *places[1]), places[2])
    elif tool == "scratch":
        image = scratch(image, places)
    else:
        raise DFSCError(wording.UNKNOWN_STROKE)
    name = photograph.name if photograph.history else wording.with_defect(photograph.name)
    history = (*photograph.history, (photograph.name, photograph.display, photograph.network))[-MAX_UNDO:]
    return replace(photograph, name=name, display=image, network=resize_for_network(image), history=history)


def _undone(photograph: Photograph) -> Photograph:
    if not photograph.history:
        return photograph
    *earlier, (name, display, network) = photograph.history
    return replace(photograph, name=name, display=display, network=network, history=tuple(earlier))


def _places(points: object) -> Sequence[tuple[float, float]]:
    """Strokes come from a browser: pairs of numbers from 0 to 1, or a sentence."""
    try:
        places = [(float(x), float(y)) for x, y in points][:MAX_POINTS]
    except (TypeError, ValueError) as error:
        raise DFSCError(wording.UNKNOWN_STROKE) from error
    if not all(0 <= value <= 1 for place in places for value in place):
        raise DFSCError(wording.UNKNOWN_STROKE)
    return places

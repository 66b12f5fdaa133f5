"""The panel in which a visitor draws what counts of a product's photos; static/interest.js listens to the pointer."""

import numpy as np

from dfsc import DFSCError, Region
from dfsc.annotations.outlines import fill
from dfsc.interface import wording
from dfsc.interface.markup import picture, text
from dfsc.interface.session.photograph import Photograph

MAX_CORNERS = 400


def interest_html(photograph: Photograph, has_region: bool) -> str:
    """The photograph to draw on, and buttons; `has_region` says whether there is something to take back."""
    whole = "" if has_region else " hidden"
    return (
        f'<details class="card interest" data-brought="{photograph.brought}"><summary><h2>{wording.INTEREST_TITLE}</h2>'
        f'</summary><p class="quiet">{wording.INTEREST_HINT}</p>'
        f'<div class="stage" tabindex="0" role="group" aria-label="{text(wording.INTEREST_STAGE)}">'
        f"{picture(photograph.display, wording.INTEREST_TITLE)}"
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"></svg></div>'
        f'<p class="acts"><button type="button" data-do="done" disabled>{wording.INTEREST_DONE}</button> '
        f'<button type="button" data-do="anew" disabled>{wording.INTEREST_ANEW}</button> '
        f'<button type="button" data-do="whole"{whole}>{wording.INTEREST_WHOLE}</button></p></details>'
    )


def drawn_region(corners: object, photograph: Photograph) -> Region | None:
    """The region within a polygon; None for no corners, as the whole photograph counts then.

    Args:
        corners: from the browser: [[x, y], …] in shares of width and height.

    Raises:
        DFSCError: for what is no polygon, or too small.
    """
    if corners == []:
        return None
    height, width = photograph.display.shape[:2]
    try:
        points = np.array(corners, np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or not 3 <= len(points) <= MAX_CORNERS:
            raise ValueError("no polygon")
        if not ((points >= 0) & (points <= 1)).all():
            raise ValueError("outside of the photograph")
        marked = np.zeros((height, width), bool)
        fill(marked, points * (width, height))
    except (TypeError, ValueError, OverflowError) as error:
        raise DFSCError(wording.UNKNOWN_REGION) from error
    return Region.drawn(marked)

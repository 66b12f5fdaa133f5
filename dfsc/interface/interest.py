"""The panel in which a visitor draws what counts of photos; static/outline.js listens to the pointer."""

import numpy as np

from dfsc import DFSCError, Region
from dfsc.annotations.outlines import fill
from dfsc.interface import wording
from dfsc.interface.markup import picture, text

MAX_CORNERS = 400
# Of what is drawn, before the maps' cells are asked which of them lie within.
EDGE = 1024


def interest_html(image: np.ndarray, brought: int, hint: str, has_region: bool) -> str:
    """A photo to draw on, and buttons.

    Args:
        image: RGB uint8 H×W×3.
        brought: a number that changes with the photo.
        has_region: whether there is something to take back.
    """
    whole, opened = ("", " open") if has_region else (" hidden", "")
    return (
        f'<details class="card interest"{opened} data-brought="{brought}"><summary><h2>{wording.INTEREST_TITLE}</h2>'
        f'</summary><p class="quiet">{hint}</p>'
        f'<div class="stage" tabindex="0" role="group" aria-label="{text(wording.INTEREST_STAGE)}">'
        f"{picture(image, wording.INTEREST_TITLE)}"
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"></svg></div>'
        f'<p class="acts"><button type="button" data-do="done" disabled>{wording.INTEREST_DONE}</button> '
        f'<button type="button" data-do="anew" disabled>{wording.INTEREST_ANEW}</button> '
        f'<button type="button" data-do="whole"{whole}>{wording.INTEREST_WHOLE}</button></p></details>'
    )


def drawn_region(corners: object) -> Region | None:
    """The region within a polygon; None for no corners, as the whole photograph counts then.

    Args:
        corners: from the browser: [[x, y], …] in shares of width and height.

    Raises:
        DFSCError: for what is no polygon, or too small.
    """
    if corners == []:
        return None
    try:
        points = np.array(corners, np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or not 3 <= len(points) <= MAX_CORNERS:
            raise ValueError("no polygon")
        if not ((points >= 0) & (points <= 1)).all():
            raise ValueError("outside of the photograph")
        marked = np.zeros((EDGE, EDGE), bool)
        fill(marked, points * EDGE)
    except (TypeError, ValueError, OverflowError) as error:
        raise DFSCError(wording.UNKNOWN_REGION) from error
    return Region.drawn(marked)

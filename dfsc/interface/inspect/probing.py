"""All values at one spot of the inspected photo, and how they rank among the good parts there."""

import numpy as np

from dfsc import Inspection, Result
from dfsc.geometry import cell_at
from dfsc.interface import wording
from dfsc.interface.markup import text
from dfsc.interface.session.photograph import Photograph
from dfsc.interface.wording import number


def place_from(at: object) -> tuple[float, float] | None:
    """Shares (0 to 1) of the photograph's width and height from the browser; None if invalid."""
    if not isinstance(at, list) or len(at) != 2 or not all(isinstance(v, (int, float)) and 0 <= v <= 1 for v in at):
        return None
    return float(at[0]), float(at[1])


def probe_html(
    inspection: Inspection, at: tuple[float, float], photograph: Photograph, finding: int, click: object
) -> str:
    """A table with a row per method: local, global and fused value at a spot, each with its rank among good parts.

    Args:
        at: shares of the photograph's width and height.
        finding: number of the finding with these values.
        click: number of the click, counted by the browser.
    """
    cell = cell_at(*at)
    place = wording.PROBE_PLACE.format(x=round(at[0] * photograph.width), y=round(at[1] * photograph.height))
    values = f"<p>{wording.PROBE_BORDER}</p>" if cell is None else _table(inspection, cell)
    close = f'<button type="button" data-act="close" aria-label="{wording.PROBE_CLOSE}">✕</button>'
    return (
        f'<section class="card probe" data-of="{finding}" data-click="{text(click)}">'
        + f"<header><h3>{place}</h3>{close}</header>{values}</section>"
    )


def _table(inspection: Inspection, cell: tuple[int, int]) -> str:
    heads = "".join(f"<th>{title}</th>" for title, _ in wording.MAPS.values())
    rows = "".join(_row(result, *cell) for result in inspection.results)
    return f'<div class="scrolled"><table><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(result: Result, row: int, column: int) -> str:
    good = result.good.maps
    pairs = (
        (result.maps.local, good.local),
        (result.maps.global_, good.global_),
        (result.fused, good.fused(result.local_weight)),
    )
    cells = "".join(_cell(float(cells[row, column]), of_good[:, row, column]) for cells, of_good in pairs)
    return f"<tr><th>{text(result.title)}</th>{cells}</tr>"


def _cell(value: float, of_good: np.ndarray) -> str:
    below = int((of_good < value).sum())
    return f"<td><b>{number(value)}</b> {wording.PROBE_RANK.format(below=below, count=len(of_good))}</td>"

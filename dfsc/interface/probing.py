"""All values at one place of the inspected photograph, and where they stand among the good parts there."""

import numpy as np

from dfsc import Inspection, Result
from dfsc.interface import wording
from dfsc.interface.markup import text
from dfsc.interface.wording import number
from dfsc.placement import cell_at


def place_from(event: object) -> tuple[float, float] | None:
    """Shares (0 to 1) of the photograph's width and height as a browser tells them; None for anything else."""
    at = getattr(event, "at", None)
    if not isinstance(at, list) or len(at) != 2 or not all(isinstance(v, (int, float)) and 0 <= v <= 1 for v in at):
        return None
    return float(at[0]), float(at[1])


def probe_html(inspection: Inspection, at: tuple[float, float], width: int, height: int) -> str:
    """A table with a row a method: local, global and fused value at a place, each with its rank among good parts.

    Args:
        at: shares of the photograph's width and height.
        width, height: of the original photograph, in pixels.
    """
    cell = cell_at(*at)
    heading = wording.PROBE_PLACE.format(x=round(at[0] * width), y=round(at[1] * height))
    if cell is None:
        return f'<section class="card probe"><h3>{heading}</h3><p>{wording.PROBE_BORDER}</p></section>'
    heads = "".join(f"<th>{title}</th>" for title, _ in wording.MAPS.values())
    rows = "".join(_row(result, *cell) for result in inspection.results)
    return (
        f'<section class="card probe"><h3>{heading}</h3><div class="scrolled"><table><thead><tr><th></th>{heads}</tr>'
        + f"</thead><tbody>{rows}</tbody></table></div></section>"
    )


def _row(result: Result, row: int, column: int) -> str:
    good = result.calibration.normalised_good
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

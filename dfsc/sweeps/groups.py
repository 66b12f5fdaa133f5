"""Which cells are computed together: those that differ in method or constraint alone."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from math import ceil

from dfsc.networks import MAP_SIZE, SIZES
from dfsc.objectives import METHODS
from dfsc.plan import Schedule
from dfsc.recipe import MAX_COPIES_IN_ALL, planned
from dfsc.sweeps.cells import Cell

# What the cells of a group may keep of their auto-encoders' output, all together.
KEPT_BYTES = 4 * 2**30

Group = tuple[Cell, ...]


def divided(cells: Sequence[Cell], workers: int = 1) -> list[Group]:
    """Cells in groups, neighbours staying so, each group with those first from which the others take the most over.

    Args:
        workers: groups are made small enough to keep as many at work, if there are as many cells.
    """
    alike: dict[str, list[Cell]] = {}
    for cell in cells:
        alike.setdefault(_shared(cell), []).append(cell)
    pieces = ceil(workers / max(1, len(alike)))
    return [group for members in alike.values() for group in _pieces(sorted(members, key=_parting), pieces)]


def _shared(cell: Cell) -> str:
    """All that decides what a cell learns before the constraint begins."""
    plan = asdict(planned(cell.recipe))
    separation = plan.pop("separation")
    settings = {name: value for name, value in cell.settings.items() if name not in {"method", *separation}}
    alone = cell.name if planned(cell.recipe).schedule is Schedule.JOINT else ""
    return json.dumps([str(cell.folder), alone, plan, settings], sort_keys=True, default=str)


def _parting(cell: Cell) -> float:
    """The later a cell's constraint begins, the earlier it comes."""
    return -planned(cell.recipe).separation.warm_up if METHODS[cell.method].separates else -2.0


def _pieces(cells: list[Cell], least: int) -> list[Group]:
    """At least as many pieces as said, if there are as many cells, and none that keeps too much."""
    kept = MAX_COPIES_IN_ALL * SIZES[cells[0].recipe.size].teacher_channels * MAP_SIZE**2 * 2
    count = min(len(cells), max(least, ceil(len(cells) * kept / KEPT_BYTES)))
    bounds = [round(number * len(cells) / count) for number in range(count + 1)]
    return [tuple(cells[start:end]) for start, end in pairwise(bounds)]

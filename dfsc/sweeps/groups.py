"""Which cells are computed together: those that differ in method, constraint or coding alone."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from dfsc.datasets import open_dataset
from dfsc.geometry import MAP_SIZE
from dfsc.models.methods import METHODS
from dfsc.models.networks import SIZES
from dfsc.sweeps.cells import Cell
from dfsc.training.recipe import copies_each

# What all workers together may keep of their cells' auto-encoders' output, in bfloat16.
KEPT_BYTES = 6 * 2**30

Group = tuple[Cell, ...]


def divided(cells: Sequence[Cell], workers: int = 1) -> list[Group]:
    """Cells in groups, neighbours staying so, each group with those first from which the others take the most over.

    Args:
        workers: as many groups or more, if there are as many cells, and small enough for so many processes' memory.
    """
    alike: dict[str, list[Cell]] = {}
    for cell in cells:
        alike.setdefault(_shared(cell), []).append(cell)
    groups: list[Group] = []
    for members in alike.values():
        most = max(1, KEPT_BYTES // workers // _kept_bytes(members[0]))
        ordered = tuple(sorted(members, key=_parting))
        groups += [ordered[start : start + most] for start in range(0, len(ordered), most)]
    while len(groups) < min(workers, len(cells)):
        number, largest = max(enumerate(groups), key=lambda pair: len(pair[1]))
        half = (len(largest) + 1) // 2
        groups[number : number + 1] = [largest[:half], largest[half:]]
    return groups


def _shared(cell: Cell) -> str:
    """All that decides what a cell learns, but for its method's own settings."""
    plan = asdict(cell.plan)
    separation, consistency = plan.pop("separation"), plan.pop("consistency")
    idle = {"method", *separation, *consistency}
    settings = {name: value for name, value in cell.settings.items() if name not in idle}
    return json.dumps([str(cell.folder), plan, settings], sort_keys=True, default=str)


def _parting(cell: Cell) -> float:
    """The later a cell's constraint begins, the earlier it comes."""
    return -METHODS[cell.method].parts_at(cell.plan.separation)


def _kept_bytes(cell: Cell) -> int:
    fitted, plan = len(open_dataset(cell.folder).train), cell.plan
    rows = min(fitted * copies_each(cell.recipe, fitted), plan.student_steps * plan.student_batch)
    return rows * SIZES[cell.recipe.size].teacher_channels * MAP_SIZE**2 * 2

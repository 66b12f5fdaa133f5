"""The papers' table: MVTec LOCO AD's five categories, EAD-S and DFSC, beside the published figures."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from dfsc.datasets import open_dataset
from dfsc.errors import DatasetError
from dfsc.evaluation.evaluation import ALL, FAMILIES, MEAN
from dfsc.machine import Device
from dfsc.material.training_set import MIN_IMAGES
from dfsc.models.methods import METHODS
from dfsc.reporting.formats import markdown_table, percent
from dfsc.sweeps.cells import Cell
from dfsc.sweeps.summary import Row
from dfsc.sweeps.workbench import Workbench
from dfsc.training.recipe import begin
from dfsc.training.training import paces

CATEGORIES = ("breakfast_box", "juice_bottle", "pushpins", "screw_bag", "splicing_connectors")
GROUPS = (*FAMILIES, MEAN, ALL)


@dataclass(frozen=True)
class Published:
    """A mean over the five categories as printed elsewhere, in percent; None where it is not given."""

    method: str
    logical: float | None
    structural: float | None
    mean: float
    source: str


PUBLISHED = (
    Published("EAD-S", 85.8, 94.1, 90.0, "Batzner et al., arXiv 2303.14535"),
    Published("EAD-M", 86.8, 94.7, 90.7, "Batzner et al., arXiv 2303.14535"),
    Published("DFSC", None, None, 92.0, "Lee & Kim, arXiv 2407.17909; 1.3 above its baseline, size not stated there"),
)


def category_folders(root: Path) -> list[Path]:
    """The five categories' folders.

    Raises:
        DatasetError: naming those that are missing.
    """
    missing = [name for name in CATEGORIES if not (root / name).is_dir()]
    if missing:
        raise DatasetError(
            f"{root} was expected to hold MVTec LOCO AD's five categories, but lacks {', '.join(missing)}."
        )
    return [root / name for name in CATEGORIES]


def expected_seconds(cells: Sequence[Cell], device: Device | None = None) -> float:
    """How long cells will take on this machine: a few images are decoded and looked at, a few steps of EAD-S taken.

    Several workers share the processor, so they are not reckoned with. Neighbouring cells of a category and a seed
    share what they prepare.
    """
    in_steps = [cell for cell in cells if METHODS[cell.method].trained]
    costs = _costs((in_steps or cells)[0], device)
    seconds, prepared = 0.0, set()
    for cell in cells:
        dataset = open_dataset(cell.folder)
        good = len(dataset.train) + len(dataset.validation)
        if (cell.dataset, cell.recipe.seed) not in prepared:
            prepared.add((cell.dataset, cell.recipe.seed))
            seconds += good * costs.image
        seconds += (cell.recipe.steps or 0) * costs.step + len(dataset.test) * costs.image
    return seconds


@dataclass(frozen=True)
class _Costs:
    """Seconds an image (decoding, networks) and a step of all stages take."""

    image: float
    step: float


def _costs(cell: Cell, device: Device | None) -> _Costs:
    dataset = open_dataset(cell.folder)
    few = replace(dataset, train=dataset.train[:MIN_IMAGES], validation=dataset.validation[:MIN_IMAGES])
    recipe = replace(cell.recipe, copies=cell.recipe.copies or 2)
    bench = Workbench(device=device)
    bench.gathered(replace(few, train=few.train[:1] * MIN_IMAGES, validation=()), recipe)  # what is needed only once
    started = time.monotonic()
    material = bench.gathered(few, recipe)
    image = (time.monotonic() - started) / (len(few.train) + len(few.validation))
    plan = begin(cell.recipe, material).plan
    pace = paces(plan, material.data, material.penalty)
    steps = {"autoencoder": plan.autoencoder_steps, "imitation": plan.imitation_steps}
    share = {stage: count / plan.student_steps for stage, count in steps.items()}
    return _Costs(image, sum(seconds * share.get(stage, 1.0) for stage, seconds in pace.items()))


def table(rows: Sequence[Row]) -> str:
    """Markdown: image AUROC in percent of each category and of their mean, then what is published.

    Rows of other settings than their method, size and constraint stand in blocks of their own.
    """
    heads = ["method", "category", *GROUPS, "seeds"]
    lines = []
    for title in dict.fromkeys(map(_title, rows)):
        members = [row for row in rows if _title(row) == title]
        lines += [_line(title, row.settings["dataset"], [row]) for row in members]
        if {row.settings["dataset"] for row in members if row.seeds} == set(CATEGORIES):
            lines.append(_line(title, "**mean**", members))
    return markdown_table(heads, [*lines, *_published_lines()])


def _title(row: Row) -> str:
    """Method, size and how it was trained: what a figure must not be read without."""
    settings = row.settings
    method = METHODS[settings["method"]]
    if not method.trained:
        return f"{method.title}, {settings['size']}, in closed form"
    published = "published recipe" if settings["as_published"] else settings["schedule"]
    parts = [method.title, settings["size"], f"{settings['steps']} steps, {published}"]
    if "tau" in settings:
        margin = f"m {settings['margin']:g}" if "margin" in settings else f"κ {settings['margin_ratio']:g}"
        parts.append(f"τ′ {settings['tau']:g}, {margin}")
    return ", ".join(parts)


def _line(method: str, category: str, rows: Sequence[Row]) -> list[str]:
    figures = []
    for group in GROUPS:
        values = [mean(row.auroc(group)) for row in rows if row.auroc(group)]
        figures.append(percent(mean(values)) if len(values) == len(rows) else "")
    seeds = min(len(row.seeds) for row in rows)
    diverged = sum(len(row.diverged) for row in rows)
    count = f"{seeds}, {diverged} diverged" if diverged else str(seeds)
    return [method, category, *figures, count]


def _published_lines() -> Iterator[list[str]]:
    for line in PUBLISHED:
        figures = ["" if value is None else f"{value:.1f}" for value in (line.logical, line.structural, line.mean)]
        yield [f"{line.method}, published", f"mean ({line.source})", *figures, "", ""]

"""python -m dfsc sweep: train and evaluate every combination of settings, resumable, on one machine or many."""

import argparse
import json
import sys
import time
from pathlib import Path

from dfsc.commands import recipe_options
from dfsc.machine import Device
from dfsc.sweeps.cells import Cell, check_datasets, grid, read_results
from dfsc.sweeps.picture import tau_picture
from dfsc.sweeps.running import missing, run_missing
from dfsc.sweeps.summary import as_json, summarise, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DIR", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder for results, table and plot")
    recipe_options.add_swept_arguments(parser)
    parser.add_argument(
        "--cross-validated", action="store_true", help="each seed tests on a different quarter of the good images"
    )
    parser.add_argument("--pixels", action="store_true", help="also measure sPRO or AUPRO and pixel AUROC; retrains")
    parser.add_argument("--workers", type=int, default=1, help="parallel trainings (%(default)s)")
    parser.add_argument(
        "--ray", nargs="?", const="local", metavar="ADDRESS", help="run on Ray, on this machine or a cluster"
    )


def run(options: argparse.Namespace) -> int:
    """Exit status 0; the table goes to standard output and into the folder."""
    check_datasets(options.dataset, options.pixels)
    recipes = recipe_options.recipes(options)
    cells = grid(options.dataset, recipes, options.cross_validated, options.pixels)
    follow(cells, options.out, options.workers, options.ray, options.device)
    sys.stdout.write(_write_summary(options.out) + "\n")
    return 0


def follow(cells: list[Cell], folder: Path, workers: int, ray: str | None = None, device: Device | None = None) -> None:
    """Run the missing trainings of a sweep, with progress on standard error."""
    todo = len(missing(cells, folder))
    sys.stderr.write(f"{len(cells)} trainings, {len(cells) - todo} of them done already\n")
    started = time.monotonic()
    done = 0
    for group in run_missing(cells, folder, workers, ray, device):
        done += len(group)
        left = (time.monotonic() - started) / done * (todo - done)
        names = ", ".join(cell.name for cell in group)
        sys.stderr.write(f"{done}/{todo} {names}; {left / 60:.0f} min left\n")


def _write_summary(folder: Path) -> str:
    """Write sweep.md, sweep.json and tau.png over all results in the folder, and return the table."""
    rows = summarise(read_results(folder))
    text = table(rows)
    lines = [
        "Image AUROC of the fused map in percent, mean ± standard deviation over seeds. Δ: gain over EAD-S with the "
        "same seeds and images, in points, with a 95 % bootstrap interval over seeds and images; with few seeds it is "
        "too narrow, and with one seed it only reflects differences between images.",
        text,
    ]
    if tau_picture(rows, folder / "tau.png"):
        lines.append("![AUROC against τ′](tau.png)")
    (folder / "sweep.md").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    (folder / "sweep.json").write_text(json.dumps(as_json(rows), indent=1) + "\n", encoding="utf-8")
    return text

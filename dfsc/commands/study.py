"""python -m dfsc study: write the data of the page's Compare tab, small JSON files in weights/study."""

import argparse
import sys
from pathlib import Path

from dfsc.commands import device_option
from dfsc.datasets import open_dataset
from dfsc.models.separation import SeparationSettings
from dfsc.study.cases import HANDFUL, Outcome
from dfsc.study.figures import Setting, study_of
from dfsc.study.file import read_sweep, write_study
from dfsc.study.judging import select
from dfsc.study.selection import Selection, study_folder, write_selection
from dfsc.study.switches import switches_of
from dfsc.training.progress import Throttle

REPORT_SECONDS = 10.0
OUTCOME_TITLES = {
    Outcome.ONLY_DFSC: "only DFSC right",
    Outcome.ONLY_EAD_S: "only EAD-S right",
    Outcome.BOTH_WRONG: "both wrong",
    Outcome.BOTH_RIGHT: "both right",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    tables = parts.add_parser("tables", help="tables and curves from sweep folders")
    tables.add_argument("sweep", metavar="FOLDER", type=Path, nargs="+", help="--out of `python -m dfsc sweep`")
    tables.add_argument(
        "--meaning", type=Path, required=True, metavar="FILE", help="conclusion in three sentences, one per line"
    )
    tables.add_argument(
        "--held-out", nargs="*", default=[], metavar="PRODUCT", help="products not used to choose settings"
    )
    tables.add_argument(
        "--switches",
        type=Path,
        nargs="*",
        default=[],
        metavar="FOLDER",
        help="sweeps that change one setting at a time",
    )
    defaults = SeparationSettings()
    tables.add_argument("--tau", type=float, default=defaults.tau, help="τ′ of DFSC in the tables (%(default)s)")
    margin = tables.add_mutually_exclusive_group()
    margin.add_argument(
        "--margin-ratio", type=float, default=defaults.margin_ratio, help="κ of DFSC in the tables (%(default)s)"
    )
    margin.add_argument("--margin", type=float, help="or the absolute margin of DFSC in the tables")
    images = parts.add_parser("images", help="test images of interest, judged by the product's embedded detectors")
    images.add_argument("dataset", metavar="DIR", type=Path)
    images.add_argument("--product", required=True)
    images.add_argument("--handful", type=int, default=HANDFUL, help="images per outcome (%(default)s)")
    device_option.add_argument(images)
    for part in (tables, images):
        part.add_argument("--out", type=Path, metavar="FOLDER", help="folder to write to (weights/study)")


def run(options: argparse.Namespace) -> int:
    folder = options.out or study_folder()
    file = _tables(options, folder) if options.part == "tables" else _images(options, folder)
    sys.stdout.write(f"{file}\n")
    return 0


def _tables(options: argparse.Namespace, folder: Path) -> Path:
    lines = options.meaning.read_text(encoding="utf-8").splitlines()
    ratio = None if options.margin is not None else options.margin_ratio
    compared = Setting(options.tau, ratio, options.margin)
    meaning = [line.strip() for line in lines if line.strip()]
    sweeps = [read_sweep(sweep) for sweep in options.sweep]
    switches = switches_of([read_sweep(sweep) for sweep in options.switches]) if options.switches else None
    return write_study(study_of(meaning, compared, sweeps, options.held_out, switches), folder)


def _images(options: argparse.Namespace, folder: Path) -> Path:
    report = Throttle(REPORT_SECONDS)

    def progress(done: int, total: int) -> None:
        if report.due():
            sys.stderr.write(f"{done}/{total} images judged\n")

    selection = select(options.product, open_dataset(options.dataset), options.handful, progress, options.device)
    sys.stderr.write(_summary(selection) + "\n")
    return write_selection(selection, folder)


def _summary(selection: Selection) -> str:
    """One line per outcome: how many images there are, and how many were chosen."""
    lines = [f"{selection.total} test images of {selection.product}"]
    for outcome in Outcome:
        chosen = len(selection.of(outcome))
        lines.append(f"{OUTCOME_TITLES[outcome]}: {selection.counts[outcome]} images, {chosen} of them chosen")
    return "\n".join(lines)

"""inspect --out: any number of photographs to a table, on one process, several, or Ray; goes on where it stopped."""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import dfsc
from dfsc.commands import detector_options, judging_options
from dfsc.commands.bits_warning import warn_of_bits
from dfsc.errors import DFSCError, ImageError
from dfsc.images.decoding import check_bits
from dfsc.images.named import Named, photographs
from dfsc.inspection import parquet
from dfsc.inspection.growing_table import HEADER, GrowingTable, left_out_file

if TYPE_CHECKING:
    from dfsc.inspection.bulk import Inspected, Judge

CSV, PARQUET = ".csv", ".parquet"
# Photographs that a worker is given at a time.
PIECE = 32
TELL_SECONDS = 10.0
SAMPLE = 20


@dataclass(frozen=True)
class Wanted:
    """The options that decide what is found, called as they are there; each worker prepares it for itself."""

    product: tuple[str, ...]
    checkpoint: tuple[str, ...]
    region: Path | None
    good: Path | None
    device: str | None
    partner: bool
    bits: int | None
    mix: float
    reject: int
    maps: Path | None
    threads: int | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    many = parser.add_argument_group("many photos")
    many.add_argument(
        "--out", type=Path, metavar="FILE", help="table (.csv or .parquet) of any number of photos; resumes"
    )
    many.add_argument("--workers", type=int, metavar="N", help="with --out: processes, or Ray tasks at a time (1)")
    many.add_argument(
        "--ray", nargs="?", const="local", metavar="ADDRESS", help="with --out: on Ray, on this machine or a cluster"
    )


def is_asked_for(options: argparse.Namespace) -> bool:
    """Whether there is --out; raises DFSCError for options that only go with it, or don't."""
    if options.out is None:
        if options.workers is not None or options.ray:
            raise DFSCError("--workers and --ray spread what --out writes; name its file, such as --out results.csv.")
        return False
    if options.json or options.csv or options.maps_layout:
        raise DFSCError("--json, --csv and --maps-layout are for few photos; leave them out with --out.")
    if options.out.suffix not in (CSV, PARQUET):
        raise DFSCError(f"--out writes a table, .csv or .parquet, so it can't be {options.out}.")
    return True


def run(options: argparse.Namespace) -> int:
    """Exit status 0; 1 if files were left out, which are in a table of their own."""
    check_bits(options.bits)
    workers = 1 if options.workers is None else options.workers
    if workers < 1:
        raise DFSCError(f"At least one worker is needed, not {workers}.")
    table = _table_file(options.out)
    _check_maps(options.maps, table)
    total = sum(1 for _ in _named(options.images, table))
    if not total:
        raise ImageError(
            f"There are no photographs in {', '.join(options.images)}; name a folder, zip or list of some."
        )
    spread = workers > 1 or options.ray
    wanted = _wanted(options, _threads_each(workers) if spread else None)
    judge = _judge(wanted)
    warn_of_bits(_sample(_named(options.images, table)), judge.inspector.bits)
    with GrowingTable(table, judge.marks()) as growing:
        todo = (named for named in _named(options.images, table) if named.name not in growing.known)
        found = _spread(wanted, todo, workers, options.ray) if spread else _here(judge, todo, wanted.maps)
        for part in _told(found, total, len(growing.known)):
            growing.write(part.rows, part.left_out, part.count)
    if options.out != table:
        parquet.write_parquet(table, HEADER, options.out)
        table.unlink()
    return _end(growing, options.out, table)


def _table_file(out: Path) -> Path:
    """The CSV file that grows, which a Parquet file is made of in the end."""
    if out.suffix == CSV:
        return out
    parquet.check_installed()
    if out.exists():
        raise DFSCError(f"{out} is finished already and is not overwritten; name another file for --out.")
    return out.with_name(f"{out.name}{CSV}")


def _check_maps(maps: Path | None, table: Path) -> None:
    if maps and not table.exists() and maps.exists() and any(maps.iterdir()):
        raise DFSCError(f"{maps} holds files already, which are not overwritten; choose another folder for --maps.")


def _named(images: list[str], table: Path) -> Iterator[Named]:
    """The photographs, without the tables themselves where these are written among them."""
    tables = {os.path.abspath(table), os.path.abspath(left_out_file(table))}
    return (named for named in photographs(images) if named.place not in tables)


def _sample(named: Iterable[Named]) -> list[str]:
    """The first photographs that are files, by which a camera of fewer than 16 bits is recognised."""
    return list(islice((one.place for one in named if one.entry is None), SAMPLE))


def _wanted(options: argparse.Namespace, threads: int | None) -> Wanted:
    """Paths are absolute, since a worker may be elsewhere."""
    return Wanted(
        product=tuple(options.product),
        checkpoint=tuple(os.path.abspath(name) if Path(name).exists() else name for name in options.checkpoint),
        region=options.region and options.region.absolute(),
        good=options.good and options.good.absolute(),
        device=options.device,
        partner=options.partner,
        bits=options.bits,
        mix=options.mix,
        reject=options.reject,
        maps=options.maps and options.maps.absolute(),
        threads=threads,
    )


def _judge(wanted: Wanted) -> "Judge":
    # Torch takes seconds to load; --help must not wait for it.
    import torch

    from dfsc.inspection.bulk import Judge

    if wanted.threads:
        torch.set_num_threads(wanted.threads)
    options = argparse.Namespace(**vars(wanted))
    inspector = dfsc.Inspector(detector_options.detectors(options), partner=wanted.partner, device=wanted.device)
    inspector.bits = wanted.bits or inspector.bits
    judging_options.check(options, inspector)
    return Judge(inspector, wanted.mix, wanted.reject)


_workers_judge = cache(_judge)


def _here(judge: "Judge", todo: Iterable[Named], maps: Path | None) -> "Iterator[Inspected]":
    from dfsc.inspection.bulk import inspected

    return inspected(todo, judge, maps)


def _spread(wanted: Wanted, todo: Iterable[Named], workers: int, ray: str | None) -> "Iterator[Inspected]":
    from dfsc.workers import in_order

    todo = iter(todo)
    pieces = iter(lambda: tuple(islice(todo, PIECE)), ())
    return in_order(_piece, wanted, pieces, workers, ray, wanted.device)


def _piece(wanted: Wanted, piece: tuple[Named, ...]) -> "Inspected":
    """In a worker: what comes of some photographs."""
    from dfsc.inspection.bulk import together

    return together(list(_here(_workers_judge(wanted), piece, wanted.maps)))


def _threads_each(workers: int) -> int:
    from dfsc.workers import threads_each

    return threads_each(workers)


def _told(found: "Iterable[Inspected]", total: int, before: int) -> "Iterator[Inspected]":
    """The same; how many are done is told on standard error."""
    from dfsc.training.progress import Throttle

    if before:
        sys.stderr.write(f"{before:,} of {total:,} photographs are in the table already\n")
    started, throttle, done, left_out = time.monotonic(), Throttle(TELL_SECONDS), 0, 0
    for part in found:
        yield part
        done, left_out = done + part.count, left_out + len(part.left_out)
        if throttle.due():
            rate = done / (time.monotonic() - started)
            minutes = (total - before - done) / rate / 60
            sys.stderr.write(
                f"{before + done:,} of {total:,} photographs, {rate:.1f} a second, {minutes:.0f} min left; "
                f"{left_out:,} left out\n"
            )


def _end(growing: GrowingTable, out: Path, table: Path) -> int:
    """Tell what there is; the exit status."""
    sys.stderr.write(f"{out}: {growing.inspected:,} photographs inspected.\n")
    if growing.left_out:
        sys.stderr.write(f"{left_out_file(table)}: {growing.left_out:,} left out, each with the reason.\n")
    return 1 if growing.left_out else 0

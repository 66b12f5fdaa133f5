"""python -m dfsc benchmark: figures measured beside the reference's, or printed beside the published ones."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from dfsc.benchmarks import foreign, gpu, loco, page, peers, retrain, speed, steps, trivial
from dfsc.benchmarks.load import running
from dfsc.benchmarks.load.running import Load
from dfsc.benchmarks.own_side import multiplications
from dfsc.benchmarks.pairs import PairPlan
from dfsc.checkpoints.embedded import embedded_teacher
from dfsc.commands import detector_options, device_option, recipe_options
from dfsc.commands.sweep import follow
from dfsc.errors import DFSCError
from dfsc.machine import chosen
from dfsc.models.methods import PAIR, PARTNER
from dfsc.models.networks import SIZES
from dfsc.scenes import PRODUCTS, Counts
from dfsc.sweeps.cells import check_datasets, grid, read_results
from dfsc.sweeps.running import missing
from dfsc.sweeps.summary import summarise
from dfsc.training.plan import QUICK_SEPARATION
from dfsc.training.recipe import Recipe

PUBLISHED_STEPS = 70000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    fast = kinds.add_parser("speed", help="a pair's networks on one image against two separate reference forwards")
    fast.add_argument("--size", default="demo", choices=list(SIZES))
    fast.add_argument("--rounds", type=int, default=15, help="(%(default)s)")
    fast.add_argument("--json", action="store_true")
    device_option.add_argument(fast)
    training = kinds.add_parser("training", help="training steps through all losses against the reference way")
    training.add_argument("--size", default="demo", choices=list(SIZES))
    training.add_argument("--batch", type=int, default=1, help="images a step, 1 to 8 (%(default)s)")
    training.add_argument("--rounds", type=int, default=9, help="(%(default)s)")
    table = kinds.add_parser("loco", help="the papers' table: train and evaluate on MVTec LOCO AD's five categories")
    table.add_argument("path", metavar="PATH", type=Path, help="folder of the five categories")
    table.add_argument("--out", type=Path, default=Path("loco"), metavar="FOLDER", help="results (%(default)s)")
    recipe_options.add_swept_arguments(table)
    table.add_argument("--workers", type=int, default=1, help="trainings at a time (%(default)s)")
    short = kinds.add_parser("retrain", help="a pair and FRE from few photographs in minutes, as on the page")
    short.add_argument("dataset", metavar="DIR", type=Path)
    short.add_argument("--photographs", type=int, default=24, help="good ones to learn from (%(default)s)")
    short.add_argument("--seconds", type=float, default=180, help="for the pair, all counted (%(default)s)")
    short.add_argument("--movement", type=float, default=0.0, help="how far the product moves, share of the edge (0)")
    short.add_argument("--tau", type=float, default=QUICK_SEPARATION.tau, help="τ′ (%(default)s)")
    short.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2])
    short.add_argument(
        "--cross-validated", action="store_true", help="each seed tests on another quarter of all good ones"
    )
    device_option.add_argument(short)
    naive = kinds.add_parser("trivial", help="what per-pixel z-scores and position-free patches reach on a data set")
    naive.add_argument("dataset", metavar="DIR", type=Path)
    naive.add_argument("--seed", type=int, default=0)
    others = kinds.add_parser("foreign", help="whether photographs of other things are told from the product's own")
    others.add_argument("dataset", metavar="DIR", type=Path)
    others.add_argument("photographs", metavar="FOLDER", type=Path, help="of anything; 100 of them are shown")
    detector_options.add_arguments(others)
    beside = kinds.add_parser("peers", help="a pair, a training step and the page beside anomalib")
    beside.add_argument(
        "--python",
        type=Path,
        required=True,
        metavar="FILE",
        help="the Python of an environment that has anomalib: python -m venv DIR && DIR/bin/pip install anomalib",
    )
    beside.add_argument("--rounds", type=int, default=9, help="(%(default)s)")
    beside.add_argument("--no-page", action="store_true", help="leave out the page")
    lent = kinds.add_parser("gpu", help="inference, training steps and published pairs on a GPU lent for minutes")
    lent.add_argument("--out", type=Path, required=True, metavar="DIR", help="results and checkpoints; goes on there")
    lent.add_argument("--minutes", type=float, default=10.0, help="time in all (%(default)s)")
    lent.add_argument("--size", default="small", choices=list(SIZES))
    lent.add_argument("--batches", type=int, nargs="+", default=list(gpu.Wishes.batches), help="(%(default)s)")
    lent.add_argument("--training-batch", type=int, default=gpu.Wishes.training_batch, help="(%(default)s)")
    lent.add_argument("--seconds", type=float, default=gpu.Wishes.seconds, help="for each figure (%(default)s)")
    lent.add_argument("--steps", type=int, default=PUBLISHED_STEPS, help="of each pair (%(default)s)")
    lent.add_argument("--products", nargs="+", default=list(PRODUCTS), choices=list(PRODUCTS))
    lent.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2])
    lent.add_argument("--images", type=int, metavar="N", help="of each part of a data set (as `render` draws)")
    lent.add_argument("--penalty-images", type=int, default=PairPlan.penalty_images, help="(%(default)s)")
    device_option.add_argument(lent)
    load = kinds.add_parser("load", help="visitors, trainings and idle pages at once on a server of its own")
    load.add_argument("--visitors", type=int, default=Load.visitors, help="who inspect (%(default)s)")
    load.add_argument("--trainers", type=int, default=Load.trainers, help="who train again and again (%(default)s)")
    load.add_argument("--seconds", type=int, default=Load.training_seconds, help="of each training (%(default)s)")
    load.add_argument("--minutes", type=float, default=Load.minutes, help="time in all (%(default)s)")
    load.add_argument("--latency", type=float, default=0, metavar="MS", help="of every request (%(default)s)")
    load.add_argument("--connections", type=int, default=0, metavar="N", help="idle pages at the end (%(default)s)")
    load.add_argument("--pause", type=float, default=Load.pause, help="mean seconds between photos (%(default)s)")
    load.add_argument("--seed", type=int, default=0)
    table.set_defaults(as_published=True, size="small", steps=[PUBLISHED_STEPS], seed=[0])


def run(options: argparse.Namespace) -> int:
    kinds = {
        "speed": _speed,
        "training": _training,
        "loco": _loco,
        "retrain": _retrain,
        "trivial": _trivial,
        "foreign": _foreign,
        "gpu": _gpu,
        "peers": _peers,
        "load": _load,
    }
    sys.stdout.write(kinds[options.what](options) + "\n")
    return 0


def _speed(options: argparse.Namespace) -> str:
    comparison = speed.compare(options.size, options.rounds, options.device)
    return json.dumps(comparison.as_json(), indent=2) if options.json else comparison.sentence()


def _training(options: argparse.Namespace) -> str:
    return steps.compare(options.size, options.batch, options.rounds).sentence()


def _peers(options: argparse.Namespace) -> str:
    own, other = peers.compare(options.python, options.rounds)
    told = [peers.table(own, other), peers.limit_sentence(own, multiplications()), peers.memory_sentence(own, other)]
    if not options.no_page:
        told.append(page.measure(options.rounds).sentence())
    return "\n\n".join(told)


def _loco(options: argparse.Namespace) -> str:
    folders = loco.category_folders(options.path)
    check_datasets(folders, pixels=False)
    cells = grid(folders, recipe_options.recipes(options), cross_validated=False, pixels=False)
    todo = missing(cells, options.out)
    if todo:
        hours = loco.expected_seconds(todo, options.device) / 3600
        sys.stderr.write(f"This will take about {hours:.1f} hours on this machine; stopped, it goes on where it was.\n")
    follow(cells, options.out, options.workers, device=options.device)
    names = {cell.name for cell in cells}
    return loco.table(summarise([result for result in read_results(options.out) if result["cell"] in names]))


def _retrain(options: argparse.Namespace) -> str:
    recipe = Recipe(
        methods=(*PAIR, PARTNER),
        seconds=options.seconds,
        quick=True,
        movement=options.movement,
        separation=replace(QUICK_SEPARATION, tau=options.tau),
    )
    done = []
    try:
        for run in retrain.runs(
            options.dataset, recipe, options.photographs, options.seed, options.cross_validated, options.device
        ):
            sys.stderr.write(retrain.summary(run, options.seconds) + "\n")
            done.append(run)
    except (DFSCError, KeyboardInterrupt):
        # What was measured before a seed's training broke off took minutes and is still worth showing.
        if done:
            sys.stdout.write(retrain.table(done) + "\n")
        raise
    return retrain.table(done)


def _gpu(options: argparse.Namespace) -> str:
    wishes = gpu.Wishes(options.size, tuple(options.batches), options.training_batch, options.seconds)
    counts = Counts(*[options.images] * 5) if options.images else Counts()
    pairs = PairPlan(
        tuple(options.products), tuple(options.seed), options.size, options.steps, counts, options.penalty_images
    )
    gpu.run(options.out, options.minutes, chosen(options.device), wishes, pairs, lambda line: print(line, flush=True))
    return f"Results: {options.out}"


def _trivial(options: argparse.Namespace) -> str:
    return trivial.table(trivial.baselines(options.dataset, embedded_teacher("demo"), options.seed))


def _foreign(options: argparse.Namespace) -> str:
    return foreign.table(
        foreign.measure(
            options.dataset,
            options.photographs,
            detector_options.detectors(options),
            options.device,
            options.backend,
        )
    )


def _load(options: argparse.Namespace) -> str:
    wanted = Load(
        visitors=options.visitors,
        trainers=options.trainers,
        minutes=options.minutes,
        connections=options.connections,
        latency=options.latency / 1000,
        pause=options.pause,
        training_seconds=options.seconds,
        seed=options.seed,
    )
    tally, watched = running.run(wanted, lambda line: print(line, file=sys.stderr, flush=True))
    text = running.report(wanted, tally, watched)
    if not running.is_sound(tally, watched):
        sys.stdout.write(text + "\n")
        raise DFSCError("Something went wrong under this load; see above.")
    return text

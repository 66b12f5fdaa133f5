"""python -m dfsc benchmark: this project's figures, measured beside the reference's or over several seeds."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from dfsc.benchmarks import accuracy, speed
from dfsc.commands import recipe_options
from dfsc.datasets import open_dataset
from dfsc.networks import SIZES

NAME = "benchmark"
HELP = "Measure speed (against two separate reference forwards) or accuracy (over several seeds)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    fast = kinds.add_parser("speed", help="a pair's networks on one image against two separate reference forwards")
    fast.add_argument("--size", default="demo", choices=list(SIZES))
    fast.add_argument("--rounds", type=int, default=15, help="(%(default)s)")
    fast.add_argument("--json", action="store_true")
    exact = kinds.add_parser("accuracy", help="train and evaluate on a data set, seed by seed")
    exact.add_argument("dataset", metavar="DIR", type=Path)
    exact.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    exact.add_argument(
        "--cross-validated", action="store_true", help="each seed tests on another quarter of all good images"
    )
    exact.add_argument("--json", action="store_true")
    recipe_options.add_arguments(exact)


def run(options: argparse.Namespace) -> int:
    text = _speed(options) if options.what == "speed" else _accuracy(options)
    sys.stdout.write(text + "\n")
    return 0


def _speed(options: argparse.Namespace) -> str:
    comparison = speed.compare(options.size, options.rounds)
    return json.dumps(comparison.as_json(), indent=2) if options.json else comparison.sentence()


def _accuracy(options: argparse.Namespace) -> str:
    results = []
    recipe = recipe_options.recipe(options, seed=0)
    for result in accuracy.run(open_dataset(options.dataset), recipe, options.seeds, options.cross_validated):
        results.append(result)
        sys.stderr.write(json.dumps(asdict(result)) + "\n")
    return json.dumps([asdict(result) for result in results], indent=2) if options.json else accuracy.table(results)

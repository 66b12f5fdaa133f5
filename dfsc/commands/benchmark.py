"""python -m dfsc benchmark: this project's figures beside the reference's, measured in the same run."""

import argparse
import json
import sys

from dfsc.benchmarks import speed

NAME = "benchmark"
HELP = "Measure and compare: speed (a pair's networks on one image against two separate reference forwards)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["speed"])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--size", default="demo", choices=["demo", "small", "medium"])
    parser.add_argument("--rounds", type=int, default=15, help="(%(default)s)")


def run(options: argparse.Namespace) -> int:
    comparison = speed.compare(options.size, options.rounds)
    text = json.dumps(comparison.as_json(), indent=2) if options.json else comparison.sentence()
    sys.stdout.write(text + "\n")
    return 0

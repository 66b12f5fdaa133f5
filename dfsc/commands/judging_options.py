"""The options by which inspect and watch judge what detectors find."""

import argparse
from collections.abc import Callable

import dfsc
from dfsc.errors import DFSCError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--partner", action="store_true", help="combine each network with FRE")
    parser.add_argument("--mix", type=float, default=0.5, metavar="W", help="weight of the local map, 0 to 1 (0.5)")
    parser.add_argument(
        "--reject", type=int, default=0, metavar="N", help="how many held-out good parts the threshold rejects (0)"
    )


def judgement(
    options: argparse.Namespace, inspector: "dfsc.Inspector"
) -> "Callable[[dfsc.Inspection], dfsc.Inspection]":
    """Applies --mix and --reject to an inspection; raises DFSCError for values that these detectors don't allow."""
    check(options, inspector)
    return lambda inspection: inspection.judged(options.mix, options.reject)


def check(options: argparse.Namespace, inspector: "dfsc.Inspector") -> None:
    """Raises DFSCError for values of --mix and --reject that these detectors don't allow."""
    mix, reject = options.mix, options.reject
    fewest = min(detector.calibration.count for detector in inspector.detectors)
    if not 0 <= mix <= 1:
        raise DFSCError(f"--mix is the weight of the local map, from 0 to 1, not {mix:g}.")
    if not 0 <= reject < fewest:
        raise DFSCError(f"--reject can be 0 to {fewest - 1} of the {fewest} held-out good parts, not {reject}.")

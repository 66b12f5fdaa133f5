"""The options that train and benchmark accuracy share: what is trained, for how long, and the constraint's switches."""

import argparse

from dfsc.networks import SIZES
from dfsc.objectives import METHODS
from dfsc.recipe import Recipe
from dfsc.separation import Hinge, Normaliser, SeparationSettings, SplitUnit
from dfsc.trainer import Schedule

DEFAULT_SECONDS = 240.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--method", choices=list(METHODS))
    which.add_argument("--pair", action="store_true", help="EAD-S and DFSC, matched")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="steps of the student, four times those of the auto-encoder")
    length.add_argument("--seconds", type=float, help=f"time for all methods together ({DEFAULT_SECONDS:.0f})")
    parser.add_argument("--size", default="demo", choices=list(SIZES))
    parser.add_argument("--schedule", choices=list(map(str, Schedule)), default=str(Schedule.STAGED))
    parser.add_argument("--movement", type=float, default=0.0, help="how far the product moves, share of the edge (0)")
    parser.add_argument("--copies", type=int, help="augmented copies of each image (by default as fits)")
    parser.add_argument("--penalty", metavar="FOLDER", help="photographs of anything else (by default rendered)")
    parser.add_argument("--teacher", metavar="DIR", help="another teacher than the embedded one")
    _add_separation(parser.add_argument_group("the constraint (DFSC)"))


def _add_separation(group: argparse._ArgumentGroup) -> None:
    defaults = SeparationSettings()
    group.add_argument("--tau", type=float, default=defaults.tau, help="τ′, the share that is similar (%(default)s)")
    group.add_argument("--margin-ratio", type=float, default=defaults.margin_ratio, help="κ = m / q′ (%(default)s)")
    group.add_argument("--margin", type=float, help="an absolute margin m instead of κ")
    group.add_argument("--weight", type=float, default=defaults.weight, help="λ of the hinge (%(default)s)")
    group.add_argument("--warm-up", type=float, default=defaults.warm_up, help="share before it acts (%(default)s)")
    group.add_argument("--unit", choices=list(map(str, SplitUnit)), default=str(defaults.unit), help="(%(default)s)")
    group.add_argument("--hinge", choices=list(map(str, Hinge)), default=str(defaults.hinge), help="(%(default)s)")
    group.add_argument("--normaliser", choices=list(map(str, Normaliser)), default=str(defaults.normaliser))
    group.add_argument("--detach", action="store_true", help="keep the student's loss from training the auto-encoder")


def recipe(options: argparse.Namespace, seed: int) -> Recipe:
    """The recipe that the options wish for."""
    separation = SeparationSettings(
        tau=options.tau,
        margin_ratio=options.margin_ratio,
        margin=options.margin,
        weight=options.weight,
        warm_up=options.warm_up,
        unit=SplitUnit(options.unit),
        hinge=Hinge(options.hinge),
        normaliser=Normaliser(options.normaliser),
    )
    return Recipe(
        methods=("ead-s", "dfsc") if options.pair else (options.method,),
        size=options.size,
        teacher=options.teacher,
        steps=options.steps,
        seconds=options.seconds or (None if options.steps else DEFAULT_SECONDS),
        copies=options.copies,
        movement=options.movement,
        penalty=options.penalty,
        schedule=Schedule(options.schedule),
        detach=options.detach,
        separation=separation,
        seed=seed,
    )

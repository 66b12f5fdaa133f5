"""The options that say how to train, shared by train, sweep and benchmark.

`train` takes one value of each; a sweep takes several, and every combination is a recipe.
"""

import argparse
from dataclasses import replace
from itertools import product
from pathlib import Path

from dfsc.models.methods import METHODS, PAIR
from dfsc.models.networks import SIZES
from dfsc.models.separation import Hinge, Normaliser, SeparationSettings, SplitUnit
from dfsc.training.plan import QUICK_SEPARATION, Schedule
from dfsc.training.recipe import Recipe

DEFAULT_SECONDS = 240.0
DEFAULT_STEPS = 1200
SWEPT = (
    *("method", "seed", "steps", "autoencoder_steps", "imitation_steps", "schedule", "movement", "copies"),
    *("tau", "margin_ratio", "margin", "weight", "warm_up", "unit", "hinge", "normaliser"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One training: of a method or a pair, by steps or by time."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--method", nargs="+", choices=list(METHODS), help="one, or several on the same images")
    which.add_argument("--pair", action="store_true", help="EAD-S and DFSC, matched")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="steps of the student, and as many of the auto-encoder")
    length.add_argument("--seconds", type=float, help=f"time for all methods together ({DEFAULT_SECONDS:.0f})")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--bits", type=int, help="how many bits the values of 16-bit photographs fill (by default as it seems)"
    )
    _add_shared(parser, several=None)


def add_swept_arguments(parser: argparse.ArgumentParser) -> None:
    """Many trainings: where an option takes several values, each combination is trained."""
    parser.add_argument("--method", nargs="+", choices=list(METHODS), default=list(PAIR), help="(%(default)s)")
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2], help="(%(default)s)")
    parser.add_argument("--steps", type=int, nargs="+", default=[DEFAULT_STEPS], help="of the student (%(default)s)")
    _add_shared(parser, several="+")


def recipe(options: argparse.Namespace) -> Recipe:
    """The recipe that options of one training wish for."""
    methods = PAIR if options.pair else tuple(dict.fromkeys(options.method))
    seconds = options.seconds
    if seconds is None and options.steps is None and any(METHODS[method].trained for method in methods):
        seconds = DEFAULT_SECONDS
    return replace(_recipe(options, methods, seconds), bits=options.bits)


def recipes(options: argparse.Namespace) -> list[Recipe]:
    """A recipe for each combination of a sweep's options."""
    values = [value if isinstance(value, list) else [value] for value in (getattr(options, name) for name in SWEPT)]
    combinations = (dict(zip(SWEPT, combination, strict=True)) for combination in product(*values))
    each = (argparse.Namespace(**vars(options) | combination) for combination in combinations)
    return [_recipe(one, (one.method,), None) for one in each]


def _add_shared(parser: argparse.ArgumentParser, several: str | None) -> None:
    parser.add_argument(
        "--autoencoder-steps", type=int, nargs=several, help="steps of the auto-encoder (as many as the student's)"
    )
    parser.add_argument(
        "--imitation-steps",
        type=int,
        nargs=several,
        help="of the student, teacher alone (0; quick: as --steps)",
    )
    parser.add_argument("--size", default="demo", choices=list(SIZES))
    parser.add_argument(
        "--schedule", nargs=several, choices=list(map(str, Schedule)), help="(staged; as published joint)"
    )
    parser.add_argument(
        "--movement", type=float, nargs=several, default=0.0, help="how far the product moves, share of the edge (0)"
    )
    parser.add_argument("--copies", type=int, nargs=several, help="augmented copies of each image (by default as fits)")
    parser.add_argument(
        "--as-published",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="as the papers do: optimiser, rates, schedule, calibration, float32 and more (see README)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="what pays in a few minutes; the page's retraining does so"
    )
    parser.add_argument(
        "--published-calibration", action="store_true", help="without the scale of each position, as in the papers"
    )
    parser.add_argument("--penalty", metavar="FOLDER", help="photographs of anything else (by default rendered)")
    parser.add_argument("--teacher", metavar="DIR", help="another teacher than the embedded one")
    _add_separation(parser.add_argument_group("the constraint (DFSC)"), several)


def _add_separation(group: argparse._ArgumentGroup, several: str | None) -> None:
    defaults = SeparationSettings()

    def number(name: str, default: float | None, text: str) -> None:
        shown = f"{text} (%(default)s)" if default is not None else text
        group.add_argument(name, type=float, nargs=several, default=default, help=shown)

    def choice(name: str, kind: type, default: str) -> None:
        group.add_argument(name, nargs=several, choices=list(map(str, kind)), default=default, help="(%(default)s)")

    number("--tau", defaults.tau, "τ′, the share that is similar")
    number("--margin-ratio", defaults.margin_ratio, "κ = m / q′")
    number("--margin", None, "an absolute margin m instead of κ")
    number("--weight", defaults.weight, "λ of what acts on novel elements")
    usual = f"share before it acts ({defaults.warm_up:g}, quick {QUICK_SEPARATION.warm_up:g})"
    number("--warm-up", None, usual)
    choice("--unit", SplitUnit, str(defaults.unit))
    choice("--hinge", Hinge, str(defaults.hinge))
    choice("--normaliser", Normaliser, str(defaults.normaliser))
    group.add_argument("--detach", action="store_true", help="keep the student's loss from training the auto-encoder")


def _recipe(options: argparse.Namespace, methods: tuple[str, ...], seconds: float | None) -> Recipe:
    usual = QUICK_SEPARATION if options.quick else SeparationSettings()
    separation = SeparationSettings(
        tau=options.tau,
        margin_ratio=options.margin_ratio,
        margin=options.margin,
        weight=options.weight,
        warm_up=usual.warm_up if options.warm_up is None else options.warm_up,
        unit=SplitUnit(options.unit),
        hinge=Hinge(options.hinge),
        normaliser=Normaliser(options.normaliser),
    )
    return Recipe(
        methods=methods,
        size=options.size,
        teacher=_absolute(options.teacher),
        steps=options.steps,
        autoencoder_steps=options.autoencoder_steps,
        imitation_steps=options.imitation_steps,
        seconds=seconds,
        copies=options.copies,
        movement=options.movement,
        penalty=_absolute(options.penalty),
        schedule=options.schedule,
        as_published=options.as_published,
        quick=options.quick,
        published_calibration=options.published_calibration,
        detach=options.detach,
        separation=separation,
        seed=options.seed,
    )


def _absolute(folder: str | None) -> str | None:
    return str(Path(folder).resolve()) if folder else None

"""The training options shared by train, sweep and benchmark: one for each setting of a recipe.

`train` takes one value of each; a sweep takes several of most, and every combination is a recipe. Names, kinds, help
and defaults are those of the fields of Recipe and of its groups of settings.
"""

import argparse
from collections.abc import Iterable
from dataclasses import MISSING, fields, replace
from enum import StrEnum
from itertools import product
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from dfsc.commands import device_option
from dfsc.models.consistency import ConsistencySettings
from dfsc.models.methods import METHODS, PAIR
from dfsc.models.networks import SIZES
from dfsc.models.separation import SeparationSettings
from dfsc.training.plan import QUICK_SEPARATION
from dfsc.training.recipe import Recipe

DEFAULT_SECONDS = 240.0
DEFAULT_STEPS = 1200
# Settings with a single value per sweep, and settings of single trainings only.
ONE_A_SWEEP = {"size", "teacher", "penalty", "as_published", "quick", "published_calibration", "detach"}
ONE_TRAINING = {"seconds", "bits"}
# Groups of settings by the recipe's field, each with its heading.
GROUPS = {
    "separation": ("the constraint (DFSC)", SeparationSettings),
    "consistency": ("spatial neighbouring coding (FCL)", ConsistencySettings),
}
# Settings with separate options.
OTHERWISE = {"methods", "steps", "seconds", *GROUPS}
FOLDERS = {"teacher", "penalty"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One training: of a method or a pair, by steps or by time."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--method", "--methods", nargs="+", choices=list(METHODS), help="one method, or several on the same images"
    )
    which.add_argument("--pair", action="store_true", help="EAD-S and DFSC, matched")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="steps of the student, and as many of the auto-encoder")
    length.add_argument("--seconds", type=float, help=f"time for all methods together ({DEFAULT_SECONDS:.0f})")
    _add_settings(parser, swept=False)
    device_option.add_argument(parser)


def add_swept_arguments(parser: argparse.ArgumentParser) -> None:
    """Many trainings: where an option takes several values, each combination is trained."""
    parser.add_argument(
        "--method", "--methods", nargs="+", choices=list(METHODS), default=list(PAIR), help="methods (%(default)s)"
    )
    parser.add_argument(
        "--steps", type=int, nargs="+", default=[DEFAULT_STEPS], help="steps of the student (%(default)s)"
    )
    _add_settings(parser, swept=True)
    device_option.add_argument(parser)
    parser.set_defaults(seed=[0, 1, 2])


def recipe(options: argparse.Namespace) -> Recipe:
    """The recipe given by the options of one training."""
    methods = PAIR if options.pair else tuple(dict.fromkeys(options.method))
    seconds = options.seconds
    if seconds is None and options.steps is None and any(METHODS[method].trained for method in methods):
        seconds = DEFAULT_SECONDS
    return _recipe(vars(options) | {"methods": methods, "seconds": seconds})


def recipes(options: argparse.Namespace) -> list[Recipe]:
    """A recipe for each combination of a sweep's options."""
    given = vars(options)
    swept = {name: values for name, values in given.items() if name in _swept() and isinstance(values, list)}
    combinations = (dict(zip(swept, values, strict=True)) for values in product(*swept.values()))
    return [_recipe(_applicable(given | one) | {"methods": (one["method"],)}) for one in combinations]


def _applicable(given: dict[str, Any]) -> dict[str, Any]:
    """Without numbers of steps, where the method takes none."""
    if METHODS[given["method"]].trained:
        return given
    return {name: value for name, value in given.items() if not name.endswith("steps")}


def _swept() -> list[str]:
    kinds = Recipe, *(kind for _, kind in GROUPS.values())
    names = [field.name for kind in kinds for field in fields(kind)]
    return ["method", *(name for name in names if name not in ONE_A_SWEEP | ONE_TRAINING)]


def _recipe(given: dict[str, Any]) -> Recipe:
    """The given settings, and the recipe's defaults for the rest."""
    separation = QUICK_SEPARATION if given.get("quick") else SeparationSettings()
    usual = {"separation": separation, "consistency": ConsistencySettings()}
    settings = {field.name: given[field.name] for field in fields(Recipe) if field.name in given}
    folders = {name: str(Path(settings[name]).resolve()) for name in FOLDERS & settings.keys()}
    groups = {name: _replaced(settings, given) for name, settings in usual.items()}
    return Recipe(**settings | folders | groups)


def _replaced(settings: Any, given: dict[str, Any]) -> Any:
    return replace(settings, **{field.name: given[field.name] for field in fields(settings) if field.name in given})


def _add_settings(parser: argparse.ArgumentParser, swept: bool) -> None:
    left_out = OTHERWISE | (ONE_TRAINING if swept else set())
    _add_fields(parser, Recipe, left_out, swept)
    for heading, kind in GROUPS.values():
        _add_fields(parser.add_argument_group(heading), kind, set(), swept)


def _add_fields(group: argparse._ActionsContainer, settings: type, left_out: Iterable[str], swept: bool) -> None:
    """An option for each field of a dataclass; those not given are absent from the parsed options."""
    hints = get_type_hints(settings, include_extras=True)
    for field in (field for field in fields(settings) if field.name not in left_out):
        annotated, text = get_args(hints[field.name])
        kind = next((one for one in get_args(annotated) if one is not NoneType), annotated)
        default = "" if field.default in (None, False, MISSING) else f" ({field.default})"
        arguments: dict[str, Any] = {"help": text + default, "default": argparse.SUPPRESS}
        if kind is bool:
            arguments["action"] = argparse.BooleanOptionalAction
        elif issubclass(kind, StrEnum):
            arguments["choices"] = list(map(str, kind))
        else:
            arguments["type"] = kind
        if field.name == "size":
            arguments["choices"] = list(SIZES)
        if field.name in FOLDERS:
            arguments["metavar"] = "FOLDER"
        if swept and field.name not in ONE_A_SWEEP:
            arguments["nargs"] = "+"
        group.add_argument(f"--{field.name.replace('_', '-')}", **arguments)

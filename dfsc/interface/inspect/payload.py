"""What the browser needs to draw and judge an inspection by itself while sliders move (static/inspection.js)."""

import base64
import json
from collections.abc import Sequence

import numpy as np

from dfsc import Inspection, Result
from dfsc.geometry import CELL_STRIDE, FIRST_CELL_CENTRE, INPUT_SIZE, MAP_SIZE
from dfsc.inspection.colours import LEVELS, SCALE_END, colours, opacity
from dfsc.inspection.limits import good_key
from dfsc.inspection.results import partners
from dfsc.interface import wording
from dfsc.interface.session.settings import most_rejected
from dfsc.models.calibration import GoodParts
from dfsc.models.methods import METHODS, PAIR

# Weights of the local map for which the good parts' scores are told; the slider has the same steps.
WEIGHTS = np.linspace(0, 1, 21).tolist()


def payload(inspection: Inspection, product: str, width: int, height: int) -> str:
    """JSON of an inspection: maps, the good parts' scores at each weight, the colour scale and the sentences.

    Args:
        product: as the page calls it.
        width, height: of the original photograph, in pixels.
    """
    results, scale = inspection.results, np.linspace(0, SCALE_END, LEVELS)
    data = {
        "methods": [
            _method(result, results, partner) for result, partner in zip(results, partners(results), strict=True)
        ],
        "compared": compared(results),
        "most_rejected": most_rejected(results),
        "width": width,
        "height": height,
        "scale_end": SCALE_END,
        "shades": _packed(colours(scale)),
        "opacity": _packed(opacity(scale, strength=1).astype("<f4")),
        "grid": {"first": FIRST_CELL_CENTRE, "stride": CELL_STRIDE, "input": INPUT_SIZE, "cells": MAP_SIZE},
        "region": _region(results),
        "words": wording.judging(product),
    }
    return json.dumps(data, ensure_ascii=False)


def _region(results: Sequence[Result]) -> str | None:
    """A bit a cell for what counts with any method; None where all of the photograph does."""
    if not all(result.region for result in results):
        return None
    counting = np.logical_or.reduce([result.region.cells for result in results])
    return None if counting.all() else _packed(np.packbits(counting))


def compared(results: Sequence[Result]) -> tuple[int, int] | None:
    """Which two methods are laid one over the other at first: the matched pair, or two networks, or the first two."""
    indices = range(len(results))
    pair = [index for index in indices if results[index].method in PAIR]
    trained = [index for index in indices if METHODS[results[index].method].trained]
    several = next((some for some in (pair, trained, indices) if len(some) > 1), None)
    return (several[0], several[1]) if several else None


def _method(result: Result, results: Sequence[Result], partner: Result | None) -> dict:
    return {
        "title": result.title,
        "foreign": result.foreign,
        "unsure": None if result.usable else result.self_test.sentence,
        "local": _packed(result.maps.local.astype("<f4")),
        "global": _packed(result.maps.global_.astype("<f4")),
        "good": _good_scores(result.good),
        "key": good_key(result.good),
        "partner": next((place for place, one in enumerate(results) if one is partner), None),
        "together": _together(result, partner) if partner else None,
    }


def _together(result: Result, partner: Result) -> dict:
    together, level = result.with_partner(partner), result.partner_level(partner)
    return {
        "title": together.title,
        "good": _good_scores(together.good),
        "key": good_key(together.good),
        "raised": [level.at(weight) for weight in WEIGHTS],
    }


def _good_scores(good: GoodParts) -> list[str]:
    """The good parts' scores, ascending, at each weight."""
    return [_packed(good.scores(weight).astype("<f4")) for weight in WEIGHTS]


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()

"""What the browser needs to draw and judge an inspection by itself while sliders move (static/inspection.js)."""

import base64
import json

import numpy as np

from dfsc import Inspection, Result
from dfsc.figures import LEVELS, SCALE_END, colours
from dfsc.interface import wording
from dfsc.interface.settings import most_rejected
from dfsc.networks import CELL_STRIDE, FIRST_CELL_CENTRE, INPUT_SIZE, MAP_SIZE

# Weights of the local map at which the good parts' scores are told; the slider has the same steps.
WEIGHT_STEPS = 20


def payload(inspection: Inspection, product: str, width: int, height: int) -> str:
    """JSON of an inspection: maps, the good parts' scores at each weight, the colour scale and the sentences.

    Args:
        product: as the page calls it.
        width, height: of the original photograph, in pixels.
    """
    results = inspection.results
    data = {
        "methods": [_method(result) for result in results],
        "most_rejected": most_rejected(results),
        "width": width,
        "height": height,
        "scale_end": SCALE_END,
        "shades": _packed(colours(np.linspace(0, SCALE_END, LEVELS))),
        "grid": {"first": FIRST_CELL_CENTRE, "stride": CELL_STRIDE, "input": INPUT_SIZE, "cells": MAP_SIZE},
        "words": wording.judging(product),
    }
    return json.dumps(data, ensure_ascii=False)


def _method(result: Result) -> dict:
    weights = np.linspace(0, 1, WEIGHT_STEPS + 1)
    return {
        "title": result.title,
        "foreign": result.foreign,
        "unsure": None if result.usable else result.self_test.sentence,
        "local": _packed(result.maps.local.astype("<f4")),
        "global": _packed(result.maps.global_.astype("<f4")),
        "good": [_packed(result.calibration.good_scores(weight).astype("<f4")) for weight in weights],
    }


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()

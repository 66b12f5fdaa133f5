"""The Live tab as HTML; static/live.js runs it."""

import base64
import json
from collections.abc import Mapping, Sequence

import numpy as np

from dfsc.geometry import CELL_STRIDE, FIRST_CELL_CENTRE, INPUT_SIZE, MAP_SIZE
from dfsc.inspection.colours import LEVELS, SCALE_END, colours, opacity
from dfsc.interface.live import wording
from dfsc.interface.markup import text

# By shape alone, too: a tick in a circle, a cross in an octagon, and a line or two points for the others.
SIGNS = {
    "accept": '<circle cx="50" cy="50" r="44"/><path d="M27 52l16 17 31-36"/>',
    "reject": '<path d="M32 6h36l26 26v36l-26 26h-36l-26-26v-36z"/><path d="M33 33l34 34m0-34l-34 34"/>',
    "foreign": '<rect x="5" y="5" width="90" height="90" rx="8"/><path d="M28 50h44"/>',
    "unsure": '<path d="M50 7l43 85h-86z"/><path d="M50 36v26m0 12v4"/>',
    "none": '<circle cx="50" cy="50" r="44"/><path d="M40 30l32 20l-32 20z"/>',
}


def live_html() -> str:
    """Controls, the frame that was inspected with its verdict, and the last rejects."""
    return (
        f'<div class="live" data-words="{text(json.dumps(_words()))}" data-colours="{text(json.dumps(_colours()))}">'
        + f'<section class="card controls" aria-label="{wording.TITLE}">{_sources()}{_choices()}'
        + '<p class="failed" role="alert"></p></section>'
        + f'<section class="card stage none" tabindex="0" role="group" aria-label="{wording.STAGE}">'
        + '<div class="seen"><canvas role="img" aria-label=""></canvas><video muted playsinline hidden></video></div>'
        + f'<div class="verdict-now"><svg viewBox="0 0 100 100" aria-hidden="true">{SIGNS["none"]}</svg>'
        + f"<strong>{wording.VERDICTS['none']}</strong></div>"
        + f'<div class="details"><p class="meaning">{wording.MEANINGS["none"]}</p><ul></ul><p class="stats"></p></div>'
        + '<p class="spoken" aria-live="polite"></p></section>'
        + f'<section class="card rejects"><h2>{wording.REJECTS_TITLE}</h2><p class="quiet">{wording.REJECTS_NONE}</p>'
        + '<div class="thumbnails"></div></section></div>'
    )


def choice_html(product: str, token: str, titles: Sequence[str]) -> str:
    """What the script needs to ask for this visitor: the product, its methods, and the visitor's token."""
    methods = text(json.dumps(list(titles)))
    return f'<div data-product="{text(product)}" data-token="{token}" data-methods="{methods}"></div>'


def _words() -> dict:
    return {
        "verdicts": wording.VERDICTS,
        "meanings": wording.MEANINGS,
        "signs": SIGNS,
        "stats": wording.STATS,
        "open": wording.OPEN_LABEL,
        "camera": wording.CAMERA_FAILED,
        "video": wording.VIDEO_FAILED,
        "failed": wording.FAILED,
        "all": wording.ALL_METHODS,
        "scene": [wording.EMPTY_NEEDED, wording.EMPTY_KNOWN],
    }


def _colours() -> dict:
    """The colour scale as RGBA, and where a map lies on the photo, as shares of its edge."""
    scale = np.linspace(0, SCALE_END, LEVELS)
    alpha = np.round(255 * opacity(scale)).astype(np.uint8)[:, None]
    first = (FIRST_CELL_CENTRE - CELL_STRIDE / 2) / INPUT_SIZE
    return {
        "shades": base64.b64encode(np.hstack([colours(scale), alpha]).tobytes()).decode(),
        "cells": MAP_SIZE,
        "first": first,
        "size": MAP_SIZE * CELL_STRIDE / INPUT_SIZE,
    }


def _sources() -> str:
    return (
        f'<p class="acts"><button type="button" data-act="camera">{wording.CAMERA}</button> '
        f'<label class="file">{wording.VIDEO_FILE}<input type="file" accept="video/*"></label> '
        f'<button type="button" data-act="stop" hidden>{wording.STOP}</button> '
        f'<button type="button" data-act="now" hidden>{wording.INSPECT_NOW}</button> '
        f'<button type="button" data-act="large">{wording.LARGE}</button></p>'
    )


def _choices() -> str:
    triggers = _options(wording.TRIGGERS)
    return (
        f'<p class="choices"><span>{wording.PRODUCT_LABEL}: <b class="product"></b></span>'
        f'<label>{wording.METHOD_LABEL} <select name="method"><option value="">{wording.ALL_METHODS}</option></select>'
        f'</label><label>{wording.TRIGGER_LABEL} <select name="trigger">{triggers}</select></label>'
        f'<label><input type="checkbox" name="sound"> {wording.SOUND}</label>'
        f'<label><input type="checkbox" name="map" checked> {wording.MAP}</label></p>'
        '<p class="scene" hidden><span></span> '
        f'<button type="button" data-act="empty">{wording.EMPTY_SCENE}</button></p>'
    )


def _options(names: Mapping[str, str]) -> str:
    return "".join(f'<option value="{value}">{name}</option>' for value, name in names.items())

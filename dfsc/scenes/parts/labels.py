"""Paper labels wrapped round a vial: a white panel with a box for each of three bars, and a coloured field."""

from dataclasses import dataclass

import numpy as np

from dfsc.scenes.optics.noise import cloud, smooth_noise
from dfsc.scenes.optics.shapes import cover
from dfsc.scenes.optics.surface import RGB, Material, Surface, put
from dfsc.scenes.parts.damage import full_mask
from dfsc.scenes.parts.glassware import INK, RADIUS, Vial, frame, skin, window

# Places along the vial: the panel, then the field.
START, FOLD, END = -288.0, -222.0, -138.0
# Each bar's angle round the vial (radians), half its length along the vial and half its height (pixels).
BAR_ANGLES, BAR_AT, BAR_HALF = (-0.70, 0.0, 0.70), START + 35, (26.0, 18.5)
ALL_BARS = range(len(BAR_ANGLES))
PAPER = Material((0.70, 0.70, 0.67), 0.46, 0.0, 0.035)
FIBRES = Material((0.80, 0.79, 0.76), 0.8, 0.0, 0.10)


@dataclass(frozen=True)
class Print:
    """What is printed on a label besides its boxes: so many bars from the top, and a field of a colour (None: bare)."""

    bars: int = 0
    colour: RGB | None = None


def label_window(surface: Surface, vial: Vial) -> Surface:
    """The part of the surface that the vial's label covers."""
    return window(surface, vial, START, END)


def torn_off(area: Surface, vial: Vial, rng: np.random.Generator) -> np.ndarray:
    """Distance (pixels, negative: gone) to the edge of a piece torn off a corner of the vial's label."""
    along, across = frame(vial, area.x, area.y)
    end, rim = (START, END)[rng.integers(2)], float(rng.choice([-1, 1]))
    long, high = rng.uniform(42, 66), rng.uniform(54, 84)
    ragged = 0.07 * smooth_noise(rng, area.shape, (9, 9)) + 0.08 * smooth_noise(rng, area.shape, (24, 24))
    return (np.abs(along - end) / long + np.abs(across - rim) * RADIUS / high + ragged - 1) * 0.7 * long


def lay_label(
    surface: Surface, vial: Vial, text: Print, torn: np.ndarray | None, rng: np.random.Generator, part: int
) -> np.ndarray:
    """Wrap a label round the vial; returns the mask (H, W, bool) of what has been torn off it.

    `torn` is what `torn_off` gave for the label's window, or None.
    """
    area = label_window(surface, vial)
    along, across = frame(vial, area.x, area.y)
    paper = cover(np.maximum(START - along, along - END)) * cover((np.abs(across) - 0.985) * RADIUS)
    gone = np.zeros(area.shape, bool) if torn is None else (torn < 0) & (paper > 0.5)
    left = paper * ~gone
    round_it = 1.03 - 0.13 * across - 0.36 * np.abs(across) ** 4
    put(area, left, PAPER, skin(along, across) + 2, round_it * (1 + 0.02 * cloud(rng, area.shape, 40)), part)
    _print(area, vial, text, left, round_it * (1 + 0.05 * cloud(rng, area.shape, 26)))
    # Stuck paper is never quite flat: faint creases run across it.
    area.tilt[0] += left * 0.035 * smooth_noise(rng, area.shape, (90, 16))
    if torn is not None:
        fibres = left * (torn < 6 + 2 * smooth_noise(rng, area.shape, (5, 5)))
        put(area, fibres, FIBRES, area.height + 2)
        gone |= fibres > 0.5
    return full_mask(surface, area, gone)


def _print(area: Surface, vial: Vial, text: Print, alpha: np.ndarray, shade: np.ndarray) -> None:
    """Boxes for the bars, the bars, and the field with its frame."""
    along = area.x - vial.x
    field = np.maximum(FOLD - along, along - END + 5)
    if text.colour is not None:
        put(area, alpha * cover(field), Material(text.colour, 0.42, 0.0, 0.035), None, shade)
    boxes = np.abs(bar_distance(vial, area, ALL_BARS)) - 0.7
    put(area, 0.7 * alpha * cover(np.minimum(boxes, np.abs(field) - 0.7)), INK)
    if text.bars:
        put(area, 0.93 * alpha * cover(bar_distance(vial, area, range(text.bars))), INK)


def bar_distance(vial: Vial, area: Surface, bars: range) -> np.ndarray:
    """Distance to the outline of some of the label's bars (0, 1, 2 from the top), which follow the curve."""
    along, across = frame(vial, area.x, area.y)
    angle = np.arcsin(np.clip(across, -0.999, 0.999)) + vial.spin
    nearest = np.min([np.abs(angle - BAR_ANGLES[bar]) for bar in bars], axis=0)
    return np.maximum(nearest * RADIUS - BAR_HALF[1], np.abs(along - BAR_AT) - BAR_HALF[0])

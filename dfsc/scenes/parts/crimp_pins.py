"""Insulated crimp pins: a coloured sleeve with a flared mouth, a tinned barrel and a round pin, lying on a floor."""

from dataclasses import dataclass

import numpy as np

from dfsc.scenes.optics.noise import cloud, smooth_noise
from dfsc.scenes.optics.shapes import cover, turn
from dfsc.scenes.optics.surface import RGB, Material, Surface, put
from dfsc.scenes.parts.hardware import COPPER

LENGTH = 152.0
MOUTH, SLEEVE_END, BARREL_END, TIP = -76.0, 10.0, 26.0, 76.0
# Radius along the pin (pixels from its middle, the mouth first).
PROFILE_AT = (MOUTH, MOUTH + 10, MOUTH + 26, SLEEVE_END - 6, SLEEVE_END, SLEEVE_END + 1, BARREL_END, BARREL_END + 8)
PROFILE = (31.0, 30.0, 26.5, 26.0, 22.0, 15.0, 14.5, 10.0)
TINNED = Material((0.72, 0.71, 0.69), 0.27, 1.0, 0.02)
CRIMPED = (-38.0, -16.0)


@dataclass(frozen=True)
class Pin:
    """A pin whose middle lies at (`x`, `y`), `tilt` radians off upright (mouth up, tip down).

    `bend` (radians) is how far its tip has been bent aside; 0 for a sound one.
    """

    x: float
    y: float
    tilt: float
    colour: RGB
    bend: float = 0.0


def window(surface: Surface, pin: Pin) -> Surface:
    """The part of the surface that the pin can cover."""
    reach = LENGTH / 2 + 10
    return surface.crop(pin.x - reach, pin.y - reach, pin.x + reach, pin.y + reach)


def coverage(pin: Pin, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How much of each pixel the pin covers (0..1)."""
    along, across = _frame(pin, x, y)
    return cover(np.maximum(np.abs(across) - _radius(along), MOUTH - along)) * (along < TIP)


def _frame(pin: Pin, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along the pin (mouth negative) and across it, the bend taken out."""
    along, across = turn(x, y, (pin.x, pin.y), np.pi / 2 + pin.tilt)
    beyond = np.maximum(along - BARREL_END, 0)
    return along, across - np.tan(pin.bend) * beyond * np.clip(beyond / 26, 0, 1)


def _radius(along: np.ndarray) -> np.ndarray:
    """Half the pin's width at each place along it; 0 beyond its tip."""
    shaft = np.interp(along, PROFILE_AT, PROFILE).astype(np.float32)
    nose = np.sqrt(np.clip(1 - np.clip((along - (TIP - 12)) / 12, 0, 1) ** 2, 0, 1))
    return shaft * nose


def lay_pin(surface: Surface, pin: Pin, floor: float, rng: np.random.Generator, part: int) -> None:
    """Draw a pin that lies on a floor `floor` pixels above the bench."""
    area = window(surface, pin)
    along, across = _frame(pin, area.x, area.y)
    radius = np.maximum(_radius(along), 0.5)
    alpha = coverage(pin, area.x, area.y)
    axis = np.interp(along, (MOUTH, SLEEVE_END, TIP), (30, 26, 17))
    height = floor + axis + radius * np.sqrt(np.clip(1 - (across / radius) ** 2, 0, 1))
    sleeve = along < SLEEVE_END
    put(area, alpha * ~sleeve, TINNED, height, 1 + 0.03 * smooth_noise(rng, area.shape, (5, 5)), part)
    _colour_sleeve(area, alpha * sleeve, along, across, pin, height, rng, part)


def _colour_sleeve(
    area: Surface,
    alpha: np.ndarray,
    along: np.ndarray,
    across: np.ndarray,
    pin: Pin,
    height: np.ndarray,
    rng: np.random.Generator,
    part: int,
) -> None:
    """Vinyl, a little translucent: paler where it is thin, at the mouth and where the tool has pressed it."""
    middle, half = sum(CRIMPED) / 2, (CRIMPED[1] - CRIMPED[0]) / 2
    pressed = np.clip(1.2 - np.abs(along - middle) / half, 0, 1) * np.clip(1 - np.abs(across) / 20, 0, 1)
    mouth = np.clip(1 - (along - MOUTH) / 9, 0, 1)
    vinyl = Material(pin.colour, 0.36, 0.0, 0.025)
    wear = 1 + 0.05 * cloud(rng, area.shape, 22) + float(rng.normal(0, 0.04))
    put(area, alpha, vinyl, height - 5 * pressed**0.5 + 2 * mouth, wear + 0.25 * mouth + 0.1 * pressed, part)
    # The metal barrel shows through as a darker core.
    area.albedo[...] *= 1 - 0.16 * alpha * np.clip(1 - (across / 15) ** 2, 0, 1) * (along > -52)


def crush(surface: Surface, pin: Pin, at: float, size: float, rng: np.random.Generator) -> np.ndarray:
    """The sleeve has burst `at` pixels along the pin over `size` pixels: a ragged hole in which copper shows.

    Returns:
        coverage (0..1) in the pin's window.
    """
    area = window(surface, pin)
    along, across = _frame(pin, area.x, area.y)
    side = float(rng.uniform(-7, 7))
    ragged = 0.25 * smooth_noise(rng, area.shape, (7, 7))
    reach = np.hypot((along - at) / size, (across - side) / (0.62 * size)) + ragged
    hole = np.clip(0.5 + (1 - reach) * 7, 0, 1) * coverage(pin, area.x, area.y)
    lip = np.clip(1 - np.abs(reach - 1.15) * 4, 0, 1) * coverage(pin, area.x, area.y) * (1 - hole)
    area.height[...] += 3.5 * lip - 7 * hole
    area.albedo[...] *= 1 + 0.5 * lip
    strands = 0.75 + 0.3 * np.sin(across * 1.4 + 0.05 * along)
    put(area, hole, COPPER, None, 0.7 * strands)
    return np.maximum(hole, lip)

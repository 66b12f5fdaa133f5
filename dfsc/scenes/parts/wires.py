"""Insulated wires that run downwards from a terminal and out of the picture, each with a slack of its own."""

from dataclasses import dataclass

import numpy as np

from dfsc.scenes.optics.noise import smooth_noise
from dfsc.scenes.optics.shapes import cover
from dfsc.scenes.optics.surface import Material, Surface, put
from dfsc.scenes.parts.hardware import COPPER

SPAN = 400.0


@dataclass(frozen=True)
class Colour:
    """An insulation's colour: linear RGB, and a second one for its stripes if it has two."""

    name: str
    base: tuple[float, float, float]
    stripe: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Wire:
    """Course of one wire: it leaves (`x`, `y`) downwards; `drift`, `bow` and `lift` (pixels) are its slack.

    `twist` (radians) is how far round the stripes of a two-coloured wire have turned where it starts.
    """

    x: float
    y: float
    radius: float
    drift: float
    bow: float
    lift: float
    twist: float


def slack(rng: np.random.Generator, x: float, y: float, radius: float) -> Wire:
    """A wire with random slack that strays from straight down by less than 30 px."""
    return Wire(
        x=x, y=y, radius=radius,
        drift=float(np.clip(rng.normal(0, 9), -19, 19)), bow=float(np.clip(rng.normal(0, 5), -10, 10)),
        lift=float(rng.uniform(2, 22)), twist=float(rng.uniform(-0.5, 0.5)),
    )  # fmt: skip


def across(wire: Wire, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Signed distance (pixels, right is positive) of points from the wire's middle line."""
    t = np.clip((y - wire.y) / SPAN, 0, 1.2)
    middle = wire.x + wire.drift * t * t * (3 - 2 * t) + wire.bow * np.sin(np.pi * t) ** 2
    slope = (wire.drift * 6 * t * (1 - t) + wire.bow * np.pi * np.sin(2 * np.pi * t)) / SPAN
    return (x - middle) / np.sqrt(1 + slope * slope)


def coverage(wire: Wire, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How much of each pixel the wire covers (0..1)."""
    return cover(np.abs(across(wire, x, y)) - wire.radius) * cover(wire.y - y)


def _middle_height(wire: Wire, y: np.ndarray, clamp: float) -> np.ndarray:
    """Height of the wire's middle line: at `clamp` in the terminal, then down to the bench with an arch of `lift`."""
    t = np.clip((y - wire.y) / SPAN, 0, 1)
    fall = np.clip(t / 0.5, 0, 1)
    return wire.radius + (clamp - wire.radius) * (1 - fall * fall * (3 - 2 * fall)) + wire.lift * np.sin(np.pi * t)


def window(surface: Surface, wire: Wire) -> Surface:
    """The part of the surface that the wire can lie in."""
    return surface.crop(wire.x - wire.radius - 34, wire.y - 4, wire.x + wire.radius + 34, wire.y + SPAN)


def lay_wire(surface: Surface, wire: Wire, colour: Colour, clamp: float, rng: np.random.Generator, part: int) -> None:
    """Draw a wire whose middle line enters the terminal `clamp` pixels above the bench."""
    area = window(surface, wire)
    side = np.clip(across(wire, area.x, area.y) / wire.radius, -1, 1)
    alpha = coverage(wire, area.x, area.y)
    height = _middle_height(wire, area.y, clamp) + wire.radius * np.sqrt(1 - side * side)
    streaks = smooth_noise(rng, area.shape, (90, 3)) + 0.6 * smooth_noise(rng, area.shape, (14, 9))
    skin = Material(colour.base, 0.30, 0.0, 0.030)
    put(area, alpha, skin, height, 1 + 0.035 * streaks, part)
    if colour.stripe is not None:
        turned = np.arcsin(side * 0.999) + wire.twist + (area.y - wire.y) * 0.0016
        striped = np.clip(0.5 + (np.abs(np.sin(turned * 1.5)) - 0.52) * 9, 0, 1)
        put(area, alpha * striped, Material(colour.stripe, 0.30, 0.0, 0.030), None, 1 + 0.035 * streaks)
    # The roller's slight waviness keeps the long highlight from being a ruled line.
    area.tilt[0] += alpha * 0.025 * smooth_noise(rng, area.shape, (40, 30))


def bare(surface: Surface, wire: Wire, y: float, length: float, width: float, rng: np.random.Generator) -> np.ndarray:
    """Slit the insulation at `y` so that `length` pixels of copper show over `width` (0..1) of the wire's width.

    Returns where the damage shows (H, W; 0..1) in the wire's window.
    """
    area = window(surface, wire)
    side = across(wire, area.x, area.y) / wire.radius
    offset = rng.uniform(-0.5, 0.5) * (1 - width)
    ragged = 0.08 * smooth_noise(rng, area.shape, (11, 11))
    skew = rng.uniform(-0.25, 0.25) * side * length
    hole = np.hypot((area.y + skew - y) / (length / 2), (side - offset) / width) + ragged - 1
    inside = np.abs(side) < 0.93
    cut = np.clip(0.5 - hole * 7, 0, 1) * inside
    lip = np.clip(1 - np.abs(hole) / 0.16, 0, 1) * inside
    strands = np.abs(np.sin(side * 9 + (area.y - wire.y) * 0.05 + rng.uniform(0, 3)))
    area.height[...] += 2.5 * lip
    crown = area.height - 6 + 1.8 * strands - 2.5 * lip
    put(area, cut, COPPER, crown, 0.62 + 0.4 * strands)
    area.roughness[...] += 0.25 * lip * (1 - cut)
    return np.maximum(cut, (lip > 0.25).astype(np.float32))

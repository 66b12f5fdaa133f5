"""A round cable plug in a round socket, lying from left to right, each with a coloured ring, and the plug's cable."""

from dataclasses import dataclass

import numpy as np

from dfsc.scenes.optics.noise import cloud, smooth_noise
from dfsc.scenes.optics.shapes import cover, dome, ease, rounded_box
from dfsc.scenes.optics.surface import RGB, Material, Surface, put
from dfsc.scenes.parts.hardware import NICKEL, ZINC, drive_screw

# Along the pair: socket body with its ring, collar, plug with its ring, strain relief, cable.
START, COLLAR, JOINT, PLUG_END, RELIEF_END = -338.0, -96.0, -52.0, 112.0, 196.0
SOCKET_RING, PLUG_RING = (-300.0, -226.0), (26.0, 100.0)
RING_RADIUS, AXIS, CABLE_RADIUS = 47.0, 44.0, 14.0
OUT = 720.0
RUBBER = Material((0.030, 0.031, 0.033), 0.50, 0.0, 0.05)
SHELL = Material((0.075, 0.077, 0.080), 0.42, 0.0, 0.04)
PROFILE_AT = (START, START + 6, -98, -96, -56, -52, -50, 10, 16, 108, 112, 114, RELIEF_END)
PROFILE = (36, 42, 42, 50, 50, 48, 41, 41, 44, 44, 40, 30, 19)


@dataclass(frozen=True)
class Pair:
    """A mated pair whose joint lies near (`x`, `y`); `bow` is how far its cable strays aside (pixels)."""

    x: float
    y: float
    bow: float


def _radius(along: np.ndarray) -> np.ndarray:
    return np.interp(along, PROFILE_AT, PROFILE).astype(np.float32)


def _body(pair: Pair, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance to the outline of both bodies together."""
    along = x - pair.x
    return np.maximum(np.abs(y - pair.y) - _radius(along), np.maximum(START - along, along - RELIEF_END))


def ring_distance(pair: Pair, span: tuple[float, float], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance to the outline of the ring that covers `span` along the pair."""
    middle, half = (span[0] + span[1]) / 2, (span[1] - span[0]) / 2
    return rounded_box(x, y, (pair.x + middle, pair.y), (half, RING_RADIUS), 5)


def lay_pair(
    surface: Surface, pair: Pair, socket: RGB, plug: RGB, floor: float, rng: np.random.Generator, part: int, ring: int
) -> None:
    """Draw socket, plug and cable; the rings become the part `ring`, all else `part`."""
    _lay_cable(surface, pair, rng, part)
    _screw_down(surface, pair, floor, rng, part)
    area = surface.crop(pair.x + START, pair.y - 54, pair.x + RELIEF_END, pair.y + 54)
    along, outline = area.x - pair.x, _body(pair, area.x, area.y)
    radius = _radius(along)
    across = np.clip((area.y - pair.y) / radius, -1, 1)
    ridges = np.where((along > JOINT) & (along < 12), 1.4 * np.sign(np.sin((along - JOINT) * 0.63)), 0)
    ridges += np.where(along > PLUG_END + 4, 2.2 * np.sign(np.sin((along - PLUG_END) * 0.5)), 0)
    height = AXIS + 0.8 * radius * np.sqrt(1 - across**2) + ridges * (1 - np.abs(across))
    wear = 1 + 0.05 * cloud(rng, area.shape, 30) + 0.12 * (ridges > 0)
    put(area, cover(outline), SHELL, height, wear, part)
    collar = (along > COLLAR) & (along < JOINT - 6)
    put(area, cover(outline) * collar, NICKEL, None, 0.9 + 0.1 * cloud(rng, area.shape, 20))
    knurl = np.cos(30 * np.arcsin(across))
    area.tilt[1] += cover(outline) * collar * (np.abs(along - (COLLAR + JOINT) / 2) < 13) * 0.4 * knurl
    seam = np.exp(-(((along - JOINT + 3) / 2.2) ** 2))
    area.albedo[...] *= 1 - 0.8 * seam * cover(outline)
    for span, colour in ((SOCKET_RING, socket), (PLUG_RING, plug)):
        _slip_on(surface, pair, span, colour, rng, ring)


def _slip_on(
    surface: Surface, pair: Pair, span: tuple[float, float], colour: RGB, rng: np.random.Generator, part: int
) -> None:
    """A coloured plastic ring with a rounded edge and a groove round its middle."""
    area = surface.crop(pair.x + span[0], pair.y - 50, pair.x + span[1], pair.y + 50)
    outline = ring_distance(pair, span, area.x, area.y)
    across = np.clip((area.y - pair.y) / RING_RADIUS, -1, 1)
    groove = np.exp(-(((area.x - pair.x - (span[0] + span[1]) / 2) / 3.0) ** 2))
    height = AXIS - 4 + 0.85 * RING_RADIUS * np.sqrt(1 - across**2) + 5 * dome(outline, 7) - 2.5 * groove
    wear = (1 + 0.05 * cloud(rng, area.shape, 24)) * (1 - 0.2 * groove)
    put(area, cover(outline), Material(colour, 0.30, 0.0, 0.03), height, wear, part)
    area.tilt[0] += cover(outline) * 0.12


def _screw_down(surface: Surface, pair: Pair, floor: float, rng: np.random.Generator, part: int) -> None:
    """The socket's zinc flange with a screw at each end."""
    area = surface.crop(pair.x + START - 34, pair.y - 64, pair.x + START + 24, pair.y + 64)
    plate = rounded_box(area.x, area.y, (pair.x + START - 6, pair.y), (24, 60), 8)
    put(area, cover(plate), ZINC, floor + 12 + 3 * dome(plate, 4), 1 + 0.03 * cloud(rng, area.shape, 20), part)
    for side in (-1, 1):
        at = (pair.x + START - 12, pair.y + 45 * side)
        drive_screw(surface, at, 11, floor + 22, float(rng.uniform(0, np.pi)), part)


def _lay_cable(surface: Surface, pair: Pair, rng: np.random.Generator, part: int) -> None:
    """The plug's cable, out of the picture at the right; it sinks to the bench beyond the holder."""
    start = pair.x + RELIEF_END - 20
    area = surface.crop(start, pair.y - 70, OUT, pair.y + 70)
    t = np.clip((area.x - start) / 330, 0, 1)
    middle = pair.y + pair.bow * ease(t)
    across = np.clip((area.y - middle) / CABLE_RADIUS, -1.2, 1.2)
    alpha = cover((np.abs(across) - 1) * CABLE_RADIUS) * (area.x > start)
    height = AXIS - 16 * t + CABLE_RADIUS * np.sqrt(np.clip(1 - across**2, 0, 1))
    put(area, alpha, RUBBER, height, 1 + 0.06 * smooth_noise(rng, area.shape, (6, 60)), part)
    area.tilt[0] += alpha * (0.12 + 0.03 * smooth_noise(rng, area.shape, (30, 40)))

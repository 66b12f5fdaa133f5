"""Clear glass vials that lie on their side: glass, liquid with its meniscus, screw cap and graduation.

The canvas knows no transparency, so glass is painted as what is seen through it, with a shallow, very smooth skin on
top that catches the lamps.
"""

from dataclasses import dataclass

import numpy as np

from dfsc.scenes.optics.noise import cloud, smooth_noise
from dfsc.scenes.optics.shapes import circle, cover, dome, polyline, rounded_box
from dfsc.scenes.optics.surface import RGB, Material, Surface, put
from dfsc.scenes.parts.damage import WHITE, full_mask
from dfsc.scenes.parts.hardware import print_text

# Places along a vial, from its mouth to its base.
MOUTH, NECK_END, SHOULDER_END, BASE = -418.0, -352.0, -314.0, 405.0
# No liquid and no mark of the scale comes nearer to the mouth.
SCALE_START = -40.0
CAP_START, CAP_END, CAP_RADIUS = -430.0, -350.0, 57.0
RADIUS, NECK, ROUND, AXIS = 72.0, 43.0, 22.0, 46.0
INNER = 0.90
# A lamp in the upper left is mirrored by a cylinder from left to right only if its skin leans a little.
LEAN = 0.31
DOME = 0.80

CLEAR = Material(WHITE, 0.075)
INK = Material((0.020, 0.020, 0.022), 0.45, 0.0, 0.02)
ENAMEL = Material((0.62, 0.63, 0.62), 0.35, 0.0, 0.02)
POLYPROPYLENE = Material((0.20, 0.21, 0.22), 0.38, 0.0, 0.03)


@dataclass(frozen=True)
class Vial:
    """A vial whose middle lies at (`x`, `y`); `spin` (radians) is how far its label is turned about its axis."""

    x: float
    y: float
    spin: float


def window(surface: Surface, vial: Vial, start: float = CAP_START, end: float = BASE) -> Surface:
    """The part of the surface that the vial covers between two places along it."""
    return surface.crop(vial.x + start - 4, vial.y - RADIUS - 4, vial.x + end + 4, vial.y + RADIUS + 4)


def _radius(along: np.ndarray) -> np.ndarray:
    """Half the vial's width at each place along it."""
    t = np.clip((along - NECK_END) / (SHOULDER_END - NECK_END), 0, 1)
    body = NECK + (RADIUS - NECK) * np.sin(np.pi / 2 * t) ** 1.3
    beyond = np.clip(along - (BASE - ROUND), 0, ROUND)
    body -= ROUND - np.sqrt(ROUND**2 - beyond**2)
    lip = 6 * np.clip(1 - ((along - MOUTH - 7) / 7) ** 2, 0, 1) ** 0.5
    thread = 3 * np.clip(np.sin((along - MOUTH - 15) * 0.36), 0, 1) * (along > MOUTH + 15) * (along < NECK_END - 8)
    return body + lip + thread


def frame(vial: Vial, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place along the vial, and across it as a share of its radius there."""
    along = x - vial.x
    return along, (y - vial.y) / _radius(along)


def coverage(vial: Vial, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How much of each pixel the bare vial covers (0..1)."""
    along = x - vial.x
    return cover(np.maximum(np.abs(y - vial.y) - _radius(along), np.maximum(MOUTH - along, along - BASE)))


def _bell(value: np.ndarray, middle: float | np.ndarray, width: float) -> np.ndarray:
    return np.exp(-(((value - middle) / width) ** 2))


def lay_glass(surface: Surface, vial: Vial, rng: np.random.Generator, part: int) -> None:
    """Draw an empty vial over what lies there, which shows through: thick rims, thicker base and neck."""
    area = window(surface, vial)
    along, across = frame(vial, area.x, area.y)
    side = np.abs(across)
    alpha = coverage(vial, area.x, area.y)
    through = 0.80 + 0.07 * _bell(across, 0.55, 0.22) - 0.50 * _bell(side, 0.925, 0.05) - 0.12 * _bell(side, 0.80, 0.10)
    through -= 0.35 * _bell(along, BASE - 17, 4) + 0.25 * _bell(along, MOUTH + 15, 3)
    through -= 0.20 * _bell(along, SHOULDER_END - 10, 9) * (side > 0.4)
    through[along < NECK_END] *= 0.86 - 0.10 * np.sin((along[along < NECK_END] - MOUTH) * 0.36)
    # Light that the wall has gathered: a line along the far rim, one along the base.
    gathered = 0.30 * _bell(across, 0.80, 0.03) + 0.16 * _bell(across, -0.86, 0.02)
    gathered += 0.10 * _bell(across, 0.66, 0.035) * (along > SHOULDER_END)
    gathered += 0.32 * _bell(along, BASE - 8, 3) * (side < 0.8) + 0.20 * _bell(along, MOUTH + 7, 3) * (across > -0.5)
    streaks = 1 + 0.03 * smooth_noise(rng, area.shape, (8, 160))
    greenish = np.array([0.93, 1.0, 0.965], np.float32).reshape(3, 1, 1) ** (1 + 5 * (side > 0.86))
    seen = area.albedo * np.clip(through, 0.08, 1) * greenish + gathered
    put(area, alpha, CLEAR, skin(along, across), seen * streaks, part)
    area.tilt[0] += alpha * (LEAN + 0.022 * smooth_noise(rng, area.shape, (30, 120)))
    area.tilt[1] += alpha * 0.010 * smooth_noise(rng, area.shape, (20, 90))
    _dust(area, alpha, rng)


def _dust(area: Surface, alpha: np.ndarray, rng: np.random.Generator) -> None:
    """Specks and a smear or two, which every piece of glass has gathered."""
    specks = np.clip(smooth_noise(rng, area.shape, (2.5, 2.5)) - 3.1, 0, 1)
    wiped = np.clip(0.6 + 0.4 * smooth_noise(rng, area.shape, (3, 9)), 0, 1)
    smear = np.clip(cloud(rng, area.shape, 60) - 1.2, 0, 1) * wiped
    area.albedo[...] += alpha * (0.5 * specks + 0.035 * smear)
    area.roughness[...] += alpha * 0.05 * smear


def skin(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Height of the glass; shallower than a tube, whose shading would make it look solid."""
    return AXIS + DOME * _radius(along) * np.sqrt(np.clip(1 - across * across, 0, 1))


def meniscus(across: np.ndarray, level: float) -> np.ndarray:
    """Where along the vial the liquid ends: it creeps up the wall."""
    return level + 15 * (1 - np.clip(across / INNER, -1, 1) ** 2)


def pour(surface: Surface, vial: Vial, colour: RGB, level: float, rng: np.random.Generator, part: int) -> None:
    """Fill the vial with a clear, coloured liquid from its base up to `level`, a place along the vial."""
    area = window(surface, vial, SCALE_START)
    along, across = frame(vial, area.x, area.y)
    edge = meniscus(across, level)
    middle, half = (level + BASE - 14) / 2, (BASE - 14 - level) / 2
    hollow = rounded_box(along, area.y - vial.y, (middle - 60, 0), (half + 60, INNER * RADIUS), 16)
    inner = cover(hollow, 2.0)
    depth = np.sqrt(np.clip(1 - (across / INNER) ** 2, 0, 1))
    # A full tube is a lens: deep colour where the way through is long, and a bright line away from the lamp.
    light = 0.50 + 1.0 * _bell(across, 0.44, 0.17) + 0.22 * _bell(across, -0.70, 0.07)
    light = (light - 0.30 * _bell(np.abs(across), 0.88, 0.06)) * (1 + 0.03 * cloud(rng, area.shape, 70))
    light *= 1 - 0.45 * _bell(along, edge + 3, 4) + 0.35 * _bell(along, edge + 12, 6)
    tint = np.reshape(np.asarray(colour, np.float32), (3, 1, 1)) ** (0.35 + 0.65 * depth) * light
    put(area, inner * cover(edge - along, 1.5), Material(WHITE, 0.075), None, tint, part)
    # The far side's meniscus shows through as a darker crescent.
    crescent = inner * np.clip((along - level + 4) / 6, 0, 1) * (along < edge)
    area.albedo[...] *= 1 - 0.30 * crescent
    area.albedo[...] += 0.35 * inner * _bell(along, edge - 2.5, 1.6)
    area.tilt[0] += inner * cover(edge - along) * LEAN
    _bubbles(area, vial, level, rng)


def _bubbles(area: Surface, vial: Vial, level: float, rng: np.random.Generator) -> None:
    """Small bubbles that have stayed at the wall."""
    for _ in range(int(rng.integers(5, 14))):
        at = vial.x + level + 26 + 150 * float(rng.uniform()) ** 2, vial.y + RADIUS * float(rng.uniform(-0.7, 0.75))
        size = float(rng.uniform(1.8, 5.0))
        ring = circle(area.x, area.y, *at, size)
        area.albedo[...] *= 1 - 0.45 * cover(np.abs(ring) - 0.7)
        area.albedo[...] += 0.45 * cover(circle(area.x, area.y, at[0] - 0.3 * size, at[1] - 0.3 * size, 0.35 * size))


def graduate(surface: Surface, vial: Vial) -> None:
    """Print the scale: a tick every 20 pixels, a long one with its number at every fifth."""
    area = window(surface, vial, SCALE_START)
    along, across = frame(vial, area.x, area.y)
    ticks = np.zeros(area.shape, np.float32)
    for number in range(17):
        reach = 0.20 if number % 5 == 0 else 0.10
        line = np.maximum(np.abs(along - 320 + 20 * number) - 1.1, RADIUS * (np.abs(across - 0.12 - reach) - reach))
        ticks = np.maximum(ticks, cover(line))
    put(area, 0.8 * ticks, ENAMEL)
    numbers = [(str(5 * i), vial.x + 320 - 100 * i + 15, vial.y + 0.48 * RADIUS, 18) for i in (1, 2, 3)]
    print_text(surface, numbers, ENAMEL, 0.8)


def cap_distance(vial: Vial, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance to the outline of the vial's cap, whether it is there or not."""
    along = x - vial.x
    corner = np.hypot(np.maximum(CAP_START + 7 - along, 0), np.maximum(np.abs(y - vial.y) - CAP_RADIUS + 7, 0)) - 7
    return np.maximum(corner, along - CAP_END)


def screw_on(surface: Surface, vial: Vial, rng: np.random.Generator, part: int) -> None:
    """Close the vial with a ribbed screw cap that has a smooth ring at its lower edge."""
    area = window(surface, vial, CAP_START, CAP_END)
    outline = cap_distance(vial, area.x, area.y)
    across = np.clip((area.y - vial.y) / CAP_RADIUS, -1, 1)
    along = area.x - vial.x
    ribbed = cover(np.abs(along - CAP_START - 34) - 25, 3.0)
    ribs = np.cos(24 * np.arcsin(across) + float(rng.uniform(0, 6)))
    height = AXIS - 6 + 0.75 * CAP_RADIUS * np.sqrt(1 - across**2) + 1.5 * ribs * ribbed + 6 * dome(outline, 9)
    height -= 3 * _bell(along, CAP_END - 17, 2.5)
    shade = (1 + 0.10 * ribs * ribbed + 0.03 * cloud(rng, area.shape, 30)) * (1 - 0.25 * _bell(along, CAP_END - 17, 3))
    put(area, cover(outline), POLYPROPYLENE, height, shade, part)


def _crooked(
    rng: np.random.Generator, start: tuple[float, float], heading: float, steps: int
) -> list[tuple[float, float]]:
    """A path that leaves `start` in about the direction `heading` (radians), with a kink at every step."""
    path = [start]
    for _ in range(steps):
        heading += float(rng.normal(0, 0.10))
        angle, step = heading + float(rng.normal(0, 0.22)), float(rng.uniform(9, 22))
        path.append((path[-1][0] + step * np.cos(angle), path[-1][1] + step * np.sin(angle)))
    return path


def crack(surface: Surface, rng: np.random.Generator, at: tuple[float, float], parts: tuple[int, ...]) -> np.ndarray:
    """A blow has cracked the glass at `at`: crooked branches that catch the light. Returns the mask (H, W, bool)."""
    area = surface.crop(at[0] - 130, at[1] - 130, at[0] + 130, at[1] + 130)
    on = np.isin(area.part, parts)
    distance = circle(area.x, area.y, *at, float(rng.uniform(3, 6))) + 2 * smooth_noise(rng, area.shape, (6, 6))
    away = np.hypot(area.x - at[0], area.y - at[1])
    width = np.clip(1.9 - away / 55, 0.5, 1.9) + 0.3 * smooth_noise(rng, area.shape, (7, 7))
    heading = float(rng.uniform(0, 2 * np.pi))
    for branch in range(int(rng.integers(2, 5))):
        path = _crooked(rng, at, heading + 1.9 * branch, int(rng.integers(4, 8)))
        fork = _crooked(rng, path[2], heading + 1.9 * branch + float(rng.choice([-0.5, 0.5])), 3)
        for points in (path, fork)[: rng.integers(1, 3)]:
            distance = np.minimum(distance, polyline(area.x, area.y, points) - width)
    line = cover(distance, 1.4) * on
    glint = 0.5 + 0.4 * np.clip(smooth_noise(rng, area.shape, (12, 12)), -1, 1)
    put(area, 0.75 * line, Material(WHITE, 0.30, 0.0, 0.05), None, glint)
    # One face of the break is dark, which draws a fine line beside the bright one.
    area.albedo[...] *= 1 - 0.4 * cover(np.abs(distance - 2.2) - 0.6) * on
    return full_mask(surface, area, (distance < 2.5) & on)

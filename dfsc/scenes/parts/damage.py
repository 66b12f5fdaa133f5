"""Damage that any product can have. Each function draws it and returns its exact mask (H, W, bool)."""

from collections.abc import Sequence

import numpy as np

from dfsc.scenes.optics.noise import cloud, smooth_noise
from dfsc.scenes.optics.shapes import cover, polyline, turn
from dfsc.scenes.optics.surface import Material, Surface, put
from dfsc.scenes.parts.hardware import ZINC

Point = tuple[float, float]
# For damage that changes the colour of what is there: the tint is then the whole colour.
WHITE = (1.0, 1.0, 1.0)


def full_mask(surface: Surface, area: Surface, alpha: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """The mask of the whole surface for a coverage that was computed in a window of it."""
    mask = np.zeros(surface.shape, bool)
    mask[area.window] = alpha > threshold
    return mask


def site(
    surface: Surface, rng: np.random.Generator, allowed: Sequence[int], box: tuple[float, float, float, float]
) -> Point:
    """A random point in a box (left, top, right, bottom) with an allowed part on top; any point if 200 have none."""
    for _ in range(200):
        at = (float(rng.uniform(box[0], box[2])), float(rng.uniform(box[1], box[3])))
        column, row = surface.pose.to_image(*at)
        if surface.part[round(row), round(column)] in allowed:
            break
    return at


def _around(surface: Surface, at: Point, reach: float) -> Surface:
    return surface.crop(at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach)


def scratch(surface: Surface, rng: np.random.Generator, at: Point, angle: float, parts: tuple[int, ...]) -> np.ndarray:
    """A tool has slipped: one or two shallow grooves with whitened edges, on the given parts only."""
    length = rng.uniform(80, 170)
    area = _around(surface, at, length / 2 + 12)
    along, across = turn(area.x, area.y, at, angle)
    bend = rng.uniform(-14, 14)
    depth = np.clip(1.15 - np.abs(along) / (length / 2), 0, 1) ** 0.4
    shown = np.isin(area.part, parts) * np.clip(0.8 + 0.25 * smooth_noise(rng, area.shape, (9, 9)), 0, 1)
    groove = np.zeros(area.shape, np.float32)
    for offset in (0.0, rng.uniform(8, 13))[: rng.integers(1, 3)]:
        path = across - offset - bend * (along / (length / 2)) ** 2 - 0.6 * smooth_noise(rng, area.shape, (11, 11))
        # A detector sees a quarter of a photograph's resolution; a finer line would not reach it.
        width = rng.uniform(2.4, 4.0) * depth
        groove = np.maximum(groove, np.clip(1.5 - np.abs(path) / np.maximum(width, 0.1), 0, 1) * (depth > 0))
    groove *= shown
    put(area, 0.8 * groove, Material(WHITE, 0.65, 0.0, 0.12), None, 0.35 * area.albedo + 0.28)
    area.height[...] -= 2.6 * groove
    return full_mask(surface, area, groove, 0.2)


def burn(surface: Surface, rng: np.random.Generator, at: Point, parts: tuple[int, ...]) -> np.ndarray:
    """An arc has charred and melted the plastic: black, blistered and glossy in the middle, brown at the rim."""
    radius = rng.uniform(15, 30)
    area = _around(surface, at, radius * 2)
    along, across = turn(area.x, area.y, at, rng.uniform(0, np.pi))
    reach = np.hypot(along, across * rng.uniform(1.1, 1.6)) / radius + 0.16 * cloud(rng, area.shape, 18)
    on = np.isin(area.part, parts)
    singed = np.clip(1.25 - reach, 0, 1) ** 1.2 * on
    charred = np.clip((0.85 - reach) * 3, 0, 1) * on
    put(area, np.clip(1.3 * singed, 0, 0.92), Material((0.055, 0.030, 0.014), 0.6, 0.0, 0.06), None)
    # A cloud is unbounded: without the floor a rare soot would reflect less than nothing.
    soot = np.maximum(0.2, 1 + 0.3 * cloud(rng, area.shape, 9))
    put(area, charred, Material((0.010, 0.009, 0.008), 0.42, 0.0, 0.06), None, soot)
    area.height[...] += charred * (1.3 * cloud(rng, area.shape, 13, 2) - 4)
    return full_mask(surface, area, singed, 0.12)


def chip_off(surface: Surface, rng: np.random.Generator, at: Point, parts: tuple[int, ...]) -> np.ndarray:
    """A piece has broken off an edge at `at`: a rough, paler, shell-shaped fracture, on the given parts only."""
    radius = rng.uniform(20, 36)
    area = _around(surface, at, radius * 1.9)
    along, across = turn(area.x, area.y, at, rng.uniform(0, np.pi))
    angle = np.arctan2(across, along)
    facets = 0.12 * np.abs(np.sin(1.5 * angle + rng.uniform(0, 6))) + 0.07 * smooth_noise(rng, area.shape, (8, 8))
    reach = np.hypot(along, across * rng.uniform(1.0, 1.5)) / radius + facets
    broken = np.isin(area.part, parts) * np.clip(0.5 + (1 - reach) * 8, 0, 1)
    shell = 26 * np.clip(1 - reach, 0, 1) ** 0.55 + 0.8 * np.sin(reach * 19 + 1.3 * facets)
    paler = (0.6 * area.albedo + 0.16) * (1 + 0.10 * cloud(rng, area.shape, 8))
    put(area, broken, Material(WHITE, 0.75, 0.0, 0.10), area.height - shell, paler)
    return full_mask(surface, area, broken)


def spill(surface: Surface, rng: np.random.Generator, at: Point) -> np.ndarray:
    """A drop of oil: it darkens what is under it and mirrors the lamps, over whatever is there."""
    radius = rng.uniform(15, 26)
    area = _around(surface, at, radius * 1.8)
    along, across = turn(area.x, area.y, at, rng.uniform(0, np.pi))
    reach = np.hypot(along, across * rng.uniform(1.05, 1.5)) / radius + 0.09 * smooth_noise(rng, area.shape, (16, 16))
    wet = np.clip(0.5 + (1 - reach) * 9, 0, 1)
    area.albedo[...] *= 1 - wet * np.array([0.45, 0.55, 0.72], np.float32).reshape(3, 1, 1)
    area.roughness[...] += wet * (0.10 - area.roughness)
    area.metal[...] *= 1 - 0.8 * wet
    area.tilt[...] *= 1 - wet
    area.height[...] += 8.5 * np.sqrt(np.clip(1 - reach * reach, 0, 1))
    return full_mask(surface, area, wet)


def drop_swarf(surface: Surface, rng: np.random.Generator, at: Point) -> np.ndarray:
    """A curl of bright metal from a lathe, lying on whatever is there."""
    radius, turns = rng.uniform(9, 16), rng.uniform(1.1, 1.9)
    start, pitch = rng.uniform(0, 2 * np.pi), rng.uniform(12, 20)
    heading = rng.uniform(0, 2 * np.pi)
    t = np.linspace(0, turns * 2 * np.pi, 30)
    xs = at[0] + radius * np.cos(start + t) + pitch * (t / 6.3 - turns / 2) * np.cos(heading)
    ys = at[1] + 0.75 * radius * np.sin(start + t) + pitch * (t / 6.3 - turns / 2) * np.sin(heading)
    area = _around(surface, at, radius + pitch * 2)
    width = rng.uniform(3.0, 4.2)
    path = polyline(area.x, area.y, list(zip(xs, ys, strict=True))) - width
    curl = cover(path)
    base = float(np.median(area.height))
    ribbon = base + 12 + 7 * smooth_noise(rng, area.shape, (14, 14)) - 0.12 * (path + width) ** 2
    put(area, curl, ZINC, np.maximum(ribbon, area.height + 2), 1.15)
    return full_mask(surface, area, curl)

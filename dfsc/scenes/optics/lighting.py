"""Light on a surface: lamps of a set-up, shadows, occlusion, and the shading of plastics and metals.

Every lamp is a soft patch of the sky (a spherical Gaussian), so that one description gives diffuse light, a highlight
whose width follows both the lamp and the roughness, and a shadow with a penumbra.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from dfsc.scenes.optics.noise import blur, resize, wide_blur
from dfsc.scenes.optics.surface import Surface

STEEPEST = 3.5
MARCH = (1, *range(2, 20, 2), *range(20, 66, 3))


@dataclass(frozen=True)
class Lamp:
    """A lamp: unit `direction` towards it (x right, y down, z up), linear RGB `power`, `sharpness` (more: smaller)."""

    direction: tuple[float, float, float]
    power: tuple[float, float, float]
    sharpness: float


@dataclass(frozen=True)
class Lighting:
    """The lamps, of which each throws a shadow, and the light that the room sends from everywhere (linear RGB)."""

    lamps: tuple[Lamp, ...]
    ambient: tuple[float, float, float]


def _lamp(azimuth: float, elevation: float, power: np.ndarray, sharpness: float) -> Lamp:
    a, e = np.radians(azimuth), np.radians(elevation)
    direction = (float(np.cos(e) * np.cos(a)), float(np.cos(e) * np.sin(a)), float(np.sin(e)))
    return Lamp(direction, _colour(power), sharpness)


def _colour(linear: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = map(float, linear)
    return red, green, blue


def _white(warmth: float) -> np.ndarray:
    """Linear RGB of a white light; warmth -1 is bluish daylight, +1 a warm lamp, both as left by a white balance."""
    return np.array([1 + 0.09 * warmth, 1.0, 1 - 0.12 * warmth])


def studio(rng: np.random.Generator) -> Lighting:
    """A soft key lamp from the upper left, a weaker fill from the right, the room; all vary from picture to picture."""
    warmth = rng.normal(0, 0.35)
    level = np.exp(rng.normal(0, 0.06))
    key = _lamp(rng.normal(-146, 9), rng.uniform(44, 54), 1.1 * level * _white(warmth), rng.uniform(22, 40))
    fill = _lamp(
        rng.normal(-28, 12),
        rng.uniform(36, 50),
        rng.uniform(0.2, 0.32) * level * _white(warmth + rng.normal(0, 0.3)),
        9,
    )
    ambient = rng.uniform(0.22, 0.30) * level * _white(warmth - 0.5 + rng.normal(0, 0.2))
    return Lighting((key, fill), _colour(ambient))


def _one_sided(step: np.ndarray, axis: int) -> np.ndarray:
    """The smaller of the slopes before and after each pixel, 0 if they disagree.

    A step between two parts is then flat on both sides, rather than a wall one pixel wide that shines.
    """
    edge = np.zeros_like(step[:1] if axis == 0 else step[:, :1])
    before = np.concatenate([edge, step], axis)
    after = np.concatenate([step, edge], axis)
    smaller = np.where(np.abs(before) < np.abs(after), before, after)
    return np.where(before * after > 0, smaller, 0)


def normals(surface: Surface) -> np.ndarray:
    """Unit normals (3, H, W) float32 from the heights' slopes and the skin's tilt."""
    slope = np.stack([_one_sided(np.diff(surface.height, axis=axis), axis) for axis in (1, 0)])
    slope = np.clip(slope, -STEEPEST, STEEPEST)
    # The little blur is the roundness of every real edge, and keeps outlines from stepping pixel by pixel. What is
    # flat stays flat: a slope that spread to the bench beside a part would draw a bright line around the part.
    slope = np.where(np.abs(slope) < 0.05, slope, blur(slope, 0.6)) + surface.tilt
    length = 1 / np.sqrt(slope[0] ** 2 + slope[1] ** 2 + 1)
    return np.stack([-slope[0] * length, -slope[1] * length, length])


def _shadow(height: np.ndarray, lamp: Lamp) -> np.ndarray:
    """Share of a lamp (0..1) that reaches each point of a height map (h, w), by walking towards the lamp."""
    lx, ly, lz = lamp.direction
    flat = float(np.hypot(lx, ly))
    penumbra = 1.1 / np.sqrt(lamp.sharpness)
    reach = MARCH[-1] + 1
    padded = np.pad(height, reach, mode="edge")
    rows, columns = height.shape
    hidden = np.zeros_like(height)
    for distance in MARCH:
        row, column = reach + round(distance * ly / flat), reach + round(distance * lx / flat)
        above = padded[row : row + rows, column : column + columns] - height
        above -= np.float32(distance * lz / flat)
        above *= np.float32(1 / (distance * penumbra * 2 + 1.2))
        np.maximum(hidden, above, out=hidden)
    hidden = np.clip(blur(hidden, 0.9) + 0.1, 0, 1)
    return 1 - hidden * hidden * (3 - 2 * hidden)


def _openness(height: np.ndarray) -> np.ndarray:
    """How much of the room each point of a height map (h, w) sees (0..1): less in grooves and beside walls."""
    closed = np.zeros_like(height)
    for sigma, weight in ((2.5, 0.30), (7.0, 0.45), (20.0, 0.55)):
        closed += weight * np.clip((wide_blur(height, sigma) - height) / (0.9 * sigma), 0, 1)
    return np.exp(-1.5 * closed)


def _half(plane: np.ndarray) -> np.ndarray:
    return resize(plane, (plane.shape[0] // 2, plane.shape[1] // 2), Image.Resampling.BOX)


def _dot(vectors: np.ndarray, direction: tuple[float, float, float]) -> np.ndarray:
    return vectors[0] * direction[0] + vectors[1] * direction[1] + vectors[2] * direction[2]


def _mirror(normal: np.ndarray, surface: Surface) -> np.ndarray:
    """Directions (3, H, W) that the camera, some 2600 px above, sees mirrored in the surface."""
    view = np.stack([surface.x, surface.y, np.full(surface.shape, -2600, np.float32)]) * np.float32(-1 / 2600)
    view /= np.sqrt((view**2).sum(0))
    return 2 * (normal * view).sum(0) * normal - view


def _room(mirror: np.ndarray) -> np.ndarray:
    """What metals mirror besides the lamps (H, W): a bright ceiling, a dark camera in it, dark walls."""
    up = np.clip((mirror[2] + 0.15) * 0.9, 0, 1)
    camera = np.exp(45 * (mirror[2] - 1))
    return 0.12 + 1.15 * up * up - 0.45 * camera


def shade(surface: Surface, lighting: Lighting) -> np.ndarray:
    """Linear RGB light (3, H, W) float32 that the surface sends to the camera; 1 is about a white sheet."""
    normal = normals(surface)
    mirror = _mirror(normal, surface)
    # Blurred, since a lamp that grazes an outline would else show each of its pixel steps as a notch of shadow.
    low = blur(_half(surface.height) * np.float32(0.5), 0.9)
    openness = resize(_openness(low), surface.shape, Image.Resampling.BILINEAR)

    # Schlick's Fresnel term; plastics mirror 4 % head on, metals their own colour.
    base = 0.04 + surface.metal * (surface.albedo - 0.04)
    grazing = np.clip(1 - normal[2], 0, 1) ** 5 * (1 - surface.roughness)
    mirrored = base + (1 - base) * grazing
    diffuse = surface.albedo * (1 - surface.metal)

    lobe = 0.5 / np.maximum(surface.roughness, 0.06) ** 4
    room = _room(mirror) * openness
    ambient = np.reshape(np.asarray(lighting.ambient, np.float32), (3, 1, 1))
    bounce = 1 + (1 - openness) * (np.sqrt(surface.albedo) - 0.35)
    light = ambient * (diffuse * ((0.55 + 0.45 * normal[2]) * openness) * bounce + mirrored * room)
    for lamp in lighting.lamps:
        lit = resize(_shadow(low, lamp), surface.shape, Image.Resampling.BILINEAR)
        power = np.reshape(np.asarray(lamp.power, np.float32), (3, 1, 1))
        sharpness = lobe * (lamp.sharpness / (lobe + lamp.sharpness))
        highlight = 0.5 * sharpness * np.exp(sharpness * (_dot(mirror, lamp.direction) - 1)) * lit
        light += power * (diffuse * (np.maximum(_dot(normal, lamp.direction), 0) * lit) + mirrored * highlight)
    return light

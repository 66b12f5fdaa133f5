"""Zinc-plated fasteners that lie on a floor: hexagon bolts in two lengths, hexagon nuts, punched washers."""

from dataclasses import dataclass

import numpy as np

from dfsc.scenes.optics.noise import cloud, smooth_noise
from dfsc.scenes.optics.shapes import cover, dome, turn
from dfsc.scenes.optics.surface import RGB, Material, Surface, put
from dfsc.scenes.parts.hardware import ZINC

LONG, SHORT, NUT, WASHER = "long bolt", "short bolt", "nut", "washer"
LENGTH = {LONG: 158.0, SHORT: 94.0}
# Where the thread begins, from the underside of the head; the long bolt's shank is plain before it.
THREAD_AT = {LONG: 44.0, SHORT: 7.0}
CORNER = 36.0
FLAT = CORNER * float(np.cos(np.pi / 6))
HEAD, SHANK, PITCH, THREAD = 24.0, 16.0, 7.4, 2.6
NUT_HEIGHT, BORE, SINK = 27.0, 13.0, 19.0
WASHER_RADIUS, WASHER_HOLE, WASHER_HEIGHT = 40.0, 19.0, 6.0
BEND_RADIUS = 44.0
RUST = Material((0.190, 0.072, 0.026), 0.85, 0.0, 0.16)
BLACK = Material((0.014, 0.013, 0.012), 0.8, 0.0, 0.05)


@dataclass(frozen=True)
class Fastener:
    """A part whose middle lies at (`x`, `y`), turned by `angle` radians.

    `roll` (radians) turns a bolt about its axis. `slope` is how far a flat part leans on what is under it. `bend`
    (radians) is how far a bolt's shank is bent; 0 for a sound one. `serial` tells the parts of a kit apart.
    """

    kind: str
    serial: int
    x: float
    y: float
    angle: float
    roll: float
    slope: tuple[float, float]
    bend: float = 0.0

    @property
    def is_bolt(self) -> bool:
        """Whether it has a head and a shank."""
        return self.kind in LENGTH


@dataclass(frozen=True)
class Finish:
    """What a batch's plating looks like: a tint (linear RGB) and a roughness."""

    tint: RGB
    roughness: float


def draw_finish(rng: np.random.Generator) -> Finish:
    """From bluish to slightly yellow passivated zinc, from bright to dull."""
    yellow = float(rng.uniform(-0.25, 1) ** 2 * 0.8)
    return Finish((1.0 - 0.03 * yellow, 1.0 - 0.06 * yellow, 1.02 - 0.22 * yellow), float(rng.uniform(0.25, 0.38)))


def footprint(kind: str) -> np.ndarray:
    """Discs that together cover a straight part: (n, 2), their places along its axis from its middle and radii."""
    if kind not in LENGTH:
        return np.array([(0, CORNER if kind == NUT else WASHER_RADIUS)])
    half = LENGTH[kind] / 2
    shank = [(along, SHANK + 2) for along in np.arange(HEAD + 8 - half, half, 14)]
    return np.array([(HEAD / 2 - half, CORNER + 2), *shank])


def window(surface: Surface, part: Fastener) -> Surface:
    """The part of the surface that the fastener can cover."""
    reach = LENGTH.get(part.kind, 2 * WASHER_RADIUS) / 2 + CORNER / 2
    return surface.crop(part.x - reach, part.y - reach, part.x + reach, part.y + reach)


def coverage(part: Fastener, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How much of each pixel the fastener covers (0..1)."""
    along, across = _frame(part, x, y)
    if part.is_bolt:
        return np.maximum(_head_cover(part, along, across), _shank_cover(part, along, across))
    distance = np.hypot(along, across)
    if part.kind == NUT:
        return cover(np.maximum(_hexagon(along, across), BORE - distance))
    return cover(np.maximum(distance - WASHER_RADIUS, WASHER_HOLE - distance))


def _frame(part: Fastener, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along a bolt from its middle (head negative) and across it, the bend taken out."""
    along, across = turn(x, y, (part.x, part.y), part.angle)
    if not part.bend:
        return along, across
    start = HEAD + 10 - LENGTH[part.kind] / 2
    side = np.sign(part.bend)
    dx, dy = along - start, side * across - BEND_RADIUS
    turned = np.clip(np.arctan2(dx, -dy), 0, abs(part.bend))
    cos, sin = np.cos(turned), np.sin(turned)
    return start + BEND_RADIUS * turned + cos * dx + sin * dy, side * (cos * dy - sin * dx + BEND_RADIUS)


def _hexagon(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Distance to the outline of a nut seen from above."""
    angles = np.arange(3) * np.pi / 3
    return np.maximum.reduce([np.abs(np.cos(a) * along + np.sin(a) * across) for a in angles]) - FLAT


def _chamfer(part: Fastener, along: np.ndarray) -> np.ndarray:
    """Radius of the cone that takes the corners off a bolt head's end, at each place along the bolt."""
    return 0.94 * FLAT + 1.73 * np.maximum(along + LENGTH[part.kind] / 2, 0)


def _head_cover(part: Fastener, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    half = np.minimum(CORNER * np.cos(part.roll), _chamfer(part, along))
    middle = (HEAD - LENGTH[part.kind]) / 2
    return cover(np.maximum(np.abs(across) - half, np.abs(along - middle) - HEAD / 2))


def _shank_radius(part: Fastener, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The plain shank, then a helix of rolled thread, then the tip's chamfer."""
    half = LENGTH[part.kind] / 2
    round_it = np.arcsin(np.clip(across / SHANK, -1, 1)) / (2 * np.pi)
    groove = np.abs(2 * ((along / PITCH + round_it + part.roll) % 1) - 1)
    begun = np.clip((along + half - HEAD - THREAD_AT[part.kind]) / 6, 0, 1)
    radius = SHANK - 0.8 * (1 - begun) - THREAD * begun * np.clip(1.25 * groove - 0.15, 0, 1)
    return np.minimum(radius, np.maximum(SHANK - 5 + 0.9 * (half - along), 1))


def _shank_cover(part: Fastener, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    half = LENGTH[part.kind] / 2
    beyond = np.maximum(along - half, HEAD - half - along)
    return cover(np.maximum(np.abs(across) - _shank_radius(part, along, across), beyond))


def lay(surface: Surface, part: Fastener, floor: float, finish: Finish, rng: np.random.Generator, number: int) -> None:
    """Draw a fastener that lies on a floor `floor` pixels above the bench."""
    area = window(surface, part)
    blotches = cloud(rng, area.shape, 22)
    shade = float(rng.uniform(0.90, 1.05)) * (1 + 0.035 * blotches)
    tint = np.reshape(np.asarray(finish.tint, np.float32), (3, 1, 1)) * shade
    # Not all of it a mirror: steep faces would be black, where real ones mirror the tray.
    zinc = Material(ZINC.albedo, finish.roughness + float(rng.normal(0, 0.02)), 0.84, ZINC.grain)
    draw = {NUT: _lay_nut, WASHER: _lay_washer}.get(part.kind, _lay_bolt)
    draw(area, part, floor, zinc, tint, number)
    alpha = coverage(part, area.x, area.y)
    # Handled parts have rubbed against each other: fine hairlines and a skin that is nowhere quite flat.
    rubbed = smooth_noise(rng, area.shape, (2, 26)) + smooth_noise(rng, area.shape, (31, 3))
    area.tilt[0] += alpha * (0.012 * rubbed + 0.02 * smooth_noise(rng, area.shape, (16, 16)))
    area.tilt[1] += alpha * (0.012 * rubbed + 0.02 * smooth_noise(rng, area.shape, (16, 16)))
    area.roughness[...] += alpha * 0.02 * blotches


def _lay_bolt(area: Surface, part: Fastener, floor: float, zinc: Material, tint: np.ndarray, number: int) -> None:
    """A bolt rests on a flat of its head and on its tip, so that its axis falls towards the tip."""
    along, across = _frame(part, area.x, area.y)
    half = LENGTH[part.kind] / 2
    axis = floor + np.interp(along, (-half, half), (FLAT, SHANK)).astype(np.float32)
    radius = _shank_radius(part, along, across)
    shank = axis + np.sqrt(np.maximum(radius**2 - across**2, 0))
    # Plating and dirt settle in the thread's roots.
    roots = 1 - 0.2 * np.clip((SHANK - 1 - radius) / THREAD, 0, 1)
    put(area, _shank_cover(part, along, across), zinc, shank, tint * roots, number)
    turns = [part.roll + k * np.pi / 3 for k in (-1, 0, 1)]
    faces = np.minimum.reduce([(FLAT - across * np.sin(t)) / np.cos(t) for t in turns])
    cone = np.sqrt(np.maximum(_chamfer(part, along) ** 2 - across**2, 0))
    # The bearing side's edge is broken, as every forged edge is.
    broken = 2 * np.clip(1 - (HEAD - half - along) / 3.5, 0, 1) ** 2
    put(area, _head_cover(part, along, across), zinc, axis + np.minimum(faces, cone) - broken, tint, number)


def _lay_nut(area: Surface, part: Fastener, floor: float, zinc: Material, tint: np.ndarray, number: int) -> None:
    """Corners taken off by a chamfer ring, a countersunk bore, and the first turns of the thread in it."""
    along, across = _frame(part, area.x, area.y)
    distance = np.hypot(along, across)
    winding = np.arctan2(across, along) / (2 * np.pi)
    sunk = np.maximum(SINK - distance, 0)
    thread = np.abs(2 * ((distance / 2.6 + winding) % 1) - 1) * np.clip(sunk - 1.5, 0, 1)
    top = floor + NUT_HEIGHT - 0.75 * np.maximum(distance - 0.93 * FLAT, 0) - 1.1 * sunk - 1.6 * thread
    outline = _hexagon(along, across)
    top = top - 2 * np.clip(1 + outline / 2, 0, 1) ** 2
    put(area, coverage(part, area.x, area.y), zinc, top, tint * (1 - 0.05 * sunk), number)
    _lean(area, part, cover(outline))


def _lay_washer(area: Surface, part: Fastener, floor: float, zinc: Material, tint: np.ndarray, number: int) -> None:
    """Punched from sheet: one face has rounded edges, the other the punch's burr; the sign of `roll` says which."""
    along, across = _frame(part, area.x, area.y)
    distance = np.hypot(along, across)
    edge = np.maximum(distance - WASHER_RADIUS, WASHER_HOLE - distance)
    burr = part.roll < 0
    top = floor + WASHER_HEIGHT - 4 + 4 * dome(edge, 2.5 if burr else 6.0)
    top += 0.9 * np.clip(1 - np.abs(edge + 2.5) / 1.5, 0, 1) * burr
    rolled = 1 + 0.03 * np.sin(across * 0.9 + 2 * np.sin(across * 0.31))
    put(area, cover(edge), zinc, top, tint * rolled, number)
    _lean(area, part, cover(edge))


def _lean(area: Surface, part: Fastener, alpha: np.ndarray) -> None:
    area.tilt[...] += alpha * np.reshape(np.asarray(part.slope, np.float32), (2, 1, 1))


def rust(surface: Surface, part: Fastener, rng: np.random.Generator) -> np.ndarray:
    """The plating has gone from a patch of the part: rough brown rust. Returns coverage (0..1) in its window."""
    area = window(surface, part)
    along, across = _frame(part, area.x, area.y)
    middle = float(rng.uniform(-0.7, 0.4)) * LENGTH[part.kind] / 2 if part.is_bolt else float(rng.uniform(-24, 24))
    reach = np.hypot(along - middle, across) / float(rng.uniform(26, 38)) + 0.28 * cloud(rng, area.shape, 16)
    patch = np.clip(0.5 + (1 - reach) * 4, 0, 1) * coverage(part, area.x, area.y)
    flakes = np.maximum(0.35, 1 + 0.4 * cloud(rng, area.shape, 7))
    put(area, 0.94 * patch, RUST, None, flakes)
    area.height[...] += patch * 0.7 * smooth_noise(rng, area.shape, (4, 4))
    return patch


def burst(surface: Surface, nut: Fastener, rng: np.random.Generator) -> np.ndarray:
    """The nut has split from its bore to a corner or a flat: a ragged gap. Returns coverage (0..1) in its window."""
    area = window(surface, nut)
    along, across = turn(area.x, area.y, (nut.x, nut.y), float(rng.uniform(0, 2 * np.pi)))
    path = across - 2.5 * np.sin(along / 5 + float(rng.uniform(0, 6))) - 0.8 * smooth_noise(rng, area.shape, (6, 6))
    width = float(rng.uniform(3.2, 4.6)) * (0.75 + 0.012 * along)
    solid = coverage(nut, area.x, area.y) * (along > 0)
    gap = np.clip(0.5 + width - np.abs(path), 0, 1) * solid
    lip = np.clip(width + 3 - np.abs(path), 0, 1) * solid
    area.height[...] -= 2.5 * lip
    area.roughness[...] += 0.3 * lip
    put(area, gap, BLACK, area.height - 15)
    return np.maximum(gap, lip)

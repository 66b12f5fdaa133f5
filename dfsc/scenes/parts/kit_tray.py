"""A vacuum-formed tray with two rows of three like compartments, and how loose parts come to lie in them."""

from collections.abc import Sequence
from itertools import count

import numpy as np

from dfsc.scenes.optics.noise import cloud, smooth_noise
from dfsc.scenes.optics.shapes import cover, dome, ease, polyline, rounded_box
from dfsc.scenes.optics.surface import Material, Surface, put
from dfsc.scenes.parts import fasteners
from dfsc.scenes.parts.fasteners import Fastener

PLACES = tuple((row, column) for row in range(2) for column in range(3))
PITCH = (309.0, 346.0)
HALF = (147.0, 165.0)
EDGE = (502.0, 376.0)
FLOOR, RIM, WALL = 10.0, 74.0, 22.0
GAP, TRIES = 4.0, 1500

Place = tuple[int, int]
FIBRE = Material((0.62, 0.62, 0.60), 0.9)


def centre(place: Place) -> tuple[float, float]:
    """The middle of a compartment."""
    return (place[1] - 1) * PITCH[0], (place[0] - 0.5) * PITCH[1]


def neighbours(place: Place) -> list[Place]:
    """The compartments that share a wall with one."""
    return [other for other in PLACES if abs(other[0] - place[0]) + abs(other[1] - place[1]) == 1]


def inside(place: Place, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points lie in a compartment, its walls included."""
    return rounded_box(x, y, centre(place), HALF, 34) < 0


def off_floor(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points lie on no compartment's floor: on its walls or between two of them."""
    floor = (HALF[0] - WALL / 2, HALF[1] - WALL / 2)
    return np.min([rounded_box(x, y, centre(place), floor, 20) for place in PLACES], axis=0) > 0


def _discs(kind: str, x: np.ndarray, y: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The footprints of parts that lie like this: x and y (parts, discs) and radii (discs,)."""
    along, radius = fasteners.footprint(kind).T
    return x[:, None] + np.cos(angle)[:, None] * along, y[:, None] + np.sin(angle)[:, None] * along, radius


def _throw(
    rng: np.random.Generator, kind: str, serial: int, place: Place, lying: Sequence[Fastener]
) -> Fastener | None:
    """A part somewhere on a compartment's floor, clear of those that lie there; None if no try has found room."""
    (left, top), angle = centre(place), rng.uniform(0, 2 * np.pi, TRIES)
    x, y = (middle + rng.uniform(-half, half, TRIES) for middle, half in zip((left, top), HALF, strict=True))
    px, py, radius = _discs(kind, x, y, angle)
    within = (np.abs(px - left) < HALF[0] - WALL - radius) & (np.abs(py - top) < HALF[1] - WALL - radius)
    clear = within.all(1)
    for other in lying:
        ox, oy, reach = _discs(other.kind, *(np.array([value]) for value in (other.x, other.y, other.angle)))
        apart = np.hypot(px[..., None] - ox, py[..., None] - oy) - reach
        clear &= (apart.min(2) > radius + GAP).all(1)
    roll, slope = float(rng.uniform(-0.2, 0.2)), (float(rng.normal(0, 0.05)), float(rng.normal(0, 0.05)))
    if not clear.any():
        return None
    first = int(clear.argmax())
    return Fastener(kind, serial, float(x[first]), float(y[first]), float(angle[first]), roll, slope)


def add(
    rng: np.random.Generator, place: Place, new: Sequence[tuple[str, int]], lying: tuple[Fastener, ...]
) -> tuple[Fastener, ...]:
    """The parts that lie in a compartment and new ones, each (kind, serial); none at all if one has found no room."""
    for kind, serial in new:
        part = _throw(rng, kind, serial, place, lying)
        if part is None:
            return ()
        lying = (*lying, part)
    return lying


def scatter(rng: np.random.Generator, place: Place, new: Sequence[tuple[str, int]]) -> tuple[Fastener, ...]:
    """Throw parts, each (kind, serial), into an empty compartment until all have found room."""
    longest_first = sorted(new, key=lambda part: -len(fasteners.footprint(part[0])))
    return next(laid for laid in (add(rng, place, longest_first, ()) for _ in count()) if laid)


def first_with_room(
    rng: np.random.Generator, wanted: Sequence[tuple[Place, tuple[Fastener, ...], str, int]]
) -> tuple[int, Place, tuple[Fastener, ...]]:
    """Of additions (place, what lies there, kind, serial) one that fits: its index, its place, what then lies there.

    The new part is the last. What lay there stays where it is; only if nothing fits anywhere is it thrown anew.
    """
    order = [int(index) for index in rng.permutation(len(wanted))]
    for index in order:
        place, lying, kind, serial = wanted[index]
        laid = add(rng, place, [(kind, serial)], lying)
        if laid:
            return index, place, laid
    place, lying, kind, serial = wanted[order[0]]
    laid = scatter(rng, place, [*((part.kind, part.serial) for part in lying), (kind, serial)])
    return order[0], place, tuple(sorted(laid, key=lambda part: part.serial == serial))


def paint_tray(surface: Surface, rng: np.random.Generator, part: int) -> None:
    """The tray on the bench: a broad rolled rim, compartments with drafted walls, the film's fine leather grain."""
    area = surface.crop(-EDGE[0], -EDGE[1], EDGE[0], EDGE[1])
    shade = float(rng.uniform(0.85, 1.12))
    film = Material((0.150 * shade, 0.220 * shade, 0.300 * shade), float(rng.uniform(0.40, 0.52)), 0.0, 0.04)
    outline = rounded_box(area.x, area.y, (0, 0), EDGE, 40)
    uneven = cloud(rng, area.shape, 110)
    put(area, cover(outline), film, RIM - 16 + 16 * dome(outline, 14), 1 + 0.03 * uneven, part)
    # A shallow bead all round stiffens the rim.
    bead = rounded_box(area.x, area.y, (0, 0), (EDGE[0] - 20, EDGE[1] - 17), 30)
    area.height[...] -= 2.5 * np.exp(-((bead / 4.5) ** 2)) * cover(outline)
    for place in PLACES:
        _sink(surface, place, film, rng, part)
    leather = float(rng.uniform(0.02, 0.045))
    for tilt in area.tilt:
        tilt += cover(outline) * leather * smooth_noise(rng, area.shape, (4.5, 4.5))
    area.roughness[...] += cover(outline) * 0.03 * uneven


def _sink(surface: Surface, place: Place, film: Material, rng: np.random.Generator, part: int) -> None:
    """One compartment; the film is stretched in it, so its floor is never quite flat and its corners are thin."""
    x, y = centre(place)
    area = surface.crop(x - HALF[0] - 8, y - HALF[1] - 8, x + HALF[0] + 8, y + HALF[1] + 8)
    box = rounded_box(area.x, area.y, (x, y), HALF, 34)
    wall = np.clip(-box / WALL, 0, 1)
    depth = area.height - (RIM - FLOOR) * ease(wall)
    floor = cloud(rng, area.shape, 120, 2)
    worn = 1 + 0.05 * cloud(rng, area.shape, 40) + 0.03 * floor
    put(area, cover(box), film, depth + 1.2 * floor * wall, worn, part)


def wear(surface: Surface, rng: np.random.Generator) -> None:
    """What every used tray shows: faint scuffs from sharp parts, specks of dust, a few fibres."""
    for _ in range(rng.integers(4, 22)):
        _line(surface, rng, float(rng.uniform(20, 90)), 0.9, float(rng.uniform(0.10, 0.28)))
    for _ in range(rng.integers(1, 7)):
        _line(surface, rng, float(rng.uniform(14, 34)), 1.0, float(rng.uniform(0.45, 0.8)))
    specks = np.abs(smooth_noise(rng, surface.shape, (2.5, 2.5))) > rng.uniform(3.2, 3.7)
    put(surface, 0.6 * specks, FIBRE)


def _line(surface: Surface, rng: np.random.Generator, length: float, width: float, strength: float) -> None:
    x, y = float(rng.uniform(-EDGE[0], EDGE[0])), float(rng.uniform(-EDGE[1], EDGE[1]))
    heading = float(rng.uniform(0, 2 * np.pi))
    turns = heading + np.cumsum(rng.normal(0, 0.25, 6))
    points = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1) * length / 6, 0) + np.array((x, y))
    area = surface.crop(*(points.min(0) - 4), *(points.max(0) + 4))
    path = polyline(area.x, area.y, [tuple(point) for point in points]) - width
    put(area, strength * cover(path), FIBRE)

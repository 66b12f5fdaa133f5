"""The product `mounting_kit`: bolts, nuts and washers that lie loose in a tray, each compartment with its own mixture.

The compartments are alike and any two kinds of part lie side by side in one of them: so no part, no pair of parts and
no bare floor is wrong in itself, only in the compartment where it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dfsc.scenes.optics.noise import stream
from dfsc.scenes.optics.pose import loose_pose
from dfsc.scenes.optics.surface import Surface
from dfsc.scenes.parts import damage, fasteners, hardware, kit_tray
from dfsc.scenes.parts.fasteners import LONG, NUT, SHORT, WASHER, Fastener
from dfsc.scenes.parts.kit_tray import PLACES, Place
from dfsc.scenes.product import DefectKind, Masks, Product

RECIPES = {
    (0, 0): (LONG, LONG, NUT),
    (0, 1): (NUT, NUT, NUT, WASHER),
    (0, 2): (SHORT, SHORT, NUT),
    (1, 0): (WASHER, WASHER, SHORT),
    (1, 1): (LONG, SHORT),
    (1, 2): (LONG, WASHER, WASHER),
}
BENCH, TRAY, FASTENER = 1, 2, 20
# Serials of sound parts are below; each logical defect that adds a part has one of its own.
ADDED = {"extra_part": 100, "wrong_kind": 101}

KINDS = (
    DefectKind("missing_part", "logical", 255, 3000, False),
    DefectKind("extra_part", "logical", 254, 3000, False),
    DefectKind("wrong_kind", "logical", 253, 0.5, True),
    DefectKind("swapped_compartments", "logical", 252, 6000, False),
    DefectKind("misplaced_part", "logical", 251, 0.5, True),
    DefectKind("chipped_edge", "structural", 250, 1.0, True),
    DefectKind("bent_bolt", "structural", 249, 1.0, True),
    DefectKind("burst_nut", "structural", 248, 1.0, True),
    DefectKind("rust", "structural", 247, 1.0, True),
    DefectKind("contamination", "structural", 246, 1.0, True),
)

Contents = dict[Place, tuple[Fastener, ...]]


@dataclass(frozen=True)
class Mark:
    """What a logical defect has touched: places, and the parts (serials) that are its mask unless whole places are."""

    name: str
    places: tuple[Place, ...]
    serials: tuple[int, ...] = ()


@dataclass(frozen=True)
class Kit:
    """What lies where, and what the logical defects in it have touched."""

    contents: Contents
    marks: tuple[Mark, ...] = ()

    def free(self) -> list[Place]:
        """Compartments that no defect has touched yet."""
        taken = {place for mark in self.marks for place in mark.places}
        return [place for place in PLACES if place not in taken]

    def changed(self, contents: Contents, mark: Mark) -> "Kit":
        """The same with other parts in some compartments, by a defect."""
        return replace(self, contents=self.contents | contents, marks=(*self.marks, mark))


def _sound(seed: int) -> Kit:
    """A kit without defects; a compartment's parts lie the same in each picture of a seed."""
    laid = {}
    for number, (place, kinds) in enumerate(RECIPES.items()):
        named = [(kind, 10 * number + slot) for slot, kind in enumerate(kinds)]
        laid[place] = kit_tray.scatter(stream(seed, f"parts {place}"), place, named)
    return Kit(laid)


def _rearrange(kit: Kit, name: str, rng: np.random.Generator) -> Kit:
    """The kit with one more logical defect, in compartments that have none yet."""
    places = kit.free()
    if name == "swapped_compartments":
        one, two = rng.permutation(len(places))[:2]
        return _swap(kit, places[one], places[two])
    if name == "missing_part":
        place = places[rng.integers(len(places))]
        lying = list(kit.contents[place])
        del lying[int(rng.integers(len(lying)))]
        return kit.changed({place: tuple(lying)}, Mark(name, (place,)))
    if name == "misplaced_part":
        return _misplace(kit, rng)
    found = [(place, part) for place in places for part in kit.contents[place]]
    if name == "extra_part":
        wanted = [(place, kit.contents[place], part.kind) for place, part in found]
    else:
        wanted = [(place, _without(kit, place, part), _another(part.kind, rng)) for place, part in found]
    _, place, laid = kit_tray.first_with_room(rng, [(*want, ADDED[name]) for want in wanted])
    shown = (laid[-1].serial,) if name == "wrong_kind" else _serials(laid, laid[-1].kind)
    return kit.changed({place: laid}, Mark(name, (place,), shown))


def _another(kind: str, rng: np.random.Generator) -> str:
    return str(rng.choice([other for other in (LONG, SHORT, NUT, WASHER) if other != kind]))


def _without(kit: Kit, place: Place, part: Fastener) -> tuple[Fastener, ...]:
    return tuple(other for other in kit.contents[place] if other is not part)


def _serials(lying: Sequence[Fastener], kind: str | None = None) -> tuple[int, ...]:
    return tuple(part.serial for part in lying if kind in (None, part.kind))


def _swap(kit: Kit, one: Place, two: Place) -> Kit:
    """Two compartments' parts change places, each lying as it lay."""
    (ax, ay), (bx, by) = kit_tray.centre(one), kit_tray.centre(two)
    there = tuple(replace(part, x=part.x + bx - ax, y=part.y + by - ay) for part in kit.contents[one])
    here = tuple(replace(part, x=part.x + ax - bx, y=part.y + ay - by) for part in kit.contents[two])
    return kit.changed({one: here, two: there}, Mark("swapped_compartments", (one, two)))


def _misplace(kit: Kit, rng: np.random.Generator) -> Kit:
    """A part lies next door: where no other defect is, if there is such a neighbour.

    Five defects at once need more compartments than there are; then it joins another one's parts, if need be farther
    off, though never in a compartment of which the whole is that defect's mask.
    """
    free = kit.free()
    whole = {place for mark in kit.marks if not mark.serials for place in mark.places}
    ways = [(home, to) for home in free for to in PLACES if to != home and to not in whole]
    ways = [way for way in ways if way[1] in kit_tray.neighbours(way[0])] or ways
    ways = [way for way in ways if way[1] in free] or ways
    moves = [(home, to, part) for home, to in ways for part in kit.contents[home]]
    index, target, laid = kit_tray.first_with_room(
        rng, [(to, kit.contents[to], part.kind, part.serial) for _, to, part in moves]
    )
    home, _, part = moves[index]
    contents = {home: _without(kit, home, part), target: laid}
    return kit.changed(contents, Mark("misplaced_part", (home, target), (part.serial,)))


def _paint_unit(surface: Surface, seed: int, lying: Sequence[Fastener]) -> None:
    hardware.lay_bench(surface, stream(seed, "bench"), BENCH)
    kit_tray.paint_tray(surface, stream(seed, "tray"), TRAY)
    kit_tray.wear(surface, stream(seed, "wear"))
    finish = fasteners.draw_finish(stream(seed, "finish"))
    for part in lying:
        fasteners.lay(surface, part, kit_tray.FLOOR, finish, stream(seed, f"part {part.serial}"), FASTENER)


def _logical_mask(surface: Surface, lying: Sequence[Fastener], mark: Mark) -> np.ndarray:
    """Where a logical defect shows: the parts concerned, or whole compartments if it lies in no single part."""
    x, y = surface.x, surface.y
    if not mark.serials:
        return np.any([kit_tray.inside(place, x, y) for place in mark.places], axis=0)
    shown = [fasteners.coverage(part, x, y) > 0.5 for part in lying if part.serial in mark.serials]
    return np.any(shown, axis=0)


def _bent(surface: Surface, lying: Sequence[Fastener], rng: np.random.Generator) -> tuple[Fastener, Fastener]:
    """A long bolt before and after its shank was bent, to where it meets no other part nor a wall if there is such."""
    bolts = [part for part in lying if part.kind == LONG]
    amount = float(rng.uniform(0.3, 0.5))
    options = [
        (bolts[i], replace(bolts[i], bend=side * amount)) for i in rng.permutation(len(bolts)) for side in (-1, 1)
    ]
    return next((pair for pair in options if _is_clear(surface, pair, lying)), options[0])


def _is_clear(surface: Surface, pair: tuple[Fastener, Fastener], lying: Sequence[Fastener]) -> bool:
    area = fasteners.window(surface, pair[1])
    covered = fasteners.coverage(pair[1], area.x, area.y) > 0
    obstacles = kit_tray.off_floor(area.x, area.y)
    for other in lying:
        if other is not pair[0]:
            obstacles |= fasteners.coverage(other, area.x, area.y) > 0
    return not (covered & obstacles).any()


def _damage(surface: Surface, lying: Sequence[Fastener], name: str, rng: np.random.Generator) -> np.ndarray:
    """Draw one structural defect, but for a bent bolt, and return its mask."""
    if name == "chipped_edge":
        return damage.chip_off(surface, rng, _wall_site(rng), (TRAY,))
    if name == "contamination":
        spoil = damage.spill if rng.random() < 0.5 else damage.drop_swarf
        x, y = kit_tray.centre(PLACES[rng.integers(len(PLACES))])
        # Not in the walls' shadow, where oil would not be seen.
        at = damage.site(surface, rng, (TRAY, FASTENER), (x - 85, y - 85, x + 115, y + 125))
        return spoil(surface, rng, at)
    if name == "rust":
        part = lying[int(rng.integers(len(lying)))]
        return damage.full_mask(surface, fasteners.window(surface, part), fasteners.rust(surface, part, rng), 0.3)
    nuts = [part for part in lying if part.kind == NUT]
    nut = nuts[rng.integers(len(nuts))]
    return damage.full_mask(surface, fasteners.window(surface, nut), fasteners.burst(surface, nut, rng), 0.3)


def _wall_site(rng: np.random.Generator) -> damage.Point:
    """A random point on the upper edge of a compartment's wall."""
    x, y = kit_tray.centre(PLACES[rng.integers(len(PLACES))])
    along, side = float(rng.uniform(-0.8, 0.8)), int(rng.choice([-1, 1]))
    if rng.random() < 0.5:
        return x + side * kit_tray.HALF[0], y + along * kit_tray.HALF[1]
    return x + along * kit_tray.HALF[0], y + side * kit_tray.HALF[1]


def paint(surface: Surface, seed: int, kinds: Sequence[DefectKind]) -> Masks:
    """Draw one kit; see Product.paint."""
    kit = _sound(seed)
    # In the register's order, whatever the order asked for: a misplaced part makes do with what the others leave.
    for kind in sorted((k for k in kinds if k.family == "logical"), key=KINDS.index):
        kit = _rearrange(kit, kind.name, stream(seed, kind.name))
    lying = [part for place in PLACES for part in kit.contents[place]]
    masks = {}
    for kind in kinds:
        if kind.name == "bent_bolt":
            pair = _bent(surface, lying, stream(seed, kind.name))
            lying[lying.index(pair[0])] = pair[1]
            before, after = (fasteners.coverage(part, surface.x, surface.y) > 0.5 for part in pair)
            masks[kind] = before ^ after
    _paint_unit(surface, seed, lying)
    marks = {mark.name: mark for mark in kit.marks}
    for kind in kinds:
        if kind.family == "logical":
            masks[kind] = _logical_mask(surface, lying, marks[kind.name])
        elif kind not in masks:
            masks[kind] = _damage(surface, lying, kind.name, stream(seed, kind.name))
    return tuple((kind, masks[kind]) for kind in kinds)


PRODUCT = Product(
    "mounting_kit",
    "Bolts, nuts and washers that lie loose in a tray, each compartment with its own mixture.",
    KINDS,
    paint,
    loose_pose,
)

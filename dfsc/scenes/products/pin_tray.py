"""The product `pin_tray`: crimp pins in a moulded tray, counted by compartment and coloured by row.

Each row has one compartment with a spare pair and one that stays empty, each row elsewhere: so neither an empty
compartment nor a full one nor any colour is wrong in itself, only where it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dfsc.scenes.optics.noise import cloud, stream
from dfsc.scenes.optics.pose import fixture_pose
from dfsc.scenes.optics.shapes import cover, dome, ease, rounded_box
from dfsc.scenes.optics.surface import RGB, Material, Surface, put
from dfsc.scenes.parts import crimp_pins, damage, hardware
from dfsc.scenes.parts.crimp_pins import Pin
from dfsc.scenes.product import DefectKind, Masks, Product, between, severity

ROWS, COLUMNS = 3, 6
PITCH_X, PITCH_Y = 146.0, 204.0
HALF = (66.0, 95.0)
LEFT, TOP, RIGHT, BOTTOM = -478.0, -330.0, 462.0, 330.0
FIRST_X, FIRST_Y = -366.0, -204.0
FLOOR, RIM = 10.0, 64.0
# How many pins each compartment holds.
COUNTS = ((2, 1, 1, 0, 1, 1), (1, 0, 1, 1, 2, 1), (1, 1, 2, 1, 1, 0))

BENCH, TRAY, POCKET, LABEL, PIN = 1, 2, 3, 4, 20
ABS = Material((0.118, 0.122, 0.128), 0.52, 0.0, 0.05)
PAPER = Material((0.70, 0.70, 0.66), 0.42, 0.0, 0.02)
INK = Material((0.03, 0.03, 0.032), 0.5, 0.0, 0.02)
RED, BLUE, YELLOW = (0.560, 0.022, 0.018), (0.012, 0.085, 0.430), (0.800, 0.520, 0.020)
COLOURS = (RED, BLUE, YELLOW)
SECTIONS = ("1,5", "2,5", "6")

KINDS = (
    DefectKind("missing_pin", "logical", 255, 6500, False),
    DefectKind("extra_pin", "logical", 254, 6500, False),
    DefectKind("filled_reserve", "logical", 253, 0.5, True),
    DefectKind("wrong_colour", "logical", 252, 0.5, True),
    DefectKind("swapped_pins", "logical", 251, 0.5, True),
    DefectKind("scratch", "structural", 250, 1.0, True),
    DefectKind("burst_sleeve", "structural", 249, 1.0, True),
    DefectKind("bent_pin", "structural", 248, 1.0, True),
    DefectKind("chipped_edge", "structural", 247, 1.0, True),
    DefectKind("contamination", "structural", 246, 1.0, True),
    DefectKind("turned_pin", "logical", 245, 0.5, True, graded=True),
    DefectKind("off_colour", "logical", 244, 0.5, True, graded=True),
    DefectKind("misplaced_strip", "logical", 243, 0.5, True, graded=True),
    DefectKind("swapped_strips", "logical", 242, 0.5, True, graded=True),
)

Place = tuple[int, int]
PLACES: tuple[Place, ...] = tuple((row, column) for row in range(ROWS) for column in range(COLUMNS))
# How many pins lie in each compartment and of which row's colour they are.
Contents = dict[Place, tuple[int, ...]]


@dataclass(frozen=True)
class Arrangement:
    """What lies where; `marked` lists the compartments that each logical defect has touched, by its name.

    Of graded defects: `turned` says how far (radians) the pin of a compartment is turned, `faded` of which row's colour
    it has how much (0 to 1); `slip` is how far the paper strips have gone down (pixels), `strips` the row that each
    of them was printed for.
    """

    contents: Contents
    marked: tuple[tuple[str, tuple[Place, ...]], ...] = ()
    turned: tuple[tuple[Place, float], ...] = ()
    faded: tuple[tuple[Place, tuple[int, float]], ...] = ()
    slip: float = 0.0
    strips: tuple[int, ...] = (0, 1, 2)

    def free(self, count: int) -> list[Place]:
        """Compartments made for as many pins that no defect has touched yet."""
        taken = {place for _, places in self.marked for place in places}
        return [place for place in PLACES if COUNTS[place[0]][place[1]] == count and place not in taken]

    def changed(self, name: str, contents: Contents) -> "Arrangement":
        """The same with other pins in some compartments, by a defect of that name."""
        return replace(self, contents=self.contents | contents, marked=(*self.marked, (name, tuple(contents))))


def _sound() -> Arrangement:
    return Arrangement({(row, column): (row,) * COUNTS[row][column] for row, column in PLACES})


def _rearrange(arrangement: Arrangement, name: str, rng: np.random.Generator) -> Arrangement:
    """The arrangement with one more logical defect, in compartments that have none yet."""
    places = arrangement.free(0 if name == "filled_reserve" else 1)
    place = places[rng.integers(len(places))]
    row = place[0]
    if name == "filled_reserve":
        return arrangement.changed(name, {place: (row,)})
    if name == "missing_pin":
        return arrangement.changed(name, {place: ()})
    if name == "extra_pin":
        return arrangement.changed(name, {place: (row, row)})
    if name == "wrong_colour":
        return arrangement.changed(name, {place: ((row + int(rng.integers(1, ROWS))) % ROWS,)})
    others = [other for other in places if other[0] != row]
    other = others[rng.integers(len(others))]
    return arrangement.changed(name, {place: (other[0],), other: (row,)})


def _grade(arrangement: Arrangement, name: str, severity: float, rng: np.random.Generator) -> Arrangement:
    """The arrangement with a graded logical defect."""
    if name == "misplaced_strip":
        return replace(arrangement, slip=float(rng.choice([-1, 1])) * between(8, 55, severity))
    if name == "swapped_strips":
        kept = int(rng.integers(ROWS))
        one, two = (row for row in range(ROWS) if row != kept)
        return replace(arrangement, strips=tuple({one: two, two: one}.get(row, row) for row in range(ROWS)))
    places = arrangement.free(1)
    place = places[rng.integers(len(places))]
    marked = (*arrangement.marked, (name, (place,)))
    if name == "turned_pin":
        # More than a leaning pin has no room to turn but right round.
        turn = between(0.22, 0.62, severity / 0.8) if severity < 0.8 else np.pi
        return replace(arrangement, turned=((place, float(rng.choice([-1, 1])) * turn),), marked=marked)
    other = (place[0] + int(rng.integers(1, ROWS))) % ROWS
    return replace(arrangement, faded=((place, (other, between(0.15, 0.9, severity))),), marked=marked)


def _centre(place: Place) -> tuple[float, float]:
    return FIRST_X + place[1] * PITCH_X, FIRST_Y + place[0] * PITCH_Y


def _pins(seed: int, arrangement: Arrangement) -> dict[Place, list[Pin]]:
    """How the pins lie; those of a compartment whose contents are sound lie the same whatever else is wrong."""
    laid = {}
    for place, colours in arrangement.contents.items():
        rng = stream(seed, f"pins {place}")
        single = (float(rng.uniform(-26, 26)), float(rng.uniform(-13, 13)), float(rng.normal(0, 0.07)))
        pair = [(side * 31 + float(rng.uniform(-3, 3)), float(rng.uniform(-13, 13))) for side in (-1, 1)]
        lean = float(rng.normal(0, 0.02))
        spots = [(x, y, lean) for x, y in pair] if len(colours) == 2 else [single]
        x, y = _centre(place)
        laid[place] = [
            Pin(x + dx, y + dy, float(np.clip(tilt, -0.15, 0.15)), COLOURS[colour])
            for colour, (dx, dy, tilt) in zip(colours, spots[: len(colours)], strict=True)
        ]
    for place, turn in arrangement.turned:
        laid[place] = [
            replace(pin, x=_centre(place)[0] + 0.3 * (pin.x - _centre(place)[0]), tilt=turn) for pin in laid[place]
        ]
    for place, (row, share) in arrangement.faded:
        laid[place] = [replace(pin, colour=_mixed(pin.colour, COLOURS[row], share)) for pin in laid[place]]
    return laid


def _mixed(one: RGB, other: RGB, share: float) -> RGB:
    red, green, blue = (between(a, b, share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _paint_tray(surface: Surface, rng: np.random.Generator) -> None:
    area = surface.crop(LEFT, TOP, RIGHT, BOTTOM)
    middle = ((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2)
    outline = rounded_box(area.x, area.y, middle, ((RIGHT - LEFT) / 2, (BOTTOM - TOP) / 2), 26)
    uneven = cloud(rng, area.shape, 90)
    put(area, cover(outline), ABS, RIM - 12 + 12 * dome(outline, 10), 1 + 0.03 * uneven, TRAY)
    for row in range(ROWS):
        for column in range(COLUMNS):
            _sink_pocket(surface, (row, column), rng)
    area.roughness[...] += cover(outline) * 0.03 * uneven


def _sink_pocket(surface: Surface, place: Place, rng: np.random.Generator) -> None:
    """One compartment: rounded lip, steep walls with a draft, a floor with the dust that pins leave."""
    x, y = _centre(place)
    area = surface.crop(x - HALF[0] - 8, y - HALF[1] - 8, x + HALF[0] + 8, y + HALF[1] + 8)
    lip = rounded_box(area.x, area.y, (x, y), (HALF[0] + 4, HALF[1] + 4), 22)
    put(area, cover(lip), ABS, area.height - 5 * dome(lip, 6), 1.0, TRAY)
    inside = lip + 5
    wall = np.clip(-inside / 11, 0, 1)
    depth = RIM - 6 + (FLOOR - RIM + 6) * ease(wall)
    dust = 1 + 0.06 * cloud(rng, area.shape, 30) + 0.05 * (wall >= 1)
    put(area, cover(inside), ABS, depth, dust, POCKET)


def _print_labels(surface: Surface, arrangement: Arrangement, rng: np.random.Generator) -> None:
    """A paper strip at the left with each row's cross section and a dot of its colour."""
    slip = float(rng.normal(0, 1.5)) + arrangement.slip
    for row, printed in enumerate(arrangement.strips):
        text, colour = SECTIONS[printed], COLOURS[printed]
        y = FIRST_Y + row * PITCH_Y + slip
        area = surface.crop(-476, y - 64, -436, y + 64)
        strip = rounded_box(area.x, area.y, (-456, y), (15, 60), 3)
        put(area, cover(strip), PAPER, RIM + 1, 1 + 0.02 * cloud(rng, area.shape, 30), LABEL)
        dot = np.hypot(area.x + 456, area.y - y - 36) - 10
        red, green, blue = colour
        put(area, cover(dot), Material((0.8 * red, 0.8 * green, 0.8 * blue), 0.45, 0.0, 0.02))
        hardware.print_text(surface, [(text, -456, y - 20, 20)], INK, 0.9)


def _paint_unit(surface: Surface, seed: int, arrangement: Arrangement, pins: dict[Place, list[Pin]]) -> None:
    hardware.lay_bench(surface, stream(seed, "bench"), BENCH)
    _paint_tray(surface, stream(seed, "tray"))
    _print_labels(surface, arrangement, stream(seed, "labels"))
    for place, lying in pins.items():
        for number, pin in enumerate(lying):
            crimp_pins.lay_pin(surface, pin, FLOOR, stream(seed, f"pin {place} {number}"), PIN)


def _logical_mask(surface: Surface, pins: dict[Place, list[Pin]], arrangement: Arrangement, name: str) -> np.ndarray:
    """Where a logical defect shows: the pins concerned, or the compartment in which one is missing."""
    x, y = surface.x, surface.y
    if name in ("misplaced_strip", "swapped_strips"):
        return _strip_mask(surface, arrangement, name)
    places = dict(arrangement.marked)[name]
    if name == "missing_pin":
        return rounded_box(x, y, _centre(places[0]), HALF, 20) < 0
    shown = [crimp_pins.coverage(pin, x, y) > 0.5 for place in places for pin in pins[place]]
    return np.any(shown, axis=0)


def _strip_mask(surface: Surface, arrangement: Arrangement, name: str) -> np.ndarray:
    """Strips for other rows, or what the strips cover that they should not and the other way round."""
    middles = {row: FIRST_Y + row * PITCH_Y for row in range(ROWS)}
    x, y = surface.x, surface.y
    if name == "swapped_strips":
        rows = [row for row in range(ROWS) if arrangement.strips[row] != row]
        return np.any([rounded_box(x, y, (-456, middles[row]), (15, 60), 3) < 0 for row in rows], axis=0)
    usual, there = (
        np.any([rounded_box(x, y, (-456, middle + slip), (15, 60), 3) < 0 for middle in middles.values()], axis=0)
        for slip in (0.0, arrangement.slip)
    )
    return usual ^ there


def _damage(surface: Surface, lying: Sequence[Pin], name: str, rng: np.random.Generator) -> np.ndarray:
    """Draw one structural defect, but for a bent pin, and return its mask."""
    if name == "scratch":
        at = damage.site(surface, rng, (TRAY, POCKET), (-440, -300, 430, 300))
        return damage.scratch(surface, rng, at, float(rng.uniform(0, np.pi)), (TRAY, POCKET))
    if name == "chipped_edge":
        along = float(rng.uniform(-0.85, 0.85))
        ends = [(along * 440, TOP + 6), (along * 440, BOTTOM - 6), (RIGHT - 6, along * 300), (LEFT + 6, along * 300)]
        return damage.chip_off(surface, rng, ends[rng.integers(4)], (TRAY,))
    if name == "contamination":
        # Swarf only: oil on so dark a plastic is next to invisible.
        return damage.drop_swarf(surface, rng, damage.site(surface, rng, (TRAY, POCKET, LABEL), (-440, -300, 430, 300)))
    pin = lying[int(rng.integers(len(lying)))]
    burst = crimp_pins.crush(surface, pin, float(rng.uniform(-52, -10)), float(rng.uniform(15, 22)), rng)
    return damage.full_mask(surface, crimp_pins.window(surface, pin), burst, 0.3)


def _bend(surface: Surface, pins: dict[Place, list[Pin]], rng: np.random.Generator) -> np.ndarray:
    """Bend one single pin's tip aside, in place; the mask holds where the tip is and where it would have been."""
    places = [place for place, lying in pins.items() if len(lying) == 1]
    place = places[rng.integers(len(places))]
    (straight,) = pins[place]
    bent = replace(straight, bend=float(rng.choice([-1, 1]) * rng.uniform(0.35, 0.6)))
    pins[place] = [bent]
    before, after = (crimp_pins.coverage(pin, surface.x, surface.y) > 0.5 for pin in (straight, bent))
    return before ^ after


def paint(surface: Surface, seed: int, kinds: Sequence[DefectKind]) -> Masks:
    """Draw one tray; see Product.paint."""
    arrangement = _sound()
    for kind in kinds:
        if kind.graded:
            arrangement = _grade(arrangement, kind.name, severity(seed, kind.name), stream(seed, kind.name))
        elif kind.family == "logical":
            arrangement = _rearrange(arrangement, kind.name, stream(seed, kind.name))
    pins = _pins(seed, arrangement)
    masks = {k: _bend(surface, pins, stream(seed, k.name)) for k in kinds if k.name == "bent_pin"}
    _paint_unit(surface, seed, arrangement, pins)
    masks |= {k: _logical_mask(surface, pins, arrangement, k.name) for k in kinds if k.family == "logical"}
    lying = [pin for pins_of_place in pins.values() for pin in pins_of_place]
    for kind in kinds:
        if kind not in masks:
            masks[kind] = _damage(surface, lying, kind.name, stream(seed, kind.name))
    return tuple((kind, masks[kind]) for kind in kinds)


PRODUCT = Product(
    "pin_tray",
    "Crimp pins in a tray of three rows, counted by compartment and coloured by row.",
    KINDS,
    paint,
    fixture_pose,
)

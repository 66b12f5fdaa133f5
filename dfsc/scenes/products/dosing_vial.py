"""The product `dosing_vial`: a filled vial whose label must say what is in it, and a plug that must match its socket.

Liquid, level and ring colour change freely from unit to unit; a spare vial, empty, open and with a blank label, lies
in every kit. So no colour, level, label or open neck is wrong in itself, only beside a partner that says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dfsc.scenes.optics.noise import cloud, stream
from dfsc.scenes.optics.pose import loose_pose
from dfsc.scenes.optics.shapes import circle, cover, dome, ease, rounded_box, turn
from dfsc.scenes.optics.surface import Material, Surface, put
from dfsc.scenes.parts import connectors, damage, glassware, hardware, labels
from dfsc.scenes.parts.connectors import Pair
from dfsc.scenes.parts.glassware import Vial
from dfsc.scenes.parts.labels import Print
from dfsc.scenes.product import DefectKind, Masks, Product, between, severity

HALF_X, HALF_Y, RIM, FLOOR = 462.0, 318.0, 60.0, 12.0
FILLED_Y, PAIR_Y, SPARE_Y = -204.0, 0.0, 204.0
# Where along the vial the liquid ends, by the number of bars less one.
LEVELS = (200.0, 100.0, 0.0)

BENCH, HOLDER, POCKET, GLASS, LIQUID, LABEL, CAP, PAIR, RING = range(1, 10)
MOULDED = Material((0.120, 0.133, 0.142), 0.50, 0.0, 0.05)
PRINT = Material((0.60, 0.61, 0.60), 0.5, 0.0, 0.02)
LIQUIDS = ((0.020, 0.140, 0.520), (0.780, 0.400, 0.012), (0.520, 0.016, 0.050))
RINGS = ((0.016, 0.260, 0.070), (0.800, 0.190, 0.014), (0.230, 0.045, 0.400))

KINDS = (
    DefectKind("wrong_fill", "logical", 255, 3000, False),
    DefectKind("wrong_label", "logical", 254, 9000, False),
    DefectKind("wrong_partner", "logical", 253, 0.5, True),
    DefectKind("missing_cap", "logical", 252, 0.6, True),
    DefectKind("capped_spare", "logical", 251, 0.6, True),
    DefectKind("scratch", "structural", 250, 1.0, True),
    DefectKind("cracked_glass", "structural", 249, 1.0, True),
    DefectKind("torn_label", "structural", 248, 1.0, True),
    DefectKind("chipped_edge", "structural", 247, 1.0, True),
    DefectKind("contamination", "structural", 246, 1.0, True),
    DefectKind("underfilled", "logical", 245, 3000, False, graded=True),
    DefectKind("overfilled", "logical", 244, 0.6, True, graded=True),
    DefectKind("misplaced_label", "logical", 243, 0.6, True, graded=True),
    DefectKind("swapped_labels", "logical", 242, 0.5, True, graded=True),
)


@dataclass(frozen=True)
class Arrangement:
    """What a unit holds: indices into LEVELS, LIQUIDS and RINGS, and whether the filled and the spare vial are capped.

    `stated` and `label` are what the label says, `level` and `liquid` what is in the vial. `excess` is how much farther
    than the level's mark the liquid reaches (pixels), `slip` how far the filled vial's label has gone along it, and
    `swapped` says that each vial has the other one's label.
    """

    stated: int
    level: int
    label: int
    liquid: int
    socket: int
    plug: int
    capped: tuple[bool, bool] = (True, False)
    excess: float = 0.0
    slip: float = 0.0
    swapped: bool = False


@dataclass(frozen=True)
class Kit:
    """How the parts of one unit lie; `creep` is how far the liquid's end is off its mark (pixels)."""

    filled: Vial
    spare: Vial
    pair: Pair
    creep: float


def _sound(rng: np.random.Generator) -> Arrangement:
    level, liquid, ring = (int(i) for i in rng.integers(0, 3, 3))
    return Arrangement(level, level, liquid, liquid, ring, ring)


def _rearrange(arrangement: Arrangement, name: str, rng: np.random.Generator) -> Arrangement:
    """The arrangement with one more logical defect."""
    step = int(rng.integers(1, 3))
    if name == "wrong_fill":
        return replace(arrangement, level=(arrangement.stated + step) % 3)
    if name == "wrong_label":
        return replace(arrangement, label=(arrangement.liquid + step) % 3)
    if name == "wrong_partner":
        return replace(arrangement, plug=(arrangement.socket + step) % 3)
    filled, spare = arrangement.capped
    return replace(arrangement, capped=(filled and name != "missing_cap", spare or name == "capped_spare"))


def _grade(arrangement: Arrangement, name: str, severity: float, rng: np.random.Generator) -> Arrangement:
    """The arrangement with a graded logical defect."""
    if name == "swapped_labels":
        return replace(arrangement, swapped=True)
    if name == "misplaced_label":
        towards_base = rng.random() < 0.75
        return replace(arrangement, slip=between(10, 70, severity) if towards_base else -between(8, 18, severity))
    low = name == "underfilled"
    level, excess = (0, -between(18, 190, severity)) if low else (len(LEVELS) - 1, between(12, 33, severity))
    return replace(arrangement, stated=level, level=level, excess=excess)


def _lie(rng: np.random.Generator) -> Kit:
    def vial(y: float) -> Vial:
        return Vial(float(rng.uniform(-6, 6)), y + float(rng.uniform(-2, 2)), float(rng.uniform(-0.08, 0.08)))

    pair = Pair(float(rng.uniform(-4, 4)), PAIR_Y + float(rng.uniform(-2, 2)), float(rng.uniform(-12, 12)))
    return Kit(vial(FILLED_Y), vial(SPARE_Y), pair, float(rng.uniform(-7, 7)))


def _paint_holder(surface: Surface, rng: np.random.Generator) -> None:
    area = surface.crop(-HALF_X, -HALF_Y, HALF_X, HALF_Y)
    outline = rounded_box(area.x, area.y, (0, 0), (HALF_X, HALF_Y), 28)
    uneven = cloud(rng, area.shape, 90)
    put(area, cover(outline), MOULDED, RIM - 13 + 13 * dome(outline, 11), 1 + 0.03 * uneven, HOLDER)
    area.roughness[...] += cover(outline) * 0.03 * uneven
    for y in (FILLED_Y, SPARE_Y):
        body = rounded_box(area.x, area.y, (46, y), (374, 82), 26)
        neck = rounded_box(area.x, area.y, (-340, y), (102, 66), 20)
        # Room for the fingers that lift the vial.
        grip = circle(area.x, area.y, 70, y, 99)
        _sink(area, np.minimum(np.minimum(body, neck), grip), rng)
    bed = rounded_box(area.x, area.y, (-76, PAIR_Y), (306, 64), 18)
    channel = rounded_box(area.x, area.y, (400, PAIR_Y), (220, 30), 10)
    _sink(area, np.minimum(bed, channel), rng)
    _scuff(area, rng)


def _sink(area: Surface, outline: np.ndarray, rng: np.random.Generator) -> None:
    """A hollow in the holder: rounded lip, walls with a draft, a floor with a little dust."""
    inside = np.isin(area.part, (HOLDER, POCKET))
    put(area, cover(outline - 5) * inside, MOULDED, area.height - 4 * dome(outline - 5, 6), 1.0, HOLDER)
    wall = np.clip(-outline / 10, 0, 1)
    depth = RIM - 5 + (FLOOR - RIM + 5) * ease(wall)
    dust = 0.96 + 0.05 * cloud(rng, area.shape, 30)
    put(area, cover(outline) * inside, MOULDED, depth, dust, POCKET)


def _scuff(area: Surface, rng: np.random.Generator) -> None:
    """Use has left its marks on the rim: short, faint, pale scuffs in every direction."""
    for _ in range(int(rng.integers(10, 22))):
        at = (float(rng.uniform(-HALF_X, HALF_X)), float(rng.uniform(-HALF_Y, HALF_Y)))
        along, across = turn(area.x, area.y, at, float(rng.uniform(0, np.pi)))
        mark = cover(np.abs(across) - 0.5, 1.5) * np.clip(1 - np.abs(along) / float(rng.uniform(8, 30)), 0, 1)
        area.albedo[...] *= 1 + 0.35 * mark * (area.part == HOLDER)


def _paint_unit(
    surface: Surface, seed: int, kit: Kit, arrangement: Arrangement, torn: tuple[np.ndarray | None, np.ndarray | None]
) -> np.ndarray:
    """Draw the whole unit; returns the mask of what has been torn off the labels."""
    hardware.lay_bench(surface, stream(seed, "bench"), BENCH)
    _paint_holder(surface, stream(seed, "holder"))
    hardware.print_text(surface, [("FILL KIT 3", -310, -93, 24), ("SPARE", -337, 93, 24)], PRINT, 0.8)
    colours = RINGS[arrangement.socket], RINGS[arrangement.plug]
    connectors.lay_pair(surface, kit.pair, *colours, FLOOR, stream(seed, "pair"), PAIR, RING)
    for name, vial in (("filled", kit.filled), ("spare", kit.spare)):
        glassware.lay_glass(surface, vial, stream(seed, f"glass {name}"), GLASS)
    level = _liquid_end(kit, arrangement)
    glassware.pour(surface, kit.filled, LIQUIDS[arrangement.liquid], level, stream(seed, "liquid"), LIQUID)
    gone = np.zeros(surface.shape, bool)
    printed = Print(arrangement.stated + 1, LIQUIDS[arrangement.label]), Print()
    vials = (("filled", kit.filled, arrangement.slip), ("spare", kit.spare, 0.0))
    texts = reversed(printed) if arrangement.swapped else printed
    for (name, vial, slip), text, piece, capped in zip(vials, texts, torn, arrangement.capped, strict=True):
        glassware.graduate(surface, vial)
        place = replace(vial, x=vial.x + slip)
        gone |= labels.lay_label(surface, place, text, piece, stream(seed, f"label {name}"), LABEL)
        if capped:
            glassware.screw_on(surface, vial, stream(seed, f"cap {name}"), CAP)
    return gone


def _liquid_end(kit: Kit, arrangement: Arrangement) -> float:
    """Where along the vial the liquid ends."""
    return LEVELS[arrangement.level] + kit.creep - arrangement.excess


def _graded_mask(surface: Surface, kit: Kit, arrangement: Arrangement, name: str) -> np.ndarray:
    """Where a graded logical defect shows: the labels, or the liquid that is lacking or too much."""
    if name == "swapped_labels":
        return surface.part == LABEL
    along, across = glassware.frame(kit.filled, surface.x, surface.y)
    inside = np.abs(across) < glassware.INNER
    if name == "misplaced_label":
        start, end = sorted((0.0, arrangement.slip))
        ends = [(labels.START, labels.START), (labels.END, labels.END)]
        return np.any([inside & (along > a + start) & (along < b + end) for a, b in ends], axis=0)
    low, high = sorted((LEVELS[arrangement.level] + kit.creep, _liquid_end(kit, arrangement)))
    return inside & (along > glassware.meniscus(across, low)) & (along < glassware.meniscus(across, high))


def _fill_mask(surface: Surface, kit: Kit, arrangement: Arrangement) -> np.ndarray:
    """Where the liquid is too much or too little, and the bars that are printed or lacking by mistake."""
    along, across = glassware.frame(kit.filled, surface.x, surface.y)
    low, high = sorted((arrangement.stated, arrangement.level))
    start, end = (glassware.meniscus(across, LEVELS[i] + kit.creep) for i in (high, low))
    amount = (np.abs(across) < glassware.INNER) & (along > start - 4) & (along < end + 4)
    return amount | (labels.bar_distance(kit.filled, surface, range(low + 1, high + 1)) < 0)


def _logical_mask(surface: Surface, kit: Kit, arrangement: Arrangement, name: str) -> np.ndarray:
    """Where a logical defect shows: both partners that disagree, or the cap's place."""
    x, y = surface.x, surface.y
    if name == "wrong_fill":
        return _fill_mask(surface, kit, arrangement)
    if name == "wrong_label":
        field = (x - kit.filled.x > labels.FOLD) & (x - kit.filled.x < labels.END - 5)
        shown = (surface.part == LIQUID) | ((surface.part == LABEL) & field & (y < PAIR_Y))
        # Of liquid that is too much already the colour does not matter.
        return shown & ~_fill_mask(surface, kit, arrangement) if arrangement.level != arrangement.stated else shown
    if name == "wrong_partner":
        return surface.part == RING
    vial = kit.filled if name == "missing_cap" else kit.spare
    return glassware.cap_distance(vial, x, y) < 0


def _damage(surface: Surface, name: str, rng: np.random.Generator) -> np.ndarray:
    """Draw one structural defect, but for a torn label, and return its mask."""
    if name == "scratch":
        at = damage.site(surface, rng, (HOLDER,), (-430, -300, 430, 300))
        return damage.scratch(surface, rng, at, float(rng.uniform(0, np.pi)), (HOLDER, POCKET))
    if name == "cracked_glass":
        y = (FILLED_Y, SPARE_Y)[rng.integers(2)]
        at = damage.site(surface, rng, (GLASS, LIQUID), (-110, y - 40, 360, y + 40))
        return glassware.crack(surface, rng, at, (GLASS, LIQUID))
    if name == "chipped_edge":
        along = float(rng.uniform(-0.85, 0.85))
        ends = [(along * 430, side * (HALF_Y - 6)) for side in (-1, 1)] + [(-HALF_X + 6, along * 290)]
        return damage.chip_off(surface, rng, ends[rng.integers(3)], (HOLDER,))
    # Swarf only: oil on so dark a plastic is next to invisible.
    return damage.drop_swarf(surface, rng, damage.site(surface, rng, (HOLDER, POCKET, PAIR), (-430, -290, 430, 290)))


def _tear(
    surface: Surface, kit: Kit, kinds: Sequence[DefectKind], seed: int
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What is torn off the filled and the spare vial's label: of one of them a corner, if that defect is wanted."""
    if all(kind.name != "torn_label" for kind in kinds):
        return None, None
    rng = stream(seed, "torn_label")
    if rng.random() < 0.5:
        return labels.torn_off(labels.label_window(surface, kit.filled), kit.filled, rng), None
    return None, labels.torn_off(labels.label_window(surface, kit.spare), kit.spare, rng)


def paint(surface: Surface, seed: int, kinds: Sequence[DefectKind]) -> Masks:
    """Draw one kit; see Product.paint."""
    arrangement, kit = _sound(stream(seed, "unit")), _lie(stream(seed, "kit"))
    for kind in kinds:
        if kind.graded:
            arrangement = _grade(arrangement, kind.name, severity(seed, kind.name), stream(seed, kind.name))
        elif kind.family == "logical":
            arrangement = _rearrange(arrangement, kind.name, stream(seed, kind.name))
    gone = _paint_unit(surface, seed, kit, arrangement, _tear(surface, kit, kinds, seed))
    masks = {
        k: (_graded_mask if k.graded else _logical_mask)(surface, kit, arrangement, k.name)
        for k in kinds
        if k.family == "logical"
    }
    for kind in kinds:
        if kind.family == "structural":
            torn = kind.name == "torn_label"
            masks[kind] = gone if torn else _damage(surface, kind.name, stream(seed, kind.name))
    return tuple((kind, masks[kind]) for kind in kinds)


PRODUCT = Product(
    "dosing_vial",
    "A filled vial with its label, a spare vial, and a plug in its socket: level, colours and rings go in pairs.",
    KINDS,
    paint,
    loose_pose,
)

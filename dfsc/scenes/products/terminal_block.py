"""The product `terminal_block`: six wired screw terminals on a rail, with a jumper link, a fuse and a marker strip."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dfsc.scenes.optics.noise import cloud, stream
from dfsc.scenes.optics.pose import fixture_pose
from dfsc.scenes.optics.shapes import circle, cover, dome, rounded_box
from dfsc.scenes.optics.surface import Material, Surface, put
from dfsc.scenes.parts import damage, hardware, wires
from dfsc.scenes.parts.wires import Wire
from dfsc.scenes.parts.wiring import LINK_AT, Arrangement, grade, rearrange
from dfsc.scenes.product import DefectKind, Masks, Product, severity

PITCH = 132.0
CENTRES = tuple((i - 2.5) * PITCH for i in range(6))
TOP, BOTTOM, SIDE, BLOCK = -335.0, 110.0, 436.0, 396.0
SCREW_Y, SCREW_RADIUS = -66.0, 37.0
LINK_Y, LINK_HALF = -166.0, (89.0, 22.0)
SLOT_TOP, SLOT_RADIUS, WIRE_TOP, WIRE_RADIUS = 18.0, 38.0, 34.0, 28.5
# Height of the housing (pixels above the bench) along y: fuse row, marker row, link row, screws, sloping front.
PROFILE_Y = (TOP, -256, -250, -206, -203, -128, -123, -4, 4, BOTTOM)
PROFILE_HEIGHT = (82, 84, 95, 96, 90, 91, 104, 105, 103, 62)

BENCH, RAIL, HOUSING, BRACKET, RECESS, SCREW, LABEL, LINK, FUSE, WIRE = (1, 2, 3, 4, 5, 6, 7, 8, 9, 20)
BODY = (HOUSING, BRACKET)

GREEN = Material((0.040, 0.190, 0.070), 0.42, 0.0, 0.055)
GREY = Material((0.150, 0.150, 0.145), 0.48, 0.0, 0.06)
PAPER = Material((0.70, 0.70, 0.67), 0.40, 0.0, 0.02)
INK = Material((0.02, 0.02, 0.022), 0.5, 0.0, 0.02)
WHITE_INK = Material((0.62, 0.63, 0.60), 0.5, 0.0, 0.03)

KINDS = (
    DefectKind("missing_wire", "logical", 255, 6000, False),
    DefectKind("swapped_wires", "logical", 254, 0.5, True),
    DefectKind("wrong_colour", "logical", 253, 0.4, True),
    DefectKind("missing_screw", "logical", 252, 0.6, True),
    DefectKind("misplaced_link", "logical", 251, 5000, False),
    DefectKind("scratch", "structural", 250, 1.0, True),
    DefectKind("burn", "structural", 249, 1.0, True),
    DefectKind("cut_insulation", "structural", 248, 1.0, True),
    DefectKind("chipped_edge", "structural", 247, 1.0, True),
    DefectKind("contamination", "structural", 246, 1.0, True),
    DefectKind("pulled_wire", "logical", 245, 0.6, True, graded=True),
    DefectKind("thin_wire", "logical", 244, 3000, False, graded=True),
    DefectKind("off_colour", "logical", 243, 0.5, True, graded=True),
    DefectKind("slipped_link", "logical", 242, 0.5, True, graded=True),
)


def _link_centre(first: int) -> tuple[float, float]:
    return (CENTRES[first] + PITCH / 2, LINK_Y)


def _paint_housing(surface: Surface, rng: np.random.Generator) -> None:
    area = surface.crop(-SIDE, TOP, SIDE, BOTTOM)
    x, y = area.x, area.y
    ends = rounded_box(x, y, (0, -95), (SIDE, 190), 9)
    put(
        area,
        cover(ends) * (np.abs(x) > BLOCK - 9),
        GREY,
        69 + 9 * dome(ends, 8),
        1 + 0.02 * cloud(rng, area.shape, 60),
        BRACKET,
    )
    block = rounded_box(x, y, (0, (TOP + BOTTOM) / 2), (BLOCK, (BOTTOM - TOP) / 2), 6)
    module = np.clip(((x + BLOCK) // PITCH).astype(np.int32), 0, 5)
    seam = np.abs(x + BLOCK - PITCH * np.round((x + BLOCK) / PITCH))
    height = (
        np.interp(y, PROFILE_Y, PROFILE_HEIGHT).astype(np.float32) + rng.normal(0, 0.7, 6).astype(np.float32)[module]
    )
    height -= 5 * np.exp(-((seam / 1.7) ** 2)) + 2.5 * np.exp(-((seam / 5) ** 2))
    uneven = cloud(rng, area.shape, 80)
    shades = 1 + rng.normal(0, 0.018, 6).astype(np.float32)[module] + 0.018 * uneven
    put(area, cover(block), GREEN, height - 10 + 10 * dome(block, 8), shades, HOUSING)
    area.roughness[...] += cover(block) * 0.03 * uneven


def _paint_recesses(surface: Surface) -> None:
    """Link channel, screw wells and wire slots, each with what shows at its bottom."""
    channel = surface.crop(-BLOCK, LINK_Y - 32, BLOCK, LINK_Y + 32)
    pit = rounded_box(channel.x, channel.y, (0, LINK_Y), (BLOCK - 22, 27), 5)
    put(channel, cover(pit), GREEN, 80.0, 0.92, RECESS)
    for x in CENTRES:
        area = surface.crop(x - 50, LINK_Y - 30, x + 50, BOTTOM + 8)
        socket = rounded_box(area.x, area.y, (x, LINK_Y), (21, 13), 3)
        put(area, cover(socket), hardware.BRASS, 74.0, 0.7, RECESS)
        put(area, cover(socket + 4), hardware.DARK, 50.0, 1.0, RECESS)
        well = circle(area.x, area.y, x, SCREW_Y, SCREW_RADIUS + 6)
        put(area, cover(well - 4), GREEN, area.height - 4 * dome(well - 4, 5), 1.0, HOUSING)
        put(area, cover(well), GREEN, 72.0, 0.6, RECESS)
        _paint_slot(area, x)


def _paint_slot(area: Surface, x: float) -> None:
    """The open slot in the front in which a wire sits, and the clamp at its end."""
    slot = rounded_box(area.x, area.y, (x, SLOT_TOP + 100), (SLOT_RADIUS, 100), 16)
    inside = (area.part == HOUSING) | (slot < 0)
    put(
        area, cover(slot - 4) * inside * (area.y < BOTTOM - 1), GREEN, area.height - 4 * dome(slot - 4, 5), 1.0, HOUSING
    )
    put(area, cover(slot) * (area.y < BOTTOM), GREEN, 16.0, 0.35, RECESS)
    clamp = rounded_box(area.x, area.y, (x, SLOT_TOP + 16), (26, 12), 3)
    put(area, cover(clamp), hardware.ZINC, 30 + 3 * dome(clamp, 4), 0.7, RECESS)
    put(area, cover(rounded_box(area.x, area.y, (x, SLOT_TOP + 17), (16, 8), 6)), hardware.DARK, 8.0, 1.0, RECESS)


def _paint_top_rows(surface: Surface, rng: np.random.Generator) -> None:
    """Fuse in its holder, moulded and printed lettering, and the white marker strip with its numbers."""
    row = surface.crop(-BLOCK, TOP, BLOCK, -200)
    holder = rounded_box(row.x, row.y, (250, -294), (128, 30), 6)
    put(row, cover(holder), GREEN, 56.0, 0.7, RECESS)
    strip = rounded_box(row.x, row.y, (float(rng.normal(0, 1.5)), -228), (384, 17), 3)
    put(row, cover(strip), PAPER, 96 + 3 * dome(strip, 3), 1 + 0.015 * cloud(rng, row.shape, 50), LABEL)
    hardware.clip_fuse(surface, (250 + float(rng.normal(0, 2)), -294), 220, 19, 56, FUSE)
    hardware.print_text(surface, [(str(i + 1), x, -228, 27) for i, x in enumerate(CENTRES)], INK, 0.93)
    hardware.print_text(
        surface,
        [("X12", -340, -294, 40), ("TB 6-2,5", -190, -303, 25), ("24 V   10 A", -190, -278, 19)],
        WHITE_INK,
        0.85,
    )
    hardware.print_text(surface, [("F1", 84, -294, 28)], WHITE_INK, 0.85)


def _courses(seed: int, arrangement: Arrangement) -> list[Wire]:
    """How the wires run; one that has come out or is thin runs as it would otherwise."""
    pulled, thin = dict(arrangement.pulled), dict(arrangement.thin)
    courses = [wires.slack(stream(seed, f"slack {i}"), x, WIRE_TOP, WIRE_RADIUS) for i, x in enumerate(CENTRES)]
    return [
        replace(course, y=course.y + pulled.get(i, 0.0), radius=course.radius * thin.get(i, 1.0))
        for i, course in enumerate(courses)
    ]


def _paint_unit(surface: Surface, seed: int, arrangement: Arrangement, courses: Sequence[Wire]) -> None:
    hardware.lay_bench(surface, stream(seed, "bench"), BENCH)
    for x in (-432, 432):
        hardware.drill(surface, x, 232, 14)
    hardware.lay_rail(surface, stream(seed, "rail"), -190, 30, (-474, 474), RAIL)
    _paint_housing(surface, stream(seed, "housing"))
    _paint_recesses(surface)
    _paint_top_rows(surface, stream(seed, "rows"))
    middle, level = _link_centre(arrangement.link)
    hardware.plug_link(surface, (middle + arrangement.slip, level), LINK_HALF, 106, LINK)
    turns = stream(seed, "screws")
    for centre, present in zip(CENTRES, arrangement.screws, strict=True):
        angle, top = float(turns.uniform(0, np.pi)), float(turns.normal(93, 1.5))
        if present:
            hardware.drive_screw(surface, (centre, SCREW_Y), SCREW_RADIUS, top, angle, SCREW)
        else:
            hardware.threaded_hole(surface, (centre, SCREW_Y), SCREW_RADIUS, 62, SCREW)
    for i, (course, colour) in enumerate(zip(courses, arrangement.colours, strict=True)):
        if colour is not None:
            wires.lay_wire(surface, course, colour, 42, stream(seed, f"wire {i}"), WIRE + i)


def _logical_mask(surface: Surface, courses: Sequence[Wire], arrangement: Arrangement, name: str) -> np.ndarray:
    """Where a logical defect that the arrangement contains shows, after the unit has been painted."""
    touched = dict(arrangement.marked)[name]
    x, y = surface.x, surface.y
    if name == "missing_wire":
        return wires.coverage(courses[touched[0]], x, y) > 0.5
    if name == "missing_screw":
        return circle(x, y, CENTRES[touched[0]], SCREW_Y, SCREW_RADIUS) < 0
    if name == "misplaced_link":
        places = (rounded_box(x, y, _link_centre(i), LINK_HALF, 6) for i in (LINK_AT, arrangement.link))
        return np.minimum(*places) < 0
    return np.isin(surface.part, [WIRE + i for i in touched])


def _graded_mask(surface: Surface, courses: Sequence[Wire], arrangement: Arrangement, name: str) -> np.ndarray:
    """Where a graded logical defect shows: what of a wire is lacking, the whole of it, or where the link is or was."""
    x, y = surface.x, surface.y
    if name == "slipped_link":
        middle, level = _link_centre(arrangement.link)
        usual, there = (rounded_box(x, y, (middle + slip, level), LINK_HALF, 6) for slip in (0.0, arrangement.slip))
        return (usual < 0) != (there < 0)
    terminal = dict(arrangement.marked)[name][0]
    if name == "off_colour":
        return surface.part == WIRE + terminal
    there = wires.coverage(courses[terminal], x, y)
    usual = wires.coverage(replace(courses[terminal], y=WIRE_TOP, radius=WIRE_RADIUS), x, y)
    return (usual > 0.5) & (there <= 0.5)


def _edge_site(rng: np.random.Generator) -> damage.Point:
    """A random point on the housing's outline that no slot interrupts."""
    along = float(rng.uniform(-0.9, 0.9))
    front = (float(rng.integers(-2, 3)) * PITCH + 12 * along, BOTTOM - 6)
    return [front, (along * BLOCK, TOP + 5), (SIDE - 5, -95 + along * 180), (-SIDE + 5, -95 + along * 180)][
        rng.integers(4)
    ]


def _damage(
    surface: Surface, courses: Sequence[Wire], arrangement: Arrangement, name: str, rng: np.random.Generator
) -> np.ndarray:
    """Draw one structural defect and return its mask."""
    if name == "scratch":
        at = damage.site(surface, rng, BODY, (-380, -320, 380, 60))
        return damage.scratch(surface, rng, at, float(rng.uniform(0, np.pi)), (*BODY, LABEL, RECESS, LINK))
    if name == "burn":
        return damage.burn(
            surface, rng, damage.site(surface, rng, BODY, (-370, -135, 370, 60)), (*BODY, RECESS, LABEL, LINK)
        )
    if name == "chipped_edge":
        return damage.chip_off(surface, rng, _edge_site(rng), BODY)
    if name == "contamination":
        spoil = damage.spill if rng.random() < 0.5 else damage.drop_swarf
        everything = (*BODY, LABEL, RECESS, LINK, *range(WIRE, WIRE + 6))
        return spoil(surface, rng, damage.site(surface, rng, everything, (-400, -320, 400, 300)))
    wire = courses[int(rng.choice([i for i, colour in enumerate(arrangement.colours) if colour]))]
    y, length, width = rng.uniform(165, 300), rng.uniform(22, 46), rng.uniform(0.45, 0.8)
    cut = wires.bare(surface, wire, float(y), float(length), float(width), rng)
    return damage.full_mask(surface, wires.window(surface, wire), cut, 0.3)


def paint(surface: Surface, seed: int, kinds: Sequence[DefectKind]) -> Masks:
    """Draw one terminal block; see Product.paint."""
    arrangement = Arrangement()
    for kind in kinds:
        if kind.graded:
            arrangement = grade(arrangement, kind.name, severity(seed, kind.name), stream(seed, kind.name))
        elif kind.family == "logical":
            arrangement = rearrange(arrangement, kind.name, stream(seed, kind.name))
    courses = _courses(seed, arrangement)
    _paint_unit(surface, seed, arrangement, courses)
    masks = {
        k: (_graded_mask if k.graded else _logical_mask)(surface, courses, arrangement, k.name)
        for k in kinds
        if k.family == "logical"
    }
    for kind in kinds:
        if kind.family == "structural":
            masks[kind] = _damage(surface, courses, arrangement, kind.name, stream(seed, kind.name))
    return tuple((kind, masks[kind]) for kind in kinds)


PRODUCT = Product(
    "terminal_block",
    "Six wired screw terminals on a rail, with a jumper link and a fuse.",
    KINDS,
    paint,
    fixture_pose,
)

"""Metal and plastic parts that more than one product can use: bench, rail, screw, jumper link, fuse, printing."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dfsc.scenes.optics.noise import cloud, smooth_noise
from dfsc.scenes.optics.shapes import circle, cover, dome, rounded_box, turn
from dfsc.scenes.optics.surface import Material, Surface, put

ANODISED = Material((0.33, 0.34, 0.36), 0.42, 0.75, 0.008)
ZINC = Material((0.66, 0.67, 0.68), 0.33, 1.0, 0.02)
NICKEL = Material((0.70, 0.67, 0.62), 0.22, 1.0, 0.012)
BRASS = Material((0.72, 0.52, 0.24), 0.30, 1.0, 0.02)
COPPER = Material((0.86, 0.45, 0.27), 0.30, 0.95, 0.02)
DARK = Material((0.012, 0.012, 0.013), 0.7, 0.0, 0.02)
GLASS = Material((0.045, 0.075, 0.055), 0.10)


def _on_product(surface: Surface, texture: np.ndarray) -> np.ndarray:
    """A texture drawn in product units, centred on the origin, as it lies in the picture."""
    origin = (texture.shape[1] / 2, texture.shape[0] / 2)
    size = (surface.shape[1], surface.shape[0])
    data = surface.pose.inverse_affine(origin)
    return np.asarray(Image.fromarray(texture).transform(size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR))


def lay_bench(surface: Surface, rng: np.random.Generator, part: int) -> None:
    """Cover the whole surface with a brushed, anodised plate whose brushing runs from left to right."""
    shape = (surface.shape[0] + 80, surface.shape[1] + 80)
    brushed = 0.6 * smooth_noise(rng, shape, (1.3, 70)) + 0.5 * smooth_noise(rng, shape, (1.6, 400))
    lines = _on_product(surface, brushed)
    stains = cloud(rng, surface.shape, 260, 3)
    put(surface, np.ones(surface.shape, np.float32), ANODISED, 0.0, 1 + 0.055 * lines + 0.02 * stains, part)
    surface.tilt[1] += 0.036 * lines + 0.006 * stains
    surface.roughness[...] += 0.02 * stains


def drill(surface: Surface, x: float, y: float, radius: float) -> None:
    """A countersunk hole in the bench."""
    area = surface.crop(x - radius * 1.6, y - radius * 1.6, x + radius * 1.6, y + radius * 1.6)
    hole = circle(area.x, area.y, x, y, radius)
    sink = cover(circle(area.x, area.y, x, y, radius * 1.4))
    put(area, sink, ZINC, area.height - 0.8 * np.clip(radius * 0.4 - hole, 0, radius * 0.4))
    put(area, cover(hole), DARK, area.height - 30)


def lay_rail(
    surface: Surface, rng: np.random.Generator, top: float, bottom: float, slots: Sequence[float], part: int
) -> None:
    """A zinc-plated mounting rail from edge to edge with rolled flanges and an oblong hole at each of `slots` (x)."""
    area = surface.crop(-700, top - 12, 700, bottom + 12)
    middle, half = (top + bottom) / 2, (bottom - top) / 2
    outline = rounded_box(area.x, area.y, (0, middle), (900, half), 3)
    flange = np.clip(1 - np.abs(half - 11 - np.abs(area.y - middle)) / 12, 0, 1)
    rolled = 17 + 13 * np.sqrt(flange * (2 - flange))
    blotches = cloud(rng, area.shape, 24, 3)
    put(area, cover(outline), ZINC, rolled, 1 + 0.03 * blotches, part)
    area.tilt[1] += cover(outline) * 0.03 * smooth_noise(rng, area.shape, (1.5, 120))
    for x in slots:
        put(area, cover(rounded_box(area.x, area.y, (x, middle), (26, 15), 15)), DARK, 2.0)


def drive_screw(
    surface: Surface, centre: tuple[float, float], radius: float, top: float, angle: float, part: int
) -> None:
    """A slotted, zinc-plated cheese-head screw seen from above, its slot turned by `angle` radians."""
    x, y = centre
    area = surface.crop(x - radius - 2, y - radius - 2, x + radius + 2, y + radius + 2)
    rim = circle(area.x, area.y, x, y, radius)
    head = top - 7 + 7 * dome(rim, 9) - 0.0016 * (rim + radius) ** 2
    along, across = turn(area.x, area.y, centre, angle)
    slot = np.maximum(np.abs(across) - 5.2, np.abs(along) - radius)
    # The driver has pressed the slot's flanks down a little over the years.
    head -= 2.2 * np.clip(1 - slot / 3.5, 0, 1) ** 2
    turned = np.sin((rim + radius) * 2.1 + 0.6 * np.sin(3 * np.arctan2(across, along)))
    put(area, cover(rim), ZINC, head, 1 + 0.025 * turned, part)
    distance = np.maximum(rim + radius, 1)
    area.tilt[...] += cover(rim) * 0.035 * turned * np.stack([area.x - x, area.y - y]) / distance
    put(area, cover(np.maximum(slot, rim)), Material((0.20, 0.20, 0.21), 0.5, 0.9, 0.05), top - 17, 1.0, part)


def threaded_hole(surface: Surface, centre: tuple[float, float], radius: float, top: float, part: int) -> None:
    """The brass nut and thread that show where a screw is missing."""
    x, y = centre
    area = surface.crop(x - radius, y - radius, x + radius, y + radius)
    rim = circle(area.x, area.y, x, y, radius)
    put(area, cover(rim), BRASS, top, 0.55, part)
    bore = circle(area.x, area.y, x, y, radius * 0.62)
    thread = np.sin(bore * 1.5 + np.arctan2(area.y - y, area.x - x))
    put(area, cover(bore), BRASS, top - 20 + 2 * thread + np.clip(bore, -24, 0), 0.22, part)
    put(area, cover(circle(area.x, area.y, x, y, radius * 0.42)), DARK, top - 70.0, 1.0, part)


def plug_link(surface: Surface, centre: tuple[float, float], half: tuple[float, float], top: float, part: int) -> None:
    """A plastic jumper link with a moulded rib and a test hole over each of its two pins."""
    x, y = centre
    area = surface.crop(x - half[0] - 3, y - half[1] - 3, x + half[0] + 3, y + half[1] + 3)
    outline = rounded_box(area.x, area.y, centre, half, 6)
    rib = rounded_box(area.x, area.y, centre, (half[0] - 46, half[1] - 13), 5)
    height = top - 9 + 9 * dome(outline, 7) - 3.5 * dome(rib, 4)
    put(area, cover(outline), Material((0.72, 0.13, 0.025), 0.38, 0.0, 0.035), height, 1.0, part)
    for side in (-1, 1):
        hole = (x + side * (half[0] - 24), y)
        put(area, cover(rounded_box(area.x, area.y, hole, (9, 12), 3)), DARK, top - 16.0, 1.0, part)
        put(area, cover(rounded_box(area.x, area.y, hole, (6, 8), 2)), BRASS, top - 10.0, 1.0, part)


def clip_fuse(
    surface: Surface, centre: tuple[float, float], length: float, radius: float, floor: float, part: int
) -> None:
    """A glass tube fuse that lies from left to right in two spring clips."""
    x, y = centre
    half = length / 2
    area = surface.crop(x - half - 4, y - radius - 12, x + half + 4, y + radius + 12)
    across = np.clip((area.y - y) / radius, -1, 1)
    tube = floor + 6 + radius * np.sqrt(1 - across * across)
    along = area.x - x
    put(
        area,
        cover(rounded_box(area.x, area.y, centre, (half - 8, radius - 2), 4)),
        GLASS,
        tube - 2,
        1 - 0.5 * across**2,
        part,
    )
    wire = cover(np.abs(area.y - y - 2.5 * np.sin(along / 31)) - 1.2) * (np.abs(along) < half - 20)
    put(area, 0.8 * wire, ZINC, part=part)
    for side in (-1, 1):
        cap = rounded_box(area.x, area.y, (x + side * (half - 21), y), (21, radius), 3)
        put(area, cover(cap), NICKEL, tube - 3 + 3 * dome(cap, 5), 1.0, part)
        for edge in (-1, 1):
            spring = rounded_box(area.x, area.y, (x + side * (half - 21), y + edge * (radius + 1)), (14, 6), 3)
            put(area, cover(spring), ZINC, floor + 22 + 5 * dome(spring, 5), 0.9, part)


def print_text(
    surface: Surface, texts: Sequence[tuple[str, float, float, int]], ink: Material, strength: float
) -> None:
    """Print lines of text, each (text, x and y of its middle, size in pixels), onto what is there; heights stay."""
    left, right = min(t[1] - 0.4 * t[3] * len(t[0]) for t in texts), max(t[1] + 0.4 * t[3] * len(t[0]) for t in texts)
    top, bottom = min(t[2] - t[3] for t in texts), max(t[2] + t[3] for t in texts)
    area = surface.crop(left, top, right, bottom)
    size = (surface.shape[1], surface.shape[0])
    sheet = Image.new("L", size, 0)
    pen = ImageDraw.Draw(sheet)
    for text, x, y, points in texts:
        font = ImageFont.load_default(points)
        pen.text((size[0] / 2 + x, size[1] / 2 + y), text, fill=255, font=font, anchor="mm")
    row, column = area.window[0].start, area.window[1].start
    a, b, c, d, e, f = surface.pose.inverse_affine((size[0] / 2, size[1] / 2))
    data = (a, b, c + a * column + b * row, d, e, f + d * column + e * row)
    placed = sheet.transform((area.shape[1], area.shape[0]), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)
    put(area, np.asarray(placed, np.float32) * np.float32(strength / 255), ink)

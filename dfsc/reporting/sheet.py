"""Contact sheets: the images that detectors judge best and worst, each with all detectors' fused maps side by side."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from dfsc.annotations.masks import read_mask
from dfsc.datasets import TestImage
from dfsc.errors import DFSCError
from dfsc.evaluation.auroc import mid_ranks
from dfsc.evaluation.evaluation import Evaluation
from dfsc.evaluation.scoring import FUSED
from dfsc.images.decoding import read_image
from dfsc.inspection.colours import SCALE_END, SCALE_MARKS, colours, opacity, overlay
from dfsc.reporting.figures_of_merit import FiguresOfMerit

ROWS = 4
TILE, LINE, GAP = 300, 20, 8
SCALE_WIDTH, SCALE_HEIGHT = 240, 12
INK, PAPER, OUTLINE = (30, 30, 30), (255, 255, 255), (255, 0, 255)
BEHIND_SCALE = (128, 128, 128)
JPEG_QUALITY = 90


def worst_and_best(evaluation: Evaluation) -> dict[str, list[int]]:
    """By title, indices of the images whose judgement is most and least in doubt, by the detectors' mean rank.

    Among anomalous images the lowest scores are the worst, among good ones the highest.
    """
    ranks = np.mean([mid_ranks(report.scores[FUSED]) for report in evaluation.detectors], axis=0)
    good = np.array([image.is_good for image in evaluation.images])
    rising = [indices[np.argsort(ranks[indices], kind="stable")] for indices in map(np.flatnonzero, (~good, good))]
    return {
        "Anomalous images with the lowest scores": rising[0][:ROWS].tolist(),
        "Good images with the highest scores": rising[1][::-1][:ROWS].tolist(),
        "Anomalous images with the highest scores": rising[0][::-1][:ROWS].tolist(),
        "Good images with the lowest scores": rising[1][:ROWS].tolist(),
    }


def sheet(figures: FiguresOfMerit, indices: list[int], file: Path) -> None:
    """Write a JPEG: a row an image, its photograph with the ground truth outlined, then a fused map a detector."""
    outlined = any(figures.evaluation.images[index].masks for index in indices)
    heads = ["Photograph, ground truth outlined" if outlined else "Photograph"]
    heads += [detector.label for detector in figures.detectors]
    strips = [_strip(len(heads), heads), *(_row(figures, index) for index in indices), _scale(len(heads))]
    picture = Image.new("RGB", (strips[0].width, sum(strip.height for strip in strips)), PAPER)
    top = 0
    for strip in strips:
        picture.paste(strip, (0, top))
        top += strip.height
    picture.save(file, quality=JPEG_QUALITY, subsampling=0)  # or thin coloured lines grow pale


def _row(figures: FiguresOfMerit, index: int) -> Image.Image:
    image = figures.evaluation.images[index]
    pixels = _fitted(read_image(image.path))
    texts = [f"{image.defect}/{image.path.name}"]
    tiles = [_outlined(pixels, image)]
    for detector in figures.detectors:
        texts.append(f"score {detector.report.scores[FUSED][index]:.2f}")
        tiles.append(overlay(pixels, detector.report.maps[FUSED][index]))
    row = _strip(len(tiles), texts, pixels.shape[0] + GAP)
    for column, tile in enumerate(tiles):
        row.paste(Image.fromarray(tile), (_left(column), LINE))
    return row


def _strip(columns: int, texts: list[str], further: int = 0) -> Image.Image:
    """A line of text, each in its own column and cut where it is too long, with room below it."""
    strip = Image.new("RGB", (_left(columns), LINE + further), PAPER)
    draw, font = ImageDraw.Draw(strip), _font()
    for column, text in enumerate(texts):
        while font.getlength(text) > TILE and len(text) > 1:
            text = text.rstrip("…")[:-1] + "…"
        draw.text((_left(column), 3), text, INK, font)
    return strip


def _scale(columns: int) -> Image.Image:
    """The maps' colour scale over grey, with its marks below it."""
    strip = _strip(columns, ["Colour scale of the maps"], SCALE_HEIGHT + LINE + GAP)
    values = np.linspace(0, SCALE_END, SCALE_WIDTH)
    behind = np.array(BEHIND_SCALE, np.float32)
    shades = behind + (colours(values) - behind) * opacity(values)[:, None]
    strip.paste(Image.fromarray(np.tile(np.round(shades).astype(np.uint8), (SCALE_HEIGHT, 1, 1))), (_left(0), LINE))
    draw = ImageDraw.Draw(strip)
    for mark in SCALE_MARKS:
        text = f"{mark:g}" + " and above" * (mark == SCALE_END)
        draw.text((_left(0) + mark / SCALE_END * SCALE_WIDTH, LINE + SCALE_HEIGHT + 2), text, INK, _font())
    return strip


def _left(column: int) -> int:
    return GAP + column * (TILE + GAP)


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(12)


def _fitted(pixels: np.ndarray) -> np.ndarray:
    """A photograph with its longer side at TILE pixels."""
    height, width = pixels.shape[:2]
    scale = TILE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _outlined(pixels: np.ndarray, image: TestImage) -> np.ndarray:
    """The photograph with a line around each of its ground-truth masks; what lies within it stays visible."""
    marked = pixels.copy()
    for path in image.masks:
        try:
            mask = Image.fromarray(np.uint8(255) * read_mask(path, image.path))
        except DFSCError:  # pixel metrics were told to be left out, else they would have said so
            continue
        size = (pixels.shape[1], pixels.shape[0])
        covered = mask.resize(size, Image.Resampling.BOX).point(lambda share: 255 * (share > 0))
        inner, outer = (np.asarray(covered.filter(ImageFilter.MaxFilter(edge))) > 0 for edge in (3, 7))
        marked[outer & ~inner] = OUTLINE
    return marked

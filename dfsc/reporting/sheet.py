"""Contact sheets: the images that detectors judge best and worst, each with all detectors' fused maps side by side."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dfsc.datasets import TestImage
from dfsc.evaluation import FUSED, Evaluation
from dfsc.figures import overlay
from dfsc.images import read_image

ROWS = 4
TILE, CAPTION, GAP = 240, 20, 6
INK, PAPER = (30, 30, 30), (255, 255, 255)


def worst_and_best(evaluation: Evaluation) -> dict[str, list[int]]:
    """By title, indices of the images whose judgement is most and least in doubt, by the detectors' mean rank.

    Among anomalous images the lowest scores are the worst, among good ones the highest.
    """
    ranks = np.mean([np.argsort(np.argsort(r.scores[FUSED])) for r in evaluation.detectors], axis=0)
    good = np.array([image.is_good for image in evaluation.images])
    anomalous, sound = np.flatnonzero(~good), np.flatnonzero(good)
    rising, falling = anomalous[np.argsort(ranks[anomalous])], sound[np.argsort(-ranks[sound])]
    return {
        "Anomalous images with the lowest scores": rising[:ROWS].tolist(),
        "Good images with the highest scores": falling[:ROWS].tolist(),
        "Anomalous images with the highest scores": rising[::-1][:ROWS].tolist(),
        "Good images with the lowest scores": falling[::-1][:ROWS].tolist(),
    }


def sheet(evaluation: Evaluation, indices: list[int], file: Path) -> None:
    """Write a JPEG: a row an image, its photograph with the ground truth outlined, then a fused map a detector."""
    rows = [_row(evaluation, index) for index in indices]
    picture = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), PAPER)
    top = 0
    for row in rows:
        picture.paste(row, (0, top))
        top += row.height
    picture.save(file, quality=88)


def _row(evaluation: Evaluation, index: int) -> Image.Image:
    image = evaluation.images[index]
    pixels = _fitted(read_image(image.path))
    tiles = [(_outlined(pixels, image), f"{image.defect}/{image.path.name}")]
    for report in evaluation.detectors:
        caption = f"{report.detector}: {report.scores[FUSED][index]:.2f}"
        tiles.append((overlay(pixels, report.maps[FUSED][index]), caption))
    row = Image.new("RGB", (len(tiles) * (TILE + GAP), TILE + CAPTION + GAP), PAPER)
    draw, font = ImageDraw.Draw(row), ImageFont.load_default(12)
    for column, (tile, caption) in enumerate(tiles):
        left = column * (TILE + GAP)
        draw.text((left, 2), caption, INK, font)
        row.paste(Image.fromarray(tile), (left, CAPTION))
    return row


def _fitted(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((TILE, TILE), Image.Resampling.LANCZOS))


def _outlined(pixels: np.ndarray, image: TestImage) -> np.ndarray:
    """The photograph with the borders of its ground truth in magenta."""
    marked = pixels.copy()
    for path in image.masks:
        mask = _fitted(read_image(path))[..., 0] > 0
        inner = mask.copy()
        inner[1:-1, 1:-1] &= mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
        marked[mask & ~inner] = (255, 0, 255)
    return marked

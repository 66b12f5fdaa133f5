"""Which photographs of a set are copies of one another, and which are unlike all the others.

Both only warn, so both are cheap and need no network. The limits were chosen on a rendered fixture, on transistors and
on phone photographs in changing light.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

# Copies were saved as JPEG 40 to 95 or scaled to 37 to 150 %: in no 32×32 pixels do they differ by more than 3.9 grey
# levels. Parts in a rigid fixture differ by as little as 1.3, so levels alone don't tell; but their grain correlates by
# less than 0.04 where the scene is smooth, that of copies of photographs by 0.17 to 1.
SAME_LEVELS, SAME_GRAIN = 4.0, 0.12

FEWEST = 6
NEIGHBOURS = 3
LEAST_SPREAD = 0.2
OTHER_PROPORTION, AGREEING = 0.08, 0.75
BLANK_BELOW = 3.0


@dataclass(frozen=True)
class _Measure:
    """A descriptor of photographs: how many spreads are too far, which distance is none yet, and what to say."""

    limit: float
    no_distance: float
    reason: str


# Light changes from photograph to photograph even of good parts, so much more of it is needed for an alarm.
MEASURES = {
    "colours": _Measure(4.0, 28.0, "its colours lie elsewhere than the others’"),
    "shapes": _Measure(4.0, 0.05, "its shapes lie elsewhere than the others’"),
    "light": _Measure(12.0, 2.0, "its light is unlike the others’"),
}
TURNS = {2: "it seems to be upside down", 1: "it seems to lie on its side", 3: "it seems to lie on its side"}

_DIRECTIONS, _AREAS = 8, 4


def near_duplicates(images: np.ndarray) -> list[list[int]]:
    """Groups of photographs that are copies of one another, saved again, scaled or recompressed.

    Args:
        images: uint8 N×256×256×3.

    Returns:
        ascending indices of each group of two or more.
    """
    if not len(images):
        return []
    cells, grain = _means(images, 32), [_grain(image) for image in images]
    group = np.arange(len(images))
    for i in range(len(images)):
        differences = _difference(cells[i + 1 :], cells[i])
        for j in np.flatnonzero(differences < SAME_LEVELS) + i + 1:
            if group[i] == group[j]:
                continue
            if np.array_equal(images[i], images[j]) or _correlation(grain[i], grain[j]) > SAME_GRAIN:
                group[group == group[j]] = group[i]
    groups = [np.flatnonzero(group == first).tolist() for first in dict.fromkeys(group.tolist())]
    return [members for members in groups if len(members) > 1]


def unlike_the_others(images: np.ndarray, sizes: Sequence[tuple[int, int]]) -> dict[int, str]:
    """Photographs that are far from all others of the set, with the reason as a clause in plain words.

    A photograph's distance is the mean to its three nearest, so that a product seen in several lights is no alarm, and
    one stray photograph that was uploaded twice is one. Fewer than six photographs are not compared.

    Args:
        images: uint8 N×256×256×3.
        sizes: width and height of each original, in pixels.
    """
    if len(images) < FEWEST:
        return {}
    descriptors = _descriptors(images)
    excess = np.stack([_excess(descriptors[kind], measure) for kind, measure in MEASURES.items()])
    reasons = {int(i): _reason(images[i], int(i), descriptors, excess[:, i]) for i in np.flatnonzero(excess.max(0) > 1)}
    return dict(sorted((_other_proportions(sizes) | reasons).items()))


def _reason(image: np.ndarray, index: int, descriptors: dict[str, np.ndarray], excess: np.ndarray) -> str:
    if _means(image[None], 64).std(axis=(0, 1, 2)).max() < BLANK_BELOW:
        return "it shows hardly anything"
    for turns, reason in TURNS.items():
        if _fits(np.rot90(image, turns), index, descriptors):
            return reason
    return list(MEASURES.values())[int(excess.argmax())].reason


def _fits(image: np.ndarray, index: int, descriptors: dict[str, np.ndarray]) -> bool:
    """Whether a turned photograph, in the place of its original, would be like the others."""
    turned = _descriptors(image[None])
    for kind in ("colours", "shapes"):
        replaced = descriptors[kind].copy()
        replaced[index] = turned[kind][0]
        if _excess(replaced, MEASURES[kind])[index] > 0.5:
            return False
    return True


def _other_proportions(sizes: Sequence[tuple[int, int]]) -> dict[int, str]:
    ratios = np.log([width / height for width, height in sizes])
    other = np.abs(ratios - np.median(ratios)) > OTHER_PROPORTION
    if np.mean(~other) < AGREEING:
        return {}
    return {
        i: f"its {sizes[i][0]}×{sizes[i][1]} pixels have another proportion than the others’, so it is squeezed"
        for i in map(int, np.flatnonzero(other))
    }


def _excess(values: np.ndarray, measure: _Measure) -> np.ndarray:
    """How far each photograph (N×D values) is from its nearest ones beyond what is usual; alarming above 1."""
    distances = np.stack([np.linalg.norm(values - one, axis=1) for one in values])
    nearest = np.sort(distances, axis=1)[:, 1 : NEIGHBOURS + 1].mean(axis=1)
    relative = nearest / max(float(np.median(nearest)), measure.no_distance) - 1
    spread = max(1.4826 * float(np.median(np.abs(relative))), LEAST_SPREAD)
    return relative / spread / measure.limit


def _descriptors(images: np.ndarray) -> dict[str, np.ndarray]:
    """Float32 N×D each: where colours are (their mean taken off), where edges are, the mean."""
    colours = _means(images, 16)
    light = colours.mean(axis=(1, 2))
    centred = colours - light[:, None, None]
    return {"colours": centred.reshape(len(images), -1), "shapes": _edges(images), "light": light}


def _edges(images: np.ndarray) -> np.ndarray:
    """Strength of the edges of eight directions in 4×4 areas: float32 N×128 of nearly unit length."""
    grey = np.pad(_means(images, 64).mean(axis=-1), ((0, 0), (1, 1), (1, 1)), "edge")
    across, down = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2], grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    strength = np.hypot(across, down)
    direction = np.arctan2(down, across) * _DIRECTIONS / (2 * np.pi) % _DIRECTIONS
    edge = grey.shape[1] - 2
    areas = (len(images), _AREAS, edge // _AREAS, _AREAS, edge // _AREAS)
    parts = []
    for centre in range(_DIRECTIONS):
        away = np.abs(direction - centre)
        share = np.clip(1 - np.minimum(away, _DIRECTIONS - away), 0, None)
        parts.append((strength * share).reshape(areas).mean(axis=(2, 4)))
    # The root lets a few glaring edges not outweigh all others; +1 keeps a blank picture's noise small.
    edges = np.sqrt(np.stack(parts, axis=-1)).reshape(len(images), -1)
    return edges / (np.linalg.norm(edges, axis=1, keepdims=True) + 1)


def _means(images: np.ndarray, edge: int) -> np.ndarray:
    """Uint8 N×H×H×3 → float32 N×edge×edge×3, the means of square cells, rounded."""
    cells = np.empty((len(images), edge, edge, 3), np.float32)
    for cell, image in zip(cells, images, strict=True):
        cell[:] = np.asarray(Image.fromarray(image).reduce(image.shape[0] // edge))
    return cells


def _difference(cells: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Of N×32×32×3 cells from one photograph's: the mean difference in the worst of 8×8 squares, N values."""
    squares = np.abs(cells - one).reshape(len(cells), 8, 4, 8, 4, 3)
    return squares.mean(axis=(2, 4, 5)).max(axis=(1, 2))


def _grain(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At every other pixel: what a 3×3 mean takes away of the grey value, and how steep that mean is."""
    edge = image.shape[0]
    grey = np.pad(image.mean(axis=-1, dtype=np.float32), 2, "edge")
    mean = np.sum([grey[y : y + edge + 2, x : x + edge + 2] for y in range(3) for x in range(3)], axis=0) / 9
    steepness = np.hypot(mean[1:-1, 2:] - mean[1:-1, :-2], mean[2:, 1:-1] - mean[:-2, 1:-1])
    grain = grey[2:-2, 2:-2] - mean[1:-1, 1:-1]
    return grain[::2, ::2].ravel(), steepness[::2, ::2].ravel()


def _correlation(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> float:
    """Of two photographs' grain, in the smoother half: a rigid scene's edges are in every photograph of it."""
    steepness = first[1] + second[1]
    smooth = steepness <= np.median(steepness)
    one, other = first[0][smooth], second[0][smooth]
    return float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-9))

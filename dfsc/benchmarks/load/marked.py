"""Photographs by which an answer is known to belong to its question: no two look alike, and what is found is known."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dfsc.errors import DFSCError
from dfsc.images.decoding import read_image
from dfsc.inspection.inspector import Inspector
from dfsc.sources import product_detectors, products

EDGES = (640, 480)
GRAIN = 9  # colours that are drawn along each edge
# By how much a score or a value of a map may differ between two processes, and by how much it does between two
# photographs at least.
TOLERANCE, APART = 5e-3, 5e-2
TRAINED_ON = 12


@dataclass(frozen=True, eq=False)
class Marked:
    """A photograph as a JPEG, and what the product's detectors find in it.

    Attributes:
        scores: of each detector, as the page and its programs begin: local weight 0.5.
        maps: each detector's standardised local map 56×56.
    """

    product: str
    data: bytes
    scores: tuple[float, ...]
    maps: tuple[np.ndarray, ...]

    def named(self, mark: str) -> bytes:
        """The file with a mark in its comment: the same pixels, another file, so that no two uploads are equal."""
        text = mark.encode()
        return self.data[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + self.data[2:]

    def has_scores(self, scores: Sequence[float]) -> bool:
        return len(scores) == len(self.scores) and bool(np.allclose(scores, self.scores, rtol=0, atol=TOLERANCE))

    def has_maps(self, maps: Sequence[np.ndarray]) -> bool:
        return len(maps) == len(self.maps) and all(
            one.shape == other.shape and np.allclose(one, other, rtol=0, atol=TOLERANCE)
            for one, other in zip(maps, self.maps, strict=True)
        )


def marked_photographs(count: int, seed: int) -> list[Marked]:
    """Photographs of nothing, of all embedded products in turn; raises DFSCError if there is no product."""
    if not products():
        raise DFSCError("There is no embedded product whose answers could be compared; set DFSC_WEIGHTS.")
    inspectors = {name: Inspector(product_detectors(name)) for name in products()[:count]}
    rng = np.random.default_rng(seed)
    found: list[Marked] = []
    while len(found) < count:
        product = products()[len(found) % len(products())]
        data = _drawn(rng)
        results = inspectors[product].inspect(read_image(data)).results
        scores = tuple(result.score for result in results)
        others = [one.scores for one in found if one.product == product]
        if all(max(abs(a - b) for a, b in zip(scores, other, strict=True)) > APART for other in others):
            found.append(Marked(product, data, scores, tuple(result.maps.local for result in results)))
    return found


def good_parts(seed: int) -> list[bytes]:
    """Photographs to train on: one drawing in different noise."""
    rng = np.random.default_rng(seed)
    part = _colours(rng)
    return [_jpeg(part + rng.normal(0, 4, part.shape)) for _ in range(TRAINED_ON)]


def _drawn(rng: np.random.Generator) -> bytes:
    return _jpeg(_colours(rng))


def _colours(rng: np.random.Generator) -> np.ndarray:
    grains = Image.fromarray(rng.integers(0, 256, (GRAIN, GRAIN, 3), np.uint8))
    return np.asarray(grains.resize(EDGES, Image.Resampling.BICUBIC), np.float64)


def _jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()

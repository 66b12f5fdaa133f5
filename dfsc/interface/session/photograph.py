"""The photograph that a visitor looks at, small enough to stay while the product changes, and what was found in it."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dfsc import Inspection, Inspector, Result, read_image
from dfsc.images.decoding import ImageSource, resize_for_network
from dfsc.images.display import display_copy, jpeg
from dfsc.interface.session.zerogpu import lent_device, on_gpu

DISPLAY_EDGE = 960
LARGE_EDGE = 4096
MAX_ORIGINAL = 12_000_000

# A tool, and the places (shares of width and height) that the pointer passed.
Stroke = tuple[str, tuple[tuple[float, float], ...]]


@dataclass(frozen=True, eq=False)
class Photograph:
    """A decoded photograph in the two sizes that are needed.

    Attributes:
        name: what to call it on the page; from a visitor, so not to be trusted in HTML.
        uploaded: whether it is the visitor's own.
        width, height: of the original, in pixels.
        display: RGB uint8, longer side at most DISPLAY_EDGE.
        network: RGB uint8 256×256×3, resized from the original by the detectors' rule.
        digest: "sha256:…" of its file; "" for one that was drawn or changed here.
        original: its file, from which it is shown at its own resolution, or a smaller copy of one with more than
            MAX_ORIGINAL bytes; b"" where the display copy has that resolution.
        bits: by which its file was read.
        brought: number of the question that brought it; a photograph with defects has that of the one without.
        strokes: the defects that were made in it by hand, in order (see defect_view).
        region: where its fault is, bool H×W, for an example of which that is known.
        untouched: the photograph before the first of them, None where there is none.
    """

    name: str
    uploaded: bool
    width: int
    height: int
    display: np.ndarray
    network: np.ndarray
    digest: str = ""
    original: bytes = b""
    bits: int | None = None
    brought: int = 0
    strokes: tuple[Stroke, ...] = ()
    region: np.ndarray | None = None
    untouched: "Photograph | None" = None


@dataclass(frozen=True, eq=False)
class Finding:
    """What the detectors of a product found in a photograph; `number` is that of the question it answers."""

    number: int
    product: str
    photograph: Photograph
    inspection: Inspection


def read_photograph(source: ImageSource, name: str, uploaded: bool, bits: int | None = None) -> Photograph:
    """Decode a file; raises ImageError with one sentence that calls it by `name`. `bits` are the inspector's."""
    image, data = read_image(source, name, bits), _data(source)
    photograph = photograph_of(image, name, uploaded)
    return replace(photograph, digest=_digest(data), original=_original(image, data), bits=bits)


def photograph_of(image: np.ndarray, name: str, uploaded: bool) -> Photograph:
    """Of pixels that are decoded or drawn already, RGB uint8 H×W×3."""
    height, width = image.shape[:2]
    return Photograph(name, uploaded, width, height, display_copy(image, DISPLAY_EDGE), resize_for_network(image))


def large_copy(photograph: Photograph) -> np.ndarray:
    """RGB uint8 H×W×3 at its own resolution, its longer side at most LARGE_EDGE; raises ImageError without a file."""
    return display_copy(read_image(photograph.original, photograph.name, photograph.bits), LARGE_EDGE)


def _data(source: ImageSource) -> bytes:
    return source if isinstance(source, bytes) else Path(source).read_bytes() if isinstance(source, str | Path) else b""


def _original(image: np.ndarray, data: bytes) -> bytes:
    if max(image.shape) <= DISPLAY_EDGE:
        return b""
    return data if len(data) <= MAX_ORIGINAL else jpeg(display_copy(image, LARGE_EDGE))


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}" if data else ""


def inspect_photograph(photograph: Photograph, inspector: Inspector) -> Inspection:
    """The same results as of the original; the inspection's image is the display copy."""
    return Inspection(photograph.display, _results(inspector, photograph.network))


@on_gpu
def _results(inspector: Inspector, network: np.ndarray) -> tuple[Result, ...]:
    """The networks' part of an inspection, on a photograph as they take it (RGB uint8 256×256×3)."""
    return tuple(result[0] for result in inspector.results(network[None], lent_device()))

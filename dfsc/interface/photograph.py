"""The photograph that a visitor looks at, small enough to stay in the session while the product changes."""

from dataclasses import dataclass

import numpy as np

from dfsc import Inspection, Inspector, Result, read_image
from dfsc.figures import display_copy
from dfsc.images import ImageSource, resize_for_network
from dfsc.interface.zerogpu import device, on_gpu

DISPLAY_EDGE = 960


@dataclass(frozen=True, eq=False)
class Photograph:
    """A decoded photograph in the two sizes that are needed.

    Attributes:
        name: what to call it on the page; from a visitor, so not to be trusted in HTML.
        uploaded: whether it is the visitor's own.
        width, height: of the original, in pixels.
        display: RGB uint8, longer side at most DISPLAY_EDGE.
        network: RGB uint8 256×256×3, resized from the original by the detectors' rule.
        history: name, display and network copy before each defect that was made in it by hand, the latest last.
    """

    name: str
    uploaded: bool
    width: int
    height: int
    display: np.ndarray
    network: np.ndarray
    history: tuple[tuple[str, np.ndarray, np.ndarray], ...] = ()


def read_photograph(source: ImageSource, name: str, uploaded: bool) -> Photograph:
    """Decode a file; raises ImageError with one sentence that calls it by `name`."""
    return photograph_of(read_image(source, name), name, uploaded)


def photograph_of(image: np.ndarray, name: str, uploaded: bool) -> Photograph:
    """Of pixels that are decoded or drawn already, RGB uint8 H×W×3."""
    height, width = image.shape[:2]
    return Photograph(name, uploaded, width, height, display_copy(image, DISPLAY_EDGE), resize_for_network(image))


def inspect_photograph(photograph: Photograph, inspector: Inspector) -> Inspection:
    """The same results as of the original; the inspection's image is the display copy."""
    return Inspection(photograph.display, _results(inspector, photograph.network))


@on_gpu
def _results(inspector: Inspector, network: np.ndarray) -> tuple[Result, ...]:
    """The networks' part of an inspection, on a photograph as they take it (RGB uint8 256×256×3)."""
    return tuple(result[0] for result in inspector.results(network[None], device()))

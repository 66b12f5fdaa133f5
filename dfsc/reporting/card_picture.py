"""What a model's card shows: a photograph, and how its detectors see it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dfsc.images.decoding import read_image
from dfsc.images.display import display_copy, jpeg
from dfsc.inspection.colours import overlay
from dfsc.inspection.inspector import Inspector
from dfsc.models.detector import Detector

PHOTO, MAPS = "photo.jpg", "maps.jpg"
EDGE, GAP = 400, 8


def card_pictures(detectors: Sequence[Detector], photograph: Path) -> dict[str, bytes]:
    """JPEG files by name: the photograph, its longer side at most 400 pixels, and a row of it and all fused maps.

    Raises:
        ImageError: for a photograph that can't be read.
    """
    inspector = Inspector(detectors)
    inspection = inspector.inspect(read_image(photograph, bits=inspector.bits))
    shown = display_copy(inspection.image, EDGE)
    panes = [shown, *(overlay(shown, result.fused) for result in inspection.results)]
    gap = np.full((shown.shape[0], GAP, 3), 255, np.uint8)
    row = np.concatenate([part for pane in panes for part in (gap, pane)][1:], axis=1)
    return {PHOTO: jpeg(shown), MAPS: jpeg(row)}

"""Parts that people call good join the good parts that a detector's limits and scale follow from."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dfsc.models.calibration import RawMaps
from dfsc.models.detector import Detector


def joined(detectors: Sequence[Detector], parts: Sequence[Sequence[RawMaps]]) -> list[Detector]:
    """Detectors for which further good parts count as if they had been held out in training (Calibration.joined).

    They can be combined with one another as before, and with no detectors that other parts have joined.

    Args:
        parts: for each part its raw maps 56×56, one a detector.
    """
    if not parts:
        return list(detectors)
    stacks = [
        RawMaps(np.stack([maps.local for maps in of_one]), np.stack([maps.global_ for maps in of_one]))
        for of_one in zip(*parts, strict=True)
    ]
    everything = hashlib.sha256(b"".join(stack.local.tobytes() + stack.global_.tobytes() for stack in stacks))
    return [_joined(detector, raw, everything) for detector, raw in zip(detectors, stacks, strict=True)]


def _joined(detector: Detector, raw: RawMaps, parts: "hashlib._Hash") -> Detector:
    first = detector.config.held_out
    if first:  # what the calibration begins with is another set now
        first = f"sha256:{hashlib.sha256(f'{first} {parts.hexdigest()}'.encode()).hexdigest()}"
    config = replace(detector.config, held_out=first)
    return replace(detector, config=config, calibration=detector.calibration.joined(raw))

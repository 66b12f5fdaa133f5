"""From where on an image shows another thing than the product: between what a camera may change and what is not it.

A student that had few images or few steps errs on its own product too, and more as soon as the camera is another one;
one that learned long errs there hardly. How far other things lie from that is as different, so both are looked at. Not
part of the papers.
"""

import numpy as np
from PIL import Image, ImageFilter

from dfsc.material.penalty import rendered
from dfsc.models.calibration import FOREIGN, MIN_SPAN, typical_error
from dfsc.models.region import Region

PHOTOGRAPHS = 3
OTHERS = 12
# Grey levels, pixels of 256×256, and a factor either way.
NOISE, BLUR, LIGHT = 10.0, 1.0, 1.2
# Faint pictures are the least strange of what is no product at all; contrasty ones were all stranger than photographs.
CONTRAST = 0.25
# How far below other things the limit lies at least, and how far above the product by other cameras where it can.
BELOW, ABOVE = 0.9, 1.1


def by_another_camera(photographs: np.ndarray, seed: int) -> np.ndarray:
    """A few good photographs as other cameras may give them: noisier, less sharp, brighter and darker.

    Args:
        photographs: uint8 N×256×256×3, of which some are taken.

    Returns:
        uint8 M×256×256×3, four of each of at most three photographs.
    """
    some = photographs[:PHOTOGRAPHS]
    noise = np.random.default_rng(seed).normal(0, NOISE, some.shape)
    blurred = [np.asarray(Image.fromarray(one).filter(ImageFilter.GaussianBlur(BLUR))) for one in some]
    changed = [some + noise, np.stack(blurred), some * LIGHT, some / LIGHT]
    return np.concatenate(changed).clip(0, 255).round().astype(np.uint8)


def other_things(seed: int) -> np.ndarray:
    """Faint rendered images of anything else (see material.penalty), uint8 12×256×256×3, that no training has seen."""
    source = rendered(seed + 1)
    images = np.stack([source(number) for number in range(OTHERS)]).astype(np.float32)
    grey = images.mean(axis=(1, 2, 3), keepdims=True)
    return (grey + CONTRAST * (images - grey)).round().astype(np.uint8)


def usual_error(good: np.ndarray, changed: np.ndarray, others: np.ndarray, region: Region | None = None) -> float:
    """The typical error that is a strangeness of 1 (see Calibration): FOREIGN times as much shows another thing.

    That limit lies half-way, as factors go, between the product by other cameras and other things, or below these where
    both mix; but other cameras never make the product another thing within FOREIGN times the good images' error.

    Args:
        good: raw local maps …×56×56 of good images, as they are.
        changed: of `by_another_camera`.
        others: of `other_things`.
        region: what counts of them.
    """
    errors = [typical_error(maps, region) for maps in (good, changed, others)]
    usual, highest, lowest = float(errors[0].max()), float(errors[1].max()), float(errors[2].min())
    highest = max(highest, usual)
    limit = min(np.sqrt(highest * lowest), BELOW * lowest)
    return max(limit / FOREIGN, min(ABOVE * highest / FOREIGN, usual), MIN_SPAN)

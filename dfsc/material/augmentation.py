"""Seeded copies of a training image: movement within a product's tolerance, and EfficientAD's colour jitter."""

import numpy as np
from PIL import Image, ImageEnhance

JITTER = (0.8, 1.2)
DEGREES_PER_MOVEMENT = 100.0


def jittered(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of brightness, contrast or saturation, times a factor in [0.8, 1.2] (arXiv 2303.14535, appendix A.1).

    Args:
        image: RGB uint8 H×W×3.
    """
    kinds = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
    enhance = kinds[rng.integers(len(kinds))](Image.fromarray(image))
    return np.asarray(enhance.enhance(float(rng.uniform(*JITTER))))


def moved(image: np.ndarray, movement: float, rng: np.random.Generator) -> np.ndarray:
    """Shift, turn and scale about the centre; what comes in at the borders mirrors the image.

    Args:
        image: RGB uint8 E×E×3.
        movement: largest shift as a share of the edge (0 to 0.2); 0.05 also allows ±5° and ±5 % of size.
    """
    if movement == 0:
        return image
    edge = image.shape[0]
    margin = edge // 2
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    angle = np.deg2rad(rng.uniform(-1, 1) * movement * DEGREES_PER_MOVEMENT)
    zoom = 1 + rng.uniform(-1, 1) * movement
    dx, dy = rng.uniform(-1, 1, 2) * movement * edge
    cos, sin, centre = np.cos(angle) / zoom, np.sin(angle) / zoom, padded.shape[0] / 2
    # PIL asks for the source coordinates of output pixel (x, y), whose origin is the unpadded image's corner.
    half = edge / 2
    a = (
        cos,
        sin,
        centre - cos * (half + dx) - sin * (half + dy),
        -sin,
        cos,
        centre + sin * (half + dx) - cos * (half + dy),
    )
    turned = Image.fromarray(padded).transform((edge, edge), Image.Transform.AFFINE, a, Image.Resampling.BILINEAR)
    return np.asarray(turned)

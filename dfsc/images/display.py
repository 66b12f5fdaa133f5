"""Photographs as people see them: small copies, and JPEG for a page."""

import io

import numpy as np
from PIL import Image

JPEG_QUALITY = 86


def display_copy(image: np.ndarray, edge: int) -> np.ndarray:
    """RGB uint8 H×W×3 with its longer side scaled down to `edge` pixels; smaller images stay as they are."""
    picture = Image.fromarray(image)
    picture.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(picture)


def jpeg(image: np.ndarray) -> bytes:
    """RGB uint8 H×W×3 → a JPEG file's bytes."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()


def png(image: np.ndarray) -> bytes:
    """RGB uint8 H×W×3 → a PNG file's bytes, quickly rather than small."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", compress_level=1)
    return stream.getvalue()

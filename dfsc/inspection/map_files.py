"""Anomaly maps as files: one 32-bit float channel, as MVTec's evaluation code reads them."""

from pathlib import Path

import numpy as np
from PIL import Image

from dfsc.errors import DFSCError


def write_map(path: str | Path, values: np.ndarray) -> None:
    """Write a map (height×width, any real dtype) as a single-channel float32 TIFF without loss; makes the folder.

    Raises:
        DFSCError: when the map is not two-dimensional or the file can't be written.
    """
    path = Path(path)
    if values.ndim != 2:
        raise DFSCError(f"A map needs the shape height×width, not {values.shape}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(values, dtype=np.float32)).save(path, format="TIFF")
    except OSError as error:
        raise DFSCError(f"The map {path} can't be written; check the folder and the free space.") from error

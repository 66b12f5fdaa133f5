"""What is said of 16-bit photographs that a checkpoint knows nothing of."""

import sys
from collections.abc import Iterable

from dfsc.images.decoding import FULL_BITS, recognised_bits


def warn_of_bits(images: Iterable[str], bits: int | None) -> None:
    """Warn if 16-bit photos seem to use fewer bits, but the checkpoint does not say so."""
    seems = recognised_bits(images) if bits is None else None
    if seems and seems < FULL_BITS:
        sys.stderr.write(
            f"The 16-bit photographs fill only {seems} bits, which these detectors know nothing of, so they were read "
            f"as dark; --bits {seems} reads them at the camera's brightness.\n"
        )

"""A visitor's region of interest for a product: the product's detectors, cut to it for this visitor alone."""

from collections.abc import Sequence

from dfsc import Detector, DFSCError, Inspector, Region, restricted
from dfsc.interface import wording
from dfsc.interface.session.zerogpu import own_device
from dfsc.models.methods import METHODS


def within(region: Region, detectors: Sequence[Detector]) -> tuple[Inspector, list[str]]:
    """An inspector with the region, and the titles of what can't have one without its photographs.

    Raises:
        DFSCError: where that is all of them, or one has a region already.
    """
    networks = [detector for detector in detectors if METHODS[detector.config.method].trained]
    if not networks:
        raise DFSCError(wording.INTEREST_FRE_ALONE)
    left_out = [METHODS[one.config.method].title for one in detectors if not METHODS[one.config.method].trained]
    return Inspector(restricted(networks, region), device=own_device()), list(dict.fromkeys(left_out))

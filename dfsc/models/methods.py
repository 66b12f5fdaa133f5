"""The registry of methods: all that tells one from another. A new one is a module with its idea and a row here."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from torch import Tensor, nn

from dfsc.machine import seeded
from dfsc.models.calibration import FOREIGN
from dfsc.models.consistency import ConsistencySettings, SncUse
from dfsc.models.detector import PADDED_NETWORKS, DetectorConfig, StudentAutoencoder
from dfsc.models.fre import ReconstructionModel, TiledReconstruction
from dfsc.models.networks import SIZES
from dfsc.models.objectives import PlainReconstruction, Reconstruction, SeparatedReconstruction
from dfsc.models.separation import SeparationSettings


def _networks(config: DetectorConfig, tensors: Mapping[str, Tensor]) -> nn.Module:
    with seeded(0):
        return StudentAutoencoder.empty(SIZES[config.size], config.consistency, config.border == PADDED_NETWORKS)


def _linear_model(config: DetectorConfig, tensors: Mapping[str, Tensor]) -> nn.Module:
    kind = TiledReconstruction if "layout" in tensors else ReconstructionModel
    return kind.empty(SIZES[config.size], tensors)


@dataclass(frozen=True)
class Method:
    """A row of the registry.

    Attributes:
        title: what people call it.
        empty: the model that a config describes, to be filled with a checkpoint's tensors; it gives the method's maps,
            of codes where it has a coding.
        reconstruction: what its auto-encoder is trained with (settings, state to resume from); None for a method in
            closed form, which has no networks to train.
        reconstructed: what of it is this project's reconstruction, in a sentence; empty where nothing is.
        separates: whether it has the constraint of dfsc.models.separation.
        consistent: whether it always uses the coding of dfsc.models.consistency, in its losses and in its maps.
        parts_at: from which share of the auto-encoder's training on it learns otherwise than EAD-S; until then their
            networks are the same and trained once.
        remedy: what to try when its training diverges.
        foreign: what is stranger (see Calibration.strangeness) is no photograph of the product.
    """

    name: str
    title: str
    empty: Callable[[DetectorConfig, Mapping[str, Tensor]], nn.Module] = _networks
    reconstruction: Callable[[SeparationSettings, dict[str, float] | None], Reconstruction] | None = None
    reconstructed: str = ""
    separates: bool = False
    consistent: bool = False
    parts_at: Callable[[SeparationSettings], float] = lambda settings: math.inf
    remedy: str = "another seed"
    foreign: float = FOREIGN

    @property
    def trained(self) -> bool:
        """Whether it learns in steps of gradient descent."""
        return self.reconstruction is not None

    def coding(self, settings: ConsistencySettings) -> ConsistencySettings | None:
        """How it codes neighbourhoods where settings are wished; None where it doesn't."""
        if self.consistent:
            return replace(settings, snc=SncUse.BOTH)
        return settings if self.trained and settings.snc is not SncUse.NONE else None


METHODS = {  # the order in which they stand everywhere
    method.name: method
    for method in (
        Method("ead-s", "EAD-S", reconstruction=lambda settings, state: PlainReconstruction()),
        Method(
            "dfsc",
            "DFSC",
            reconstruction=SeparatedReconstruction,
            reconstructed="The equations of the DFSC paper were not available; the constraint used here is this "
            "project's reconstruction (see `dfsc/models/separation.py`).",
            separates=True,
            parts_at=lambda settings: settings.warm_up,
            remedy="a smaller margin ratio or a larger τ′",
        ),
        Method(
            "fcl",
            "FCL",
            reconstruction=lambda settings, state: PlainReconstruction(),
            reconstructed="Of the FCL paper only the abstract was available; the coding of neighbourhoods (SNC) and "
            "the losses used here are this project's reconstruction (see `dfsc/models/consistency.py`).",
            consistent=True,
            remedy="a higher temperature, or smaller weights",
        ),
        # Other things measured 16 and more, faulty parts of the same product 1.4 at most (docs/measurements.md).
        Method("fre", "FRE", empty=_linear_model, foreign=6.0),
    )
}


def reconstructed(config: DetectorConfig) -> list[str]:
    """What of a detector is this project's reconstruction: a sentence each."""
    with_coding = [method for method in METHODS.values() if method.consistent and config.consistency]
    return list(dict.fromkeys(m.reconstructed for m in (METHODS[config.method], *with_coding) if m.reconstructed))


def method_title(config: DetectorConfig) -> str:
    """What people call a detector's method, with SNC where it has that as a plug-in."""
    method = METHODS[config.method]
    return f"{method.title} + SNC" if config.consistency and not method.consistent else method.title


# The matched pair that is compared everywhere, the baseline first, and the method in closed form that stands beside it.
PAIR = BASELINE, CONSTRAINED = "ead-s", "dfsc"
PARTNER = "fre"

"""The registry of methods: all that tells one from another. A new one is a module with its idea and a row here."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from torch import Tensor, nn

from dfsc.machine import seeded
from dfsc.models.calibration import FOREIGN
from dfsc.models.consistency import ConsistencySettings, SncUse
from dfsc.models.detector import StudentAutoencoder
from dfsc.models.fre import ReconstructionModel
from dfsc.models.networks import NetworkSize
from dfsc.models.objectives import PlainReconstruction, Reconstruction, SeparatedReconstruction
from dfsc.models.separation import SeparationSettings


def _networks(size: NetworkSize, coding: ConsistencySettings | None, tensors: Mapping[str, Tensor]) -> nn.Module:
    with seeded(0):
        return StudentAutoencoder.empty(size, coding)


def _linear_model(size: NetworkSize, coding: ConsistencySettings | None, tensors: Mapping[str, Tensor]) -> nn.Module:
    return ReconstructionModel.empty(size, tensors)


@dataclass(frozen=True)
class Method:
    """A row of the registry.

    Attributes:
        title: what people call it.
        empty: a model of a network size to be filled with a checkpoint's tensors, which gives the method's maps, of
            codes where it has a coding.
        reconstruction: what its auto-encoder is trained with (settings, state to resume from); None for a method in
            closed form, which has no networks to train.
        separates: whether it has the constraint of dfsc.models.separation.
        consistent: whether it always uses the coding of dfsc.models.consistency, in its losses and in its maps.
        parts_at: from which share of the auto-encoder's training on it learns otherwise than EAD-S; until then their
            networks are the same and trained once.
        remedy: what to try when its training diverges.
        foreign: what is stranger (see Calibration.strangeness) is no photograph of the product.
    """

    name: str
    title: str
    empty: Callable[[NetworkSize, ConsistencySettings | None, Mapping[str, Tensor]], nn.Module] = _networks
    reconstruction: Callable[[SeparationSettings, dict[str, float] | None], Reconstruction] | None = None
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


METHODS = {
    method.name: method
    for method in (
        Method("ead-s", "EAD-S", reconstruction=lambda settings, state: PlainReconstruction()),
        Method(
            "dfsc",
            "DFSC",
            reconstruction=SeparatedReconstruction,
            separates=True,
            parts_at=lambda settings: settings.warm_up,
            remedy="a smaller margin ratio or a larger τ′",
        ),
        Method("fcl", "FCL", reconstruction=lambda settings, state: PlainReconstruction(), consistent=True),
        # Other things measured 16 and more, faulty parts of the same product 1.4 at most (docs/measurements.md).
        Method("fre", "FRE", empty=_linear_model, foreign=6.0),
    )
}

# The matched pair that is compared everywhere, the baseline first, and the method in closed form that stands beside it.
PAIR = BASELINE, CONSTRAINED = "ead-s", "dfsc"
PARTNER = "fre"

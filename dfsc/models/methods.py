"""The registry of methods: all that tells one from another. A new one is a module with its idea and a row here."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from dfsc.machine import seeded
from dfsc.models.calibration import FOREIGN
from dfsc.models.detector import StudentAutoencoder
from dfsc.models.fre import ReconstructionModel
from dfsc.models.networks import NetworkSize
from dfsc.models.objectives import PlainReconstruction, Reconstruction, SeparatedReconstruction
from dfsc.models.separation import SeparationSettings


def _networks(size: NetworkSize, tensors: Mapping[str, Tensor]) -> nn.Module:
    with seeded(0):
        return StudentAutoencoder.empty(size)


@dataclass(frozen=True)
class Method:
    """A row of the registry.

    Attributes:
        title: what people call it.
        empty: a model of a network size to be filled with a checkpoint's tensors, which gives the method's maps.
        reconstruction: what its auto-encoder is trained with (settings, state to resume from); None for a method in
            closed form, which has no networks to train.
        separates: whether it has the constraint of dfsc.models.separation.
        parts_at: from which share of the auto-encoder's training on it learns otherwise than EAD-S; until then their
            networks are the same and trained once.
        remedy: what to try when its training diverges.
        foreign: what is stranger (see Calibration.strangeness) is no photograph of the product.
    """

    name: str
    title: str
    empty: Callable[[NetworkSize, Mapping[str, Tensor]], nn.Module] = _networks
    reconstruction: Callable[[SeparationSettings, dict[str, float] | None], Reconstruction] | None = None
    separates: bool = False
    parts_at: Callable[[SeparationSettings], float] = lambda settings: math.inf
    remedy: str = "another seed"
    foreign: float = FOREIGN

    @property
    def trained(self) -> bool:
        """Whether it learns in steps of gradient descent."""
        return self.reconstruction is not None


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
        # Other things measured 16 and more, faulty parts of the same product 1.4 at most (docs/measurements.md).
        Method("fre", "FRE", empty=ReconstructionModel.empty, foreign=6.0),
    )
}

# The matched pair that is compared everywhere, the baseline first, and the method in closed form that stands beside it.
PAIR = BASELINE, CONSTRAINED = "ead-s", "dfsc"
PARTNER = "fre"

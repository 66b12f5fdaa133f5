"""A network together with its partner in closed form, FRE: the higher of both maps, so that either may find a fault.

Not part of the papers. How the two are brought to one level was chosen on rendered products (docs/measurements.md).
"""

from dataclasses import dataclass

import numpy as np

from dfsc.models.calibration import FusedMaps, GoodParts
from dfsc.models.self_test import SelfTest

# Of so many good parts, half of what they tell is believed.
SURE_PARTS = 20
# A network that nothing is known of has to exceed so many spreads of its good parts' scores at most.
DOUBT = 4.0


def evidence(network: SelfTest | None, partner: SelfTest | None) -> float:
    """How clearly a partner tells made-up faults from good parts, as a share of how clearly a network does, 0 to 1.

    0 where it is unknown of either.
    """
    if network is None or partner is None or network.strength is None or partner.strength is None:
        return 0.0
    if partner.strength <= 0:
        return 0.0
    return partner.strength / max(network.strength, partner.strength)


@dataclass(frozen=True)
class PartnerLevel:
    """By how much a partner's maps are raised before they are compared with a network's.

    The scale's unit is set by good pixels, but a verdict by good parts' highest ones. So the mean score of good parts
    is made the same, as far as the N known to both tell it: by a share N / (N + SURE_PARTS) of the difference.

    Where N is small, the network has learned from few photographs, and its noise hides what the partner finds. There it
    has to exceed DOUBT spreads of its good parts' scores as well, times the cube of `evidence` and of the other share:
    hardly any if its partner tells made-up faults half as clearly.
    """

    network: GoodParts
    partner: GoodParts
    evidence: float = 0.0

    @property
    def count(self) -> int:
        """N, the good parts that both know."""
        return min(self.network.count, self.partner.count)

    def at(self, local_weight: float) -> tuple[float, float]:
        """For the partner's fused maps with its two weights, at a weight of the network's local map."""
        believed = self.count / (self.count + SURE_PARTS)
        scores = self.network.peaks(local_weight)
        doubt = DOUBT * (self.evidence * (1 - believed)) ** 3 * float(scores.std())
        plain, quiet = (
            believed * float(scores.mean() - self.partner.peaks(weight).mean()) + doubt
            for weight in partner_weights(local_weight)
        )
        return plain, quiet


@dataclass(frozen=True)
class HigherMaps:
    """What a network and its partner say together: the higher of both at each place.

    The partner's fused map comes a second time with the local map's weight squared (a quarter instead of a half), since
    its global map finds what networks miss. `level` says how far the partner's maps are raised.
    """

    network: FusedMaps
    partner: FusedMaps
    level: PartnerLevel

    @property
    def local(self) -> np.ndarray:
        return self.fused(1.0)

    @property
    def global_(self) -> np.ndarray:
        return self.fused(0.0)

    def fused(self, local_weight: float = 0.5) -> np.ndarray:
        """The higher of both fused maps, the partner's with either weight."""
        raised = zip(partner_weights(local_weight), self.level.at(local_weight), strict=True)
        maps = [self.partner.fused(weight) + shift for weight, shift in raised]
        return np.maximum.reduce([self.network.fused(local_weight), *maps])

    def __getitem__(self, images: slice) -> "HigherMaps":
        """Some images of both stacks."""
        return HigherMaps(self.network[images], self.partner[images], self.level)


def partner_weights(local_weight: float) -> tuple[float, float]:
    """With which weights of its local map a partner's fused maps are taken."""
    return local_weight, local_weight**2


def good_parts_of_both(level: PartnerLevel) -> GoodParts:
    """The good parts that both have, the first of each, as the two together see them."""
    return GoodParts(HigherMaps(level.network.maps[: level.count], level.partner.maps[: level.count], level))

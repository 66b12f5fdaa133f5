"""A network together with its partner in closed form, FRE: the higher of both maps, so that either may find a fault.

Not part of the papers. How the two are brought to one level was chosen on rendered products (docs/measurements.md).
"""

from dataclasses import dataclass

import numpy as np

from dfsc.models.calibration import FusedMaps, GoodParts

# Of so many good parts, half of what they tell is believed.
SURE_PARTS = 20
# What a network has to exceed where nothing is known of it: so many spreads of its good parts' scores.
DOUBT = 2.0


@dataclass(frozen=True)
class PartnerLevel:
    """By how much a partner's maps are raised before they are compared with a network's.

    The scale's unit is set by good pixels, but a verdict by good parts' highest ones. So with many good parts their
    mean score is made the same: N of them are believed to a share N / (N + SURE_PARTS). Of few, a network's scores are
    hardly known, while its partner has learned from all and is judged by all; so the network has to exceed DOUBT
    spreads as well, times the square of the share that is not believed.
    """

    network: GoodParts
    partner: GoodParts

    def at(self, local_weight: float) -> tuple[float, float]:
        """For the partner's fused maps with its two weights, at a weight of the network's local map."""
        count = min(self.network.count, self.partner.count)
        believed = count / (count + SURE_PARTS)
        scores = self.network.peaks(local_weight)
        doubt = DOUBT * (1 - believed) ** 2 * float(scores.std())
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


def good_parts_of_both(network: GoodParts, partner: GoodParts) -> GoodParts:
    """The good parts that both have, the first of each, as the two together see them."""
    count = min(network.count, partner.count)
    return GoodParts(HigherMaps(network.maps[:count], partner.maps[:count], PartnerLevel(network, partner)))

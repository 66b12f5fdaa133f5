"""Feature consistency with spatial neighbouring coding (SNC), as reconstructed by this project.

After Li & Hu, "Feature Consistency Learning for Anomaly Detection", IEEE TIM 2024 (10.1109/TIM.2024.3522399). Only its
abstract was available. It says that SNC encodes the context of the neighbourhood of each element in feature space and
plugs into teacher-student detectors, and that low-level and high-level features are made consistent in one framework.
What follows is a reconstruction.

    a_pq = softmax_q( cos(f_p, f_q) / t )      affinity of position p to its neighbours q: k×k without p itself
    z_p  = Σ_q a_pq f_q                        its context
    g_p  = [ f_p ; z_p ]                       its code

    L_context  = mean (z − z′)²                of the codes of two maps that shall be consistent
    L_affinity = mean_p KL( a_p ‖ a′_p )

Low level, teacher and the student's first half; high level, auto-encoder and its second half: each pair is consistent
in f by EfficientAD's own losses and in its neighbourhoods by these two. Anomaly maps compare codes instead of features.
Nothing here is learned, so nothing can collapse. Beyond the image's border the features are mirrored.

Contextual affinity distillation (Zhang et al., arXiv 2307.03101) is kin: it distils the affinities of the whole image.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Annotated

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from dfsc.errors import TrainingError
from dfsc.models.separation import one_of

# Added to a feature's squared length (C standardised values), so that the cosine has a gradient where all are 0.
LEAST_LENGTH = 1e-4
NEIGHBOURHOODS = (3, 5)
MOST_EDGE = 4
# Finite, so that a divergence has no ∞ − ∞.
OUTSIDE = -1e30


class SncUse(StrEnum):
    """Where a method uses SNC: in its losses, in its maps, in both, or nowhere."""

    NONE = "none"
    TRAINING = "training"
    INFERENCE = "inference"
    BOTH = "both"


@dataclass(frozen=True)
class ConsistencySettings:
    """The settings of SNC and its losses.

    Raises:
        TrainingError: for a value out of its range.
    """

    snc: Annotated[SncUse, "where EAD-S and DFSC use the coding; FCL uses it in both"] = SncUse.NONE
    neighbourhood: Annotated[int, "k, 3 or 5: neighbours are k×k positions without the one in the middle"] = 3
    temperature: Annotated[float, "t > 0 of the affinities"] = 0.1
    context_weight: Annotated[float, "weight ≥ 0 of the contexts' squared error"] = 1.0
    affinity_weight: Annotated[float, "weight ≥ 0 of the affinities' KL divergence"] = 1.0
    autoencoder_weight: Annotated[float, "weight ≥ 0 of both losses between teacher and auto-encoder"] = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "snc", one_of(SncUse, self.snc, "snc"))
        if self.neighbourhood not in NEIGHBOURHOODS:
            raise TrainingError(f"The neighbourhood has to be 3 or 5 positions wide, not {self.neighbourhood!r:.40}.")
        if not 0 < self.temperature < math.inf:
            raise TrainingError(f"The temperature has to be above 0, not {self.temperature:g}.")
        if not all(0 <= w < math.inf for w in (self.context_weight, self.affinity_weight, self.autoencoder_weight)):
            raise TrainingError("The weights of the consistency losses must be numbers of at least 0.")

    @property
    def in_training(self) -> bool:
        return self.snc in (SncUse.TRAINING, SncUse.BOTH)

    @property
    def in_maps(self) -> bool:
        return self.snc in (SncUse.INFERENCE, SncUse.BOTH)


@dataclass(frozen=True)
class Neighbours:
    """What positions' neighbourhoods say.

    `affinities` and `log_affinities` are N×tiles×positions×keys: for each position of a tile a and log a of all
    positions in and around that tile, 0 and about OUTSIDE for those that are no neighbours. `context` is z, N×C×H×W.
    """

    affinities: Tensor
    context: Tensor
    logits: Tensor

    @property
    def log_affinities(self) -> Tensor:
        return self.logits.log_softmax(dim=3)


def neighbours(features: Tensor, settings: ConsistencySettings) -> Neighbours:
    """Affinities and contexts of features N×C×H×W, H and W of more than k/2, in their arithmetic.

    This is attention of each position to its neighbours: keys are features of length 1, values the features themselves.
    Positions look at all of their tile with a border of k/2, masked: few large products of matrices are faster than
    k² − 1 passes over shifted maps.
    """
    count, channels, height, width = features.shape
    k, tile = settings.neighbourhood, (_tile(height), _tile(width))
    values = _tiles(_with_border(features, k // 2), (tile[0] + k - 1, tile[1] + k - 1), tile)
    queries = _tiles(_unit(features.permute(0, 2, 3, 1)) / settings.temperature, tile, tile)
    mask = _mask(*tile, k, queries.dtype, queries.device)
    logits = torch.baddbmm(mask, queries, _unit(values).transpose(1, 2))
    affinities = logits.softmax(dim=2)  # much faster than the exponential of log a, which is slow far below 0
    z = affinities @ values
    z = z.reshape(count, height // tile[0], width // tile[1], *tile, channels).transpose(2, 3)
    z = z.reshape(count, height, width, channels).permute(0, 3, 1, 2)
    return Neighbours(affinities.unflatten(0, (count, -1)), z, logits.unflatten(0, (count, -1)))


def _with_border(features: Tensor, margin: int) -> Tensor:
    """N×C×H×W → N×(H+2·margin)×(W+2·margin)×C, mirrored beyond the border."""
    return F.pad(features, (margin,) * 4, mode="reflect").permute(0, 2, 3, 1)


def _unit(features: Tensor) -> Tensor:
    """Features …×C of length 1, or 0 where they are 0."""
    return features * (features.square().sum(dim=-1, keepdim=True) + LEAST_LENGTH).rsqrt()


def _tile(length: int) -> int:
    """The longest edge of equal tiles for which the products are fastest: 4 of 56."""
    return max(edge for edge in range(1, MOST_EDGE + 1) if length % edge == 0)


def _tiles(features: Tensor, size: tuple[int, int], step: tuple[int, int]) -> Tensor:
    """N×H×W×C → N·tiles×positions×C."""
    cut = features.unfold(1, size[0], step[0]).unfold(2, size[1], step[1]).permute(0, 1, 2, 4, 5, 3)
    return cut.reshape(-1, size[0] * size[1], features.shape[3])


@cache
def _mask(height: int, width: int, k: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """What _neighbours_in_tile gives, copied to a device once."""
    with torch.inference_mode(False):
        return torch.from_numpy(_neighbours_in_tile(height, width, k)).to(device, dtype)


@cache
def _neighbours_in_tile(height: int, width: int, k: int) -> np.ndarray:
    """For each position of a tile, 0 at its neighbours among those of the tile with its border, else OUTSIDE."""
    mask = np.full((height, width, height + k - 1, width + k - 1), OUTSIDE, np.float32)
    for y, x in product(range(height), range(width)):
        mask[y, x, y : y + k, x : x + k] = 0
        mask[y, x, y + k // 2, x + k // 2] = OUTSIDE
    return mask.reshape(height * width, -1)


def squared_code_difference(one: Tensor, other: Tensor, settings: ConsistencySettings) -> Tensor:
    """Channel mean of (g − g′)² of two maps N×C×H×W: float32 N×H×W, the mean over the 2C numbers of a code.

    Contexts are computed in the arithmetic of `other`.
    """
    z, other_z = neighbours(one.to(other.dtype), settings).context, neighbours(other, settings).context
    return (_mean_square(one.float() - other.float()) + _mean_square(z.float() - other_z.float())) / 2


def _mean_square(difference: Tensor) -> Tensor:
    return difference.square().mean(dim=1)


def consistency_losses(one: Tensor, other: Tensor, settings: ConsistencySettings) -> dict[str, Tensor]:
    """L_context and L_affinity of two maps N×C×H×W, weighted, by name; those without weight are left out."""
    first, second = neighbours(one, settings), neighbours(other, settings)
    losses = {}
    if settings.context_weight:
        losses["context"] = settings.context_weight * (first.context - second.context).square().mean()
    if settings.affinity_weight:
        divergence = first.affinities * (first.log_affinities - second.log_affinities)
        losses["affinity"] = settings.affinity_weight * divergence.sum(dim=3).mean()
    return losses

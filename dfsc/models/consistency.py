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
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from dfsc.errors import TrainingError
from dfsc.models.separation import one_of

# Added to a feature's squared length (C standardised values), so that the cosine has a gradient where all are 0.
LEAST_LENGTH = 1e-4
NEIGHBOURHOODS = (3, 5)


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
    """What positions' neighbourhoods say: log a, N×(k²−1)×H×W, neighbours row by row, and z, N×C×H×W."""

    log_affinities: Tensor
    context: Tensor


def neighbours(features: Tensor, settings: ConsistencySettings) -> Neighbours:
    """Affinities and contexts of features N×C×H×W, H and W of at least k; affinities are computed in float32."""
    height, width = features.shape[2:]
    k = settings.neighbourhood
    margin = k // 2
    padded = F.pad(features, (margin,) * 4, mode="reflect").permute(0, 2, 3, 1)
    unit = padded * (padded.square().sum(dim=3, keepdim=True) + LEAST_LENGTH).rsqrt()
    # Every position of a row is multiplied with k whole rows, of which its neighbours are picked: two products of
    # matrices are faster than k² − 1 passes over shifted maps.
    inner = unit[:, margin : margin + height, margin : margin + width]
    products = inner @ _rows_around(unit, k).transpose(2, 3)
    columns = _columns_of_neighbours(width, k).expand(len(features), height, -1, -1).to(features.device)
    log_affinities = (products.gather(3, columns).float() / settings.temperature).log_softmax(dim=3)
    spread = torch.zeros_like(products).scatter(3, columns, log_affinities.exp().to(products.dtype))
    context = spread @ _rows_around(padded, k)
    return Neighbours(log_affinities.permute(0, 3, 1, 2), context.permute(0, 3, 1, 2))


def _rows_around(padded: Tensor, k: int) -> Tensor:
    """The k rows around each inner one, one after another: N×(H+2m)×(W+2m)×C → N×H×k·(W+2m)×C."""
    return padded.unfold(1, k, 1).movedim(4, 2).flatten(2, 3)


def _columns_of_neighbours(width: int, k: int) -> Tensor:
    """Where the neighbours of a row's positions stand among the k rows around it: width×(k²−1)."""
    offsets = torch.tensor([row * (width + k - 1) + column for row in range(k) for column in range(k)])
    without_middle = torch.cat([offsets[: k * k // 2], offsets[k * k // 2 + 1 :]])
    return torch.arange(width)[:, None] + without_middle


def squared_code_difference(one: Tensor, other: Tensor, settings: ConsistencySettings) -> Tensor:
    """Channel mean of (g − g′)² of two maps N×C×H×W: N×H×W, the mean over the 2C numbers of a code."""
    contexts = neighbours(one, settings).context - neighbours(other, settings).context
    return ((one - other).square().mean(dim=1) + contexts.square().mean(dim=1)) / 2


def consistency_losses(one: Tensor, other: Tensor, settings: ConsistencySettings) -> dict[str, Tensor]:
    """L_context and L_affinity of two maps N×C×H×W, weighted, by name; those without weight are left out."""
    first, second = neighbours(one, settings), neighbours(other, settings)
    losses = {}
    if settings.context_weight:
        losses["context"] = settings.context_weight * (first.context - second.context).square().mean()
    if settings.affinity_weight:
        divergence = F.kl_div(second.log_affinities, first.log_affinities, reduction="none", log_target=True)
        losses["affinity"] = settings.affinity_weight * divergence.sum(dim=1).mean()
    return losses

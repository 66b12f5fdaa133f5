"""One training step's losses for each method, made of the pieces of the papers.

EAD-S: EfficientAD, Batzner et al., arXiv 2303.14535, sections 3.2 and 3.3. DFSC: Lee & Kim, arXiv 2407.17909; its
constraint takes the place of L_AE and nothing else changes (see dfsc.models.separation for what is reconstruction).

T, A, S^T and S^A are N×C×56×56; T and A live in the space of the teacher's features standardised per channel.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dfsc.machine import ranked
from dfsc.models.separation import MarginAnchor, SeparationSettings, separate

HARD_QUANTILE = 0.999


def hard_feature_loss(teacher: Tensor, student: Tensor, quantile: float = HARD_QUANTILE) -> Tensor:
    """Mean of the elements of D = (T − S^T)² that reach the quantile of D over all of an image's C·H·W elements.

    The quantile lies between two neighbours of the sorted elements, as torch.quantile interpolates it, so that the
    upper one is the first to reach it.
    """
    d = (teacher - student).square().flatten(1)
    reached = math.ceil(quantile * (d.shape[1] - 1) - 1e-6) + 1
    hard = ~(d.detach() < ranked(d, reached))  # with what is not a number, so that a divergence shows
    return torch.where(hard, d, 0).sum() / hard.sum()


def penalty_loss(student: Tensor) -> Tensor:
    """Mean S^T(P)² on images P of anything else, so that the student imitates the teacher on normal images alone."""
    return student.square().mean()


def student_autoencoder_loss(autoencoder: Tensor, student: Tensor) -> Tensor:
    """L_STAE = mean (A − S^A)²."""
    return (autoencoder - student).square().mean()


@dataclass(frozen=True)
class AutoencoderLoss:
    """An auto-encoder step's loss and what to watch by name, 0-d all of them."""

    loss: Tensor
    watch: dict[str, Tensor | float]


class PlainReconstruction:
    """EAD-S: L_AE = mean (T − A)²."""

    @property
    def state(self) -> dict[str, float]:
        """Nothing to resume."""
        return {}

    def __call__(self, teacher: Tensor, autoencoder: Tensor, constrained: bool) -> AutoencoderLoss:
        loss = (teacher - autoencoder).square().mean()
        return AutoencoderLoss(loss, {"autoencoder": loss.detach()})


class SeparatedReconstruction:
    """DFSC: L_AE during the warm-up, while q′ is measured; L_DFSC with the margin held fixed afterwards.

    Without a warm-up the first step measures q′ all the same, since a margin of 0 was not what κ asked for.
    """

    def __init__(self, settings: SeparationSettings, state: dict[str, float] | None = None):
        self.settings = settings
        self.anchor = MarginAnchor(settings, **(state or {}))

    @property
    def state(self) -> dict[str, float]:
        """What a resumed training needs: the moving average of q′."""
        return {} if self.anchor.average is None else {"average": float(self.anchor.average)}

    def __call__(self, teacher: Tensor, autoencoder: Tensor, constrained: bool) -> AutoencoderLoss:
        d = (teacher - autoencoder).square()
        separation = separate(d, self.settings, self.anchor.margin)
        constrained = constrained and self.anchor.is_known
        if not constrained:
            self.anchor.observe(separation.quantile)
        loss = separation.loss if constrained else d.mean()
        return AutoencoderLoss(
            loss,
            {
                "autoencoder": d.detach().mean(),
                "separation": loss.detach(),
                "quantile": separation.quantile,
                "margin": self.anchor.margin,
                "active_share": separation.active_share if constrained else 0.0,
                "similar_mean": separation.similar_mean,
            },
        )


Reconstruction = PlainReconstruction | SeparatedReconstruction


def total(losses: dict[str, Tensor]) -> Tensor:
    """The sum of all terms, each with weight 1."""
    return torch.stack(list(losses.values())).sum()

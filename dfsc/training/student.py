"""A student's losses on some images, of its first half alone or of both (arXiv 2303.14535, sections 3.2 and 3.3).

The first half of the channels imitates the teacher, on normal images and not on penalty images; the second half the
auto-encoder. What no loss reads of the last convolution is not computed.
"""

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dfsc.machine import fast_arithmetic, together
from dfsc.material.on_demand import OnDemand
from dfsc.material.training_set import TrainingSet
from dfsc.models.consistency import ConsistencySettings, consistency_losses
from dfsc.models.detector import network_input
from dfsc.models.objectives import hard_feature_loss, penalty_loss, student_autoencoder_loss


def teacher_losses(
    student: nn.Sequential,
    data: TrainingSet,
    rows: np.ndarray,
    penalty: np.ndarray | Tensor,
    quantile: float,
    coding: ConsistencySettings | None = None,
) -> dict[str, Tensor]:
    """Losses of the half that imitates the teacher, by name.

    Args:
        rows: which N images.
        penalty: as many penalty images, uint8 N×256×256×3.
        quantile: the hard-feature loss's.
        coding: makes neighbourhoods consistent too; None without.
    """
    images = together([data.plain_there[rows], penalty])
    with fast_arithmetic(data.device):
        of_teacher = _half(student, student[:-1](network_input(images, data.device)), first=True)
    return _imitating_teacher(data, rows, of_teacher, quantile, coding)


def student_losses(
    student: nn.Sequential,
    data: TrainingSet,
    rows: np.ndarray,
    penalty: np.ndarray | Tensor,
    imitated: Tensor,
    quantile: float,
    coding: ConsistencySettings | None = None,
) -> dict[str, Tensor]:
    """Losses of both halves, by name; `imitated` is the auto-encoder's output N×C×56×56 on the jittered copies."""
    images = together([data.plain_there[rows], penalty, data.jittered_there[rows]])
    with fast_arithmetic(data.device):
        features = student[:-1](network_input(images, data.device))
        of_teacher = _half(student, features[: 2 * len(rows)], first=True)
        of_autoencoder = _half(student, features[2 * len(rows) :], first=False)
    losses = _imitating_teacher(data, rows, of_teacher, quantile, coding)
    losses["student_autoencoder"] = student_autoencoder_loss(imitated, of_autoencoder.float())
    return losses | _consistency(imitated, of_autoencoder.float(), coding, "high")


def reconstructions(autoencoder: nn.Module, data: TrainingSet) -> OnDemand:
    """A finished auto-encoder's output on the jittered copies M×C×56×56, kept as their teacher's is."""

    @torch.no_grad()
    def reconstructed(number: int) -> Tensor:
        autoencoder.eval()
        with fast_arithmetic(data.device):
            return autoencoder(network_input(data.jittered_there[[number]], data.device))[0].to(data.dtype)

    return OnDemand(len(data), reconstructed, torch.stack, data.jittered.kept, data.memory)


def _half(student: nn.Sequential, features: Tensor, first: bool) -> Tensor:
    last = cast(nn.Conv2d, student[-1])
    half = last.out_channels // 2
    rows = slice(half) if first else slice(half, None)
    return F.conv2d(features, last.weight[rows], last.bias[rows])


def _imitating_teacher(
    data: TrainingSet, rows: np.ndarray, output: Tensor, quantile: float, coding: ConsistencySettings | None
) -> dict[str, Tensor]:
    on_plain, on_penalty = output.float().chunk(2)
    teacher = data.plain_teacher[rows].float()
    losses = {"hard": hard_feature_loss(teacher, on_plain, quantile), "penalty": penalty_loss(on_penalty)}
    return losses | _consistency(teacher, on_plain, coding, "low")


def _consistency(one: Tensor, other: Tensor, coding: ConsistencySettings | None, level: str) -> dict[str, Tensor]:
    losses = consistency_losses(one, other, coding) if coding else {}
    return {f"{level}_{name}": loss for name, loss in losses.items()}

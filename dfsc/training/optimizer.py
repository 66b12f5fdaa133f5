"""The optimiser of all trainings that have to end within minutes.

Muon (K. Jordan, 2024; torch.optim.Muon) makes each step's update of a kernel orthogonal, so that all directions learn
equally fast. Adam, which the papers use, is there for their recipe.
"""

import math
from copy import deepcopy
from enum import StrEnum

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from dfsc.machine import precise

MUON_MOMENTUM = 0.95
USUAL_MOMENTUM = 0.9
LEAST_NORM = 1e-6


class Algorithm(StrEnum):
    """How gradients become steps."""

    MUON = "muon"
    ADAM = "adam"


class Decay(StrEnum):
    """How the learning rate falls: a 5 % rise and a cosine to zero, or a tenth of it for the last 5 % (the papers')."""

    COSINE = "cosine"
    LAST_TENTH = "last-tenth"


def rate_share(decay: Decay, progress: float) -> float:
    """Share (0 to 1) of the learning rate after a share (0 to 1) of the training."""
    if decay is Decay.LAST_TENTH:
        return 1.0 if progress < 0.95 else 0.1
    return min(1.0, (progress + 0.002) / 0.05) * 0.5 * (1 + math.cos(math.pi * progress))


def load_optimizers() -> None:
    """Let torch load the modules of its optimisers, which it does at the first one of a process, in a second or two."""
    torch.optim.Adam([torch.zeros(1)])


class NetworkOptimizer:
    """Muon for a network's convolution kernels and Adam without weight decay for its biases, or Adam for both.

    Muon works on matrices, so each kernel is handed to it as out × (in · height · width). Its rate is scaled such that
    an update is as large as one of Adam at the same rate.

    With `gradient_limit` a step's gradient is shortened to that many times what is usual lately, if it is longer.
    Muon's updates have one size, but their direction is an average of gradients as they are, so that one image whose
    gradient is hundreds of times longer than the others' would decide some fifty of them.
    """

    def __init__(
        self,
        network: nn.Module,
        algorithm: Algorithm,
        rate: float,
        weight_decay: float,
        gradient_limit: float | None = None,
    ):
        self._parameters = list(network.parameters())
        self._kernels = [p for p in self._parameters if p.ndim == 4] if algorithm is Algorithm.MUON else []
        self._matrices = [kernel.detach().flatten(1).clone() for kernel in self._kernels]
        rest = [p for p in self._parameters if not self._kernels or p.ndim != 4]
        self._optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Adam(rest, lr=rate, weight_decay=0.0 if self._kernels else weight_decay, fused=True)
        ]
        if self._kernels:
            muon = torch.optim.Muon(
                self._matrices,
                lr=rate,
                weight_decay=weight_decay,
                momentum=MUON_MOMENTUM,
                adjust_lr_fn="match_rms_adamw",
            )
            self._optimizers.append(muon)
        self._rate = rate
        self._limit: float | None = gradient_limit
        self._usual: float | Tensor = 0.0

    def zero_grad(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None

    def step(self, share: float) -> None:
        """One step along the gradients at hand at a share (0 to 1) of the learning rate."""
        if self._limit:
            self._shorten(self._limit)
        for kernel, matrix in zip(self._kernels, self._matrices, strict=True):
            matrix.copy_(kernel.detach().flatten(1))
            matrix.grad = kernel.grad.flatten(1)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self._rate * share
            optimizer.step()
        with torch.no_grad():
            for kernel, matrix in zip(self._kernels, self._matrices, strict=True):
                kernel.copy_(matrix.view(kernel.shape))

    def _shorten(self, limit: float) -> None:
        """As clip_grads_with_norm_ does, but without waiting for a GPU to know the norm."""
        gradients = [parameter.grad for parameter in self._parameters]
        norm = get_total_norm(gradients)
        usual = torch.as_tensor(self._usual, dtype=precise(norm).dtype, device=norm.device)
        longest = torch.where(usual > 0, limit * usual, math.inf)
        torch._foreach_mul_(gradients, ((norm + LEAST_NORM).reciprocal() * longest.to(norm)).clamp(max=1.0))
        length = torch.minimum(precise(norm), longest)
        self._usual = torch.where(usual > 0, USUAL_MOMENTUM * usual + (1 - USUAL_MOMENTUM) * length, length)

    def state_dict(self) -> dict:
        """A snapshot: later steps don't change it."""
        states = [deepcopy(optimizer.state_dict()) for optimizer in self._optimizers]
        return {"optimizers": states, "usual": float(self._usual)}

    def load_state_dict(self, state: dict) -> None:
        for optimizer, own in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(deepcopy(own))
        self._usual = state["usual"]

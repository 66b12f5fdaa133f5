"""Distillation of a PDN teacher from a pretrained backbone (Batzner et al., arXiv 2303.14535, section 3.1).

Differences from the paper, all for the sake of two processor cores: the default backbone, a few thousand photographs
instead of ImageNet, Muon with a cosine schedule, and random crops on which the PDN runs without padding, as it will be
used; every sixth step sees whole photographs with padding, as the paper trains.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.distillation.targets import TargetCache, channel_statistics, projection
from dfsc.errors import TrainingError
from dfsc.geometry import CELL_STRIDE, INPUT_SIZE
from dfsc.machine import CPU, fast_arithmetic, layout, seeded, uploaded
from dfsc.models.detector import network_input
from dfsc.models.networks import SIZES, padded_forward, teacher_network
from dfsc.training.optimizer import Algorithm, NetworkOptimizer
from dfsc.training.progress import Throttle
from dfsc.training.unfinished import write_state

CROP = 144
CROP_CELLS = 28
PAD_CELLS = 4
SAVE_SECONDS = 60.0
LOSS_MOMENTUM = 0.98
GUARD_EVERY = 10
# A network whose last ReLUs have died explains none of the variance and never will.
LEAST_LEARNED = 0.05


@dataclass(frozen=True)
class DistillationPlan:
    """Everything that decides a distillation's result beside the photographs."""

    size: str = "demo"
    steps: int = 3600
    crops: int = 12
    padded_every: int = 6
    learning_rate: float = 6e-3
    warm_up: int = 100
    weight_decay: float = 1e-5
    seed: int = 0

    @property
    def padded_images(self) -> int:
        """Whole photographs in a padded batch, which then holds about as many pixels as a batch of crops."""
        return max(1, self.crops // 3)


@dataclass(frozen=True)
class DistillationStep:
    """One step's record: step in 1..steps, mean squared error of the projected targets (0-d), seconds left."""

    step: int
    steps: int
    loss: Tensor
    seconds_left: float


@dataclass(frozen=True)
class Unexplained:
    """Share (0 to 1) of the variance of the standardised backbone channels that the teacher leaves unexplained.

    The teacher's output is read back through the projection's transpose. `whole` is measured with padding on the 64×64
    grid; `inner` without padding on the 56×56 cells on which detectors use the teacher.
    """

    whole: float
    inner: float


class Distillation:
    """A teacher in training, with the fixed target that it learns."""

    def __init__(self, plan: DistillationPlan, cache: TargetCache, device: torch.device = CPU):
        self.plan = plan
        self.cache, self.device = cache, device
        self.mean, self.std = (values.to(device) for values in channel_statistics(cache))
        size = SIZES[plan.size]
        self.projection = projection(cache.features.shape[-1], size.teacher_channels, plan.seed).to(device)
        with seeded(plan.seed):
            network = teacher_network(size)
        self.network = network.to(device).to(memory_format=layout(device))
        self.optimizer = NetworkOptimizer(self.network, Algorithm.MUON, plan.learning_rate, plan.weight_decay)
        self.step = 0
        # From 0, so that the first losses after a start or a resumption can't trip the guard.
        self._average_loss = torch.zeros((), device=device)

    def run(self, state_file: Path | None = None) -> Iterator[DistillationStep]:
        """Train to the plan's end, yielding a record each step; resumes from `state_file` and keeps it up to date.

        Raises:
            TrainingError: when the network has learned nothing by three times the warm-up, or has unlearned it.
        """
        if state_file and state_file.is_file():
            self._restore(state_file)
        started, first, save = time.monotonic(), self.step, Throttle(SAVE_SECONDS)
        steps = self.plan.steps
        while self.step < steps:
            loss = self._train_step()
            self.step += 1
            self._guard(loss)
            pace = (time.monotonic() - started) / (self.step - first)
            if state_file and (save.due() or self.step == steps):
                self._save(state_file)
            yield DistillationStep(self.step, steps, loss, pace * (steps - self.step))

    def targets(self, features: np.ndarray) -> Tensor:
        """Backbone features N×h×w×C → projected standardised targets N×teacher channels×h×w."""
        return (self._standardise(features) @ self.projection).permute(0, 3, 1, 2)

    @torch.inference_mode()
    def measure(self, held_out: TargetCache) -> Unexplained:
        """Unexplained variance over the held-out photographs (see Unexplained), in float32."""
        whole, inner = np.zeros(2), np.zeros(2)
        edge = slice(PAD_CELLS, -PAD_CELLS)
        self.network.eval()
        for image, features in zip(held_out.images, held_out.features, strict=True):
            x = network_input(image[None], self.device)
            target = self._standardise(features[None])
            whole += self._residual(padded_forward(self.network, x), target)
            inner += self._residual(self.network(x), target[:, edge, edge])
        return Unexplained(float(whole[0] / whole[1]), float(inner[0] / inner[1]))

    def _standardise(self, features: np.ndarray) -> Tensor:
        return (uploaded(features, self.device).float() - self.mean) / self.std

    def _residual(self, output: Tensor, target: Tensor) -> tuple[float, float]:
        read_back = output.permute(0, 2, 3, 1) @ self.projection.T
        return float((target - read_back).square().sum()), float(target.square().sum())

    def _train_step(self) -> Tensor:
        rng = np.random.default_rng((self.plan.seed, self.step))
        padded = self.step % self.plan.padded_every == 0
        images, features = self._padded_batch(rng) if padded else self._cropped_batch(rng)
        self.network.train()
        with fast_arithmetic(self.device):
            x = network_input(images, self.device)
            output = padded_forward(self.network, x) if padded else self.network(x)
        loss = nn.functional.mse_loss(output.float(), self.targets(features))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step(self._share_of_rate())
        return loss.detach()

    def _guard(self, loss: Tensor) -> None:
        self._average_loss = LOSS_MOMENTUM * self._average_loss + (1 - LOSS_MOMENTUM) * loss
        variance = min(1.0, self.projection.shape[0] / self.projection.shape[1])
        # A look at a GPU's numbers is a wait for them.
        looks = self.step > 3 * self.plan.warm_up and self.step % GUARD_EVERY == 0
        if looks and not self._average_loss < (1 - LEAST_LEARNED) * variance:
            raise TrainingError(
                f"The teacher explains nothing at step {self.step} with a learning rate of "
                f"{self.plan.learning_rate:g}; start it anew with a smaller one."
            )

    def _share_of_rate(self) -> float:
        """A linear rise, then a cosine to zero: factor in [0, 1] of the learning rate."""
        cosine = 0.5 * (1 + math.cos(math.pi * self.step / self.plan.steps))
        return min(1.0, (self.step + 1) / self.plan.warm_up) * cosine

    def _padded_batch(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        rows = rng.integers(0, len(self.cache.images), self.plan.padded_images)
        return self.cache.images[rows], self.cache.features[rows]

    def _cropped_batch(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        rows = rng.integers(0, len(self.cache.images), self.plan.crops)
        corners = rng.integers(0, (INPUT_SIZE - CROP) // CELL_STRIDE + 1, (self.plan.crops, 2))
        images, features = [], []
        for row, (top, left) in zip(rows, corners, strict=True):
            y, x = top * CELL_STRIDE, left * CELL_STRIDE
            images.append(self.cache.images[row, y : y + CROP, x : x + CROP])
            i, j = top + PAD_CELLS, left + PAD_CELLS
            features.append(self.cache.features[row, i : i + CROP_CELLS, j : j + CROP_CELLS])
        return np.stack(images), np.stack(features)

    def _save(self, file: Path) -> None:
        state = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict(), "step": self.step}
        write_state(file, state | {"plan": asdict(self.plan)})

    def _restore(self, file: Path) -> None:
        state = torch.load(file, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

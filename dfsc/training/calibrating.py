"""What detectors are calibrated on and tried with: held-out good images, and faults made on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import nn

from dfsc.machine import batch, exact_arithmetic
from dfsc.material.training_set import CHUNK, TrainingSet, evenly
from dfsc.models.calibration import Calibration, PositionScale, RawMaps
from dfsc.models.detector import network_input, raw_maps
from dfsc.models.self_test import Fault, SelfTest, judge, make_faults
from dfsc.training.strangeness import by_another_camera, other_things, usual_error

# Beside the held-out ones; a fitted image's errors are smaller than a new one's.
POSITION_IMAGES = 24
# Of faults, held-out and fitted images each at most so many are looked at while a training runs.
GLIMPSED_FAULTS, GLIMPSED_GOOD = 12, 8


@dataclass(frozen=True)
class HeldOut:
    """The held-out good images of a training, and what is made of them.

    Attributes:
        seed: of the faults and of the other things.
        position_floor: see TrainingPlan.
    """

    data: TrainingSet
    seed: int
    position_floor: float | None

    @cached_property
    def faults(self) -> list[Fault]:
        """Faults made on the held-out images for the self-test, the same for all methods."""
        return make_faults(self.data.held_out, self.seed, self.data.region)

    @cached_property
    def comparisons(self) -> tuple[np.ndarray, np.ndarray]:
        """Held-out images as other cameras may give them, and other things: what tells strange images."""
        return by_another_camera(self.data.held_out, self.seed), other_things(self.seed)

    @property
    def others(self) -> int:
        """How many images beside the held-out ones detectors have to look at."""
        at_positions = 0 if self.position_floor is None else min(self.data.fitted, POSITION_IMAGES)
        return len(self.faults) + sum(map(len, self.comparisons)) + at_positions

    def reduced(self, most: int) -> "HeldOut":
        """With at most so many held-out images."""
        few = evenly(len(self.data.held_out), most)
        return HeldOut(replace(self.data, held_out=self.data.held_out[few]), self.seed, self.position_floor)

    def calibrations(self, models: Mapping[str, nn.Module]) -> dict[str, Calibration]:
        """By method; positions' scales are of held-out and fitted images, a held-out one judged without itself."""
        good = self.raw_maps(models, self.data.held_out)
        changed, others = (self.raw_maps(models, images) for images in self.comparisons)
        positions = self._position_scales(models, good, POSITION_IMAGES)
        region = self.data.region
        usual = {m: usual_error(good[m].local, changed[m].local, others[m].local, region) for m in models}
        return {m: Calibration(good[m], positions[m], usual[m], region) for m in models}

    def self_tests(
        self, models: Mapping[str, nn.Module], calibrations: Mapping[str, Calibration], steps: int
    ) -> dict[str, SelfTest]:
        """By method, how many of the faults it finds after so many steps of the student."""
        maps = self.raw_maps(models, np.stack([fault.image for fault in self.faults]))
        return {m: judge(self.faults, maps[m], calibrations[m], steps) for m in models}

    @property
    def glimpsed(self) -> int:
        """How many images `found` looks at."""
        fitted = 0 if self.position_floor is None else min(self.data.fitted, GLIMPSED_GOOD)
        return min(len(self.faults), GLIMPSED_FAULTS) + min(len(self.data.held_out), GLIMPSED_GOOD) + fitted

    def found(self, models: Mapping[str, nn.Module]) -> dict[str, float]:
        """By method, which share of some of the faults the networks find as they are, calibrated on few images."""
        few = self.reduced(GLIMPSED_GOOD)
        good = self.raw_maps(models, few.data.held_out)
        scales = self._position_scales(models, good, GLIMPSED_GOOD)
        faults = [self.faults[number] for number in evenly(len(self.faults), GLIMPSED_FAULTS)]
        maps = self.raw_maps(models, np.stack([fault.image for fault in faults]))
        calibrations = {m: Calibration(good[m], scales[m], region=self.data.region) for m in models}
        return {m: judge(faults, maps[m], calibrations[m], None).share for m in models}

    @torch.inference_mode()
    def raw_maps(self, models: Mapping[str, nn.Module], images: np.ndarray) -> dict[str, RawMaps]:
        """Raw maps of uint8 N×256×256×3 images by method, in float32 arithmetic and a few images at a time.

        The teacher looks once.
        """
        data = self.data
        stacks: dict[str, list[RawMaps]] = {method: [] for method in models}
        size = batch(data.device, CHUNK)
        for start in range(0, len(images), size):
            some = images[start : start + size]
            x = network_input(data.region.seen(some) if data.region else some, data.device)
            with exact_arithmetic(data.device):
                teacher = data.standardised(data.teacher_there(x))
                for method, model in models.items():
                    stacks[method].append(raw_maps(model, teacher, x))
        return {method: stacked(own) for method, own in stacks.items()}

    def _position_scales(
        self, models: Mapping[str, nn.Module], good: Mapping[str, RawMaps], most: int
    ) -> dict[str, PositionScale | None]:
        if self.position_floor is None:
            return dict.fromkeys(models)
        fitted = self.raw_maps(models, self.data.fitted_images(most))
        return {m: PositionScale.of(stacked([good[m], fitted[m]]), self.position_floor) for m in models}


def stacked(stacks: Sequence[RawMaps]) -> RawMaps:
    """Several stacks of maps as one."""
    return RawMaps(np.concatenate([s.local for s in stacks]), np.concatenate([s.global_ for s in stacks]))

"""Detectors as one graph of tensors: RGB uint8 N×256×256×3 in, maps, scores and verdicts out.

Two parts, so that the second can be made anew for networks in a lower precision: `RawGraph` has the networks, of which
teachers that several detectors share run once, `ScaleGraph` the calibration as constants.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dfsc.geometry import MAP_SIZE
from dfsc.models.calibration import BRANCHES, MIN_SPAN, UPPER_VALUE
from dfsc.models.detector import Detector
from dfsc.models.fre import ReconstructionModel
from dfsc.models.methods import METHODS
from dfsc.models.networks import image_tensor

VERDICTS = ("accept", "reject", "foreign", "unsure")
RAW_OUTPUTS = ("raw_local", "raw_global")
OUTPUTS = ("local_map", "global_map", "fused_map", "score", "limit", "strangeness", "verdict")
CELLS = MAP_SIZE * MAP_SIZE


class RawGraph(nn.Module):
    """Images uint8 N×256×256×3 → raw local and global maps of D detectors, float32 N×D×56×56 each."""

    def __init__(self, detectors: Sequence[Detector]):
        super().__init__()
        teachers = {detector.teacher.digest: detector.teacher.network for detector in detectors}
        self.of_teacher = [list(teachers).index(detector.teacher.digest) for detector in detectors]
        self.teachers = nn.ModuleList(deepcopy(network) for network in teachers.values())
        self.models = nn.ModuleList(_exportable(detector.model) for detector in detectors)
        self.mean = _constant(torch.stack([detector.channel_mean for detector in detectors]))
        self.std = _constant(torch.stack([detector.channel_std for detector in detectors]))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = image_tensor(images.permute(0, 3, 1, 2))
        features = [teacher(x) for teacher in self.teachers]
        maps = [
            model(x, (features[teacher] - self.mean[number]) / self.std[number])
            for number, (model, teacher) in enumerate(zip(self.models, self.of_teacher, strict=True))
        ]
        local, global_ = zip(*maps, strict=True)
        return torch.stack(local, dim=1), torch.stack(global_, dim=1)


class ScaleGraph(nn.Module):
    """Raw maps N×D×56×56 → OUTPUTS: three maps N×D×56×56, then N×D each; verdicts are places in VERDICTS.

    Args:
        local_weight, rejected_good: as for Inspection.judged.
        shifts: what a reduced precision adds to the maps of good parts, D×2×56×56 on the common scale.
        rise: by how much it then still raises good parts' scores, and so the limit, one number a detector.
    """

    def __init__(
        self,
        detectors: Sequence[Detector],
        local_weight: float = 0.5,
        rejected_good: int = 0,
        shifts: np.ndarray | None = None,
        rise: np.ndarray | None = None,
    ):
        super().__init__()
        scales = [[_branch_scale(detector, branch) for branch in BRANCHES] for detector in detectors]
        self.mean, self.spread, self.low, self.factor = (
            _constant(np.stack([np.stack([scale[part] for scale in both]) for both in scales])) for part in range(4)
        )
        zero = np.zeros((len(detectors), len(BRANCHES), MAP_SIZE, MAP_SIZE))
        self.shifts = _constant(zero if shifts is None else shifts)
        limits = [detector.calibration.good_parts.threshold(rejected_good, local_weight) for detector in detectors]
        self.limits = _constant(np.add(limits, 0.0 if rise is None else rise))
        self.usual = _constant([detector.calibration.usual_error for detector in detectors])
        self.foreign = _constant([METHODS[detector.config.method].foreign for detector in detectors])
        self.usable = nn.Buffer(torch.tensor([detector.config.usable for detector in detectors]))
        self.local_weight = local_weight

    def forward(self, raw_local: Tensor, raw_global: Tensor) -> tuple[Tensor, ...]:
        raw_local, raw_global = _rounded(raw_local), _rounded(raw_global)
        local, global_ = self._scaled(raw_local, 0), self._scaled(raw_global, 1)
        fused = self.local_weight * local + (1 - self.local_weight) * global_
        score = fused.amax(dim=(2, 3))
        strangeness = _median(raw_local) / self.usual
        rejected = (score > self.limits).long()
        judged = torch.where(strangeness <= self.foreign, rejected, VERDICTS.index("foreign"))
        verdict = torch.where(self.usable, judged, VERDICTS.index("unsure"))
        return local, global_, fused, score, self.limits.expand_as(score), strangeness, verdict

    def _scaled(self, raw: Tensor, branch: int) -> Tensor:
        placed = (raw - self.mean[:, branch]) / self.spread[:, branch]
        return (placed - self.low[:, branch]) * self.factor[:, branch] - self.shifts[:, branch]


class InspectionGraph(nn.Module):
    """Both parts: images uint8 N×256×256×3 → OUTPUTS."""

    def __init__(self, raw: RawGraph, scale: ScaleGraph):
        super().__init__()
        self.raw, self.scale = raw, scale

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return self.scale(*self.raw(images))


class _ReconstructionGraph(nn.Module):
    """FRE, with its pooling as two products of matrices, as 56 cells do not divide into three without a rest."""

    def __init__(self, model: ReconstructionModel):
        super().__init__()
        self.local, self.global_ = model.local, model.global_
        self.local_weights = _constant(_pooling(model.local.grid.cells))
        self.global_weights = _constant(_pooling(model.global_.grid.cells))

    def forward(self, images: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        local, global_ = (w @ features @ w.T for w in (self.local_weights, self.global_weights))
        return self.local.maps(local), self.global_.maps(global_)


def _pooling(cells: int) -> Tensor:
    """What each of `cells` means takes of each of the 56 cells along one axis."""
    return F.adaptive_avg_pool1d(torch.eye(MAP_SIZE)[None], cells)[0].T


def _exportable(model: nn.Module) -> nn.Module:
    return _ReconstructionGraph(deepcopy(model)) if isinstance(model, ReconstructionModel) else deepcopy(model)


def _branch_scale(detector: Detector, branch: str) -> tuple[np.ndarray, ...]:
    """Mean and spread at each position, and the lower quantile and the factor that make a raw map a scaled one."""
    calibration = detector.calibration
    low, high = calibration.quantiles[branch]
    usual = calibration.position.branch(branch) if calibration.position else None
    ones = np.ones((MAP_SIZE, MAP_SIZE), np.float32)
    mean, spread = (usual.mean, usual.spread) if usual else (0 * ones, ones)
    return mean, spread, low * ones, UPPER_VALUE / max(high - low, MIN_SPAN) * ones


def _rounded(raw: Tensor) -> Tensor:
    """As the library keeps raw maps, so that equal images score equally."""
    return raw.clamp_max(torch.finfo(torch.float16).max).half().float()


def _median(raw: Tensor) -> Tensor:
    """The mean of the two middle cells: N×D×56×56 → N×D."""
    cells = raw.flatten(2)
    # Not the end of one sorted half, which OpenVINO takes from wrong places of a stack of images.
    lower, upper = (cells.topk(CELLS // 2, dim=2, largest=largest).values for largest in (False, True))
    return (lower.amax(dim=2) + upper.amin(dim=2)) / 2


def _constant(values: object) -> nn.Buffer:
    tensor = values if isinstance(values, Tensor) else torch.from_numpy(np.asarray(values, np.float32))
    return nn.Buffer(tensor.float().contiguous())

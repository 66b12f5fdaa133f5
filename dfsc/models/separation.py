"""The Distinctive Feature Separation Constraint (Lee & Kim, arXiv 2407.17909), as reconstructed by this project.

From the paper: the output features of teacher and auto-encoder are split by the quantile value τ′ into
similar and novel ones, and the auto-encoder has to keep at least a margin from the teacher on the novel ones. The
paper's equations were not available; what follows is a reconstruction, with a switch for each choice left open.

    d      = (T − A)²                              element by element, T standardised per channel
    q′     = the τ′-quantile of d in one image     not differentiated through

The constraint either takes the place of EfficientAD's L_AE = mean d, or is added to it. A secondary source describes
the second: an L2 norm between feature maps masked by a threshold, as one more term of the loss.

    replaces   L_DFSC = ( Σ_{d ≤ q′} d  +  λ · Σ_{d > q′} max(0, m − d) ) / number of elements
    added      L_DFSC = mean d  +  λ · mean_{d > q′} max(0, m − d)

τ′ = 1 leaves nothing novel: L_DFSC is L_AE exactly, in both. With m = 0 the first trims, leaving novel elements out;
the second is L_AE. Below m the second pushes a novel element away with λ / |novel| against the pull of 1 / |all|, and
above m only the pull is left, so that novel elements come to rest at m.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar

import torch
from torch import Tensor

from dfsc.errors import TrainingError
from dfsc.machine import precise, ranked

Kind = TypeVar("Kind", bound=StrEnum)


class Form(StrEnum):
    """Whether the constraint takes the place of L_AE or is added to it."""

    REPLACES = "replaces"
    ADDED = "added"


class SplitUnit(StrEnum):
    """Units ranked by the quantile: single elements, positions of the channel-mean map, or whole channels."""

    ELEMENTS = "elements"
    POSITIONS = "positions"
    CHANNELS = "channels"


class Hinge(StrEnum):
    """The loss on novel elements: the margin hinge of the squared distance d, or of √d (then the hinge is squared).

    SET is the hinge of the mean of d over all novel units of an image, one number: the margin holds for them together.

    PULL is a control for the study, the opposite of the constraint: d itself without a margin. With λ > 1, it draws the
    auto-encoder harder towards the teacher where it is furthest away; with λ = 1 over all elements it is L_AE.
    """

    SQUARED_DISTANCE = "squared-distance"
    DISTANCE = "distance"
    SET = "set"
    PULL = "pull"


class Normaliser(StrEnum):
    """Divide both sums by the number of all elements, or each by the size of its own subset.

    Where the constraint is added to L_AE, its sum is always divided by the size of the novel subset.
    """

    ALL_ELEMENTS = "all-elements"
    SUBSET_MEAN = "subset-mean"


@dataclass(frozen=True)
class SeparationSettings:
    """The constraint's settings; enumerations may be given by value, such as "channels".

    Raises:
        TrainingError: for a value out of its range.
    """

    tau: Annotated[float, "τ′ in (0, 1], the share of units that count as similar"] = 0.99
    margin_ratio: Annotated[float, "κ ≥ 0: the margin is κ times the mean q′ at the end of the warm-up"] = 1.5
    margin: Annotated[float | None, "absolute margin ≥ 0, in squared standardised features, instead of κ"] = None
    weight: Annotated[float, "λ ≥ 0, weight of the loss on novel units"] = 1.0
    warm_up: Annotated[float, "share (0 to 1) of the auto-encoder's training before the constraint acts; quick 0.8"] = (
        0.5
    )
    constraint: Annotated[Form, "whether it replaces the auto-encoder's loss or is added to it"] = Form.REPLACES
    unit: Annotated[SplitUnit, "units ranked by the quantile"] = SplitUnit.ELEMENTS
    hinge: Annotated[Hinge, "loss on novel units"] = Hinge.SQUARED_DISTANCE
    normaliser: Annotated[Normaliser, "divisor of the sums"] = Normaliser.ALL_ELEMENTS

    def __post_init__(self) -> None:
        kinds = {"constraint": Form, "unit": SplitUnit, "hinge": Hinge, "normaliser": Normaliser}
        for name, kind in kinds.items():
            object.__setattr__(self, name, one_of(kind, getattr(self, name), name))
        if not 0 < self.tau <= 1:
            raise TrainingError(f"τ′ has to be above 0 and at most 1, not {self.tau:g}.")
        if not all(0 <= number < math.inf for number in (self.margin_ratio, self.weight, self.margin or 0)):
            raise TrainingError("Margin, margin ratio and weight must be numbers of at least 0.")
        if not 0 <= self.warm_up <= 1:
            raise TrainingError(f"The warm-up is a share from 0 to 1, not {self.warm_up:g}.")


def one_of(kind: type[Kind], value: str, name: str) -> Kind:
    """The member of an enumeration with this value; raises TrainingError if there is none."""
    try:
        return kind(value)
    except ValueError as error:
        raise TrainingError(f"The {name} must be one of {', '.join(kind)}, not {value!r:.40}.") from error


@dataclass(frozen=True)
class Separation:
    """The constraint's loss (0-d, differentiable) and quantities to monitor (0-d too, on the distances' device).

    `quantile` is the mean of q′ over the images; `active_share` the share of novel units within the margin (0 when
    none is novel); `similar_mean` the mean of d over the similar units, which separates the auto-encoder's fit from
    the constraint's effect.
    """

    loss: Tensor
    quantile: Tensor
    active_share: Tensor
    similar_mean: Tensor


def distances(d: Tensor, unit: SplitUnit) -> Tensor:
    """Squared distances N×C×H×W → N×units: all elements, or channel means at H·W positions, or means of C channels."""
    if unit is SplitUnit.POSITIONS:
        d = d.mean(dim=1)
    elif unit is SplitUnit.CHANNELS:
        d = d.mean(dim=(2, 3))
    return d.flatten(1)


def split_value(d: Tensor, tau: float) -> Tensor:
    """q′ of each image: N×units → N×1, the smallest value with at least τ′·units values at or below it."""
    return ranked(d, split_rank(d.shape[1], tau))


def split_rank(units: int, tau: float) -> int:
    """How many of `units` sorted values are similar, at least 1: q′ is the last of them."""
    return max(1, math.ceil(tau * units - 1e-6))


def separate(d: Tensor, settings: SeparationSettings, margin: float | Tensor) -> Separation:
    """L_DFSC of squared distances d (N×C×H×W, ≥ 0) for a margin in the same unit."""
    d = distances(d, settings.unit)
    threshold = split_value(d, settings.tau)
    novel = d.detach() > threshold
    similar_sum, novel_sum = torch.where(novel, 0, d).sum(), _novel_sum(d, novel, margin, settings.hinge)
    novel_count = novel.sum()
    similar_count = novel.numel() - novel_count
    if settings.constraint is Form.ADDED:
        loss = d.mean() + settings.weight * novel_sum / novel_count.clamp_min(1)
    elif settings.normaliser is Normaliser.ALL_ELEMENTS:
        loss = (similar_sum + settings.weight * novel_sum) / novel.numel()
    else:
        loss = similar_sum / similar_count + settings.weight * novel_sum / novel_count.clamp_min(1)
    return Separation(
        loss=loss,
        quantile=threshold.mean(),
        active_share=precise((novel & (d.detach() < margin)).sum()) / novel_count.clamp_min(1),
        similar_mean=precise(similar_sum.detach()) / similar_count,
    )


def _novel_sum(d: Tensor, novel: Tensor, margin: float | Tensor, form: Hinge) -> Tensor:
    """The sum of the hinges of all novel units among d N×units (0-d); SET counts an image's once for each of them."""
    if form is Hinge.SET:
        count = novel.sum(dim=1)
        mean = torch.where(novel, d, 0).sum(dim=1) / count.clamp_min(1)
        return ((margin - mean).clamp_min(0) * count).sum()
    return torch.where(novel, _hinge(d, margin, form), 0).sum()


def _hinge(d: Tensor, margin: float | Tensor, form: Hinge) -> Tensor:
    if form is Hinge.PULL:
        return d
    if form is Hinge.SQUARED_DISTANCE:
        return (margin - d).clamp_min(0)
    root = margin.sqrt() if isinstance(margin, Tensor) else math.sqrt(margin)
    return (root - d.clamp_min(1e-12).sqrt()).clamp_min(0) ** 2


class MarginAnchor:
    """The margin of a training: absolute, or κ times the moving average of q′ at the warm-up's end, held from then on.

    A margin that keeps following q′ feeds on itself: features pushed away raise q′, which raises the margin, and the
    training diverges. So call `observe` during the warm-up only. The average covers its last few steps: q′ falls fast
    in a short warm-up, and a margin anchored at an early q′ would be far larger than κ says.
    """

    MOMENTUM = 0.95

    def __init__(self, settings: SeparationSettings, average: float | Tensor | None = None):
        self.settings = settings
        self.average = average

    @property
    def is_known(self) -> bool:
        """Whether the margin is defined: absolute, or after an observation."""
        return self.settings.margin is not None or self.average is not None

    def observe(self, quantile: Tensor) -> None:
        """Take one step's q′ (0-d) into the moving average."""
        quantile = precise(quantile)
        previous = quantile if self.average is None else self.average
        self.average = self.MOMENTUM * previous + (1 - self.MOMENTUM) * quantile

    @property
    def margin(self) -> float | Tensor:
        """m ≥ 0; 0 (trimming) while nothing has been observed and no absolute margin is given."""
        if self.settings.margin is not None:
            return self.settings.margin
        return self.settings.margin_ratio * (0.0 if self.average is None else self.average)

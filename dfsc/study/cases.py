"""The test images that tell most about two methods: those on which one fails, both fail, or both succeed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dfsc.datasets import GOOD
from dfsc.evaluation.auroc import mid_ranks
from dfsc.models.methods import PAIR

HANDFUL = 6


class Outcome(StrEnum):
    """Which of the two methods gave an image the right verdict."""

    ONLY_DFSC = "only-dfsc"
    ONLY_EAD_S = "only-ead-s"
    BOTH_WRONG = "both-wrong"
    BOTH_RIGHT = "both-right"


@dataclass(frozen=True)
class Drawn:
    """An image that `dfsc.scenes.render` draws again."""

    seed: int
    defects: tuple[str, ...]


@dataclass(frozen=True)
class Shipped:
    """A photograph among the product's embedded examples; `file` is its path there."""

    file: str


@dataclass(frozen=True)
class Finding:
    """What one method said of an image."""

    score: float
    limit: float
    verdict: str


@dataclass(frozen=True)
class Case:
    """A test image that was judged by both methods.

    Attributes:
        image: its path in the data set.
        family: "good", "logical", "structural", or "anomaly" where the data set makes no such division.
        defects: what is wrong with it; empty for a good one.
        origin: where to get it again; None where it can't be got without the data set.
        findings: in the order of PAIR.
    """

    image: str
    family: str
    defects: tuple[str, ...]
    origin: Drawn | Shipped | None
    findings: tuple[Finding, Finding]

    @property
    def outcome(self) -> Outcome:
        """A verdict is right that accepts a good part or rejects another one; "foreign" and "unsure" never are."""
        wanted = "accept" if self.family == GOOD else "reject"
        ead_s, dfsc = (finding.verdict == wanted for finding in self.findings)
        if ead_s == dfsc:
            return Outcome.BOTH_RIGHT if dfsc else Outcome.BOTH_WRONG
        return Outcome.ONLY_DFSC if dfsc else Outcome.ONLY_EAD_S


def choose(cases: Sequence[Case], handful: int = HANDFUL) -> list[Case]:
    """At most a handful a kind of outcome, of images that can be got again; in the order of Outcome.

    Where methods disagree, the images whose ranks by score differ most come first; where both fail, those that lie
    farthest on the wrong side; where both succeed, farthest on the right one. Families, and defects within them, take
    turns, so that a handful is not six times the same fault.
    """
    telling = _telling(cases)
    chosen = []
    for outcome in Outcome:
        candidates = [i for i, case in enumerate(cases) if case.outcome == outcome and case.origin is not None]
        chosen += [cases[i] for i in _in_turns(cases, sorted(candidates, key=lambda i: -telling[i]))[:handful]]
    return chosen


def _telling(cases: Sequence[Case]) -> list[float]:
    """How much each case says within its outcome, by its ranks among all cases."""
    if not cases:
        return []
    ranks = np.stack([mid_ranks(np.array([case.findings[i].score for case in cases])) for i in range(len(PAIR))])
    apart, height = np.abs(ranks[0] - ranks[1]), ranks.mean(axis=0) - (len(cases) + 1) / 2
    return [_one_telling(case, float(a), float(h)) for case, a, h in zip(cases, apart, height, strict=True)]


def _one_telling(case: Case, apart: float, height: float) -> float:
    if case.outcome in (Outcome.ONLY_DFSC, Outcome.ONLY_EAD_S):
        return apart
    high_is_right = case.family != GOOD
    return height if high_is_right == (case.outcome == Outcome.BOTH_RIGHT) else -height


def _in_turns(cases: Sequence[Case], ranked: list[int]) -> list[int]:
    """Indices so that no family, and no defect within it, comes again before the others had their turn."""
    left = list(ranked)
    order: list[int] = []
    while left:
        families = [cases[i].family for i in order]
        defects = [cases[i].defects for i in order]
        best = min(left, key=lambda i: (families.count(cases[i].family), defects.count(cases[i].defects)))
        left.remove(best)
        order.append(best)
    return order

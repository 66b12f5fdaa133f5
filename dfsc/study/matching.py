"""Two methods judged again with limits at which both reject the same number of good test images."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dfsc.datasets import GOOD
from dfsc.models.methods import PAIR
from dfsc.study.cases import Case, Finding


@dataclass(frozen=True)
class Matched:
    """What both limits were set to.

    Attributes:
        rejected: of the good test images, by each method: as many as the one rejects that rejects fewer as calibrated.
        good: good test images in all.
        cases: all cases with these limits and the verdicts that follow.
    """

    rejected: int
    good: int
    cases: tuple[Case, ...]


def matched(cases: Sequence[Case]) -> Matched | None:
    """Each limit is the highest score of a good test image that is not rejected; None without good ones.

    Verdicts that no limit decides, "foreign" and "unsure", stay.
    """
    good = [case for case in cases if case.family == GOOD]
    if not good:
        return None
    rejected = min(sum(case.findings[i].verdict == "reject" for case in good) for i in range(len(PAIR)))
    if rejected >= len(good):
        return None
    limits = [sorted((case.findings[i].score for case in good), reverse=True)[rejected] for i in range(len(PAIR))]
    return Matched(rejected, len(good), tuple(_judged(case, limits) for case in cases))


def _judged(case: Case, limits: Sequence[float]) -> Case:
    ead_s, dfsc = (_limited(finding, limit) for finding, limit in zip(case.findings, limits, strict=True))
    return replace(case, findings=(ead_s, dfsc))


def _limited(finding: Finding, limit: float) -> Finding:
    decided = finding.verdict in ("accept", "reject")
    verdict = ("reject" if finding.score > limit else "accept") if decided else finding.verdict
    return Finding(finding.score, limit, verdict)

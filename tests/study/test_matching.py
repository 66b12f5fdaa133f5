"""Both methods at limits that reject the same number of good test images."""

from dfsc.study.cases import Case, Finding, Outcome
from dfsc.study.matching import matched


def case(family: str, ead_s: float, dfsc: float, verdicts: tuple[str, str] | None = None) -> Case:
    said = verdicts or tuple("reject" if score > 0.5 else "accept" for score in (ead_s, dfsc))
    findings = tuple(Finding(score, 0.5, verdict) for score, verdict in zip((ead_s, dfsc), said, strict=True))
    return Case(f"{ead_s}-{dfsc}", family, () if family == "good" else ("scratch",), None, findings)


GOOD = [case("good", *scores) for scores in ((0.1, 0.2), (0.2, 0.3), (0.6, 0.6), (0.3, 0.7), (0.4, 0.8))]


def rejected(cases, method: int) -> int:
    return sum(one.findings[method].verdict == "reject" for one in cases if one.family == "good")


def test_both_reject_as_many_good_ones_as_the_more_lenient_did():
    faults = [case("structural", 0.45, 0.75), case("structural", 0.9, 0.65)]
    assert [rejected(GOOD, method) for method in (0, 1)] == [1, 3]
    found = matched([*GOOD, *faults])
    assert (found.rejected, found.good) == (1, 5)
    assert [rejected(found.cases, method) for method in (0, 1)] == [1, 1]
    assert {one.findings[0].limit for one in found.cases} == {0.4}
    assert {one.findings[1].limit for one in found.cases} == {0.7}
    assert [one.outcome for one in found.cases[5:]] == [Outcome.BOTH_RIGHT, Outcome.ONLY_EAD_S]


def test_what_no_limit_decides_stays():
    strange = case("logical", 0.9, 0.9, ("foreign", "reject"))
    found = matched([*GOOD, strange])
    assert [finding.verdict for finding in found.cases[-1].findings] == ["foreign", "reject"]


def test_without_good_images_nothing_is_matched():
    assert matched([case("structural", 0.1, 0.9)]) is None
    assert matched([]) is None

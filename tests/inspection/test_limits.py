"""What a limit does, against figures from a table or by hand."""

import numpy as np
import pytest

from dfsc import Inspector
from dfsc.inspection.limits import Rejection, limit_key, limit_report, overall, rejection, rejections

GOOD, BAD = [0.1, 0.2, 0.3, 0.4], [0.25, 0.5, 0.9]


def test_a_limit_counts_what_it_rejects_and_misses():
    report = limit_report(0.3, GOOD, BAD)
    assert (report.good, report.rejected, report.bad, report.missed) == (4, 1, 3, 1)
    assert limit_report(0.05, GOOD, BAD).missed == 0
    assert limit_report(1, GOOD, []).rejected == 0


def test_what_to_expect_follows_the_beta_distribution():
    # Of N good parts none above the limit: the share follows Beta(1, N), whose quantile q is 1 − (1 − q)^(1/N).
    none = rejection(0, 4)
    assert none.expected == pytest.approx(1 / 5)
    assert (none.low, none.high) == pytest.approx((1 - 0.95 ** (1 / 4), 1 - 0.05 ** (1 / 4)))
    # All but one above it: Beta(N, 1), whose quantile q is q^(1/N).
    most = rejection(3, 4)
    assert (most.low, most.high) == pytest.approx((0.05 ** (1 / 4), 0.95 ** (1 / 4)))
    assert rejection(4, 4) == Rejection(1.0, pytest.approx(0.05 ** (1 / 4)), 1.0)


def test_the_upper_end_is_what_a_training_says(demo_detectors):
    good = demo_detectors[0].calibration.good_parts
    for rejected in range(good.count):
        expected, upper = good.rejection(rejected)
        assert (rejection(rejected, good.count).expected, rejection(rejected, good.count).high) == pytest.approx(
            (expected, upper)
        )


def test_more_rejected_ones_mean_more_to_come():
    shares = rejections(6)
    assert len(shares) == 7
    for name in ("expected", "low", "high"):
        values = [getattr(one, name) for one in shares]
        assert values == sorted(values)


def test_a_limit_belongs_to_its_good_parts_and_mix(tiny_detectors):
    first, second = (detector.calibration.good_parts for detector in tiny_detectors)
    assert limit_key(first, 0.5) == limit_key(type(first)(first.maps), 0.5)
    keys = {limit_key(good, weight) for good in (first, second) for weight in (0.5, 0.55)}
    assert len(keys) == 4
    assert len({limit_key(first, weight) for weight in (0.15, 3 * 0.05, np.linspace(0, 1, 21)[3])}) == 1


def test_a_limit_by_hand_takes_the_place_of_the_good_parts(tiny_detectors, draw):
    from dataclasses import replace

    result = Inspector(tiny_detectors).inspect(draw(3)).results[0]
    below, above = (replace(result, limit=result.score + step) for step in (-0.01, 0.01))
    assert (below.verdict, above.verdict) == ("reject", "accept")
    assert below.threshold == result.score - 0.01


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        (["accept", "accept"], "accept"),
        (["accept", "reject"], "reject"),
        (["foreign", "accept"], "foreign"),
        (["foreign", "reject"], "reject"),
        (["unsure", "accept"], "accept"),
        (["unsure"], "unsure"),
    ],
)
def test_several_detectors_have_one_verdict(verdicts, verdict):
    assert overall(verdicts) == verdict

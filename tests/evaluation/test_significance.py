"""Intervals and paired comparisons: against definitions computed slowly, and in their exact limits."""

import math

import numpy as np
import pytest

from dfsc.errors import DFSCError
from dfsc.evaluation.auroc import image_auroc
from dfsc.evaluation.significance import Seed, bootstrap_interval, compare, compare_over_seeds

LABELS = np.repeat([False, True], [60, 40])


def scores(separation, seed=0, count=LABELS):
    rng = np.random.default_rng(seed)
    return rng.normal(size=len(count)) + separation * count


def slow_delong(first, second, anomalous):
    """Structural components pair by pair, as the paper defines them."""
    kernels = []
    for values in (first, second):
        bad, good = values[anomalous], values[~anomalous]
        kernels.append((bad[:, None] > good[None]) + 0.5 * (bad[:, None] == good[None]))
    areas = [kernel.mean() for kernel in kernels]
    s10 = np.cov([kernel.mean(axis=1) for kernel in kernels])
    s01 = np.cov([kernel.mean(axis=0) for kernel in kernels])
    s = s10 / anomalous.sum() + s01 / (~anomalous).sum()
    return areas[1] - areas[0], math.sqrt(s[0, 0] + s[1, 1] - 2 * s[0, 1])


@pytest.mark.parametrize("decimals", [8, 0])  # without and with ties
def test_comparison_equals_delongs_definition(decimals):
    first, second = (np.round(scores(separation, seed), decimals) for separation, seed in ((0.8, 1), (1.3, 2)))
    result = compare(first, second, LABELS)
    difference, error = slow_delong(first, second, LABELS)
    assert result.difference == pytest.approx(difference)
    assert result.standard_error == pytest.approx(error)
    assert result.p_value == pytest.approx(math.erfc(abs(difference) / error / math.sqrt(2)))


def test_a_detector_does_not_differ_from_itself_and_order_turns_the_sign():
    one, other = scores(1, 1), scores(1, 2)
    assert compare(one, one, LABELS).p_value == 1.0
    assert compare(one, other, LABELS).difference == -compare(other, one, LABELS).difference
    assert compare(one, other, LABELS).p_value == pytest.approx(compare(other, one, LABELS).p_value)


def test_one_image_of_a_class_says_nothing_of_chance():
    result = compare([0.1, 0.9], [0.9, 0.1], [False, True])
    assert (result.difference, result.standard_error, result.p_value) == (-1.0, None, None)


def test_p_values_of_equal_detectors_are_uniform():
    values = [compare(scores(1, seed), scores(1, 10_000 + seed), LABELS).p_value for seed in range(400)]
    assert np.mean(np.array(values) < 0.05) == pytest.approx(0.05, abs=0.035)
    assert np.mean(values) == pytest.approx(0.5, abs=0.06)


def test_interval_holds_the_figure_is_seeded_and_narrows_with_images():
    few, many = scores(1), scores(1, count=np.tile(LABELS, 10))
    narrow, wide = (
        bootstrap_interval(many, np.tile(LABELS, 10), resamples=300),
        bootstrap_interval(few, LABELS, resamples=300),
    )
    assert wide.low < image_auroc(few, LABELS) < wide.high
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)
    assert bootstrap_interval(few, LABELS, seed=3, resamples=50) == bootstrap_interval(
        few, LABELS, seed=3, resamples=50
    )


def test_interval_of_perfect_scores_is_a_point():
    interval = bootstrap_interval(LABELS * 1.0, LABELS, resamples=20)
    assert (interval.low, interval.high) == (1.0, 1.0)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    truth = 0.5 * (1 + math.erf(1 / 2))  # AUROC of two unit normals one standard deviation apart
    intervals = [bootstrap_interval(scores(1, seed), LABELS, seed, 0.9, 150) for seed in range(120)]
    assert np.mean([i.low <= truth <= i.high for i in intervals]) == pytest.approx(0.9, abs=0.09)


def test_one_class_alone_is_refused():
    with pytest.raises(DFSCError, match="good and anomalous"):
        compare(np.zeros(3), np.zeros(3), np.zeros(3, bool))


def seed_of(first, second, names=None):
    return Seed(names or [str(i) for i in range(len(LABELS))], LABELS, first, second)


def test_seeds_without_a_difference_have_an_interval_of_nothing():
    seeds = [seed_of(scores(1, s), scores(1, s)) for s in range(3)]
    compared = compare_over_seeds(seeds)
    assert compared.differences == (0, 0, 0)
    assert (compared.interval.low, compared.interval.high) == (0, 0)


def test_differences_over_seeds_are_those_of_auroc():
    seeds = [seed_of(scores(0.5, s), scores(1.5, s + 10)) for s in range(4)]
    compared = compare_over_seeds(seeds)
    expected = [image_auroc(s.second, LABELS) - image_auroc(s.first, LABELS) for s in seeds]
    assert compared.differences == pytest.approx(expected)
    assert compared.mean == pytest.approx(np.mean(expected))
    assert compared.interval.low < compared.mean < compared.interval.high


def test_an_interval_over_one_seed_is_that_of_its_images():
    one = seed_of(scores(0.5, 1), scores(1.0, 2))
    compared, test = compare_over_seeds([one]), compare(one.first, one.second, LABELS)
    half = (compared.interval.high - compared.interval.low) / 2
    assert half == pytest.approx(1.96 * test.standard_error, rel=0.12)


def test_seeds_that_disagree_widen_the_interval():
    same, other = seed_of(scores(1, 0), scores(1.3, 0)), seed_of(scores(1, 0), scores(-1.5, 0))
    agreeing = compare_over_seeds([same, same]).interval
    disagreeing = compare_over_seeds([same, other]).interval
    assert disagreeing.high - disagreeing.low > 3 * (agreeing.high - agreeing.low)


def test_an_image_drawn_twice_counts_twice_in_every_seed():
    """Equal seeds on the same images leave as much to chance as one; on other images, less."""
    first, second = scores(0.5, 1), scores(1.0, 2)
    one = compare_over_seeds([seed_of(first, second)]).interval
    same = compare_over_seeds([seed_of(first, second)] * 4).interval
    names = [[f"{part}-{i}" for i in range(len(LABELS))] for part in range(4)]
    apart = compare_over_seeds([seed_of(first, second, own) for own in names]).interval
    width = {name: i.high - i.low for name, i in {"one": one, "same": same, "apart": apart}.items()}
    assert width["same"] == pytest.approx(width["one"], rel=0.1)
    assert width["apart"] < 0.8 * width["one"]

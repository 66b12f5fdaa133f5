"""AUROC against known answers and against counting all pairs."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfsc.errors import DFSCError
from dfsc.evaluation.auroc import image_auroc


def counted_pairs(scores: list[float], anomalous: list[bool]) -> Fraction:
    """Share of the pairs (anomalous, good) in the right order, ties counting half; nothing is rounded."""
    positives = [s for s, a in zip(scores, anomalous, strict=True) if a]
    negatives = [s for s, a in zip(scores, anomalous, strict=True) if not a]
    doubled = sum(2 * (p > n) + (p == n) for p in positives for n in negatives)
    return Fraction(doubled, 2 * len(positives) * len(negatives))


@pytest.mark.parametrize(
    ("scores", "anomalous", "expected"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], 0.0),
        ([1, 3, 2, 4], [0, 0, 1, 1], 0.75),
        ([5, 5, 5, 5], [0, 1, 0, 1], 0.5),
        ([1, 2, 2, 3], [0, 0, 1, 1], 0.875),
        ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75),
        ([-np.inf, 0, np.inf], [0, 0, 1], 1.0),
        ([2, 1], [1, 0], 1.0),
    ],
)
def test_known_answers(scores: list[float], anomalous: list[int], expected: float):
    assert image_auroc(np.array(scores), np.array(anomalous)) == expected


labelled = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=2, max_size=40).filter(
    lambda pairs: len({label for _, label in pairs}) == 2
)


@given(labelled)
def test_equals_the_count_of_all_pairs(pairs: list[tuple[int, bool]]):
    scores, anomalous = map(list, zip(*pairs, strict=True))
    assert image_auroc(np.array(scores) / 7, np.array(anomalous)) == float(counted_pairs(scores, anomalous))


@given(labelled)
def test_turning_the_scores_or_the_labels_round_mirrors_it(pairs: list[tuple[int, bool]]):
    scores, anomalous = (np.array(values) for values in zip(*pairs, strict=True))
    expected = pytest.approx(1 - image_auroc(scores, anomalous), abs=1e-12)
    assert image_auroc(-scores, anomalous) == expected
    assert image_auroc(scores, ~anomalous) == expected


@given(labelled)
def test_only_the_order_of_scores_counts(pairs: list[tuple[int, bool]]):
    scores, anomalous = (np.array(values) for values in zip(*pairs, strict=True))
    assert image_auroc(np.exp(scores.astype(np.float32)), anomalous) == image_auroc(scores, anomalous)


def test_many_ties_are_exact():
    scores = np.repeat([0, 1], [150_000, 50_000])
    anomalous = np.arange(200_000) % 2 == 0
    assert image_auroc(scores, anomalous) == 0.5


@pytest.mark.parametrize(
    ("scores", "anomalous", "words"),
    [
        ([1, 2], [1, 1], "0 good and 2 anomalous"),
        ([1, 2, 3], [0, 0, 0], "3 good and 0 anomalous"),
        ([], [], "0 good and 0 anomalous"),
        ([1, 2, 3], [0, 1], "one label a score"),
        ([[1, 2]], [[0, 1]], "one label a score"),
        ([1, np.nan], [0, 1], "not a number"),
    ],
)
def test_what_can_not_be_computed_is_an_error(scores: list, anomalous: list, words: str):
    with pytest.raises(DFSCError, match=words):
        image_auroc(np.array(scores), np.array(anomalous))

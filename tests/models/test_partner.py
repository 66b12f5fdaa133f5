"""A network together with FRE: what few and many good parts, and a silent one of the two, make of it."""

import numpy as np
import pytest

from dfsc.errors import CheckpointError
from dfsc.models.calibration import BranchMaps, Calibration, GoodParts, RawMaps, peak
from dfsc.models.partner import (
    DOUBT,
    SURE_PARTS,
    HigherMaps,
    PartnerLevel,
    evidence,
    good_parts_of_both,
    partner_weights,
)
from dfsc.models.self_test import SelfTest

WEIGHTS = (0.0, 0.3, 0.5, 1.0)


def parts(count: int, height: float, seed: int = 0) -> GoodParts:
    """So many good parts whose maps are highest at about `height`."""
    rng = np.random.default_rng((seed, count))
    local, global_ = rng.normal(height, 0.02, (2, count, 6, 6)).astype(np.float32)
    return GoodParts(BranchMaps(local, global_))


def silence(count: int) -> GoodParts:
    """What finds nothing anywhere."""
    return GoodParts(BranchMaps(*np.zeros((2, count, 6, 6), np.float32)))


def means(network: GoodParts, partner: GoodParts, local_weight: float) -> np.ndarray:
    """By how much good parts score higher with a network than with either of a partner's maps."""
    return network.peaks(local_weight).mean() - np.array(
        [partner.peaks(weight).mean() for weight in partner_weights(local_weight)]
    )


@pytest.mark.parametrize("local_weight", WEIGHTS)
def test_with_many_good_parts_they_score_alike_with_both(local_weight: float):
    network, partner = parts(20_000, 0.3), parts(20_000, 0.1, 1)
    for clear in (0.0, 1.0):
        raised = np.array(PartnerLevel(network, partner, clear).at(local_weight))
        np.testing.assert_allclose(raised, means(network, partner, local_weight), atol=5e-4)


@pytest.mark.parametrize("clear", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("local_weight", WEIGHTS)
def test_with_as_many_as_are_sure_half_of_that_and_at_most_an_eighth_of_the_doubt(local_weight: float, clear: float):
    network, partner = parts(SURE_PARTS, 0.3), parts(SURE_PARTS + 5, 0.1, 1)
    raised = np.array(PartnerLevel(network, partner, clear).at(local_weight))
    doubt = DOUBT * (clear / 2) ** 3 * network.peaks(local_weight).std()
    np.testing.assert_allclose(raised, means(network, partner, local_weight) / 2 + doubt, rtol=1e-5)


def test_one_good_part_tells_no_spread():
    network, partner = parts(1, 0.3), parts(30, 0.1, 1)
    raised = PartnerLevel(network, partner, 1.0).at(0.5)
    np.testing.assert_allclose(raised, means(network, partner, 0.5) / (1 + SURE_PARTS), rtol=1e-5)


def test_without_a_good_part_there_is_nothing_to_compare():
    none = np.zeros((0, 6, 6), np.float16)
    with pytest.raises(CheckpointError, match="missing or damaged"):
        Calibration(RawMaps(none, none))


def test_the_fewer_good_parts_the_more_spreads_a_network_has_to_exceed():
    spreads = []
    for count in (4, 6, 12, 40, 400):
        own = parts(count, 0.3)
        # A network that is its own partner differs from it by nothing but the doubt.
        spreads.append(PartnerLevel(own, own, 1.0).at(1.0)[0] / own.peaks(1.0).std())
    assert spreads == sorted(spreads, reverse=True)
    assert 0 < spreads[-1] < spreads[0] < DOUBT


def told(strength: float | None) -> SelfTest:
    return SelfTest({"erased": (7, 7)}, None, strength=strength)


def test_a_partner_counts_as_evidence_as_far_as_it_tells_made_up_faults_as_clearly():
    assert evidence(told(0.4), told(0.1)) == pytest.approx(0.25)
    assert evidence(told(0.4), told(0.4)) == evidence(told(0.4), told(3.0)) == 1
    assert evidence(told(-0.1), told(0.1)) == 1
    assert evidence(told(0.4), told(0.0)) == evidence(told(-0.4), told(-0.1)) == 0


def test_what_was_not_tried_or_is_of_an_older_checkpoint_is_no_evidence():
    for network, partner in ((None, told(1)), (told(1), None), (told(None), told(1)), (told(1), told(None))):
        assert evidence(network, partner) == 0


@pytest.mark.parametrize("count", [1, 5, 60])
@pytest.mark.parametrize("local_weight", WEIGHTS)
def test_a_silent_partner_leaves_the_networks_order(count: int, local_weight: float):
    network = parts(count, 0.3)
    silent = silence(count)
    images = parts(30, 0.9, 2).maps
    level = PartnerLevel(network, silent, 1.0)
    scores = peak(images.fused(local_weight))
    np.testing.assert_array_equal(peak(HigherMaps(images, silence(30).maps, level).fused(local_weight)), scores)
    assert good_parts_of_both(level).threshold(0, local_weight) < scores.min()


@pytest.mark.parametrize("count", [1, 5, 60])
def test_a_silent_network_leaves_the_partners_order(count: int):
    partner = parts(24, 0.1)
    silent = silence(count)
    images = parts(30, 0.9, 2).maps
    level = PartnerLevel(silent, partner, 1.0)
    together = peak(HigherMaps(silence(30).maps, images, level).fused(1.0))
    np.testing.assert_array_equal(together.argsort(), peak(images.fused(1.0)).argsort())
    np.testing.assert_allclose(together - peak(images.fused(1.0)), level.at(1.0)[0], atol=1e-6)


def test_the_good_parts_of_both_are_the_first_of_either():
    network, partner = parts(5, 0.3), parts(24, 0.1, 1)
    level = PartnerLevel(network, partner, 0.5)
    both = good_parts_of_both(level)
    assert both.count == 5
    expected = HigherMaps(network.maps, partner.maps[:5], level)
    np.testing.assert_array_equal(both.peaks(0.3), peak(expected.fused(0.3)))
    np.testing.assert_array_equal(both.maps.local, expected.fused(1.0))
    np.testing.assert_array_equal(both.maps.global_, expected.fused(0.0))

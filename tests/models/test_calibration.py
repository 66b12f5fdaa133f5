"""Scale, threshold, percentiles and fusion weight, which follow from the good images' maps alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsc.errors import CheckpointError
from dfsc.models.calibration import FOREIGN, Calibration, PositionScale, RawMaps, UsualMap, peak
from dfsc.training.strangeness import by_another_camera, other_things, usual_error

COUNT = 10


def calibration(seed: int = 1, count: int = COUNT) -> Calibration:
    """Maps of two branches on very different scales, as real ones are."""
    rng = np.random.default_rng(seed)
    local = rng.gamma(2, 3, (count, 56, 56)).astype(np.float16)
    global_ = rng.gamma(3, 0.02, (count, 56, 56)).astype(np.float16)
    return Calibration(RawMaps(local, global_))


@pytest.mark.parametrize("branch", ["local", "global"])
def test_the_two_quantiles_become_0_and_a_tenth(branch: str):
    made = calibration()
    values = made.good_parts.maps.local if branch == "local" else made.good_parts.maps.global_
    assert values.dtype == np.float32
    np.testing.assert_allclose(np.quantile(values, (0.9, 0.995)), (0, 0.1), atol=1e-4)
    low, high = made.quantiles[branch]
    scaled = made.normalise(RawMaps(np.array([low, high]), np.array([low, high])))
    np.testing.assert_allclose(scaled.local if branch == "local" else scaled.global_, (0, 0.1), atol=1e-6)


def test_scale_is_linear_beyond_the_quantiles():
    made = calibration()
    low, high = made.quantiles["local"]
    raw = low + (high - low) * np.array([-1.0, 0.5, 20])
    np.testing.assert_allclose(made.normalise(RawMaps(raw, raw)).local, [-0.1, 0.05, 2], atol=1e-5)


def test_units_of_a_branch_do_not_matter():
    made = calibration()
    local, global_ = made.good.local, made.good.global_
    other = Calibration(RawMaps(local * np.float16(4), global_ * np.float16(0.5)))
    np.testing.assert_allclose(other.good_parts.scores(), made.good_parts.scores(), atol=1e-5)


def test_fused_is_the_plain_mean_unless_weighted():
    maps = calibration().good_parts.maps
    np.testing.assert_allclose(maps.fused(), (maps.local + maps.global_) / 2, atol=1e-6)
    np.testing.assert_array_equal(maps.fused(1), maps.local)
    np.testing.assert_array_equal(maps.fused(0), maps.global_)


@pytest.mark.parametrize("local_weight", [0.0, 0.3, 0.5, 1.0])
def test_good_scores_are_the_peaks_in_order_and_what_rounding_may_add(local_weight: float):
    made = calibration()
    maps = made.good_parts.maps
    peaks = (local_weight * maps.local + (1 - local_weight) * maps.global_).reshape(COUNT, -1).max(axis=1)
    added = made.good_parts.scores(local_weight) - sorted(peaks)
    np.testing.assert_allclose(added, 0.02 * np.maximum(np.sort(peaks), 0.1), rtol=1e-4)


@pytest.mark.parametrize("local_weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("placed", [False, True])
def test_the_image_that_sets_the_limit_stays_below_it_when_its_maps_are_rounded_otherwise(placed, local_weight):
    good = calibration().good
    position = replace(PositionScale.of(good, 0.25), images=0) if placed else None
    made = Calibration(good, position)
    for step in (-1, 0, 1):  # a bfloat16 network's maps of good parts are off by some thousandths
        other = RawMaps(*(maps * np.float16(1 + 0.002 * step) for maps in (good.local, good.global_)))
        assert (peak(made.normalise(other).fused(local_weight)) <= made.good_parts.threshold(0, local_weight)).all()


@pytest.mark.parametrize("local_weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rejected", range(COUNT))
def test_threshold_rejects_as_many_good_images_as_asked(rejected: int, local_weight: float):
    made = calibration()
    scores = made.good_parts.scores(local_weight)
    assert len(np.unique(scores)) == COUNT
    assert (scores > made.good_parts.threshold(rejected, local_weight)).sum() == rejected


def test_equal_good_scores_are_rejected_together_or_not_at_all():
    local = np.zeros((4, 56, 56), np.float16)
    local[:, 3, 5] = (1, 2, 2, 3)
    made = Calibration(RawMaps(local, np.zeros_like(local)))
    rejected = [(made.good_parts.scores() > made.good_parts.threshold(asked)).sum() for asked in range(4)]
    assert rejected == [0, 1, 1, 3]


def test_threshold_is_kept_within_what_the_good_images_allow():
    made = calibration()
    scores = made.good_parts.scores()
    assert made.good_parts.threshold(-3) == made.good_parts.threshold(0) == scores[-1]
    assert made.good_parts.threshold(COUNT) == made.good_parts.threshold(10**6) == scores[0]


@given(seed=st.integers(0, 50), count=st.integers(1, 6), weight=st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_threshold_never_rises_with_the_share_given_up(seed: int, count: int, weight: float):
    made = calibration(seed, count)
    thresholds = [made.good_parts.threshold(rejected, weight) for rejected in range(count)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert made.good_parts.percentile(thresholds[0], weight) < 100


def test_percentile_is_the_share_of_good_images_below():
    made = calibration()
    scores = made.good_parts.scores()
    assert made.good_parts.percentile(scores[0]) == 0
    assert made.good_parts.percentile(scores[-1] + 1) == 100
    assert made.good_parts.percentile((scores[3] + scores[4]) / 2) == 40


def test_peak_of_one_map_and_of_a_stack():
    maps = np.zeros((3, 56, 56), np.float32)
    maps[1, 55, 0] = 2
    maps[2] -= 1
    assert peak(maps).tolist() == [0, 2, -1]
    assert peak(maps[1]) == 2


def test_constant_good_maps_still_give_finite_scores():
    constant = Calibration(RawMaps(np.ones((3, 56, 56), np.float16), np.full((3, 56, 56), 2, np.float16)))
    assert (constant.good_parts.maps.fused() == 0).all()
    assert constant.good_parts.threshold() == pytest.approx(0.002)
    raw = RawMaps(np.full((56, 56), 60000, np.float16), np.zeros((56, 56), np.float16))
    assert np.isfinite(constant.normalise(raw).fused()).all()


def maps(*shape: int, value: float = 1) -> np.ndarray:
    return np.full(shape, value, np.float16)


@pytest.mark.parametrize(
    ("local", "global_"),
    [
        (maps(0, 56, 56), maps(0, 56, 56)),
        (maps(56, 56), maps(56, 56)),
        (maps(3, 56, 56), maps(2, 56, 56)),
        (maps(2, 56, 56, value=np.nan), maps(2, 56, 56)),
        (maps(2, 56, 56), maps(2, 56, 56, value=np.inf)),
    ],
    ids=["empty", "one map", "unequal", "nan", "infinite"],
)
def test_damaged_maps_are_refused(local: np.ndarray, global_: np.ndarray):
    with pytest.raises(CheckpointError, match="missing or damaged"):
        Calibration(RawMaps(local, global_))


def test_of_few_good_images_the_expected_rejection_and_its_bound_are_told():
    expected, bound = calibration(count=5).good_parts.rejection()
    assert expected == pytest.approx(1 / 6)
    assert bound == pytest.approx(1 - 0.05 ** (1 / 5), abs=1e-5)
    assert calibration(count=200).good_parts.rejection()[1] < 0.02
    assert calibration(count=5).good_parts.rejection(rejected_good=1) > (expected, bound)


def test_a_position_scale_takes_out_what_is_usual_at_a_place():
    rng = np.random.default_rng(0)
    maps = rng.normal(1, 0.1, (9, 56, 56)).astype(np.float32)
    maps[:, 10, 10] += 5
    good = RawMaps(maps[:8], maps[:8])
    raw = RawMaps(maps[8], maps[8])
    raw.local[30, 30] += 1
    plain = Calibration(good).normalise(raw).local
    placed = Calibration(good, PositionScale.of(good, 0.25)).normalise(raw).local
    assert np.unravel_index(plain.argmax(), plain.shape) == (10, 10)
    assert np.unravel_index(placed.argmax(), placed.shape) == (30, 30)
    values = Calibration(good, PositionScale.of(good, 0.25)).good_parts.maps.local
    np.testing.assert_allclose(np.quantile(values, (0.9, 0.995)), (0, 0.1), atol=1e-4)


def noise(seed, count, size=56):
    rng = np.random.default_rng(seed)
    local, global_ = rng.normal(2, 1, (2, count, size, size)).astype(np.float16)
    return RawMaps(local, global_)


def test_a_held_out_image_is_placed_among_the_others():
    good = noise(3, 6)
    placed = PositionScale.of(good, 0.0).place_good(good.local, "local")
    for i in range(6):
        others = np.delete(good.local.astype(np.float64), i, axis=0)
        expected = (good.local[i] - others.mean(0)) / others.std(0)
        np.testing.assert_allclose(placed[i], expected, rtol=2e-3, atol=1e-3)


def test_the_limit_rejects_as_many_new_good_images_as_it_says():
    rejected = []
    for seed in range(60):
        maps = noise(seed, 28, size=8)
        held_out, known, new = (RawMaps(maps.local[s], maps.global_[s]) for s in (slice(6), slice(18), slice(18, 28)))
        calibration = Calibration(held_out, PositionScale.of(known, 0.25))
        rejected.append(peak(calibration.normalise(new).fused()) > calibration.good_parts.threshold())
    expected = calibration.good_parts.rejection()[0]
    assert abs(np.mean(rejected) - expected) < 0.05
    plain = Calibration(held_out, replace(calibration.position, images=0))
    assert plain.good_parts.threshold() < calibration.good_parts.threshold()


@pytest.mark.parametrize("spread", [0.0, 1e-40, -1.0, np.nan])
def test_damaged_position_scales_are_refused(spread):
    usual = np.ones((56, 56), np.float32)
    with pytest.raises(CheckpointError, match="position scale"):
        PositionScale(UsualMap(usual, usual), UsualMap(usual, usual * np.float32(spread)))
    for images, floors in ((1, (0.1, 0.1)), (-1, (0.1, 0.1)), (5, (0.1, 0.0)), (5, (np.nan, 0.1))):
        with pytest.raises(CheckpointError, match="position scale"):
            PositionScale(*(UsualMap(usual, usual, floor) for floor in floors), images)
    fewer = PositionScale(*[UsualMap(usual, usual, 0.1)] * 2, COUNT - 1)
    with pytest.raises(CheckpointError, match="fewer images"):
        Calibration(calibration().good, fewer)
    small = PositionScale(*[UsualMap(usual[:1, :1], usual[:1, :1])] * 2)
    with pytest.raises(CheckpointError, match="another size"):
        Calibration(calibration().good, small)


def even(*values: float) -> np.ndarray:
    """A raw map of each value, with a defect in it."""
    maps = np.stack([np.full((56, 56), value, np.float16) for value in values])
    maps[:, 10:30, 10:30] *= 5
    return maps


@pytest.mark.parametrize(
    ("good", "changed", "others"), [(0.3, 0.4, 1.2), (0.3, 0.9, 1.6), (0.02, 0.5, 2.0), (0.7, 0.8, 0.95)]
)
def test_what_is_foreign_lies_between_the_product_by_other_cameras_and_other_things(good, changed, others):
    made = Calibration(calibration().good, typical=usual_error(even(0.01, good), even(0.1, changed), even(others, 9)))
    assert made.strangeness(even(good, changed)).max() < FOREIGN < made.strangeness(even(others, 9)).min()


def test_other_things_are_told_though_a_noisy_camera_looks_stranger():
    made = Calibration(calibration().good, typical=usual_error(even(0.1), even(1.0), even(0.5)))
    assert made.strangeness(even(0.1)) < FOREIGN < made.strangeness(even(0.5))


def test_a_detector_that_knows_nothing_calls_its_own_product_no_other_thing():
    made = Calibration(calibration().good, typical=usual_error(even(1.0), even(1.5), even(0.8)))
    assert made.strangeness(even(1.5)) < FOREIGN


def test_detectors_that_do_not_tell_a_typical_error_take_the_highest_of_their_good_images():
    good = even(0.2, 0.4)
    assert Calibration(RawMaps(good, good)).strangeness(even(0.8)) == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize("typical", [0.0, -1.0, np.nan, np.inf])
def test_a_damaged_typical_error_is_refused(typical):
    with pytest.raises(CheckpointError, match="strange"):
        Calibration(calibration().good, typical=typical)


def test_other_cameras_change_what_is_seen_a_little_and_the_same_each_time(draw):
    photographs = np.stack([draw(seed) for seed in range(5)])
    changed = by_another_camera(photographs, seed=1)
    assert (changed.shape, changed.dtype) == ((12, 256, 256, 3), np.uint8)
    apart = np.abs(changed.astype(int) - np.tile(photographs[:3], (4, 1, 1, 1))).mean(axis=(1, 2, 3))
    assert (apart > 0.5).all()
    assert (apart < 30).all()
    np.testing.assert_array_equal(changed, by_another_camera(photographs, seed=1))
    np.testing.assert_array_equal(other_things(1), other_things(1))


def hand_made(values: list[float]) -> np.ndarray:
    """Maps of which the first cell has these values and the others are 1, 2, 3, …, alike in all of them."""
    made = np.tile(np.arange(1, 56 * 56 + 1, dtype=np.float32).reshape(56, 56) / 1000, (len(values), 1, 1))
    made[:, 0, 0] = values
    return made.astype(np.float16)


def test_further_good_parts_join_as_if_they_had_been_held_out():
    # By hand: of 1, 2, 3 and 6 at one place, each against mean and spread of the other three and a floor of 1.
    usual = UsualMap.of(hand_made([1, 2, 3]), 0.25)
    usual = UsualMap(usual.mean, np.hypot(hand_made([1, 2, 3]).astype(float).std(axis=0), 1).astype(np.float32), 1.0)
    joined = usual.joined(hand_made([6]), 3)
    assert joined.mean[0, 0] == pytest.approx(3)  # (1 + 2 + 3 + 6) / 4
    assert joined.spread[0, 0] == pytest.approx(np.sqrt((4 + 1 + 0 + 9) / 4 + 1))
    placed = joined.place_among_others(hand_made([6, 1]), 4)[:, 0, 0]
    # 6 among 1, 2, 3: mean 2, variance 2/3; 1 among 2, 3, 6: mean 11/3, variance 26/9
    assert placed == pytest.approx([(6 - 2) / np.sqrt(2 / 3 + 1), (1 - 11 / 3) / np.sqrt(26 / 9 + 1)], rel=1e-4)


@pytest.mark.parametrize("images", ["none", "own", "own and others", "others"])
def test_joined_parts_calibrate_as_all_at_once(images: str):
    everyone, beside = calibration(3, 12).good, calibration(4, 5).good
    first, last = (RawMaps(everyone.local[part], everyone.global_[part]) for part in (slice(9, 12), slice(9)))
    kept = {"none": None, "own": last, "own and others": stacked(last, beside), "others": beside}[images]
    all_of_them = {"own": everyone, "own and others": stacked(everyone, beside)}.get(images, kept)
    scale, whole = (maps and PositionScale.of(maps, 0.25) for maps in (kept, all_of_them))
    if images == "others":
        scale = whole = replace(scale, images=0)
    elif scale:  # the floor stays as it was when the detector was trained
        whole = PositionScale(
            *(
                UsualMap(new.mean, np.sqrt(new.spread**2 - new.floor**2 + old.floor**2), old.floor)
                for new, old in ((whole.local, scale.local), (whole.global_, scale.global_))
            ),
            whole.images,
        )
    joined = Calibration(last, scale, 1.0).joined(first)
    at_once = Calibration(stacked(first, last), whole, 1.0)
    assert joined.count == 12
    np.testing.assert_allclose(joined.good_parts.scores(0.3), at_once.good_parts.scores(0.3), rtol=1e-3)
    np.testing.assert_array_equal(joined.good.local, stacked(first, last).local)


def stacked(one: RawMaps, other: RawMaps) -> RawMaps:
    return RawMaps(np.concatenate([one.local, other.local]), np.concatenate([one.global_, other.global_]))


def test_nothing_joins_nothing_and_no_two_calibrations_are_called_alike():
    made = calibration()
    assert made.joined(RawMaps(made.good.local[:0], made.good.global_[:0])) is made
    assert made.digest == calibration().digest != calibration(2).digest
    assert made.joined(calibration(2).good).digest != made.digest

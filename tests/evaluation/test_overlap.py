"""sPRO, AUPRO and pixel AUROC: hand-made masks with known answers, and a slow independent computation."""

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsc.errors import DFSCError
from dfsc.evaluation.overlap import Defect, LabelledMap, curves

LIMITS = (0.01, 0.05, 0.1, 0.3, 1.0)


def curve(*images, groups=None):
    groups = groups or {"all": ("good", "bad")}
    return curves(images, groups)[next(iter(groups))]


def labelled(scores, *defects):
    return LabelledMap(np.asarray(scores, np.float32), defects, "bad" if defects else "good")


def defect(mask, saturation=None):
    mask = np.asarray(mask, bool)
    return Defect(mask, saturation or mask.sum())


def rounded(images):
    """The images with scores as the curves tell them apart."""
    with np.errstate(over="ignore"):
        return [replace(image, scores=image.scores.astype(np.float16)) for image in images]


def slow_area(images, limit):
    """The definition, threshold by threshold over all distinct scores, in plain floats."""
    scores = sorted({float(v) for image in images for v in image.scores.ravel()}, reverse=True)
    points = [(0.0, 0.0)]
    for t in scores:
        false = normal = 0
        found = []
        for image in images:
            outside = (
                ~np.any([d.mask for d in image.defects], axis=0) if image.defects else np.ones_like(image.scores, bool)
            )
            false += int((image.scores[outside] >= t).sum())
            normal += int(outside.sum())
            found += [min((image.scores[d.mask] >= t).sum() / d.saturation, 1) for d in image.defects]
        points.append((false / normal, float(np.mean(found))))
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 >= limit:
            break
        if x1 > limit:
            y1 = y0 + (y1 - y0) * (limit - x0) / (x1 - x0)
            x1 = limit
        area += (x1 - x0) * (y0 + y1) / 2
    return area / limit


def test_a_perfect_map_has_all_areas_one():
    mask = np.zeros((8, 8), bool)
    mask[2:4, 3:6] = True
    result = curve(labelled(mask * 1.0, defect(mask)), labelled(np.zeros((8, 8))))
    assert [result.overlap_area(limit) for limit in LIMITS] == pytest.approx([1.0] * 5)
    assert result.pixel_auroc == 1.0


def test_a_map_that_says_nothing_scores_what_chance_does():
    mask = np.zeros((8, 8), bool)
    mask[0, :4] = True
    result = curve(labelled(np.full((8, 8), 0.3), defect(mask)))
    for limit in LIMITS:  # one plateau: a straight line from (0, 0) to (1, 1)
        assert result.overlap_area(limit) == pytest.approx(limit / 2)
    assert result.pixel_auroc == 0.5


def test_a_saturated_defect_is_found_by_a_part_of_it():
    mask = np.zeros((4, 4), bool)
    mask[0] = True
    scores = np.zeros((4, 4))
    scores[0, :2] = 1.0
    assert curve(labelled(scores, defect(mask, 2))).overlap_area(0.05) == pytest.approx(1.0)
    half = curve(labelled(scores, defect(mask, 4)))
    assert half.overlap_area(0.05) == pytest.approx(0.5 + 0.25 * 0.05)  # rises from 0.5 to 1 along the plateau at 0


def test_small_and_large_defects_count_alike():
    small, large = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    small[0, 0], large[5:] = True, True
    scores = large * 1.0
    assert curve(labelled(scores, defect(small), defect(large))).overlap_area(0.01) == pytest.approx(0.5, abs=0.01)


def test_the_limit_is_reached_by_interpolation():
    mask = np.zeros((1, 101), bool)
    mask[0, :1] = True
    scores = np.zeros((1, 101))
    scores[0, 1:11] = 1.0  # a tenth of the normal pixels lies above the defect
    result = curve(labelled(scores, defect(mask)))
    assert result.overlap_area(0.1) == 0.0
    assert result.overlap_area(0.2) == pytest.approx(0.5 * 0.1 * (0.1 / 0.9) / 0.2)


def test_good_images_and_their_parts_belong_to_groups():
    mask = np.zeros((4, 4), bool)
    mask[0] = True
    logical = LabelledMap((mask * 2.0).astype(np.float32), [defect(mask)], "logical")
    structural = LabelledMap((~mask * 1.0).astype(np.float32), [defect(mask)], "structural")
    good = LabelledMap(np.zeros((4, 4), np.float32), [], "good")
    result = curves(
        [good, logical, structural],
        {"logical": ("good", "logical"), "structural": ("good", "structural")},
    )
    assert result["logical"].pixel_auroc == 1.0
    assert result["structural"].pixel_auroc < 0.5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from(["few values", "fine", "both signs", "huge"]))
def test_it_equals_the_definition_computed_slowly(seed, count, kind):
    rng = np.random.default_rng(seed)
    images = []
    for number in range(count):
        shape = tuple(rng.integers(2, 12, 2))
        scores = rng.normal(size=shape)
        if kind == "few values":
            scores = np.round(scores)
        elif kind == "fine":
            scores = 1 + 1e-6 * scores
        elif kind == "huge":
            scores = np.sign(scores) * 10 ** (10 * np.abs(scores))
        defects = []
        for _ in range(rng.integers(1 if number == 0 else 0, 4)):
            mask = rng.random(shape) < 0.3
            mask[tuple(rng.integers(0, shape))] = True
            defects.append(Defect(mask, float(rng.integers(1, mask.sum() + 1))))
        if number == 0 and np.any([d.mask for d in defects], axis=0).all():
            defects = [Defect(np.eye(*shape, dtype=bool), 1.0)]
        images.append(labelled(scores, *defects))
    result = curve(*images)
    for limit in LIMITS:
        assert result.overlap_area(limit) == pytest.approx(slow_area(rounded(images), limit), abs=1e-9)


def test_rounding_moves_no_area_of_maps_on_a_detectors_scale():
    rng = np.random.default_rng(0)
    mask = np.zeros((60, 80), bool)
    mask[10:20, 20:50] = True
    good, bad = rng.gamma(2.0, size=mask.shape), rng.gamma(2.0, size=mask.shape) + 2.0 * mask
    low, high = np.quantile(good, (0.9, 0.995))
    images = [
        labelled((scores - low) * 0.1 / (high - low), *defects) for scores, *defects in ((good,), (bad, defect(mask)))
    ]
    result = curve(*images)
    for limit in LIMITS:
        assert result.overlap_area(limit) == pytest.approx(slow_area(images, limit), abs=1e-5)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_scores_may_be_of_any_kind(kind):
    mask = np.eye(5, dtype=bool)
    image = LabelledMap((np.arange(25).reshape(5, 5) + 20 * mask).astype(kind), [defect(mask)], "bad")
    for limit in LIMITS:
        assert curve(image).overlap_area(limit) == pytest.approx(slow_area([image], limit), abs=1e-9)


def test_infinities_and_whole_numbers_are_scores():
    mask = np.eye(4, dtype=bool)
    assert curve(labelled(np.where(mask, np.inf, -np.inf), defect(mask))).overlap_area(0.01) == 1.0
    assert curve(LabelledMap(mask.astype(np.uint8), [defect(mask)], "bad")).pixel_auroc == 1.0
    assert curve(labelled(np.where(mask, 0.0, -0.0), defect(mask))).pixel_auroc == 0.5


def test_memory_does_not_grow_with_the_scores():
    rng = np.random.default_rng(0)
    mask = np.zeros((120, 150), bool)
    mask[30:80, 30:90] = True
    images, groups = [], {}
    for number in range(3):  # detectors, each part of each with its scores at another place
        parts = [(number, part) for part in ("good", "logical", "structural")]
        for place, part in enumerate(parts):
            scores = (2.0 ** (3 * number + place) * (1 + 0.48 * rng.random(mask.shape))).astype(np.float32)
            images.append(LabelledMap(scores, [defect(mask)] if place else [], part))
        groups |= {(number, name): (parts[0], parts[place]) for place, name in ((1, "logical"), (2, "structural"))}
        groups[number, "all"] = parts
    tracemalloc.start()
    curves(images, groups)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 10e6


def test_what_cannot_be_measured_is_said_in_a_sentence():
    mask = np.ones((4, 4), bool)
    with pytest.raises(DFSCError, match="outside of every defect"):
        curve(labelled(np.zeros((4, 4)), defect(mask)))
    with pytest.raises(DFSCError, match="with a defect"):
        curve(labelled(np.zeros((4, 4))))
    with pytest.raises(DFSCError, match="not a number"):
        curve(labelled(np.full((4, 4), np.nan)))
    with pytest.raises(DFSCError, match="limit"):
        curve(labelled(np.eye(4), defect(np.eye(4)))).overlap_area(0)
    with pytest.raises(DFSCError, match=r"mask is of shape \(3, 4\)"):
        curve(labelled(np.eye(4), defect(np.ones((3, 4)))))
    with pytest.raises(DFSCError, match="can't saturate"):
        curve(labelled(np.eye(4), Defect(np.eye(4, dtype=bool), 5.0)))

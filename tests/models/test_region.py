"""What counts of a photograph: scale, limits, scores and maps follow, and what does not count never shows."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dfsc.errors import CheckpointError, DFSCError
from dfsc.inspection.colours import opacity
from dfsc.models.calibration import BranchMaps, Calibration, GoodParts, PositionScale, RawMaps
from dfsc.models.partner import HigherMaps, PartnerLevel, good_parts_of_both
from dfsc.models.region import Region, read_region
from dfsc.models.self_test import make_faults

LEFT = np.zeros((56, 56), bool)
LEFT[:, :28] = True
EVERYTHING = Region(np.ones((56, 56), bool))


def raw(seed: int, count: int = 8) -> RawMaps:
    rng = np.random.default_rng(seed)
    shape = (count, 56, 56)
    return RawMaps(rng.gamma(2, 3, shape).astype(np.float16), rng.gamma(3, 0.02, shape).astype(np.float16))


def outside(maps: RawMaps, factor: float) -> RawMaps:
    """With everything outside of LEFT that many times as high."""
    factors = np.where(LEFT, 1, factor).astype(np.float16)
    return RawMaps(maps.local * factors, maps.global_ * factors)


@pytest.fixture(params=[False, True], ids=["plain", "by position"])
def calibration(request) -> Calibration:
    good = raw(1)
    return Calibration(good, PositionScale.of(good, 0.25) if request.param else None, typical=4.0)


def test_a_region_of_everything_changes_no_bit(calibration):
    within, new = calibration.within(EVERYTHING), raw(2)
    for one, other in ((calibration.normalise(new), within.normalise(new)), (calibration.good, within.good)):
        np.testing.assert_array_equal(one.local, other.local)
        np.testing.assert_array_equal(one.global_, other.global_)
    assert calibration.quantiles == within.quantiles
    assert calibration.good_parts.threshold() == within.good_parts.threshold()
    np.testing.assert_array_equal(calibration.strangeness(new.local), within.strangeness(new.local))


@pytest.mark.parametrize("weight", [0.0, 0.35, 1.0])
def test_nothing_outside_changes_a_score_a_map_or_the_strangeness(calibration, weight):
    within, new = calibration.within(Region(LEFT)), raw(2)
    calm, hot = within.normalise(outside(new, 0)), within.normalise(outside(new, 500))
    np.testing.assert_array_equal(calm.fused(weight), hot.fused(weight))
    assert not opacity(hot.fused(weight)[:, ~LEFT]).any()
    assert (hot.fused(weight)[:, ~LEFT].max() < hot.fused(weight)[:, LEFT].min()).all()
    np.testing.assert_array_equal(within.strangeness(new.local), within.strangeness(outside(new, 500).local))


@pytest.mark.parametrize("factor", [0, 500])
def test_scale_and_limits_are_of_the_good_parts_in_the_region(factor):
    here = Calibration(raw(1), region=Region(LEFT))
    other = Calibration(outside(raw(1), factor), region=Region(LEFT))
    assert here.quantiles == other.quantiles
    assert here.quantiles["local"] == pytest.approx(np.quantile(raw(1).local[:, LEFT].astype(np.float32), (0.9, 0.995)))
    for weight in (0.0, 0.5, 1.0):
        np.testing.assert_array_equal(here.good_parts.scores(weight), other.good_parts.scores(weight))


@pytest.mark.parametrize("weight", [0.0, 0.35, 1.0])
def test_a_partner_brings_nothing_in_from_outside(weight):
    one, other = Calibration(raw(1), region=Region(LEFT)), Calibration(raw(3), region=Region(LEFT))
    new = [raw(4), outside(raw(4), 500)]
    level = PartnerLevel(one.good_parts, other.good_parts)
    calm, hot = (HigherMaps(one.normalise(maps), other.normalise(maps), level).fused(weight) for maps in new)
    np.testing.assert_array_equal(calm, hot)
    assert not opacity(hot[:, ~LEFT]).any()
    together = good_parts_of_both(level)
    assert together.threshold(0, weight) == pytest.approx(
        GoodParts(BranchMaps(*2 * [together.maps.fused(weight)[:, :, :28]])).threshold(0, weight)
    )


def test_a_region_within_a_region_is_refused(calibration):
    with pytest.raises(DFSCError, match="region already"):
        calibration.within(EVERYTHING).within(Region(LEFT))


def test_a_region_of_another_size_is_refused():
    with pytest.raises(CheckpointError, match="another size"):
        Calibration(raw(1), region=Region(np.ones((48, 56), bool)))


def test_strangeness_is_of_the_region():
    even = RawMaps(*2 * [np.where(LEFT, 1, 5).astype(np.float16)[None].repeat(4, 0)])
    within = Calibration(even, typical=9.0).within(Region(~LEFT))
    assert within.strangeness(even.local) == pytest.approx(5 / (9 * 5 / 3), rel=0.01)  # the median of 1 and 5 was 3


def test_a_drawn_region_counts_where_cells_are_centred():
    marked = np.zeros((512, 1024), bool)
    marked[:, :512] = True
    np.testing.assert_array_equal(Region.drawn(marked).cells, np.arange(56)[None].repeat(56, 0) < 28)
    marked[:] = False
    marked[:20] = True
    with pytest.raises(DFSCError, match="less than 1%"):
        Region.drawn(marked)


def test_with_a_fill_nothing_is_seen_of_the_rest(good_pictures):
    pictures = np.stack(good_pictures)
    region = Region(LEFT).filled(pictures)
    other = pictures.copy()
    other[:, :, 140:] = 255 - other[:, :, 140:]
    seen = region.seen(other)
    np.testing.assert_array_equal(seen, region.seen(pictures))
    np.testing.assert_array_equal(seen[:, :, :126], pictures[:, :, :126])
    assert np.abs(seen[:, :, 140:].astype(int) - pictures[:, :, 140:]).mean() < 20
    np.testing.assert_array_equal(EVERYTHING.filled(pictures).seen(other), other)
    assert Region(LEFT).seen(other) is other


def test_faults_are_made_where_they_show_in_the_region(good_pictures):
    pictures, corner = np.stack(good_pictures[:3]), np.zeros((56, 56), bool)
    corner[:20, :20] = True
    region = Region(corner)
    faults = make_faults(pictures, 0, region)
    assert len(faults) > 10
    for fault in faults:
        changed = np.abs(fault.image.astype(int) - pictures[fault.photograph]).max(axis=-1)
        assert (changed[region.pixels] >= 24).sum() >= 40
    assert make_faults(pictures, 0, EVERYTHING)[0].boxes == make_faults(pictures, 0)[0].boxes
    with pytest.raises(DFSCError, match="draw a larger one"):
        make_faults(
            np.full((2, 256, 256, 3), 255, np.uint8), 0, replace(region, cells=corner[::-1, ::-1] & corner[::-1])
        )


def test_masks_and_outlines_say_what_counts(tmp_path):
    mask = np.zeros((100, 200), np.uint8)
    mask[:, :190] = 255  # most of the photograph, as no mask of a defect may
    Image.fromarray(mask).save(tmp_path / "region.png")
    assert read_region(tmp_path / "region.png").share > 0.9
    outline = '{"label": "part", "points": [[0, 0], [100, 0], [100, 100], [0, 100]], "shape_type": "polygon"}'
    (tmp_path / "region.json").write_text(f'{{"shapes": [{outline}], "imageHeight": 100, "imageWidth": 200}}')
    np.testing.assert_array_equal(read_region(tmp_path / "region.json").cells, LEFT)
    coco = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 200, "height": 100}],
        "categories": [{"id": 1, "name": "part"}],
        "annotations": [{"image_id": 1, "category_id": 1, "segmentation": [[0, 0, 100, 0, 100, 100, 0, 100]]}],
    }
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    np.testing.assert_array_equal(read_region(tmp_path / "coco.json").cells, LEFT)
    Image.fromarray(0 * mask).save(tmp_path / "nothing.png")
    with pytest.raises(DFSCError, match="is empty"):
        read_region(tmp_path / "nothing.png")

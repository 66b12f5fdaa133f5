"""What a browser says is an outline: a region, the whole photograph, or one sentence."""

import numpy as np
import pytest

from dfsc.errors import DFSCError
from dfsc.interface.interest import drawn_region
from dfsc.interface.session.interest import within
from dfsc.models.region import Region
from dfsc.training.closed_form import closed_form_detector


def test_a_polygon_is_filled_and_no_corner_is_the_whole_photo():
    region = drawn_region([[0, 0], [0.5, 0], [0.5, 1], [0, 1]])
    np.testing.assert_array_equal(region.cells, np.arange(56)[None].repeat(56, 0) < 28)
    assert drawn_region([]) is None


@pytest.mark.parametrize(
    "corners",
    [None, 7, "abc", [[0, 0], [1, 1]], [[0, 0, 0]] * 3, [[0, 0], [1, 1], [2, 0]], [[0, 0], [1, None], [1, 0]],
     [[0, 0], [1, "x"], [1, 0]], [[0.5, 0.5]] * 500, [[0, 0], [float("nan"), 1], [1, 0]], {"x": 1}],
)  # fmt: skip
def test_anything_else_gets_a_sentence(corners):
    with pytest.raises(DFSCError, match="draw it again"):
        drawn_region(corners)


def test_a_tiny_outline_is_refused():
    with pytest.raises(DFSCError, match="larger one"):
        drawn_region([[0.5, 0.5], [0.51, 0.5], [0.51, 0.51]])


def test_networks_are_cut_and_fre_left_out(tiny_detectors, good_pictures):
    region = Region(np.arange(56)[None].repeat(56, 0) < 28)
    fre = closed_form_detector(np.stack(good_pictures), tiny_detectors[0].teacher, "x", {}, self_tested=False)
    inspector, left_out = within(region, [*tiny_detectors, fre])
    assert [detector.region for detector in inspector.detectors] == [region, region]
    assert left_out == ["FRE"]
    with pytest.raises(DFSCError, match="dfsc region"):
        within(region, [fre])

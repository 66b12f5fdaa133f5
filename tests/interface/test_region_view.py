"""The outline of a true region: as wide and high as the region, and nothing where there is none."""

import re

import numpy as np
import pytest

from dfsc.interface.inspect.region_view import EDGE, region_outline_html, region_switch_html

EDGES = re.compile(r"M(\d+) (\d+)([HV])(\d+)")


def drawn(html: str) -> set[tuple[str, ...]]:
    return set(EDGES.findall(re.findall(r'd="([^"]*)"', html)[-1]))


def test_a_box_has_four_edges():
    region = np.zeros((30, 40), bool)
    region[5:12, 8:20] = True
    html = region_outline_html(region)
    assert 'viewBox="0 0 40 30"' in html
    assert drawn(html) == {("8", "5", "H", "20"), ("8", "12", "H", "20"), ("8", "5", "V", "12"), ("20", "5", "V", "12")}


@pytest.mark.parametrize("spot", [(0, 0), (2399, 3199), (1200, 7)])
def test_a_single_pixel_of_a_large_photo_is_outlined(spot):
    region = np.zeros((2400, 3200), bool)
    region[spot] = True
    html = region_outline_html(region)
    assert f'viewBox="0 0 {EDGE} 360"' in html
    assert len(drawn(html)) == 4


def test_without_a_region_there_is_neither_outline_nor_switch():
    assert region_outline_html(None) == region_switch_html(None) == ""

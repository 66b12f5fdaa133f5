"""A training's curves as the page draws them."""

from dfsc.interface.retrain.curves import curves_html
from dfsc.interface.session.retraining import Point


def test_what_was_found_is_a_line_a_method_with_fre_dashed_from_the_start():
    points = [Point("found", seconds, "EAD-S", share) for seconds, share in ((40.0, 0.25), (80.0, 0.75))]
    points += [Point("found", seconds, "FRE", 0.5) for seconds in (0.0, 80.0)]
    drawn = curves_html(points)
    assert drawn.count('data-plot="found"') == drawn.count("<figure") == 1
    solid, dashed = drawn.split("<polyline")[1:]
    assert 'stroke-dasharray="none"' in solid
    assert "var(--fre)" in dashed
    assert 'stroke-dasharray="5 4"' in dashed.split("/>")[0]
    assert drawn.count("<circle") == 4
    assert "<b>0.75</b>" in drawn

"""The colour scale is the same for every photograph, and normal regions show the photograph itself."""

import io

import numpy as np
import pytest
from PIL import Image

from dfsc.geometry import MAP_SIZE
from dfsc.images.display import display_copy, jpeg
from dfsc.inspection import colours
from dfsc.inspection.colours import OPACITY, SCALE_END


def uniform(value: float) -> np.ndarray:
    return np.full((MAP_SIZE, MAP_SIZE), value, dtype=np.float32)


@pytest.fixture
def image(draw) -> np.ndarray:
    return draw(1, width=120, height=80)


@pytest.mark.parametrize("value", [0.0, -0.4, -1e6])
def test_calm_regions_show_the_photograph(image, value):
    assert np.array_equal(colours.overlay(image, uniform(value)), image)


def test_no_strength_shows_the_photograph(image):
    assert np.array_equal(colours.overlay(image, uniform(1.0), strength=0), image)


def test_the_scale_ends_at_its_end(image):
    at_end = colours.overlay(image, uniform(SCALE_END))
    assert np.array_equal(colours.overlay(image, uniform(50 * SCALE_END)), at_end)
    assert not np.array_equal(colours.overlay(image, uniform(0.9 * SCALE_END)), at_end)


def test_full_strength_hides_the_photograph(image):
    covered = colours.overlay(image, uniform(SCALE_END), strength=1)
    assert np.array_equal(np.unique(covered.reshape(-1, 3), axis=0), colours.colours(SCALE_END)[None])


def test_equal_values_get_equal_colours_whatever_else_is_in_the_map(image):
    calm, hot = uniform(0.1), uniform(0.1)
    hot[40:, 40:] = 5.0
    corner = (slice(0, 20), slice(0, 20))
    assert np.array_equal(colours.overlay(image, calm)[corner], colours.overlay(image, hot)[corner])


def test_higher_is_more_opaque_and_brighter():
    values = np.linspace(0, SCALE_END, 50)
    shares = colours.opacity(values)
    assert shares[0] == 0
    assert shares[-1] == pytest.approx(OPACITY)
    assert (np.diff(shares) > 0).all()
    brightness = colours.colours(values).astype(float) @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(brightness) > -1).all()


def test_a_hot_cell_is_drawn_at_its_true_centre():
    cells = uniform(0)
    cells[10, 40] = SCALE_END
    drawn = colours.overlay(np.zeros((512, 256, 3), np.uint8), cells).sum(axis=2)
    row, column = np.unravel_index(drawn.argmax(), drawn.shape)
    assert (row / 512 * 256, column) == pytest.approx((16.5 + 4 * 10, 16.5 + 4 * 40), abs=1)


@pytest.mark.parametrize(("size", "expected"), [((600, 300), (100, 50)), ((40, 30), (40, 30)), ((16, 4000), (1, 100))])
def test_display_copies_keep_their_shape_and_never_grow(size, expected):
    width, height = size
    small = display_copy(np.full((height, width, 3), 77, np.uint8), 100)
    assert small.shape == (expected[1], expected[0], 3)
    assert (small == 77).all()


def test_jpeg_keeps_size_and_colour(image):
    decoded = np.asarray(Image.open(io.BytesIO(jpeg(image))))
    assert decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).mean() < 6


def test_the_legend_starts_clear_and_ends_in_the_last_colour():
    red, green, blue = colours.colours(SCALE_END)
    gradient = colours.css_gradient()
    assert gradient.startswith("linear-gradient(to right, rgba(")
    assert ", 0.000) 0.0%" in gradient
    assert gradient.endswith(f"rgba({red}, {green}, {blue}, {OPACITY:.3f}) 100.0%)")

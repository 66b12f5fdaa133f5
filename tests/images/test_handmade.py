"""Defects made by hand."""

import numpy as np
import pytest

from dfsc.images.handmade import TamperingError, copy, erase, recolour, scratch, swap


@pytest.fixture
def part(draw):
    return draw(3, width=320, height=240)


def inside(image, left, top, right, bottom):
    return image[round(top * 240) : round(bottom * 240), round(left * 320) : round(right * 320)].astype(float)


def test_an_erased_disc_looks_like_what_surrounds_it_and_nothing_else_changes(part):
    erased = erase(part, (0.2, 0.2, 0.4, 0.4))
    assert inside(part, 0.27, 0.27, 0.33, 0.33).mean() < 80
    around = inside(part, 0.42, 0.2, 0.5, 0.4).mean()
    assert abs(inside(erased, 0.27, 0.27, 0.33, 0.33).mean() - around) < 6
    unchanged = np.ones(part.shape[:2], bool)
    unchanged[48:96, 64:128] = False
    np.testing.assert_array_equal(erased[unchanged], part[unchanged])


def test_a_box_may_be_drawn_from_any_corner(part):
    np.testing.assert_array_equal(erase(part, (0.4, 0.4, 0.2, 0.2)), erase(part, (0.2, 0.2, 0.4, 0.4)))


def test_a_copied_disc_is_there_twice(part):
    copied = copy(part, (0.2, 0.2, 0.4, 0.4), (0.5, 0.5))
    np.testing.assert_allclose(
        inside(copied, 0.47, 0.47, 0.53, 0.53).mean(), inside(part, 0.27, 0.27, 0.33, 0.33).mean(), atol=2
    )
    np.testing.assert_array_equal(inside(copied, 0.2, 0.2, 0.38, 0.38), inside(part, 0.2, 0.2, 0.38, 0.38))


def test_two_swapped_places_hold_what_the_other_held(part):
    swapped = swap(part, (0.2, 0.2, 0.4, 0.4), (0.5, 0.5))
    here, there = (0.27, 0.27, 0.33, 0.33), (0.47, 0.47, 0.53, 0.53)
    np.testing.assert_array_equal(inside(swapped, *there), inside(part, *here))
    np.testing.assert_array_equal(inside(swapped, *here), inside(part, *there))


def test_a_recoloured_part_has_another_colour_and_the_same_texture(part):
    recoloured = recolour(part, (0.2, 0.2, 0.4, 0.4), (30, 0, -20))
    before, after = (inside(image, 0.25, 0.25, 0.35, 0.35) for image in (part, recoloured))
    assert np.unique((after - before).reshape(-1, 3), axis=0).tolist() == [[30, 0, -20]]


@pytest.mark.parametrize("to", [(0.0, 0.0), (1.0, 0.5), (0.98, 1.0)])
def test_a_copy_is_cut_off_at_the_border(part, to):
    copied = copy(part, (0.2, 0.2, 0.4, 0.4), to)
    assert copied.shape == part.shape
    assert (copied != part).any()


def test_a_scratch_follows_its_path(part):
    scratched = scratch(part, [(0.45, 0.45), (0.5, 0.5), (0.55, 0.45)])
    assert scratched[120, 160].mean() > part[120, 160].mean() + 40
    np.testing.assert_array_equal(scratched[:90], part[:90])


@pytest.mark.parametrize(
    "stroke",
    [
        lambda image: erase(image, (0.2, 0.2, 0.2, 0.6)),
        lambda image: copy(image, (0.2, 0.2, 0.205, 0.6), (0.5, 0.5)),
        lambda image: scratch(image, [(0.5, 0.5)]),
    ],
)
def test_strokes_too_small_get_a_sentence(part, stroke):
    with pytest.raises(TamperingError, match=r"^[A-Z].*\.$"):
        stroke(part)


def test_erasing_up_to_every_border_works(part):
    assert erase(part, (0, 0, 1, 1)).shape == part.shape

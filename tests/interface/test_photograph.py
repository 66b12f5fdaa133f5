"""A photograph's file is kept where it shows more than the display copy, in a bounded size."""

import io

import numpy as np
import pytest
from PIL import Image

from dfsc.interface.session import photograph as photographs
from dfsc.interface.session.photograph import large_copy, read_photograph


def png(height: int, width: int) -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "PNG")
    return stream.getvalue()


def test_a_small_photo_is_not_kept_twice():
    assert read_photograph(png(300, 960), "small.png", uploaded=True).original == b""


def test_a_large_photo_is_shown_pixel_for_pixel():
    data = png(20, 3000)
    large = large_copy(read_photograph(data, "wide.png", uploaded=True))
    np.testing.assert_array_equal(large, np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("most", [100, 10**9])
def test_a_huge_photo_and_a_huge_file_are_shown_smaller(monkeypatch, most):
    monkeypatch.setattr(photographs, "MAX_ORIGINAL", most)
    data = png(50, 5000)
    photograph = read_photograph(data, "huge.png", uploaded=True)
    assert (photograph.original == data) == (most == 10**9)
    assert large_copy(photograph).shape == (41, photographs.LARGE_EDGE, 3)

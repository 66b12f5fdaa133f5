"""What a mask means, in the forms in which labelling tools write them, and what is refused: it could be either."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from dfsc.annotations.masks import read_channel, read_mask
from dfsc.errors import DatasetError

EDGE, BOX = 200, np.s_[60:70, 100:110]


def plane(value, background=0, dtype=np.uint8, box=BOX, edge=EDGE) -> np.ndarray:
    values = np.full((edge, edge), background, dtype)
    values[box] = value
    return values


def palette(indices: np.ndarray, *colours: tuple[int, int, int]) -> Image.Image:
    picture = Image.fromarray(indices).convert("L")
    picture = Image.frombytes("P", picture.size, indices.tobytes())
    picture.putpalette([channel for colour in colours for channel in colour])
    return picture


def alpha(mode: str, colour: int, background: int = 0) -> Image.Image:
    grey = Image.fromarray(plane(colour, background))
    bands = [grey] * (len(mode) - 1) + [Image.fromarray(plane(255))]
    return Image.merge(mode, bands)


def supersampled() -> Image.Image:
    large = plane(255, box=np.s_[241:281, 401:441], edge=4 * EDGE)
    return Image.fromarray(large).resize((EDGE, EDGE), Image.Resampling.BOX)


def jpeg(picture: Image.Image, quality: int = 60) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


def noisy(sigma: float) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, sigma, (EDGE, EDGE))
    return Image.fromarray((plane(255) + noise).clip(0, 255).astype(np.uint8))


WHITE, BLACK, RED, GREEN, NAVY = (255, 255, 255), (0, 0, 0), (128, 0, 0), (0, 128, 0), (0, 0, 64)

FORMS = {
    "0 and 255": Image.fromarray(plane(255)),
    "0 and 1": Image.fromarray(plane(1)),
    "0 and 128": Image.fromarray(plane(128)),
    "1 bit": Image.fromarray(plane(255)).convert("1"),
    "colours": Image.merge("RGB", [Image.fromarray(plane(v)) for v in NAVY]),
    "16 bits, 1": Image.fromarray(plane(1, dtype=np.uint16)),
    "16 bits, 255": Image.fromarray(plane(255, dtype=np.uint16)),
    "16 bits, 65535": Image.fromarray(plane(65535, dtype=np.uint16)),
    "32 bits": Image.fromarray(plane(70_000, dtype=np.int32)),
    "floating point": Image.fromarray(plane(1.0, dtype=np.float32)),
    "RGBA, black where opaque": alpha("RGBA", 0),
    "RGBA, white where opaque": alpha("RGBA", 255),
    "RGBA, white under what is transparent": alpha("RGBA", 255, 255),
    "RGBA, opaque throughout": Image.fromarray(plane(255)).convert("RGBA"),
    "LA, all but opaque": Image.merge("LA", [Image.fromarray(plane(255)), Image.fromarray(plane(255, 250))]),
    "RGBA, half transparent": Image.merge("RGBA", [Image.fromarray(plane(v)) for v in (255, 0, 0, 128)]),
    "LA": alpha("LA", 255),
    "palette": palette(plane(1), BLACK, RED),
    "palette, black last": palette(plane(0, 1), WHITE, BLACK),
    "palette of one colour": palette(plane(1), BLACK, BLACK),
}


def area(picture: Image.Image, folder: Path, name: str = "mask.png", **options) -> int:
    picture.save(folder / name, **options)
    return int(read_mask(folder / name, folder / "000.png").sum())


@pytest.mark.parametrize("form", FORMS)
def test_a_square_of_100_pixels_has_as_many_in_every_form(form: str, tmp_path: Path):
    name = "mask.tif" if FORMS[form].mode in ("I", "F") else "mask.png"
    assert area(FORMS[form], tmp_path, name) == 100


def test_what_a_palette_or_one_value_makes_transparent_is_no_defect(tmp_path: Path):
    assert area(palette(plane(1), WHITE, RED), tmp_path, transparency=0) == 100
    assert area(palette(plane(1), BLACK, BLACK), tmp_path, transparency=bytes([0, 255])) == 100
    assert area(Image.fromarray(plane(255)), tmp_path, transparency=0) == 100
    assert area(Image.fromarray(plane(255, 7)).convert("RGB"), tmp_path, transparency=(7, 7, 7)) == 100


@pytest.mark.parametrize("name", ["mask.bmp", "mask.tiff", "mask.gif", "mask.pgm"])
def test_other_files_than_png(name: str, tmp_path: Path):
    assert area(Image.fromarray(plane(255)), tmp_path, name) == 100


def test_a_bitmap_that_leaves_its_opacity_at_0(tmp_path: Path):
    opaque = Image.merge("RGBA", [Image.fromarray(plane(255))] * 3 + [Image.new("L", (EDGE, EDGE), 0)])
    assert area(opaque, tmp_path, "mask.bmp") == 100


def test_what_lies_between_black_and_white_at_edges_is_cut_at_half(tmp_path: Path):
    assert area(supersampled(), tmp_path) == 100
    assert area(Image.fromarray(plane(255)).filter(ImageFilter.GaussianBlur(1)), tmp_path) == pytest.approx(100, abs=4)
    see_through = Image.merge("LA", [Image.new("L", (EDGE, EDGE), 255), supersampled()])
    assert area(see_through, tmp_path) == 100


@pytest.mark.parametrize("quality", [30, 60, 75, 95])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_noise_of_jpeg_is_no_defect(quality: int, mode: str, tmp_path: Path):
    picture = jpeg(Image.fromarray(plane(255)).convert(mode), quality)
    assert area(picture, tmp_path) == pytest.approx(100, abs=6)  # saved as PNG once more
    assert area(Image.fromarray(plane(255)).convert(mode), tmp_path, "mask.jpg", quality=quality) == pytest.approx(
        100, abs=6
    )


@pytest.mark.parametrize("sigma", [1, 5, 10])
def test_noise_everywhere_is_no_defect(sigma: float, tmp_path: Path):
    assert area(noisy(sigma), tmp_path) == 100


def test_kinds_of_defects_count_whatever_their_values(tmp_path: Path):
    for values in ((1, 2, 9), (85, 170, 255), (38, 75, 14), (9000, 20_000, 65_535)):
        labels = np.zeros((EDGE, EDGE), np.uint16 if max(values) > 255 else np.uint8)
        for number, value in enumerate(values):
            labels[20:30, 40 * number + 10 : 40 * number + 20] = value
        assert area(Image.fromarray(labels), tmp_path) == 300, values
    assert area(palette(np.minimum(plane(1) + plane(2, box=np.s_[5:15, 5:15]), 2), BLACK, RED, NAVY), tmp_path) == 200


@pytest.mark.parametrize(("count", "dtype"), [(40, np.uint8), (255, np.uint8), (360, np.uint16)])
def test_single_defects_may_be_numbered(count: int, dtype: type, tmp_path: Path):
    numbers = np.zeros((EDGE, EDGE), dtype)
    for number in range(count):
        row, column = divmod(number, 20)
        numbers[10 * row : 10 * row + 6, 10 * column : 10 * column + 6] = number + 1
    assert area(Image.fromarray(numbers), tmp_path) == 36 * count


def both(first: int, second: int) -> np.ndarray:
    values = plane(first)
    values[120:140, 20:40] = second
    return values


def refused(picture: Image.Image, folder: Path, name: str = "mask.png", **options) -> str:
    with pytest.raises(DatasetError) as caught:
        area(picture, folder, name, **options)
    text = str(caught.value)
    assert text.startswith(f"The mask {folder / name} ")
    assert "\n" not in text
    return text


def test_what_can_be_read_in_two_ways_is_named(tmp_path: Path):
    assert "areas of nearly black (10 of 255)" in refused(Image.fromarray(both(255, 10)), tmp_path)
    assert "areas of nearly black (1 of 255)" in refused(Image.fromarray(both(255, 1)), tmp_path)
    inside = Image.merge("LA", [Image.fromarray(plane(255)), Image.fromarray(plane(255, box=np.s_[40:120, 40:120]))])
    assert "what is visible is partly black" in refused(inside, tmp_path)
    hidden = Image.merge("LA", [Image.fromarray(plane(255)), Image.new("L", (EDGE, EDGE), 0)])
    assert "fully transparent, but has colours" in refused(hidden, tmp_path)
    pages = [Image.fromarray(plane(255))] * 2
    assert "holds several pictures" in refused(pages[0], tmp_path, "m.tif", save_all=True, append_images=pages[1:])
    assert "below 0" in refused(Image.fromarray(plane(np.nan, dtype=np.float32)), tmp_path, "m.tif")
    shades = np.random.default_rng(1).integers(20, 220, (EDGE, EDGE)).astype(np.uint8)
    assert "mostly shades" in refused(Image.fromarray(shades), tmp_path)
    hot = Image.fromarray(plane(255, box=np.s_[80:120, 80:120])).filter(ImageFilter.GaussianBlur(25))
    assert "mostly shades" in refused(hot, tmp_path)


def test_an_inverted_mask_is_named(tmp_path: Path):
    for form in ("0 and 255", "0 and 1", "1 bit"):
        inverted = np.asarray(FORMS[form])
        inverted = Image.fromarray(np.where(inverted == 0, inverted.max(), 0).astype(inverted.dtype))
        assert "marks 100 % of the image and nearly all of its border" in refused(inverted, tmp_path)
    assert "marks 100 %" in refused(jpeg(Image.fromarray(plane(0, 255))), tmp_path)
    assert "marks 100 %" in refused(palette(plane(1), WHITE, RED), tmp_path)
    assert "marks 70 %" in refused(Image.fromarray(plane(0, 255, box=np.s_[45:155, 45:155])), tmp_path)
    cut_out = Image.merge("LA", [Image.fromarray(plane(255)), Image.fromarray(plane(0, 255))])
    assert "marks 100 %" in refused(cut_out, tmp_path)


def test_a_large_defect_is_none_that_is_inverted(tmp_path: Path):
    assert area(Image.fromarray(plane(255, box=np.s_[10:190, 10:190])), tmp_path) == 180 * 180
    assert area(Image.fromarray(plane(255, box=np.s_[0:120, :])), tmp_path) == 120 * EDGE


def test_nothing_marked_is_named(tmp_path: Path):
    assert refused(Image.fromarray(plane(0)), tmp_path).endswith(" is empty.")
    clear = Image.new("RGBA", (EDGE, EDGE), (255, 255, 255, 0))
    assert refused(clear, tmp_path).endswith(" is empty.")


def test_a_channel_keeps_its_values(tmp_path: Path):
    Image.fromarray(both(243, 243)).save(tmp_path / "l.png")
    assert np.array_equal(read_channel(tmp_path / "l.png"), both(243, 243))
    Image.merge("LA", [Image.fromarray(plane(243, 255)), Image.fromarray(plane(255))]).save(tmp_path / "la.png")
    assert np.array_equal(read_channel(tmp_path / "la.png"), plane(243))
    Image.fromarray(plane(65535, dtype=np.uint16)).save(tmp_path / "16.png")
    assert np.array_equal(read_channel(tmp_path / "16.png"), plane(255))

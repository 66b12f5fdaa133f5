"""Hostile and unusual files: each becomes the picture that a person expects, or one plain sentence. Maps as files."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from dfsc.errors import DFSCError, ImageError
from dfsc.images.decoding import (
    MAX_PIXELS,
    bits_of,
    check_array,
    highest_value,
    image_files,
    read_image,
    recognised_bits,
    resize_for_network,
)
from dfsc.inspection.inspector import Inspector
from dfsc.inspection.map_files import write_map

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
EXIF_ORIENTATION = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0%c\0\0\0\0\0\0\0"


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG made by hand, with right checksums; rows are raw, a filter byte before each."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def resized_header(data: bytes, kind: str, edge: int) -> bytes:
    """The same file with edge×edge pixels in its header."""
    changed = bytearray(data)
    if kind == "JPEG":
        start = data.index(b"\xff\xc0") + 5
        changed[start : start + 4] = struct.pack(">HH", edge, edge)
    elif kind == "GIF":
        changed[6:10] = struct.pack("<HH", edge, edge)
    elif kind == "BMP":
        changed[18:26] = struct.pack("<ii", edge, edge)
    return bytes(changed)


def halves(first: str = "red", second: str = "blue", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A picture whose left half has the first colour, its right half the second."""
    picture = Image.new("RGB", size, first)
    picture.paste(second, (size[0] // 2, 0, *size))
    return picture


def noisy(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (64, 96, 3), dtype=np.uint8))


def refusal(source, **options) -> str:
    """The sentence with which a source is refused; it has to be one line that ends with a full stop."""
    with pytest.raises(ImageError) as caught:
        read_image(source, **options)
    text = str(caught.value)
    assert text.isprintable()
    assert text.endswith(".")
    assert "BytesIO" not in text
    return text


@pytest.mark.parametrize("kind", FORMATS)
def test_reads_each_format_by_content_and_not_by_name(kind: str, tmp_path: Path):
    file = tmp_path / "picture.xyz"
    file.write_bytes(encoded(halves(), kind))
    image = read_image(file)
    assert image.shape == (32, 48, 3)
    assert image.dtype == np.uint8
    assert np.abs(image[16, 8].astype(int) - (255, 0, 0)).max() < 12
    assert np.abs(image[16, 40].astype(int) - (0, 0, 255)).max() < 12


def test_path_text_bytes_and_stream_give_the_same(tmp_path: Path):
    data = encoded(noisy(), "PNG")
    file = tmp_path / "p.png"
    file.write_bytes(data)
    expected = np.asarray(noisy())
    for source in (file, str(file), data, io.BytesIO(data)):
        np.testing.assert_array_equal(read_image(source), expected)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95])
def test_cut_off_file_is_refused(kind: str, share: float):
    data = encoded(noisy(), kind)
    text = refusal(data[: int(len(data) * share)], name="photo.jpg")
    assert text.startswith("photo.jpg is ")


@given(
    kind=st.sampled_from(FORMATS),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=12),
    near_start=st.booleans(),
)
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes_give_a_picture_or_a_sentence(kind: str, changes: list[tuple[float, int]], near_start: bool):
    data = bytearray(encoded(noisy(), kind))
    reach = min(len(data), 300) if near_start else len(data)
    for place, value in changes:
        data[int(place * reach)] = value
    text, image = "", None
    try:
        image = read_image(bytes(data), name="n")
    except ImageError as error:
        text = str(error)
    assert text.startswith("n ") or check_array(image) is image


def test_empty_file_and_text_under_a_pictures_name(tmp_path: Path):
    empty, text = tmp_path / "empty.png", tmp_path / "notes.jpg"
    empty.touch()
    text.write_text("These are notes.\n" * 20)
    assert refusal(empty) == "empty.png is empty; choose another file."
    assert refusal(text) == "notes.jpg is not an image that can be read; use JPEG, PNG, WebP, TIFF, BMP or GIF."


def test_vector_drawing_and_postscript_are_no_images():
    # Pillow would start Ghostscript for the latter.
    for data in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n"):
        assert "not an image" in refusal(data)


def test_folder_missing_file_and_impossible_name(tmp_path: Path):
    assert refusal(tmp_path) == f"{tmp_path.name} is a folder, not an image; name a file in it."
    text = refusal(tmp_path / "nowhere.png")
    assert text == "nowhere.png does not exist or is not a file; check the path."
    assert str(tmp_path) not in text
    assert "nul?.png" in refusal("nul\0.png")
    assert len(refusal("x" * 5000)) < 200


def test_strange_name_is_read_and_is_named_in_one_line(tmp_path: Path):
    good = tmp_path / "Ünïcode 'quote\" #%20 \n line.png"
    good.write_bytes(encoded(noisy(), "PNG"))
    assert read_image(good).shape == (64, 96, 3)
    undecodable = Path(str(tmp_path) + "/caf\udce9.png")
    undecodable.write_bytes(b"no image")
    assert refusal(undecodable).encode().startswith(b"caf?.png is not an image")


def huge_headers() -> dict[str, bytes]:
    files = {kind: resized_header(encoded(noisy(), kind), kind, 50_000) for kind in ("JPEG", "GIF", "BMP")}
    return files | {
        "PNG": png(50_000, 50_000, 8, 2, b""),
        "one bit": png(50_000, 50_000, 1, 0, b""),
        "PPM": b"P6 50000 50000 255\n" + b"\0" * 100,
    }


@pytest.mark.parametrize("kind", list(huge_headers()))
def test_huge_header_is_refused_before_pixels_are(kind: str, monkeypatch: pytest.MonkeyPatch):
    def load(*_args):
        raise AssertionError("pixels were asked for")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", load)
    text = refusal(huge_headers()[kind], name="huge.png")
    assert text == "huge.png has more than the 80 megapixels that are inspected; scale it down first."


def test_own_limit_lies_below_pillows_and_tells_the_size(monkeypatch: pytest.MonkeyPatch):
    def load(*_args):
        raise AssertionError("pixels were asked for")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    assert "9000×9000 pixels, more than" in refusal(png(9000, 9000, 1, 0, b""))
    assert 8000 * 6000 < MAX_PIXELS < 9000 * 9000


def test_48_megapixels_work():
    image = read_image(png(8000, 6000, 1, 0, b"\0" + b"\xff" * 1000 + (b"\0" + b"\0" * 1000) * 5999))
    assert image.shape == (6000, 8000, 3)
    assert image[0].min() == 255
    assert image[1:].max() == 0


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
def test_too_small_picture_is_refused(size: tuple[int, int]):
    assert f"only {size[0]}×{size[1]} pixels" in refusal(encoded(Image.new("RGB", size), "PNG"))


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 20_000_000)),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"a" * 20_000_000)),
        chunk(b"iCCP", b"Profile\0\0" + zlib.compress(b"a" * 20_000_000)),
    ],
    ids=["zTXt", "iTXt", "iCCP"],
)
def test_text_that_unpacks_to_far_more_is_refused(extra: bytes):
    assert "damaged" in refusal(png(20, 20, 8, 0, b"\0" * 420, extra))


def test_more_pixel_data_than_the_header_says_is_left_alone():
    image = read_image(png(20, 20, 8, 0, b"\0" * 50_000_000))
    assert image.shape == (20, 20, 3)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_several_counts(kind: str):
    data = encoded(
        Image.new("RGB", (30, 20), "red"), kind, save_all=True, append_images=[Image.new("RGB", (30, 20), "blue")]
    )
    assert np.abs(read_image(data)[10, 15].astype(int) - (255, 0, 0)).max() < 6


def test_two_pictures_of_a_phone_in_one_file_give_the_first():
    data = encoded(halves("red", "red"), "MPO", save_all=True, append_images=[halves("blue", "blue")])
    assert np.abs(read_image(data)[10, 15].astype(int) - (255, 0, 0)).max() < 6


def test_cmyk_jpeg_has_the_printed_colours():
    # Pillow writes them as Adobe does: inverted, and with Adobe's marker.
    picture = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    data = encoded(picture, "JPEG")
    assert b"Adobe" in data
    assert np.abs(read_image(data)[16, 16].astype(int) - (255, 0, 0)).max() < 4
    assert np.abs(read_image(encoded(picture, "TIFF"))[16, 16].astype(int) - (255, 0, 0)).max() < 4


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_not_clipped(kind: str):
    values = np.linspace(0, 65535, 32 * 32).round().astype(np.uint16).reshape(32, 32)
    image = read_image(encoded(Image.fromarray(values), kind))
    np.testing.assert_array_equal(image, np.repeat(np.round(values / 257)[..., None], 3, axis=2))


def test_16_bit_colour_png_is_scaled():
    row = b"\0" + struct.pack(">HHH", 65535, 30000, 300) * 20
    image = read_image(png(20, 20, 16, 2, row * 20))
    assert np.abs(image[5, 5] - np.array([65535, 30000, 300]) / 257).max() <= 1


def png_of(values: np.ndarray) -> bytes:
    """A 16-bit PNG of uint16 H×W×C: grey with alpha, colours, or these with alpha."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(width, height, 16, {2: 4, 3: 2, 4: 6}[channels], rows)


def tiff_of(values: np.ndarray, order: str) -> bytes:
    """A 16-bit colour TIFF of uint16 H×W×C, C 3 or 4, in one strip; order "<" or ">"."""
    height, width, channels = values.shape
    tags = {256: width, 257: height, 259: 1, 262: 2, 277: channels, 278: height, 279: 2 * values.size, 284: 1}
    tags |= {338: 2} if channels == 4 else {}
    place = 8 + 2 + 12 * (len(tags) + 2) + 4
    entries = {tag: struct.pack(order + "HII", 4, 1, value) for tag, value in tags.items()}
    entries[258] = struct.pack(order + "HII", 3, channels, place)
    entries[273] = struct.pack(order + "HII", 4, 1, place + 2 * channels)
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, len(entries))
    listed = b"".join(struct.pack(order + "H", tag) + entries[tag] for tag in sorted(entries))
    bits = struct.pack(order + "H" * channels, *[16] * channels)
    return head + listed + struct.pack(order + "I", 0) + bits + values.astype(order + "u2").tobytes()


def camera_values(channels: int, most: int = 4095) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, most + 1, (20, 24, channels)).astype(np.uint16)
    values[0, 0] = most
    return values


def camera_files() -> dict[str, tuple[bytes, np.ndarray]]:
    """Files of a 12-bit camera, each with its values: uint16 H×W×1 or H×W×3."""
    colours, opaque = camera_values(3), np.full((20, 24, 1), 65535, np.uint16)
    grey = colours[..., :1]
    own = (opaque >> 4).astype(np.uint16)
    return {
        "PNG": (encoded(Image.fromarray(grey[..., 0]), "PNG"), grey),
        "TIFF": (encoded(Image.fromarray(grey[..., 0]), "TIFF"), grey),
        "packed TIFF": (encoded(Image.fromarray(grey[..., 0]), "TIFF", compression="tiff_lzw"), grey),
        "32 bits": (encoded(Image.fromarray(grey[..., 0].astype(np.int32)), "TIFF"), grey),
        "PGM": (b"P5 24 20 65535\n" + grey.astype(">u2").tobytes(), grey),
        "colour PNG": (png_of(colours), colours),
        "colour TIFF": (tiff_of(colours, "<"), colours),
        "colour TIFF of the other order": (tiff_of(colours, ">"), colours),
        "with alpha": (png_of(np.dstack([colours, opaque])), colours),
        "with alpha of the camera's": (png_of(np.dstack([colours, own])), colours),
        "with an unused channel": (tiff_of(np.dstack([colours, 0 * opaque]), "<"), colours),
        "grey with alpha": (png_of(np.dstack([grey, opaque])), grey),
    }


@pytest.mark.parametrize("kind", list(camera_files()))
def test_values_of_a_camera_with_fewer_bits_are_recognised_and_scaled_by_them(kind: str):
    data, values = camera_files()[kind]
    assert highest_value(data) == values.max()
    assert recognised_bits([data]) == 12
    expected = np.repeat(np.round(values / 4095 * 255), 3 // values.shape[2], axis=2)
    np.testing.assert_array_equal(read_image(data, bits=12), expected)


def test_bits_are_of_the_whole_set_and_of_its_16_bit_photographs_alone():
    dark, bright = (encoded(Image.fromarray(camera_values(1, most)[..., 0]), "PNG") for most in (300, 16000))
    eight = encoded(noisy(), "PNG")
    assert recognised_bits([eight, b"nothing", eight]) is None
    assert recognised_bits([eight, dark]) == 10
    assert recognised_bits([dark, bright]) == recognised_bits([bright, eight, dark]) == 14
    assert [bits_of([value]) for value in (255, 256, 1023, 1024, 4095, 4096, 16383, 16384)] == [
        *(8, 10, 10, 12, 12, 14, 14, 16),
    ]
    np.testing.assert_array_equal(read_image(eight, bits=12), read_image(eight))


def test_what_a_file_says_of_its_own_values_counts_before_all():
    file = b"P5 24 20 4095\n" + camera_values(1).astype(">u2").tobytes()
    assert highest_value(file) is None
    np.testing.assert_array_equal(read_image(file), read_image(file, bits=12))
    assert read_image(file).max() == 255


def test_values_beyond_the_bits_and_nonsense_are_refused():
    bright = encoded(Image.fromarray(np.full((20, 20), 9000, np.uint16)), "PNG")
    assert "values up to 9000, more than the 12 bits" in refusal(bright, bits=12)
    assert read_image(bright, bits=14).min() == round(9000 * 255 / 16383)
    for bits in (0, 7, 17, 12.0, "12"):
        assert "8 to 16 bits" in refusal(encoded(noisy(), "PNG"), bits=bits)


def bmp_of_32_bits(colours: np.ndarray, alpha: int) -> bytes:
    height, width, _ = colours.shape
    pixels = np.dstack([colours[::-1, :, ::-1], np.full((height, width), alpha, np.uint8)]).tobytes()
    header = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    header += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + bytes(52)
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + len(pixels), 0, 0, 14 + len(header)) + header + pixels


@pytest.mark.parametrize("alpha", [0, 255])
def test_fourth_channel_of_zeros_that_a_camera_writes_does_not_make_a_picture_white(alpha: int):
    expected = np.asarray(noisy())
    np.testing.assert_array_equal(read_image(bmp_of_32_bits(expected, alpha)), expected)
    layers = Image.fromarray(np.dstack([expected, np.full(expected.shape[:2], alpha, np.uint8)]))
    np.testing.assert_array_equal(read_image(encoded(layers, "TIFF")), expected)
    turned = encoded(layers, "TIFF", exif=(EXIF_ORIENTATION % 6)[6:])
    assert read_image(turned).shape == (96, 64, 3)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC photograph"),
        ("a.jpg", b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a HEIC photograph"),
        ("b.CR3", b"\0\0\0\x18ftypcrx \0\0\0\0", "a camera's raw file"),
        ("c.jxl", b"\xff\x0a and so on", "a picture of a kind"),
    ],
)
def test_a_picture_of_a_kind_that_is_not_read_is_called_one(name: str, data: bytes, kind: str):
    assert refusal(data, name=name) == f"{name} is {kind} that can't be read here; export it as JPEG or PNG."


@pytest.mark.parametrize(
    "source", [["a.png", "b.png"], None, 3, (Path("a.png"),)], ids=["list", "none", "number", "tuple"]
)
def test_an_image_is_read_from_one_source(source: object):
    assert "from one path" in refusal(source)


def test_32_bit_and_float_pixels():
    assert read_image(encoded(Image.fromarray(np.full((20, 20), 25700, np.int32)), "TIFF"))[0, 0].tolist() == [100] * 3
    too_large = Image.fromarray(np.full((20, 20), 70000, np.int32))
    assert "beyond 16 bits" in refusal(encoded(too_large, "TIFF"))
    negative = Image.fromarray(np.full((20, 20), -1, np.int32))
    assert "beyond 16 bits" in refusal(encoded(negative, "TIFF"))
    assert "floating-point" in refusal(encoded(Image.fromarray(np.full((20, 20), 0.5, np.float32)), "TIFF"))


def transparent_pictures() -> dict[str, bytes]:
    """Black where opaque (left), fully transparent on the right, in each way of saying so."""
    rgba = Image.new("RGBA", (32, 32), (0, 0, 0, 255))
    rgba.paste((0, 0, 0, 0), (16, 0, 32, 32))
    palette = Image.new("P", (32, 32), 0)
    palette.putpalette([0, 0, 0, 200, 0, 0])
    palette.paste(1, (16, 0, 32, 32))
    grey_row = b"\0" + b"\0" * 16 + b"\7" * 16
    return {
        "RGBA": encoded(rgba, "PNG"),
        "WebP": encoded(rgba, "WEBP", lossless=True),
        "LA": encoded(rgba.convert("LA"), "PNG"),
        "palette, one entry": encoded(palette, "PNG", transparency=1),
        "palette, a table": encoded(palette, "PNG", transparency=b"\xff\0"),
        "grey with a key": png(32, 32, 8, 0, grey_row * 32, chunk(b"tRNS", struct.pack(">H", 7))),
        "GIF": encoded(palette, "GIF", transparency=1),
    }


@pytest.mark.parametrize("kind", list(transparent_pictures()))
def test_transparent_pixels_turn_white(kind: str):
    image = read_image(transparent_pictures()[kind])
    assert image[:, :16].max() == 0
    assert image[:, 16:].min() == 255


def test_half_transparent_pixel_is_mixed_with_white():
    image = read_image(encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 128)), "PNG"))
    assert set(image.ravel().tolist()) <= {126, 127, 128}


def test_one_bit_and_plain_palette():
    bits = Image.new("1", (20, 20), 1)
    bits.paste(0, (0, 0, 10, 20))
    image = read_image(encoded(bits, "PNG"))
    assert image[:, :10].max() == 0
    assert image[:, 10:].min() == 255
    palette = halves().quantize(4)
    np.testing.assert_array_equal(read_image(encoded(palette, "PNG")), np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.transpose(1, 0, 2)),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: a[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda a: np.rot90(a)),
    ],
)
def test_photograph_is_upright(orientation: int, turn: Callable[[np.ndarray], np.ndarray]):
    data = encoded(noisy(), "PNG", exif=EXIF_ORIENTATION % orientation)
    np.testing.assert_array_equal(read_image(data), turn(np.asarray(noisy())))


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0garbage",
        (EXIF_ORIENTATION % 6)[:16],
        EXIF_ORIENTATION % 99,
        b"Exif\0\0II*\0\xff\xff\xff\x7f",
    ],
    ids=["none", "garbage", "cut off", "no such orientation", "offset beyond the end"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_does_not_keep_a_picture_from_being_read(exif: bytes, kind: str):
    assert read_image(encoded(noisy(), kind, exif=exif)).shape == (64, 96, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((32, 32), np.uint8),
        np.zeros((32, 32, 4), np.uint8),
        np.zeros((32, 32, 3), np.float32),
        np.zeros((8, 32, 3), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
        "photo.png",
        None,
    ],
    ids=["grey", "alpha", "float", "small", "empty", "text", "none"],
)
def test_array_that_is_no_rgb_image_is_refused(wrong: object):
    with pytest.raises(ImageError):
        check_array(wrong)


def test_image_files_takes_pictures_by_ending_and_leaves_hidden_ones(tmp_path: Path):
    for name in ("b.PNG", "a.jpg", "c.tiff", "d.JFIF", ".hidden.png", "._a.jpg", "notes.txt", "Thumbs.db"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in image_files(tmp_path)] == ["a.jpg", "b.PNG", "c.tiff", "d.JFIF"]


@pytest.mark.parametrize(("height", "options"), [(900, {"scratch": True}), (2000, {})], ids=["wide", "tall"])
def test_size_of_a_photograph_hardly_matters(height: int, options: dict, draw, tiny_detectors):
    photograph = Image.fromarray(draw(50, 1600, height, **options))
    inspector = Inspector(tiny_detectors, torch.float32)
    seen, scores = [], []
    for width in (1600, 800, 400):
        image = read_image(encoded(photograph.resize((width, height * width // 1600), Image.Resampling.BOX), "BMP"))
        seen.append(resize_for_network(image).astype(int))
        scores.append([result.score for result in inspector.inspect(image).results])
    for other in (1, 2):
        assert np.abs(seen[other] - seen[0]).mean() < 1
        np.testing.assert_allclose(scores[other], scores[0], rtol=0.05)


@pytest.mark.parametrize("shape", [(56, 56), (300, 200)])
def test_map_is_written_without_loss_as_one_float_channel(shape: tuple[int, int], tmp_path: Path):
    values = np.random.default_rng(0).normal(0, 100, shape).astype(np.float32)
    values[0, 0] = -1e-20
    file = tmp_path / "good" / "000.block-dfsc.fused.tiff"
    write_map(file, values.T.copy().T)
    with Image.open(file) as written:
        assert (written.format, written.mode, written.size) == ("TIFF", "F", shape[::-1])
        np.testing.assert_array_equal(np.asarray(written), values)


def test_map_that_can_not_be_written_is_an_error(tmp_path: Path):
    with pytest.raises(DFSCError, match="height×width"):
        write_map(tmp_path / "a.tiff", np.zeros((3, 4, 5)))
    (tmp_path / "file").touch()
    with pytest.raises(DFSCError, match=r"a\.tiff can't be written"):
        write_map(tmp_path / "file" / "a.tiff", np.zeros((3, 4)))

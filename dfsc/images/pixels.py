"""The pixels of a picture that Pillow has opened, as a person would see them.

Everything is converted strip by strip: beside the decoded picture, and the array that is asked for, there is never a
third copy of all pixels.

Files of 16 bits a channel often hold fewer: a camera of 12 bits writes values up to 4,095, which are nearly black as
shares of 65,535. By how many bits they are to be read is for the caller to say (see dfsc.images.decoding).
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial

import numpy as np
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from dfsc.errors import ImageError
from dfsc.images.structure import is_costly_exif

FULL_BITS = 16
ORIENTATION_TAG, FIRST_TURNED = 0x0112, 5  # EXIF orientations 5 to 8 exchange width and height

_STRIP_PIXELS = 1 << 22
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {  # of an array H×W×…, by EXIF's orientation, as views
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}
_BACK = {6: 8, 8: 6}  # which turn undoes another; the others undo themselves
_BITS_TAG = 258  # TIFF's BitsPerSample
_OPAQUE_WITHOUT_ALPHA = ("BMP", "TIFF")
_GREY_WITH_ALPHA = "LA;16B"  # as Pillow takes a PNG's
_SCALED = "ppm"  # Pillow's decoder of PPM with another highest value than 255 or 65,535

Opener = Callable[[], ImageFile.ImageFile]


def load(picture: ImageFile.ImageFile, data: bytes) -> None:
    """Decode a picture's pixels, `data` being its file."""
    if picture.tile and picture.tile[0].codec_name == _SCALED:
        picture.im = Image.fromarray(_scaled(picture, data)).im
        picture.tile = []
    picture.load()


def upright(values: np.ndarray, turn: int) -> np.ndarray:
    """Pixels H×W×… turned by EXIF's orientation, as a view."""
    return _TURNS[turn](values) if turn in _TURNS else values


def orientation(picture: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 where there is none that can be parsed."""
    if is_costly_exif(_exif_bytes(picture)):
        return 1
    try:
        value = picture.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # metadata of hostile files: Pillow's parser raises nearly anything
        return 1
    return value if value in _TURNS else 1


def rgb(picture: Image.Image, name: str, bits: int = FULL_BITS) -> np.ndarray:
    """A loaded picture as RGB uint8 H×W×3, upright and opaque; errors call it `name`."""
    unused = _has_unused_alpha(picture)
    convert = (lambda strip: strip.convert("RGB")) if unused else _conversion(picture, name, bits)
    return _filled(picture, (np.asarray(convert(strip)) for strip in _strips(picture)))


def highest(picture: Image.Image) -> int:
    """The highest value of a loaded picture of one deep channel."""
    return max(int(np.asarray(strip).max()) for strip in _strips(picture))


def lowest(picture: Image.Image) -> int:
    """The lowest value likewise."""
    return min(int(np.asarray(strip).min()) for strip in _strips(picture))


def own_bits(picture: ImageFile.ImageFile) -> int | None:
    """How many bits a file says itself that its values fill; None where it says nothing but that they have 16."""
    if picture.format == "PPM":  # scaled to 16 bits by its own highest value, unless that is 65,535
        return FULL_BITS if picture.mode == "I" and picture.tile and picture.tile[0].codec_name != "raw" else None
    bits = picture.tag_v2.get(_BITS_TAG, (FULL_BITS,)) if isinstance(picture, TiffImageFile) else (FULL_BITS,)
    return bits[0] if picture.mode == "I;16" and bits[0] < FULL_BITS else None


def is_deep_colour(picture: ImageFile.ImageFile) -> bool:
    """Whether a picture that is opened, but not loaded, has 16 bits a colour, of which Pillow keeps 8."""
    return picture.mode in ("RGB", "RGBA") and any(";16" in _raw_mode(tile.args) for tile in picture.tile)


def deep_planes(opened: Opener) -> tuple[Image.Image, ...]:
    """All bits of a file with 16 a colour; `opened` opens it. For `deep_highest` and `deep_rgb`."""
    with opened() as picture:
        args = picture.tile[0].args
        if args == _GREY_WITH_ALPHA:
            return (_decoded_as(picture, "RGBA"),)
        upper = _decoded_as(picture)
    with opened() as picture:
        return upper, _decoded_as(picture, _other_byte(_raw_mode(args)))


def deep_highest(planes: tuple[Image.Image, ...]) -> np.ndarray:
    """The highest value of each channel, uint16."""
    return np.max([strip.max(axis=(0, 1)) for strip in _deep_strips(planes)], axis=0)


def deep_rgb(planes: tuple[Image.Image, ...], bits: int, name: str) -> np.ndarray:
    """RGB uint8 H×W×3 by so many bits, fewer than 16."""
    most = deep_highest(planes)
    _check_hold(int(most[:3].max()), bits, name)
    # Without one, or with one of zeros that nobody is to look at, there is nothing to see through.
    alpha_bits = (FULL_BITS if int(most[3]) >> bits else bits) if most[3:].any() else 0

    def converted(values: np.ndarray) -> np.ndarray:
        colours = _to_8_bits(bits)[values[..., :3]]
        if not alpha_bits:
            return colours
        alpha = _to_8_bits(alpha_bits)[values[..., 3:]]
        return np.asarray(_opaque(Image.fromarray(np.dstack([colours, alpha]))))

    return _filled(planes[0], map(converted, _deep_strips(planes)))


def _filled(picture: Image.Image, strips: Iterator[np.ndarray]) -> np.ndarray:
    """RGB uint8 H×W×3, upright, of a picture's strips as they are in the file."""
    turn = orientation(picture)
    shape = picture.size if turn >= FIRST_TURNED else picture.size[::-1]
    image, top = np.empty((*shape, 3), np.uint8), 0
    lying = upright(image, _BACK.get(turn, turn))
    for strip in strips:
        lying[top : top + len(strip)] = strip
        top += len(strip)
    return image


def _strips(picture: Image.Image) -> Iterator[Image.Image]:
    """The picture from top to bottom, in pieces that cost little beside it."""
    width, height = picture.size
    rows = max(1, _STRIP_PIXELS // width)
    return (picture.crop((0, top, width, min(top + rows, height))) for top in range(0, height, rows))


def _conversion(picture: Image.Image, name: str, bits: int) -> Callable[[Image.Image], Image.Image | np.ndarray]:
    if picture.mode.startswith("I"):
        least, most = lowest(picture), highest(picture)
        if least < 0 or most > 65535:
            raise ImageError(f"{name} has pixel values beyond 16 bits; export it with 8 or 16 bits a channel.")
        _check_hold(most, bits, name)
        return partial(_grey, bits=bits)
    if picture.mode == "F":
        raise ImageError(f"{name} has floating-point pixels; export it with 8 or 16 bits a channel.")
    if "transparency" in picture.info or picture.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        return _opaque
    return lambda strip: strip.convert("RGB")


def _grey(strip: Image.Image, bits: int) -> np.ndarray:
    return np.repeat(_to_8_bits(bits)[np.asarray(strip)][..., None], 3, axis=2)


def _opaque(picture: Image.Image) -> Image.Image:
    """On white, without transparency."""
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    return white.convert("RGB")


def _check_hold(most: int, bits: int, name: str) -> None:
    """Raise ImageError for values that so many bits don't hold: they would all be white."""
    if most >> bits:
        raise ImageError(
            f"{name} has values up to {most}, more than the {bits} bits by which it is to be read; "
            "export it as the others were, or have it read by more bits."
        )


def _has_unused_alpha(picture: Image.Image) -> bool:
    """Cameras and frame grabbers write a fourth channel of zeros that nobody is to look at."""
    may = picture.format in _OPAQUE_WITHOUT_ALPHA and picture.mode == "RGBA"
    return may and picture.getchannel("A").getbbox() is None


@cache
def _to_8_bits(bits: int) -> np.ndarray:
    """uint8 for each value of 16 bits."""
    return np.round(np.arange(65536) * (255 / ((1 << bits) - 1))).clip(0, 255).astype(np.uint8)


def _scaled(picture: ImageFile.ImageFile, data: bytes) -> np.ndarray:
    """The pixels of a PPM with an own highest value, as Pillow would scale them one by one in Python."""
    tile = picture.tile[0]
    own, most = int(tile.args[-1]), 65535 if picture.mode == "I" else 255  # type: ignore[index]
    kind = np.dtype(np.uint8 if own < 256 else ">u2")
    shape = (picture.height, picture.width, *([3] if picture.mode == "RGB" else []))
    count = int(np.prod(shape))
    values = np.frombuffer(data, kind, count, tile.offset).reshape(shape)
    table = np.round(np.arange(1 << 8 * kind.itemsize) / own * most).clip(0, most)
    return table.astype(np.int32 if picture.mode == "I" else np.uint8)[values]


def _raw_mode(args: object) -> str:
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _deep_strips(planes: Sequence[Image.Image]) -> Iterator[np.ndarray]:
    """uint16 h×W×3 or h×W×4 of each strip."""
    if len(planes) == 1:
        for strip in _strips(planes[0]):
            grey, lower, alpha, alpha_lower = np.moveaxis(np.asarray(strip).astype(np.uint16), -1, 0)
            yield np.dstack([grey << 8 | lower] * 3 + [alpha << 8 | alpha_lower])
        return
    for upper, lower in zip(*map(_strips, planes), strict=True):
        yield np.asarray(upper).astype(np.uint16) << 8 | np.asarray(lower)


def _decoded_as(picture: ImageFile.ImageFile, raw_mode: str | None = None) -> Image.Image:
    """What Pillow decodes; `raw_mode` says how to take the file's bytes, by default as they are meant."""
    if raw_mode:
        picture.tile = [
            tile._replace(args=(raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode)
            for tile in picture.tile
        ]
    picture.load()
    return picture


def _other_byte(raw_mode: str) -> str:
    """The raw mode that exchanges the bytes of each value; Pillow keeps the higher one of the two alone."""
    kind, _, order = raw_mode.partition(";")
    return f"{kind};16L" if order == "16B" or (order == "16N" and sys.byteorder == "big") else f"{kind};16B"


def _exif_bytes(picture: Image.Image) -> bytes:
    """EXIF as the file has it, in the two ways in which Pillow finds it; a TIFF's own tags are looked at before."""
    exif = picture.info.get("exif")
    if isinstance(exif, bytes):
        return exif
    try:  # as ImageMagick puts it into a PNG's text: three lines of head, then hexadecimal digits
        return bytes.fromhex("".join(str(picture.info.get("Raw profile type exif", "")).split("\n")[3:]))
    except ValueError:
        return b""

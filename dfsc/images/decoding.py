"""Hostile files in, RGB arrays out, and the one resize rule.

Every picture that the library looks at, from the page, the command line, a data set or an upload, is decoded here. A
file is judged by its content, never by its name, and its header is read before its pixels are.

Files of 16 bits a channel often hold fewer: a camera of 12 bits writes values up to 4,095, which are nearly black as
shares of 65,535. One photograph does not tell which, so whoever has a set of them finds out (`recognised_bits`), and a
checkpoint says by how many bits the photographs of its training were read, for those that come later.
"""

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError, features
from PIL.TiffImagePlugin import TiffImageFile

from dfsc.errors import ImageError
from dfsc.geometry import INPUT_SIZE

# What Pillow may try. A phone's MPO, several JPEGs in a row, opens as JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", *(("AVIF",) if features.check("avif") else ()))
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".gif"),
    *(".ppm", ".pgm", ".pbm", ".pnm", *((".avif",) if "AVIF" in FORMATS else ())),
)
# Pictures all the same, which are named as such: by ending, and a phone's also by content.
OTHER_KINDS = {
    **dict.fromkeys((".heic", ".heif", ".hif"), "a HEIC photograph"),
    **dict.fromkeys((".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".raw"), "a camera's raw file"),
    **dict.fromkeys((".jp2", ".j2k", ".jxl", ".exr", ".hdr", ".psd", ".svg", ".avif", ".tga"), "a picture of a kind"),
}
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# How many bits of 16 the cameras fill that fill fewer.
CAMERA_BITS = (8, 10, 12, 14)
FULL_BITS = 16
MAX_PIXELS = 80_000_000
MAX_BYTES = 200_000_000
MIN_EDGE = 16
RESIZE_RULE = "stretch-256-bilinear-antialias"

ORIENTATION_TAG, FIRST_TURNED = 0x0112, 5  # EXIF orientations 5 to 8 exchange width and height

_MAX_NAME = 80
_BITS_TAG = 258  # TIFF's BitsPerSample
_OPAQUE_WITHOUT_ALPHA = ("BMP", "TIFF")
_GREY_WITH_ALPHA = "LA;16B"  # as Pillow takes a PNG's

ImageSource = str | Path | bytes | BinaryIO
Converted = TypeVar("Converted")


def read_image(source: ImageSource, name: str | None = None, bits: int | None = None) -> np.ndarray:
    """Decode one picture as a person would see it: upright, opaque, 8 bits.

    Orientation follows EXIF, transparent pixels turn white, CMYK and palettes are converted, and of an animation the
    first frame counts. 16-bit values are scaled by 255 / (2^bits − 1). An alpha channel of all zeros in BMP and TIFF is
    unused and ignored.

    Args:
        source: path, the file's bytes, or a binary stream.
        name: what to call the picture in an error; a path's own name by default.
        bits: significant bits of files with 16 bits per channel, 8 to 16; by default as declared in the file (12-bit
            TIFF), else 16.

    Returns:
        RGB uint8 H×W×3 in [0, 255].

    Raises:
        ImageError: with one sentence that names the picture, the problem and the remedy.
    """
    name, data = _named_bytes(source, name)
    check_bits(bits)
    with _decoding(name, data), _opened(data, name) as picture:
        scale = _own_bits(picture) or bits or FULL_BITS
        if scale < FULL_BITS and _is_deep_colour(picture):
            return _deep_colour(data, name, scale)
        picture.load()
        unused, turned = _has_unused_alpha(picture), upright(picture)
        return _to_rgb(turned.convert("RGB") if unused else turned, name, scale)


def decoded(source: ImageSource, name: str | None, convert: Callable[[Image.Image, str], Converted]) -> Converted:
    """What `convert` makes of a picture as its file has it, not yet upright, and of its name; see read_image."""
    name, data = _named_bytes(source, name)
    with _decoding(name, data), _opened(data, name) as picture:
        picture.load()
        return convert(picture, name)


def recognised_bits(sources: Iterable[ImageSource]) -> int | None:
    """How many bits the 16-bit photographs of a set fill: 8, 10, 12 or 14 by the highest value of all, else 16.

    Returns:
        None without such photographs. Files that can't be read, and those that say it themselves, don't count.
    """
    return bits_of(peak for source in sources if (peak := highest_value(source)) is not None)


def bits_of(highest: Iterable[int]) -> int | None:
    """The same by the highest values of the set's 16-bit photographs, as many of them as it takes."""
    most = None
    for value in highest:
        most = max(value, most or 0)
        if most >= 1 << CAMERA_BITS[-1]:
            return FULL_BITS
    return None if most is None else next((bits for bits in CAMERA_BITS if most < 1 << bits), FULL_BITS)


def highest_value(source: ImageSource) -> int | None:
    """The highest value of a photograph of 16 bits a channel; None for any other, and for what can't be read."""
    try:
        name, data = _named_bytes(source, None)
        with _decoding(name, data), _opened(data, name) as picture:
            if _own_bits(picture):
                return None
            if _is_deep_colour(picture):
                return int(_deep_values(data, name)[..., :3].max())
            if not picture.mode.startswith("I"):
                return None
            picture.load()
            return int(np.asarray(picture).max())
    except ImageError:
        return None


def check_bits(bits: int | None) -> None:
    """Raise ImageError for a number of bits that no 16-bit file can be said to fill."""
    if bits is not None and (type(bits) is not int or not CAMERA_BITS[0] <= bits <= FULL_BITS):
        raise ImageError(f"16-bit photographs fill {CAMERA_BITS[0]} to {FULL_BITS} bits, not {bits}; say how many.")


def image_size(path: Path) -> tuple[int, int]:
    """Width and height that `read_image` will give, from the file's header alone; raises ImageError as it does."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            turned = picture.getexif().get(ORIENTATION_TAG, 1) >= FIRST_TURNED
            return picture.size[::-1] if turned else picture.size
    except Exception:  # read_image tells what is wrong
        height, width = read_image(path).shape[:2]
        return width, height


def check_array(image: np.ndarray) -> np.ndarray:
    """Pass an RGB uint8 H×W×3 array that is large enough on; raise ImageError otherwise."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ImageError(f"An image array has to be RGB uint8 of shape H×W×3, not {found}.")
    _check_header((image.shape[1], image.shape[0]), "The image")
    return image


def resize_for_network(image: np.ndarray, edge: int = INPUT_SIZE) -> np.ndarray:
    """The resize rule named in every checkpoint: stretch to edge×edge, bilinear with antialias.

    Args:
        image: RGB uint8 H×W×3.

    Returns:
        RGB uint8 edge×edge×3.
    """
    return np.asarray(Image.fromarray(image).resize((edge, edge), Image.Resampling.BILINEAR))


def network_image(path: Path, name: str | None = None, bits: int | None = None) -> np.ndarray:
    """A picture's file as the networks see it: uint8 256×256×3; arguments and errors of read_image."""
    return resize_for_network(read_image(path, name, bits))


def image_files(folder: Path) -> list[Path]:
    """The files directly in a folder whose names end like a picture's, sorted by name; hidden files are left out."""
    return sorted(path for path in folder.iterdir() if _named_like_picture(path) and path.is_file())


@contextmanager
def _decoding(name: str, data: bytes) -> Iterator[None]:
    """Turns whatever decoding a picture's bytes raises into an ImageError that calls it by `name`."""
    try:
        yield
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(_too_large(name)) from error
    except UnidentifiedImageError as error:
        raise ImageError(unknown_kind(name, data[:16])) from error
    except Exception as error:  # on hostile bytes Pillow's decoders raise nearly anything
        raise ImageError(f"{name} is damaged or cut off; export or copy it again.") from error


def unknown_kind(name: str, start: bytes = b"") -> str:
    """The sentence about a file that is no image of a known format, by its ending or its first 16 bytes."""
    heic = start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS
    kind = OTHER_KINDS[".heic"] if heic else OTHER_KINDS.get(Path(name).suffix.lower())
    if kind:
        return f"{name} is {kind} that can't be read here; export it as JPEG or PNG."
    return f"{name} is not an image that can be read; use JPEG, PNG, WebP, TIFF, BMP or GIF."


def _named_bytes(source: ImageSource, name: str | None) -> tuple[str, bytes]:
    name = _display_name(name or (Path(source).name if isinstance(source, (str, Path)) else "") or "The image")
    return name, _file_bytes(source, name)


def _opened(data: bytes, name: str) -> ImageFile.ImageFile:
    picture = Image.open(io.BytesIO(data), formats=FORMATS)
    _check_header(picture.size, name)
    return picture


def _file_bytes(source: ImageSource, name: str) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
    elif isinstance(source, (str, Path)):
        data = _path_bytes(Path(source), name)
    elif hasattr(source, "read"):
        data = source.read(MAX_BYTES + 1)
    else:
        raise ImageError(
            f"An image is read from one path, a file's bytes or a binary stream, not from {type(source).__name__}."
        )
    if not data:
        raise ImageError(f"{name} is empty; choose another file.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; use a smaller file.")
    return data


def _path_bytes(path: Path, name: str) -> bytes:
    try:
        if path.is_dir():
            raise ImageError(f"{name} is a folder, not an image; name a file in it.")
        if not path.is_file():
            raise ImageError(f"{name} does not exist or is not a file; check the path.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ImageError(f"{name} could not be read; check its name and its permissions.") from error


def _check_header(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageError(_too_large(name, f"{width}×{height} pixels, "))
    if min(width, height) < MIN_EDGE:
        raise ImageError(
            f"{name} is only {width}×{height} pixels; both sides need at least {MIN_EDGE}, so use a larger photograph."
        )


def _too_large(name: str, size: str = "") -> str:
    return (
        f"{name} has {size}more than the {MAX_PIXELS // 1_000_000} megapixels that are inspected; scale it down first."
    )


def _to_rgb(picture: Image.Image, name: str, bits: int = FULL_BITS) -> np.ndarray:
    if picture.mode.startswith("I"):
        values = np.asarray(picture)
        if values.min() < 0 or values.max() > 65535:
            raise ImageError(f"{name} has pixel values beyond 16 bits; export it with 8 or 16 bits a channel.")
        _check_hold(values, bits, name)
        return np.repeat(_to_8_bits(bits)[values][..., None], 3, axis=2)
    if picture.mode == "F":
        raise ImageError(f"{name} has floating-point pixels; export it with 8 or 16 bits a channel.")
    if "transparency" in picture.info or picture.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        opaque = Image.new("RGBA", picture.size, "white")
        opaque.alpha_composite(picture.convert("RGBA"))
        picture = opaque
    return np.asarray(picture.convert("RGB"))


def _check_hold(values: np.ndarray, bits: int, name: str) -> None:
    """Raise ImageError for values that so many bits don't hold: they would all be white."""
    if values.max() >> bits:
        raise ImageError(
            f"{name} has values up to {values.max()}, more than the {bits} bits by which it is to be read; "
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


def _own_bits(picture: ImageFile.ImageFile) -> int | None:
    """How many bits a file says itself that its values fill; None where it says nothing but that they have 16."""
    if picture.format == "PPM":  # scaled to 16 bits by its own highest value, unless that is 65,535
        return FULL_BITS if picture.mode == "I" and picture.tile and picture.tile[0].codec_name != "raw" else None
    bits = picture.tag_v2.get(_BITS_TAG, (FULL_BITS,)) if isinstance(picture, TiffImageFile) else (FULL_BITS,)
    return bits[0] if picture.mode == "I;16" and bits[0] < FULL_BITS else None


def _is_deep_colour(picture: ImageFile.ImageFile) -> bool:
    return picture.mode in ("RGB", "RGBA") and any(";16" in _raw_mode(tile.args) for tile in picture.tile)


def _raw_mode(args: object) -> str:
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _deep_values(data: bytes, name: str) -> np.ndarray:
    """uint16 H×W×3 or H×W×4, upright, of a file with 16 bits a colour."""
    with _opened(data, name) as picture:
        if picture.tile[0].args == _GREY_WITH_ALPHA:
            grey, lower, alpha, alpha_lower = np.moveaxis(_pixels(picture, "RGBA").astype(np.uint16), -1, 0)
            return np.dstack([grey << 8 | lower] * 3 + [alpha << 8 | alpha_lower])
        values = _pixels(picture).astype(np.uint16) << 8
    with _opened(data, name) as picture:
        return values | _pixels(picture, _other_byte(_raw_mode(picture.tile[0].args)))


def _pixels(picture: ImageFile.ImageFile, raw_mode: str | None = None) -> np.ndarray:
    """What Pillow decodes, upright; `raw_mode` says how to take the file's bytes, by default as they are meant."""
    if raw_mode:
        picture.tile = [
            tile._replace(args=(raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode)
            for tile in picture.tile
        ]
    picture.load()
    return np.asarray(upright(picture))


def _other_byte(raw_mode: str) -> str:
    """The raw mode that exchanges the bytes of each value; Pillow keeps the higher one of the two alone."""
    kind, _, order = raw_mode.partition(";")
    return f"{kind};16L" if order == "16B" or (order == "16N" and sys.byteorder == "big") else f"{kind};16B"


def _deep_colour(data: bytes, name: str, bits: int) -> np.ndarray:
    values = _deep_values(data, name)
    _check_hold(values[..., :3], bits, name)
    colours = _to_8_bits(bits)[values[..., :3]]
    alpha = values[..., 3:]
    if not alpha.any():  # none, or one that nobody is to look at
        return colours
    alpha = _to_8_bits(FULL_BITS if alpha.max() >> bits else bits)[alpha]
    return _to_rgb(Image.fromarray(np.dstack([colours, alpha])), name)


def upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF says; one whose EXIF can't be parsed stays as it is."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # metadata of hostile files: Pillow's parser raises nearly anything
        return picture


def _named_like_picture(path: Path) -> bool:
    # macOS leaves "._name.jpg" beside name.jpg on foreign disks: metadata under a picture's name.
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _display_name(name: str) -> str:
    """A file's name as it fits into a sentence; of a long path the end says most."""
    if "/" in name and len(name) > _MAX_NAME:
        name = f"…{name[1 - _MAX_NAME :]}"
    return one_line(name, _MAX_NAME)


def one_line(text: str, most: int) -> str:
    """A text from outside as it fits into a sentence: one line, printable, of at most so many characters."""
    line = "".join(character if character.isprintable() else "?" for character in text)
    return line if len(line) <= most else line[: most - 1] + "…"

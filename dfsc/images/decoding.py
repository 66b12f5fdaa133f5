"""Hostile files in, RGB arrays out, and the one resize rule.

Every picture that the library looks at, from the page, the command line, a data set or an upload, is decoded here. A
file is judged by its content, never by its name, and its header is read before its pixels are.

Files of 16 bits a channel often hold fewer: a camera of 12 bits writes values up to 4,095, which are nearly black as
shares of 65,535. One photograph does not tell which, so whoever has a set of them finds out (`recognised_bits`), and a
checkpoint says by how many bits the photographs of its training were read, for those that come later.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError, features

from dfsc.errors import ImageError
from dfsc.geometry import INPUT_SIZE
from dfsc.images import pixels
from dfsc.images.pixels import FIRST_TURNED, FULL_BITS
from dfsc.images.structure import costly

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
_STARTS = re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|II[*+]\0|MM\0[*+]|BM|P[1-6fFy]|....ftyp", re.DOTALL)
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# How many bits of 16 the cameras fill that fill fewer.
CAMERA_BITS = (8, 10, 12, 14)
MAX_PIXELS = 80_000_000
MAX_PIXELS_OF = {"WEBP": 40_000_000}  # its decoder keeps four copies of all pixels
MAX_BYTES = 200_000_000
MIN_EDGE = 16
RESIZE_RULE = "stretch-256-bilinear-antialias"

_MAX_NAME = 80

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
        scale = pixels.own_bits(picture) or bits or FULL_BITS
        if scale < FULL_BITS and pixels.is_deep_colour(picture):
            return pixels.deep_rgb(pixels.deep_planes(partial(_opened, data, name)), scale, name)
        pixels.load(picture, data)
        return pixels.rgb(picture, name, scale)


def decoded(source: ImageSource, name: str | None, convert: Callable[[Image.Image, str], Converted]) -> Converted:
    """What `convert` makes of a picture as its file has it, not yet upright, and of its name; see read_image."""
    name, data = _named_bytes(source, name)
    with _decoding(name, data), _opened(data, name) as picture:
        pixels.load(picture, data)
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
            if pixels.own_bits(picture):
                return None
            if pixels.is_deep_colour(picture):
                return int(pixels.deep_highest(pixels.deep_planes(partial(_opened, data, name)))[:3].max())
            if not picture.mode.startswith("I"):
                return None
            pixels.load(picture, data)
            return pixels.highest(picture)
    except ImageError:
        return None


def check_bits(bits: int | None) -> None:
    """Raise ImageError for a number of bits that no 16-bit file can be said to fill."""
    if bits is not None and (type(bits) is not int or not CAMERA_BITS[0] <= bits <= FULL_BITS):
        raise ImageError(f"16-bit photographs fill {CAMERA_BITS[0]} to {FULL_BITS} bits, not {bits}; say how many.")


def image_size(path: Path) -> tuple[int, int]:
    """Width and height that `read_image` will give, from the file's header alone; raises ImageError as it does."""
    name, data = _named_bytes(path, None)
    with _decoding(name, data), _opened(data, name) as picture:
        turned = pixels.orientation(picture) >= FIRST_TURNED
        return picture.size[::-1] if turned else picture.size


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


def opens_as_picture(path: Path) -> bool:
    """Whether a file is a picture by its content, whose pixels are not read; raises OSError where it can't be read."""
    with path.open("rb") as file:
        start = file.read(16)
        if not _STARTS.match(start):
            return False
        data = start + file.read(MAX_BYTES)
    if costly(data):  # which read_image says
        return True
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS):
            return True
    except Exception:  # on hostile bytes Pillow's parsers raise nearly anything
        return False


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
    if reason := costly(data):
        raise ImageError(f"{name} {reason}")
    picture = Image.open(io.BytesIO(data), formats=FORMATS)
    _check_header(picture.size, name, MAX_PIXELS_OF.get(picture.format or "", MAX_PIXELS))
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


def _check_header(size: tuple[int, int], name: str, most: int = MAX_PIXELS) -> None:
    width, height = size
    if width * height > most:
        raise ImageError(_too_large(name, f"{width}×{height} pixels, ", most))
    if min(width, height) < MIN_EDGE:
        raise ImageError(
            f"{name} is only {width}×{height} pixels; both sides need at least {MIN_EDGE}, so use a larger photograph."
        )


def _too_large(name: str, size: str = "", most: int = MAX_PIXELS) -> str:
    return f"{name} has {size}more than the {most // 1_000_000} megapixels that are inspected; scale it down first."


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

"""Hostile files in, RGB arrays out, and the one resize rule.

Every picture that the library looks at, from the page, the command line, a data set or an upload, is decoded here. A
file is judged by its content, never by its name, and its header is read before its pixels are.
"""

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dfsc.errors import ImageError
from dfsc.networks import INPUT_SIZE

# What Pillow may try. A phone's MPO, several JPEGs in a row, opens as JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm")
MAX_PIXELS = 80_000_000
MAX_BYTES = 200_000_000
MIN_EDGE = 16
RESIZE_RULE = "stretch-256-bilinear-antialias"

ORIENTATION_TAG, FIRST_TURNED = 0x0112, 5  # EXIF orientations 5 to 8 exchange width and height

_SHOWN_NAME = 80
_GREY_OF_16_BITS = np.round(np.arange(65536) / 257).astype(np.uint8)

# Pillow warns of large pictures and odd metadata, which are judged here. Filtered once and not around each decoding,
# because warnings.catch_warnings is not safe while several threads decode.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", module=r"PIL\.")

ImageSource = str | Path | bytes | BinaryIO
Converted = TypeVar("Converted")


def read_image(source: ImageSource, name: str | None = None) -> np.ndarray:
    """Decode one picture as a person would see it: upright, opaque, 8 bits.

    Orientation follows EXIF, transparent pixels turn white, 16-bit values are scaled by 1/257, CMYK and palettes are
    converted, and of an animation the first frame counts.

    Args:
        source: path, the file's bytes, or a binary stream.
        name: what to call the picture in an error; a path's own name by default.

    Returns:
        RGB uint8 H×W×3 in [0, 255].

    Raises:
        ImageError: with one sentence that names the picture, what is wrong with it and what to do.
    """
    return decoded(source, name, lambda picture, shown: _to_rgb(upright(picture), shown))


def decoded(source: ImageSource, name: str | None, convert: Callable[[Image.Image, str], Converted]) -> Converted:
    """What `convert` makes of a picture as its file has it, not yet upright, and of its name; see read_image."""
    name = _shown(name or (Path(source).name if isinstance(source, (str, Path)) else "") or "The image")
    data = _file_bytes(source, name)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_header(picture.size, name)
            picture.load()
            return convert(picture, name)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(_too_large(name)) from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{name} is not an image that can be read; use JPEG, PNG, WebP, TIFF, BMP or GIF.") from error
    except Exception as error:  # on hostile bytes Pillow's decoders raise nearly anything
        raise ImageError(f"{name} is damaged or cut off; export or copy it once more.") from error


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


def network_image(path: Path, name: str | None = None) -> np.ndarray:
    """A picture's file as the networks see it: uint8 256×256×3; arguments and errors of read_image."""
    return resize_for_network(read_image(path, name))


def image_files(folder: Path) -> list[Path]:
    """The files directly in a folder whose names end like a picture's, sorted by name; hidden files are left out."""
    return sorted(path for path in folder.iterdir() if _named_like_picture(path) and path.is_file())


def _file_bytes(source: ImageSource, name: str) -> bytes:
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, (str, Path)):
        data = _path_bytes(Path(source), name)
    else:
        data = source.read(MAX_BYTES + 1)
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


def _to_rgb(picture: Image.Image, name: str) -> np.ndarray:
    if picture.mode.startswith("I"):
        values = np.asarray(picture)
        if values.min() < 0 or values.max() > 65535:
            raise ImageError(f"{name} has pixel values beyond 16 bits; export it with 8 or 16 bits a channel.")
        return np.repeat(_GREY_OF_16_BITS[values][..., None], 3, axis=2)
    if picture.mode == "F":
        raise ImageError(f"{name} has floating-point pixels; export it with 8 or 16 bits a channel.")
    if "transparency" in picture.info or picture.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        opaque = Image.new("RGBA", picture.size, "white")
        opaque.alpha_composite(picture.convert("RGBA"))
        picture = opaque
    return np.asarray(picture.convert("RGB"))


def upright(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF says; one whose EXIF can't be parsed stays as it is."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # metadata of hostile files: Pillow's parser raises nearly anything
        return picture


def _named_like_picture(path: Path) -> bool:
    # macOS leaves "._name.jpg" beside name.jpg on foreign disks: metadata under a picture's name.
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _shown(name: str) -> str:
    """A file's name as it fits into a sentence: one line, printable, not endless."""
    printable = "".join(character if character.isprintable() else "?" for character in name)
    return printable if len(printable) <= _SHOWN_NAME else printable[: _SHOWN_NAME - 1] + "…"

"""What a mask means: the pixels that are the defect, in whatever form a labelling tool wrote them.

The rules, in words, are in docs/datasets.md. What can be read in two ways is refused, with the reason: a guess would
change the figures without a word. The numbers below are this project's choices.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from dfsc.annotations.coco import annotated_images, segmented_pixels
from dfsc.annotations.outlines import outlined_pixels
from dfsc.errors import DatasetError
from dfsc.images.decoding import decoded
from dfsc.images.pixels import orientation, upright

OUTLINES = ".json"  # labelme's of one image, or COCO's of many
LAST_LABEL = 32  # values up to here number kinds of defects; no edge between black and white is that dark throughout
FAINT = 1 / 8  # of the highest value: what edges and lossy compression leave in the sound part stays below
AREA = 0.25  # share of a faint value's pixels that lie amid their like: it fills areas, as noise does not
FEW = 8  # different values: compression leaves more
SOFT, AMID = 2, 0.7  # so many pixels around, this share of them shades: transitions at edges are narrower
MOST_SOFT = 0.5  # of the marked area
INVERTED_AREA, INVERTED_EDGE = 0.5, 0.9  # of the picture, and of its outermost pixels

_16_BITS = 65535
_MAX_PARTS = 4  # of a mask's path: ground_truth/<defect>/<stem>/000.png
_ADVICE = "export it anew, the defect white and everything else black"


def read_mask(path: Path, image: Path) -> np.ndarray:
    """Boolean H×W, true where the mask marks a defect on an image; at least one pixel is.

    Raises:
        DatasetError: for a mask that is empty, can be read in two ways, or looks inverted, and outlines without area.
        ImageError: for a file that can't be decoded.
    """
    marked = _marked_pixels(path, image)
    edge = np.concatenate([marked[0], marked[-1], marked[:, 0], marked[:, -1]])
    if marked.mean() > INVERTED_AREA and edge.mean() > INVERTED_EDGE:
        raise DatasetError(
            f"The mask {path} marks {100 * marked.mean():.0f} % of the image and nearly all of its border, "
            f"as if defect and background were exchanged; {_ADVICE}."
        )
    return marked


def read_marked(path: Path) -> np.ndarray:
    """Boolean H×W, true where a mask or outlines of one photograph say that it counts; at least one pixel is.

    Raises:
        DatasetError, ImageError: as read_mask does, but most of the photograph may be marked.
    """
    described = annotated_images(path) if path.suffix.lower() == OUTLINES else None
    if described and len(described) != 1:
        raise DatasetError(f"{path} describes {len(described)} images; a region is drawn on one photograph.")
    return _marked_pixels(path, Path(described[0].name) if described else path)


def _marked_pixels(path: Path, image: Path) -> np.ndarray:
    try:
        if path.suffix.lower() == OUTLINES:
            marked = segmented_pixels(path, image) if annotated_images(path) else outlined_pixels(path)
        else:
            marked = _defects(decoded(path, _name(path), _planes))
    except _AmbiguousError as error:
        raise DatasetError(f"The mask {path} {error}.") from None
    if not marked.any():
        raise DatasetError(f"The mask {path} is empty.")
    return marked


def read_channel(path: Path) -> np.ndarray:
    """uint8 H×W, the pixel values of a channel of MVTec LOCO AD's ground truth; 0 where it is transparent.

    Raises:
        DatasetError: for an empty one.
        ImageError: for a file that can't be decoded.
    """
    planes = decoded(path, _name(path), _planes)
    values = planes.values
    if values.dtype != np.uint8:
        values = np.round(values.clip(0, _16_BITS) / 257).astype(np.uint8)
    if planes.opacity is not None:
        values = np.where(planes.opacity > 0, values, np.uint8(0))
    if not values.any():
        raise DatasetError(f"The mask {path} is empty.")
    return values


class _AmbiguousError(Exception):
    """The end of a sentence: why a mask can't be read in one way only."""


def _name(path: Path) -> str:
    return f"The mask {Path(*path.parts[-_MAX_PARTS:])}"


@dataclass(frozen=True)
class _Planes:
    """A picture's strongest channel and, where there is one, its opacity: H×W each, values beyond 8 bits unscaled."""

    values: np.ndarray
    opacity: np.ndarray | None
    format: str | None
    several: bool


def _planes(picture: Image.Image, _name: str) -> _Planes:
    values, opacity = _values(picture)
    turn = orientation(picture)
    several = getattr(picture, "is_animated", False)
    upright_opacity = None if opacity is None else upright(opacity, turn)
    return _Planes(upright(values, turn), upright_opacity, picture.format, several)


def _values(picture: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    """Colours count and not a palette's indices, whose order says nothing, unless all of its colours are the same."""
    if picture.mode[0] in "IF":
        values = np.asarray(picture)
        return np.where(values == picture.info.get("transparency"), 0, values), None
    if "transparency" in picture.info or picture.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        colours = np.asarray(picture.convert("RGBA"))
        return colours[..., :3].max(axis=-1), colours[..., 3]
    colours = np.asarray(picture.convert("RGB")).max(axis=-1)
    if picture.mode == "P" and colours.max() == colours.min():
        colours = np.asarray(picture)
    return colours, None


def _defects(planes: _Planes) -> np.ndarray:
    values, opacity = planes.values, planes.opacity
    if planes.several:
        raise _AmbiguousError("holds several pictures; save the one that is meant")
    lossy = planes.format == "JPEG"
    if opacity is None:
        return _marked(values, lossy)
    unset = planes.format == "BMP" and not opacity.max()  # 32 bits, the last 8 idle
    if unset or opacity.min() > opacity.max() / 2:
        return _marked(values, lossy)
    if not opacity.max():
        if values.max() != values.min():
            raise _AmbiguousError(f"is fully transparent, but has colours; {_ADVICE}")
        return np.zeros(values.shape, bool)
    visible = _marked(opacity, lossy)
    opaque = values[opacity == opacity.max()]
    if (opaque <= FAINT * values.max()).any() and (opaque > values.max() / 2).any():
        raise _AmbiguousError(f"is partly transparent, and what is visible is partly black; {_ADVICE}")
    return visible


def _marked(values: np.ndarray, lossy: bool) -> np.ndarray:
    """Boolean H×W from one plane: what is above half of the lowest value that fills an area, black being the rest."""
    values = _whole(values)
    counts = np.bincount(values.ravel())
    peak = len(counts) - 1
    if (peak <= LAST_LABEL and not lossy) or (counts[0] and np.count_nonzero(counts) <= 2):
        return values > 0
    floor = int(values.min())
    if 0 < floor < FAINT * peak:  # a video's black, or noise everywhere
        values, counts, peak = values - floor, counts[floor:], peak - floor
    flat = _flat(values)
    if _numbered(counts, values, flat) and not lossy:
        return values > 0
    areas = np.bincount(values[flat], minlength=len(counts))
    levels = np.flatnonzero(areas)
    strong = levels[levels >= FAINT * peak]
    marked = values > (strong[0] if len(strong) else peak) / 2
    faint = levels[(levels > 0) & (levels < FAINT * peak)]
    faint = faint[areas[faint] >= AREA * counts[faint]]
    if len(faint) and np.count_nonzero(counts) <= FEW:
        raise _AmbiguousError(
            f"has areas of nearly black ({faint[0]} of {peak}), which may be defects or not; {_ADVICE}"
        )
    if _soft(values, peak, flat).sum() > MOST_SOFT * marked.sum():
        raise _AmbiguousError(f"is mostly shades, as a photograph or a heat map; {_ADVICE}")
    return marked


def _numbered(counts: np.ndarray, values: np.ndarray, flat: np.ndarray) -> bool:
    """Whether most values up to the highest are there and fill areas, as where each single defect has its number."""
    return bool(np.count_nonzero(counts[1:]) >= len(counts) // 2 and flat[values > 0].mean() >= AREA)


def _whole(values: np.ndarray) -> np.ndarray:
    """The values as whole numbers of at most 16 bits; what is not 0 stays so."""
    if values.dtype == np.uint8:
        return values
    peak = values.max()
    if not np.isfinite(values).all() or values.min() < 0:
        raise _AmbiguousError(f"has values below 0, or that are no numbers; {_ADVICE}")
    if peak > _16_BITS or (values != np.floor(values)).any():
        values = np.ceil(values.astype(np.float64) / peak * _16_BITS)
    return values.astype(np.int64)


def _flat(values: np.ndarray) -> np.ndarray:
    """Boolean H×W: pixels whose eight neighbours have the same value; the outermost ones are never flat."""
    height, width = values.shape
    flat = np.zeros(values.shape, bool)
    flat[1:-1, 1:-1] = True
    for top in range(3):
        for left in range(3):
            shifted = values[top : top + height - 2, left : left + width - 2]
            flat[1:-1, 1:-1] &= shifted == values[1:-1, 1:-1]
    return flat


def _soft(values: np.ndarray, peak: int, flat: np.ndarray) -> np.ndarray:
    """Boolean H×W: pixels amid shades that are neither nearly black nor nearly as bright as the brightest."""
    shades = (values > FAINT * peak) & (values < (1 - FAINT) * peak)
    amid = np.asarray(Image.fromarray(shades).convert("L").filter(ImageFilter.BoxBlur(SOFT)))
    return (amid > AMID * 255) & ~flat

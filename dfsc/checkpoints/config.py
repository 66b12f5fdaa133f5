"""A checkpoint's config.json: read strictly, since it decides what its tensors mean."""

import math
import re
from pathlib import Path

import numpy as np

from dfsc.checkpoints.format import CONFIG_FILE, MAX_CONFIG_BYTES
from dfsc.errors import CheckpointError, ImageError, TrainingError
from dfsc.files import read_json
from dfsc.images.decoding import RESIZE_RULE, check_bits
from dfsc.images.tiling import Tiles
from dfsc.models.calibration import BRANCHES, Calibration
from dfsc.models.consistency import ConsistencySettings
from dfsc.models.detector import BORDER_CONVENTION, BORDERS, DetectorConfig
from dfsc.models.fre import MOST_TILES
from dfsc.models.methods import METHODS
from dfsc.models.networks import SIZES
from dfsc.models.self_test import Example, SelfTest
from dfsc.models.separation import SeparationSettings

# Of the same maps they come out equal but for the last digits of float32.
QUANTILE_TOLERANCE = 1e-5
# Files and folders are called after products, so a name must not lead anywhere.
_PLAIN_NAME = re.compile(r"\w[\w .-]{0,63}")
_FAULT_KIND = re.compile(r"[a-z][a-z ]{0,31}")
MOST_COUNTED, MOST_BOXES = 10**9, 8


def read_config(folder: Path, expected_format: str) -> dict:
    """A checkpoint folder's config.json; raises CheckpointError unless it is there, sound and of the format."""
    file = folder / CONFIG_FILE
    if not file.is_file():
        raise CheckpointError(f"{folder.name} is not a checkpoint: it has no {CONFIG_FILE}.")
    try:
        config = read_json(file, MAX_CONFIG_BYTES)
    except (ValueError, OSError) as error:
        raise CheckpointError(
            f"The {CONFIG_FILE} of {folder.name} can't be read; fetch the checkpoint again."
        ) from error
    found = config.get("format") if isinstance(config, dict) else None
    if found != expected_format:
        raise CheckpointError(
            f"{folder.name} is of format {found!r:.80}, not {expected_format!r}; it can't be used here."
        )
    return config


def detector_config(config: dict, folder: Path) -> DetectorConfig:
    """What a detector's config.json says; raises CheckpointError for what this version can't use."""
    separation, consistency = config.get("separation"), config.get("consistency")
    check_value(config, "method", METHODS)
    check_value(config, "size", SIZES)
    product = check_product(config.get("product"))
    for key, known in (("resize_rule", (RESIZE_RULE,)), ("border", BORDERS)):
        if config.get(key) not in known:
            raise CheckpointError(
                f"{folder.name} was made with another {key}: {config.get(key)!r:.80} instead of {known[0]!r}."
            )
    try:
        check_bits(config.get("bits"))
        return DetectorConfig(
            product=product,
            method=config["method"],
            size=config["size"],
            teacher_digest=str(config["teacher_digest"]),
            separation=None if separation is None else SeparationSettings(**separation),
            schedule=str(config["schedule"]),
            border=config["border"],
            training=dict(config.get("training", {})),
            self_test=_self_test(config.get("self_test"), folder),
            bits=config.get("bits"),
            held_out=str(config.get("held_out", ""))[:71],
            consistency=None if consistency is None else ConsistencySettings(**consistency),
            tiles=_tiles(config.get("tiles"), folder),
        )
    except (KeyError, TypeError, ValueError, OverflowError, TrainingError, ImageError) as error:
        raise CheckpointError(
            f"The {CONFIG_FILE} of {folder.name} has a wrong or missing entry: {error!s:.200}."
        ) from error


def _tiles(entry: object, folder: Path) -> Tiles | None:
    """Rows and columns; None for detectors that see a photograph at once."""
    if entry is None:
        return None
    if isinstance(entry, list) and len(entry) == 2 and all(type(n) is int and n > 0 for n in entry):
        rows, columns = entry
        if rows * columns <= MOST_TILES:
            return rows, columns
    raise CheckpointError(f"The {CONFIG_FILE} of {folder.name} has wrong tiles; fetch it anew.")


def _self_test(entries: object, folder: Path) -> SelfTest | None:
    """A self-test's entries, whose kinds may be a later version's; None for detectors made before there was one."""
    if entries is None:
        return None
    needed = {"by_kind", "steps"}
    if isinstance(entries, dict) and needed <= entries.keys() <= needed | {"example", "strength"}:
        kinds, steps = entries["by_kind"], entries["steps"]
        example, strength = entries.get("example"), entries.get("strength")
        sound = isinstance(kinds, dict) and kinds and all(map(_is_kind, kinds.items()))
        sound = sound and (strength is None or (type(strength) in (int, float) and math.isfinite(strength)))
        if sound and (steps is None or _is_count(steps)) and (example is None or _is_example(example)):
            by_kind = {kind: (found, made) for kind, (found, made) in kinds.items()}
            return SelfTest(by_kind, steps, example and _example(example), strength)
    raise CheckpointError(f"The {CONFIG_FILE} of {folder.name} has a wrong self_test; fetch it anew.")


def _is_kind(entry: tuple[str, object]) -> bool:
    """Whether it is a kind of fault with how many were found and made."""
    kind, counts = entry
    if not isinstance(counts, list) or len(counts) != 2 or not all(map(_is_count, counts)):
        return False
    return bool(_FAULT_KIND.fullmatch(kind)) and counts[0] <= counts[1] > 0


def _is_example(entry: object) -> bool:
    """Whether it is a kind of fault, where it is, and whether it was found."""
    if not isinstance(entry, dict) or entry.keys() != {"kind", "boxes", "found"}:
        return False
    kind, boxes, found = entry["kind"], entry["boxes"], entry["found"]
    named = isinstance(kind, str) and bool(_FAULT_KIND.fullmatch(kind)) and isinstance(found, bool)
    return named and isinstance(boxes, list) and 0 < len(boxes) <= MOST_BOXES and all(map(_is_box, boxes))


def _is_box(box: object) -> bool:
    if not isinstance(box, list) or len(box) != 4:
        return False
    return all(type(edge) in (int, float) and 0 <= edge <= 1 for edge in box)


def _example(entry: dict) -> Example:
    boxes = tuple((float(left), float(top), float(right), float(bottom)) for left, top, right, bottom in entry["boxes"])
    return Example(entry["kind"], boxes, entry["found"])


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_COUNTED


def position_entries(config: dict, folder: Path) -> tuple[int, tuple[float, float]]:
    """Of how many images a scale of positions is if held-out ones are among them, else 0, and each branch's floor."""
    entries = config.get("position_scale", {"images": 0, "floors": [0.0, 0.0]})
    try:
        local, global_ = map(float, entries["floors"])
        return int(entries["images"]), (local, global_)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(
            f"The {CONFIG_FILE} of {folder.name} has a wrong position_scale; fetch it anew."
        ) from error


def typical_error_entry(config: dict, folder: Path) -> float | None:
    """What the config says of the typical error that is a strangeness of 1; None for detectors made before it did."""
    entry = config.get("typical_error")
    if entry is not None and (type(entry) not in (int, float) or not 0 < entry < np.inf):
        raise CheckpointError(f"The {CONFIG_FILE} of {folder.name} has a wrong typical_error; fetch it anew.")
    return None if entry is None else float(entry)


def given_quantiles(config: dict, folder: Path) -> dict[str, tuple[float, float]] | None:
    """The quantiles that a detector from elsewhere came with, by branch; None where the border convention has none."""
    if config.get("border") == BORDER_CONVENTION:
        return None
    try:
        pairs = {branch: [float(value) for value in config["quantiles"][branch]] for branch in BRANCHES}
        return {branch: (lower, upper) for branch, (lower, upper) in pairs.items()}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"The {CONFIG_FILE} of {folder.name} has wrong quantiles; fetch it anew.") from error


def check_quantiles(config: dict, calibration: Calibration, folder: Path) -> None:
    """Raise CheckpointError where a calibration is not the one whose quantiles the config tells, if it tells any.

    Maps, scale of positions and the config's entries about it are parts of one whole, and each looks sound alone.
    """
    if "quantiles" not in config:
        return
    own = calibration.quantiles
    try:
        quantiles = {branch: [float(value) for value in config["quantiles"][branch]] for branch in own}
        same = all(np.allclose(quantiles[branch], own[branch], QUANTILE_TOLERANCE, 0) for branch in own)
    except (KeyError, TypeError, ValueError, OverflowError):
        same = False
    if not same:
        raise CheckpointError(
            f"The {CONFIG_FILE} of {folder.name} is not of the calibration beside it (quantiles, position_scale); "
            "fetch the checkpoint again."
        )


def check_product(product: object) -> str:
    """A name of letters, digits, spaces, dots, dashes or underscores, up to 64; CheckpointError for any other."""
    if not isinstance(product, str) or not _PLAIN_NAME.fullmatch(product):
        raise CheckpointError(f"The product {product!r:.80} is no plain name; use letters and digits, at most 64.")
    return product


def plain_product(text: str) -> str:
    """A product's name of any text: up to 64 letters, digits and underscores."""
    return re.sub(r"\W+", "_", text).strip("_")[:64] or "product"


def check_value(config: dict, key: str, table: dict) -> str:
    """The config's value of a key, which must be a key of the table; raises CheckpointError otherwise."""
    value = config.get(key)
    if not isinstance(value, str) or value not in table:
        raise CheckpointError(f"The checkpoint's {key} is {value!r:.80}; known are: {', '.join(table)}.")
    return value

"""Where detectors and teachers come from and how they are kept; nothing else reads or writes weights.

A checkpoint is a folder of three files: config.json, model.safetensors (float16, kernels as int8 where `in_bytes`
rounded them, float32 where networks came from elsewhere) and README.md (model card). Nothing is ever unpickled, loading
is strict, and a detector is refused when its teacher's digest is not the one it was trained on.

What a detector's product is called: in the weights folder, as its folder there, weights/PRODUCT/METHOD, so that whoever
renames the folder renames the product, whatever it was called when it was trained. Everywhere else (another folder, a
zip, the Hub) folders are called after methods alone, and config.json says what the product is.
"""

import dataclasses
import math
import os
import shutil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.checkpoints.config import (
    check_product,
    check_quantiles,
    check_value,
    detector_config,
    given_quantiles,
    position_entries,
    read_config,
    typical_error_entry,
)
from dfsc.checkpoints.files import digest, fill, kept_tensors, read_tensors, write_folder
from dfsc.checkpoints.format import CONFIG_FILE, DETECTOR_FORMAT, FILES, TEACHER, TEACHER_FORMAT, WEIGHTS_FILE
from dfsc.checkpoints.weights import teacher_folders, weights_folder
from dfsc.errors import CheckpointError, DFSCError
from dfsc.geometry import MAP_SIZE
from dfsc.models.calibration import Calibration, PositionScale, RawMaps, UsualMap
from dfsc.models.detector import Detector, DetectorConfig, Teacher, empty_teacher
from dfsc.models.methods import METHODS
from dfsc.models.networks import SIZES
from dfsc.models.region import Region
from dfsc.version import __version__

REGION, FILL = "region", "region_fill"
POSITION_TENSORS = ("mean_local", "mean_global", "spread_local", "spread_global")


def load_teacher(folder: str | Path) -> Teacher:
    """Load a teacher's checkpoint folder; networks are float32 in memory."""
    folder = Path(folder)
    config = read_config(folder, TEACHER_FORMAT)
    network = empty_teacher(check_value(config, "size", SIZES))
    fill(network, read_tensors(folder), folder)
    return Teacher(network.eval(), SIZES[config["size"]], digest(folder))


def save_detector(detector: Detector, folder: Path, card: str) -> None:
    """Write a detector's three files; a folder that is there is replaced only once all are written.

    Raises:
        CheckpointError: for a product's name that `load` would refuse.
    """
    check_product(detector.config.product)
    good, position = detector.calibration.good, detector.calibration.position
    test = detector.config.self_test
    config = dataclasses.asdict(dataclasses.replace(detector.config, self_test=None)) | {
        "self_test": test and test.entries,
        "format": DETECTOR_FORMAT,
        "quantiles": detector.calibration.quantiles,
        "library_version": __version__,
    }
    if detector.calibration.typical is not None:
        config["typical_error"] = detector.calibration.typical
    if position:
        config["position_scale"] = {"images": position.images, "floors": [position.local.floor, position.global_.floor]}
    exact = {"channel_mean": detector.channel_mean, "channel_std": detector.channel_std}
    maps = {"good_local": torch.from_numpy(good.local), "good_global": torch.from_numpy(good.global_)}
    write_folder(
        folder,
        config,
        kept_tensors(detector.model.state_dict())
        | exact
        | maps
        | _position_tensors(position)
        | _region_tensors(detector.region),
        card,
    )


def save_teacher(network: nn.Module, size: str, training: dict, folder: Path, card: str) -> None:
    """Write a teacher's three files."""
    config = {"format": TEACHER_FORMAT, "size": size, "training": training, "library_version": __version__}
    write_folder(folder, config, kept_tensors(network.state_dict()), card)


def keep_teacher(teacher: Path, size: str, folder: Path) -> None:
    """Copy a teacher to where a detector in `folder` will be looking for it, unless it is there or embedded.

    Raises:
        CheckpointError: when another teacher lies there.
    """
    if any(_is_teacher(place, digest(teacher)) for place in _teacher_places(size, folder)):
        return
    beside = folder.parent / TEACHER
    if beside.exists():
        raise CheckpointError(f"{beside} holds another teacher; choose another folder to write to.")
    whole = beside.with_name(f"{TEACHER}.part")
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(teacher / name, whole / name)
    whole.rename(beside)


def detector_folders(folder: Path) -> list[Path]:
    """The folder itself if it is a detector's, else those directly in it that are."""
    inside = [folder] if (folder / CONFIG_FILE).is_file() else [f.parent for f in folder.glob(f"*/{CONFIG_FILE}")]
    return sorted(path for path in inside if path.name != TEACHER)


def read_detector_config(folder: Path) -> DetectorConfig:
    """What a detector's folder says of it without its tensors; raises CheckpointError for what can't be used."""
    return _as_called_here(detector_config(read_config(folder, DETECTOR_FORMAT), folder), folder)


def load_folder(folder: Path, source: str | None = None) -> Detector:
    """The detector in a checkpoint folder; `source` says in words where it comes from, by default the folder.

    Raises:
        CheckpointError: when it is incomplete, damaged, or made for another teacher.
    """
    entries = read_config(folder, DETECTOR_FORMAT)
    config = _as_called_here(detector_config(entries, folder), folder)
    tensors = read_tensors(folder)
    try:
        mean, std = tensors.pop("channel_mean").float(), tensors.pop("channel_std").float()
        good = [tensors.pop("good_local"), tensors.pop("good_global")]
        scale = [tensors.pop(name) for name in POSITION_TENSORS] if POSITION_TENSORS[0] in tensors else []
        region = _region(tensors, good[0].shape[1:], folder)
    except KeyError as error:
        raise CheckpointError(f"The checkpoint {folder.name} lacks {error}; fetch or train it again.") from error
    fits = {mean.shape, std.shape} == {(SIZES[config.size].teacher_channels, 1, 1)}
    shape = tuple(number * MAP_SIZE for number in config.tiles or (1, 1))
    if not fits or not all(_are_maps(maps, shape) for maps in [*good, *scale]) or not _of_tiles(tensors, config):
        raise CheckpointError(f"The calibration of {folder.name} is not one of this library; fetch or train it again.")
    if not std.min() > 0:
        raise CheckpointError(
            f"A channel_std of {folder.name} is not above 0, so its maps mean nothing; fetch or train it again."
        )
    calibration = Calibration(
        RawMaps(*(maps.numpy() for maps in good)),
        _position_scale(scale, *position_entries(entries, folder)),
        typical_error_entry(entries, folder),
        region,
        given_quantiles(entries, folder),
    )
    check_quantiles(entries, calibration, folder)
    model = _empty_model(config, tensors, folder)
    fill(model, tensors, folder)
    return Detector(
        config=config,
        teacher=load_teacher(teacher_folder(config, folder)),
        model=model.eval(),
        channel_mean=mean,
        channel_std=std,
        calibration=calibration,
        source=str(folder) if source is None else source,
        weights_digest=digest(folder),
    )


def _empty_model(config: DetectorConfig, tensors: dict[str, Tensor], folder: Path) -> nn.Module:
    try:
        return METHODS[config.method].empty(config, tensors)
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"The weights of {folder.name} are not those of {config.method}; fetch it anew."
        ) from error


def _as_called_here(config: DetectorConfig, folder: Path) -> DetectorConfig:
    """With the product's name as the module's head says."""
    place, embedded = Path(os.path.abspath(folder)).parent, Path(os.path.abspath(weights_folder()))
    return dataclasses.replace(config, product=place.name) if place.parent == embedded else config


def _position_tensors(position: PositionScale | None) -> dict[str, Tensor]:
    if position is None:
        return {}
    arrays = (position.local.mean, position.global_.mean, position.local.spread, position.global_.spread)
    return {name: torch.from_numpy(array) for name, array in zip(POSITION_TENSORS, arrays, strict=True)}


def _position_scale(tensors: list[Tensor], images: int, floors: tuple[float, float]) -> PositionScale | None:
    """Of means and spreads as POSITION_TENSORS names them, if there are any."""
    if not tensors:
        return None
    arrays = [tensor.numpy() for tensor in tensors]
    local, global_ = (UsualMap(*of_branch) for of_branch in zip(arrays[:2], arrays[2:], floors, strict=True))
    return PositionScale(local, global_, images)


def _region_tensors(region: Region | None) -> dict[str, Tensor]:
    """A bit a cell, and the picture that stands outside if there is one."""
    if region is None:
        return {}
    bits = {REGION: torch.from_numpy(np.packbits(region.cells))}
    return bits if region.fill is None else bits | {FILL: torch.from_numpy(region.fill.copy())}


def _region(tensors: dict[str, Tensor], shape: tuple[int, ...], folder: Path) -> Region | None:
    """Takes a region's tensors out, of maps of a shape; None where there are none."""
    if REGION not in tensors:
        return None
    bits, fill = tensors.pop(REGION).numpy(), tensors.pop(FILL).numpy() if FILL in tensors else None
    count = math.prod(shape)
    if bits.dtype != np.uint8 or bits.shape != ((count + 7) // 8,) or np.unpackbits(bits)[count:].any():
        raise CheckpointError(f"The region of {folder.name} is damaged; fetch the checkpoint again.")
    try:
        return Region(np.unpackbits(bits, count=count).astype(bool).reshape(shape), fill)
    except DFSCError as error:
        raise CheckpointError(f"The region of {folder.name} is damaged; fetch the checkpoint again.") from error


def _are_maps(tensor: Tensor, shape: tuple[int, ...]) -> bool:
    """Whether a tensor holds maps of numbers that numpy knows; what else there is to check, the calibration does."""
    return tensor.dtype in (torch.float16, torch.float32) and tensor.shape[-2:] == shape


def _of_tiles(tensors: dict[str, Tensor], config: DetectorConfig) -> bool:
    """Whether a model is of the tiles that the config names, or of none where it names none."""
    return ("layout" in tensors) == bool(config.tiles) and (
        config.tiles is None or tensors["layout"].tolist() == list(config.tiles)
    )


def teacher_folder(config: DetectorConfig, folder: Path) -> Path:
    """Where a detector's teacher lies: beside the detector, or embedded; whichever has the right digest.

    Raises:
        CheckpointError: when neither has.
    """
    for place in _teacher_places(config.size, folder):
        if _is_teacher(place, config.teacher_digest):
            return place
    raise CheckpointError(
        f"The teacher that {config.name} was trained with ({config.teacher_digest[:19]}…) is not here; "
        f'put its folder beside the checkpoint as "teacher".'
    )


def _teacher_places(size: str, folder: Path) -> tuple[Path, ...]:
    return folder.parent / TEACHER, *teacher_folders(size)


def _is_teacher(place: Path, wanted: str) -> bool:
    return (place / WEIGHTS_FILE).is_file() and digest(place) == wanted

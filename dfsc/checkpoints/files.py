"""A checkpoint folder's three files on disk: written whole or not at all, read strictly, known by a digest."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from dfsc.checkpoints.format import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE
from dfsc.errors import CheckpointError

# Where an unfinished training lies inside the folder that it will fill.
UNFINISHED = ".training"
MAX_WEIGHTS_BYTES = 300_000_000
# A kernel's codes as int8, what their steps' names end in, and the smallest step.
MOST_CODE, STEPS, LEAST_STEP = 127, ".steps", 2.0**-24


def check_replaceable(folder: Path) -> None:
    """Raise CheckpointError when a folder holds anything that writing a checkpoint there would delete."""
    ours = {CONFIG_FILE, WEIGHTS_FILE, CARD_FILE, UNFINISHED}
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in ours) if folder.is_dir() else []
    if foreign or folder.is_file():
        raise CheckpointError(
            f"{folder} holds other files ({', '.join(foreign[:3])}); choose another folder to write to."
        )


def digest(folder: Path) -> str:
    """ "sha256:…" of a checkpoint's weights file; raises CheckpointError for one that is far too large."""
    _check_size(folder)
    with (folder / WEIGHTS_FILE).open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def halved(network: nn.Module) -> nn.Module:
    """Round a network's parameters in place to what float16 on disk keeps: what is saved is what was measured.

    Raises:
        CheckpointError: when one is beyond what float16 holds.
    """
    for name, parameter in network.named_parameters():
        parameter.data = _half(name, parameter.data).to(torch.float32)
    return network


def in_bytes(network: nn.Module) -> nn.Module:
    """Round a network's parameters in place: kernels to 255 equal steps in each output channel, others as `halved`.

    `kept_tensors` then takes a byte for each number of a kernel, without another change.

    Raises:
        CheckpointError: as `halved` does.
    """
    halved(network)
    for name, parameter in network.named_parameters():
        if _is_kernel(name, parameter):
            codes, steps = _coded(parameter.data)
            parameter.data = codes * steps
    return network


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """All tensors of a checkpoint; raises CheckpointError when they are missing, damaged or not finite in float32.

    Kernels that it keeps in bytes are float32.
    """
    try:
        _check_size(folder)
        tensors = _decoded(load_file(folder / WEIGHTS_FILE))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(
            f"The weights of {folder.name} are missing or damaged; fetch the checkpoint again."
        ) from error
    strange = _not_finite(tensors)
    if strange:
        raise CheckpointError(
            f"The weights of {folder.name} hold a number that is none ({strange}); fetch or train the checkpoint again."
        )
    return tensors


def fill(network: nn.Module, tensors: dict[str, Tensor], folder: Path) -> None:
    """Load a network's parameters as float32; raises CheckpointError when not all of them, and only they, are there."""
    try:
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=True)
    except RuntimeError as error:
        raise CheckpointError(f"The weights of {folder.name} do not fit the networks that its config names.") from error


def kept_tensors(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as a checkpoint keeps them, losing nothing.

    Kernels that lie on 255 equal steps in each output channel (see `in_bytes`) as int8 with their steps; others as
    float16 where that holds them exactly (see `halved`), else, as networks from elsewhere need, as they are.

    Raises:
        CheckpointError: as `halved` does.
    """
    kept: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        coded = _exactly_coded(tensor) if _is_kernel(name, tensor) else None
        kept |= dict(zip((name, name + STEPS), coded, strict=True)) if coded else {name: _smallest(name, tensor)}
    return kept


def _smallest(name: str, tensor: Tensor) -> Tensor:
    half = _half(name, tensor)
    return (half if torch.equal(half.to(tensor.dtype), tensor) else tensor).contiguous()


def _is_kernel(name: str, tensor: Tensor) -> bool:
    """Whether it is a kernel O×I×h×w to be kept in bytes: all but those that see the image itself (I = 3).

    These are the smallest ones, and most of what rounding all of them changes would be theirs (docs/measurements.md).
    """
    return name.endswith("weight") and tensor.dim() == 4 and tensor.shape[1] > 3 and tensor.is_floating_point()


def _coded(kernel: Tensor) -> tuple[Tensor, Tensor]:
    """A kernel O×I×h×w as int8 codes and the steps O×1×1×1 that they count.

    Steps have bfloat16's eight digits, so that codes times steps, coded again, give the same codes and steps.
    """
    largest = kernel.abs().amax(dim=(1, 2, 3), keepdim=True)
    steps = (largest / MOST_CODE).to(torch.bfloat16).float().clamp_min(LEAST_STEP)
    return (kernel / steps).round().clamp(-MOST_CODE, MOST_CODE).to(torch.int8), steps


def _exactly_coded(kernel: Tensor) -> tuple[Tensor, Tensor] | None:
    codes, steps = _coded(kernel.float())
    return (codes.contiguous(), steps) if torch.equal(codes * steps, kernel.float()) else None


def _decoded(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """With codes times steps in place of both, where there are steps; raises RuntimeError where they do not fit."""
    coded = [name for name in tensors if name + STEPS in tensors]
    # Any other shapes that fit each other could take all memory.
    if any(tensors[name + STEPS].shape != (*tensors[name].shape[:1], 1, 1, 1) for name in coded):
        raise RuntimeError("steps of another number than the kernel's channels")
    kernels = {name: tensors[name] * tensors[name + STEPS].float() for name in coded}
    return {name: tensor for name, tensor in tensors.items() if name.removesuffix(STEPS) not in coded} | kernels


def _check_size(folder: Path) -> None:
    file = folder / WEIGHTS_FILE
    if not file.is_file():  # opening a pipe or a device could last for ever
        raise CheckpointError(f"The weights of {folder.name} are missing or damaged; fetch the checkpoint again.")
    if file.stat().st_size > MAX_WEIGHTS_BYTES:
        raise CheckpointError(f"The weights of {folder.name} are larger than any checkpoint's; they were not opened.")


def _half(name: str, tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    half = tensor.to(torch.float16)
    if not half.isfinite().all():
        raise CheckpointError(
            f"The weights {name} hold a number that a checkpoint can't keep; train the detector again."
        )
    return half


def _not_finite(tensors: dict[str, Tensor]) -> str:
    """The first tensor's name with NaN, an infinite number or one that float32 doesn't hold, "" where there is none."""
    return next((name for name, tensor in tensors.items() if not tensor.float().isfinite().all()), "")


def write_folder(folder: Path, config: dict, tensors: dict[str, Tensor], card: str) -> None:
    """Write a checkpoint's three files in place of those that are there.

    Raises:
        CheckpointError: for numbers that `read_tensors` would refuse, and a folder that holds other files.
        OSError: where the disk is full or can't be written.
    """
    strange = _not_finite(tensors)
    if strange:
        raise CheckpointError(
            f"{strange} of this detector holds a number that is none, so it was not saved; train it again."
        )
    with replacing_checkpoint(folder) as unfinished:
        # Not by save_file, whose error about a full disk is none of the system's.
        (unfinished / WEIGHTS_FILE).write_bytes(save(tensors))
        text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
        (unfinished / CONFIG_FILE).write_text(text, encoding="utf-8")
        (unfinished / CARD_FILE).write_text(card, encoding="utf-8")


@contextmanager
def replacing_checkpoint(folder: Path) -> Iterator[Path]:
    """Where to write what becomes the folder once the block has ended; whatever breaks off leaves the old one whole.

    Killed between two renames, it leaves the old one in NAME.before, from where the next writing takes it back.

    Raises:
        CheckpointError: for a folder that holds other files.
        OSError: where the disk is full or can't be written.
    """
    before = folder.with_name(folder.name + ".before")
    if before.is_dir() and not folder.exists():
        before.rename(folder)
    check_replaceable(folder)
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        shutil.rmtree(before, ignore_errors=True)
        if folder.exists():
            folder.rename(before)
        try:
            unfinished.rename(folder)
        except OSError:
            if before.exists():
                before.rename(folder)
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    shutil.rmtree(before, ignore_errors=True)

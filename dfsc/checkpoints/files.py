"""A checkpoint folder's three files on disk: written whole or not at all, read strictly, known by a digest."""

import hashlib
import json
import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dfsc.checkpoints.format import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE
from dfsc.errors import CheckpointError

# Where an unfinished training lies inside the folder that it will fill.
UNFINISHED = ".training"


def check_replaceable(folder: Path) -> None:
    """Raise CheckpointError when a folder holds anything that writing a checkpoint there would delete."""
    ours = {CONFIG_FILE, WEIGHTS_FILE, CARD_FILE, UNFINISHED}
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in ours) if folder.is_dir() else []
    if foreign or folder.is_file():
        raise CheckpointError(
            f"{folder} holds other files ({', '.join(foreign[:3])}); choose another folder to write to."
        )


def digest(folder: Path) -> str:
    """ "sha256:…" of a checkpoint's weights file."""
    return "sha256:" + hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()


def halved(network: nn.Module) -> nn.Module:
    """Round a network's parameters in place to what float16 on disk keeps: what is saved is what was measured.

    Raises:
        CheckpointError: when one is beyond what float16 holds.
    """
    for name, parameter in network.named_parameters():
        parameter.data = _half(name, parameter.data).to(torch.float32)
    return network


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """All tensors of a checkpoint; raises CheckpointError when they are missing, damaged or not finite in float32."""
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
    except (OSError, SafetensorError) as error:
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


def halved_tensors(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as a checkpoint keeps them, float16 or integers; raises CheckpointError as `halved` does."""
    return {name: _half(name, tensor).contiguous() for name, tensor in tensors.items()}


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
    """Write beside the final place and rename, so that a cut-off never leaves half a checkpoint there.

    Raises:
        CheckpointError: for numbers that `read_tensors` would refuse, and a folder that holds other files.
    """
    check_replaceable(folder)
    strange = _not_finite(tensors)
    if strange:
        raise CheckpointError(
            f"{strange} of this detector holds a number that is none, so it was not saved; train it again."
        )
    temporary = folder.with_name(folder.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    save_file(tensors, temporary / WEIGHTS_FILE)
    (temporary / CONFIG_FILE).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (temporary / CARD_FILE).write_text(card, encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    temporary.rename(folder)

"""Files that torch.save wrote elsewhere: their tensors and the shape of their modules, without running anything.

`torch.load(weights_only=True)` builds what torch itself allows (tensors, numbers, lists). Modules are built as records
of this file: whatever their class does when it is unpickled, it does not do here. A file that names anything else is
refused before it is read.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from dfsc.errors import CheckpointError

MAX_BYTES = 1_000_000_000  # networks of size medium with Adam's two moments take 200 MB
MAX_MODULES = 500  # a detector of anomalib, with all that is around its networks, has some 60

# The layers of EfficientAD and what holds them.
LAYERS = {
    "torch.nn.modules.activation.ReLU",
    "torch.nn.modules.container.ModuleList",
    "torch.nn.modules.container.ParameterDict",
    "torch.nn.modules.container.Sequential",
    "torch.nn.modules.conv.Conv2d",
    "torch.nn.modules.dropout.Dropout",
    "torch.nn.modules.pooling.AvgPool2d",
    "torch.nn.modules.upsampling.Upsample",
}
# What anomalib and Lightning save around them: metrics, transforms, settings, other ones in each version.
AROUND = ("anomalib.", "lightning.", "pytorch_lightning.", "torchmetrics.", "torchvision.transforms.", "pathlib.")
DICTIONARIES = {"lightning.fabric.utilities.data.AttributeDict", "pytorch_lightning.utilities.parsing.AttributeDict"}


class Foreign:
    """What stands for an object of another library: the name of its class, what it was made of, and its state."""

    name = ""

    def __new__(cls, *arguments: object) -> "Foreign":
        made = super().__new__(cls)
        made.arguments, made.state = arguments, {}
        return made

    arguments: tuple
    state: dict[str, Any]

    def __setstate__(self, state: object) -> None:
        self.state = state if isinstance(state, dict) else {}

    def part(self, name: str) -> dict[str, Any]:
        """A module's `_parameters`, `_buffers` or `_modules` by name; empty where it has none."""
        found = self.state.get(name)
        return {key: value for key, value in found.items() if isinstance(key, str)} if isinstance(found, dict) else {}


def read(file: Path) -> Any:
    """What a file of torch.save holds: tensors and plain values, and a Foreign for each object of an allowed class.

    Raises:
        CheckpointError: for a file of another kind, one that is too large, and one that names what is not allowed.
    """
    names = _names(file)
    if strange := sorted(name for name in names if not _is_allowed(name)):
        raise CheckpointError(
            f"{file.name} asks for {strange[0]!r:.100}, which is no part of an EfficientAD detector; nothing of it was "
            "run or read."
        )
    records: Any = [(_record(name), name) for name in names]
    try:
        with safe_globals(records):
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a hostile file makes a reader stumble over
        raise CheckpointError(f"{file.name} is damaged, or not what torch.save writes; it was not read.") from error


def modules(content: Any) -> Iterator[tuple[str, Foreign]]:
    """A module and all in it, each with its dotted name ("" for itself), in the order in which they were registered.

    Raises:
        CheckpointError: for more of them than a detector has.
    """
    waiting = [("", content)] if isinstance(content, Foreign) else []
    for _ in range(MAX_MODULES):
        if not waiting:
            return
        name, module = waiting.pop(0)
        yield name, module
        inner = [(key, value) for key, value in module.part("_modules").items() if isinstance(value, Foreign)]
        waiting = [(f"{name}.{key}".lstrip("."), value) for key, value in inner] + waiting
    raise CheckpointError("There are more modules than an EfficientAD detector has; nothing was converted.")


def tensors(content: Any) -> dict[str, Tensor]:
    """The tensors of a module or a state dict by their dotted names."""
    if isinstance(content, dict):
        return {key: value.detach() for key, value in content.items() if _is_named_tensor(key, value)}
    found = {}
    for name, module in modules(content):
        for key, value in (module.part("_parameters") | module.part("_buffers")).items():
            if _is_named_tensor(key, value):
                found[f"{name}.{key}".lstrip(".")] = value.detach()
    return found


def _is_named_tensor(key: object, value: object) -> bool:
    return isinstance(key, str) and isinstance(value, Tensor) and value.layout is torch.strided


def _names(file: Path) -> set[str]:
    """What a file names beside what torch allows by itself; nothing is built for this."""
    kind = "saved by PyTorch (1.6 or newer)"
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise CheckpointError(f"{file.name} holds more than {MAX_BYTES // 10**9} GB, more than any detector.")
        return set(get_unsafe_globals_in_checkpoint(file))
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(f"{file.name} is not a file {kind}, so there is nothing to convert.") from error


def _record(name: str) -> type:
    return dict if name in DICTIONARIES else type("Foreign", (Foreign,), {"name": name})


def _is_allowed(name: str) -> bool:
    return name in LAYERS or name.startswith(AROUND)

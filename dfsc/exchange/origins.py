"""What files of other EfficientAD libraries mean: their tensors, by their names there → this library's networks.

anomalib 2.x keeps a whole detector in one file (Lightning's .ckpt, or .pt with the module itself): `teacher`, `student`
and `ae` below `model`, with the teacher's channel statistics in `mean_std` and the maps' quantiles in `quantiles`.
nelson1425/EfficientAD writes a file for each network and keeps neither. Both build the networks of the paper, so that
only names differ, and whether anomalib's pad.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from dfsc.errors import CheckpointError
from dfsc.exchange.pickles import Foreign, modules, read, tensors
from dfsc.geometry import INPUT_SIZE
from dfsc.models.detector import empty_teacher
from dfsc.models.networks import SIZES, AutoEncoder, student_network

NETWORKS = {"teacher": "teacher", "student": "student", "autoencoder": "autoencoder", "ae": "autoencoder"}
FILE_NAMES = "teacher_final.pth, student_final.pth and autoencoder_final.pth"
ENDINGS = (".pth", ".pt", ".ckpt")
ANOMALIB, OTHERS = "anomalib's EfficientAD", "EfficientAD networks saved by PyTorch"
# anomalib's names of the 0.9 and 0.995 quantiles of each branch's maps.
QUANTILES = {"local": ("qa_st", "qb_st"), "global": ("qa_ae", "qb_ae")}

Named = dict[str, Tensor]


@dataclass(frozen=True)
class Origin:
    """A detector, or a teacher alone, as its files have it.

    Attributes:
        title: what made it, in words.
        digest: "sha256:…" of its file, or of all its files' digests.
        networks: the tensors of "teacher", "student" and "autoencoder" by their names there.
        statistics: the teacher's channel mean and std, C×1×1 each; None where nothing was kept.
        quantiles: of both branches' raw maps, see Calibration.given; None where nothing was kept.
        padded: whether the networks pad; None if nothing tells.
    """

    title: str
    digest: str
    networks: dict[str, Named] = field(repr=False)
    statistics: tuple[Tensor, Tensor] | None = None
    quantiles: dict[str, tuple[float, float]] | None = None
    padded: bool | None = None

    @property
    def is_teacher(self) -> bool:
        """Whether there is a teacher and nothing else."""
        return set(self.networks) == {"teacher"}


def read_origin(source: Path) -> Origin:
    """A detector or a teacher from a file, or from a folder with a file for each network.

    Raises:
        CheckpointError: for files that are refused (see dfsc.exchange.pickles) or hold something else.
    """
    return _from_folder(source) if source.is_dir() else _from_file(source)


def _from_folder(folder: Path) -> Origin:
    files = {network: _of_network(folder, network) for network in ("teacher", "student", "autoencoder")}
    missing = [network for network, file in files.items() if file is None]
    if missing:
        raise CheckpointError(
            f"{folder.name} has no file of the {missing[0]}; nelson1425/EfficientAD calls its files {FILE_NAMES}."
        )
    there = {network: file for network, file in files.items() if file}
    contents = {network: _unwrapped(read(file)) for network, file in there.items()}
    digests = "".join(file_digest(file) for file in there.values())
    return Origin(
        title=OTHERS,
        digest=_digest(digests.encode()),
        networks={network: tensors(content) for network, content in contents.items()},
        padded=_padded(contents["student"]),
    )


def _of_network(folder: Path, network: str) -> Path | None:
    """The file of a network in a folder, the final one first."""
    files = [file for file in folder.iterdir() if file.suffix in ENDINGS and file.stem.startswith(network)]
    return min(files, key=lambda file: ("final" not in file.stem, file.name), default=None)


def _from_file(file: Path) -> Origin:
    content = read(file)
    networks: dict[str, Named] = {}
    rest: Named = {}
    inner = _unwrapped(content)
    for name, tensor in tensors(inner).items():
        network, below = _split(name)
        (networks.setdefault(network, {}) if network else rest)[below] = tensor
    if not networks and rest:
        networks = {"teacher": rest}
    if "teacher" not in networks or len(networks) == 2:
        raise CheckpointError(
            f"{file.name} holds no EfficientAD detector and no teacher, so there is nothing to convert."
        )
    _check_size(inner, file)
    return Origin(
        title=ANOMALIB if any("enconv" in name for name in networks.get("autoencoder", ())) else OTHERS,
        digest=file_digest(file),
        networks=networks,
        statistics=_statistics(rest),
        quantiles=_quantiles(rest),
        padded=_told_padding(content) if _padded(inner) is None else _padded(inner),
    )


def _unwrapped(content: Any) -> Any:
    """What a file is about: Lightning's state dict, anomalib's module, or the content itself."""
    if isinstance(content, Mapping):
        for key in ("state_dict", "model"):
            if isinstance(content.get(key), (dict, Foreign)):
                return content[key]
    return content


def _split(name: str) -> tuple[str, str]:
    """ "model.ae.encoder.enconv1.weight" → "autoencoder", "encoder.enconv1.weight"; "" where no network is named."""
    parts = name.split(".")
    for place, part in enumerate(parts):
        if part in NETWORKS:
            return NETWORKS[part], ".".join(parts[place + 1 :])
    return "", ".".join(parts[-2:])


def _statistics(rest: Named) -> tuple[Tensor, Tensor] | None:
    """anomalib's channel statistics; None where they were never set, and so never used."""
    mean, std = rest.get("mean_std.mean"), rest.get("mean_std.std")
    if mean is None or std is None or not (mean.any() or std.any()):
        return None
    return mean.float().reshape(-1, 1, 1), std.float().reshape(-1, 1, 1)


def _quantiles(rest: Named) -> dict[str, tuple[float, float]] | None:
    """anomalib's quantiles; None where they were never set, and so never used."""
    names = {branch: [f"quantiles.{name}" for name in pair] for branch, pair in QUANTILES.items()}
    if any(name not in rest or rest[name].numel() != 1 for pair in names.values() for name in pair):
        return None
    values = {branch: (float(rest[low]), float(rest[high])) for branch, (low, high) in names.items()}
    return values if any(map(any, values.values())) else None


def _padded(content: Any) -> bool | None:
    """Whether the convolutions of a pickled PDN pad; None for tensors alone, which do not tell."""
    layers = [module for name, module in modules(content) if _split(name)[0] in ("", "teacher", "student")]
    paddings = [_numbers(layer.state["padding"]) for layer in layers if "padding" in layer.state]
    return any(map(any, paddings)) if paddings else None


def _told_padding(content: Any) -> bool | None:
    """What Lightning noted of the settings of a detector."""
    settings = content.get("hyper_parameters") if isinstance(content, Mapping) else None
    told = settings.get("padding") if isinstance(settings, Mapping) else None
    return told if isinstance(told, bool) else None


def _check_size(content: Any, file: Path) -> None:
    """Refuse a detector that resizes photographs to another size, which its quantiles hold for."""
    for _, module in modules(content):
        size = _numbers(module.state.get("size")) if module.name.endswith(".Resize") else []
        if any(edge != INPUT_SIZE for edge in size):
            raise CheckpointError(
                f"{file.name} looks at photographs of {'×'.join(map(str, size))} pixels; only detectors of "
                f"{INPUT_SIZE}×{INPUT_SIZE} can be converted."
            )


def _numbers(value: object) -> list[int]:
    """A layer's setting, which is a number or one for each axis."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [one for one in values if isinstance(one, int)]


def teacher_of(origin: Origin) -> tuple[nn.Module, str]:
    """The teacher's network, float32, and its size's name; raises CheckpointError for one of no known size."""
    found = _in_order(origin.networks["teacher"])
    for name in SIZES:
        network = empty_teacher(name)
        if _shapes(network.state_dict().values()) == _shapes(found):
            return _filled(network, found, "teacher"), name
    raise CheckpointError(
        "The teacher is neither EfficientAD's small nor its medium network with 384 channels, so it can't be used."
    )


def student_of(origin: Origin, size: str) -> nn.Module:
    return _filled(student_network(SIZES[size]), _in_order(origin.networks["student"]), "student")


def autoencoder_of(origin: Origin, size: str) -> nn.Module:
    network = AutoEncoder(SIZES[size].teacher_channels, padded=bool(origin.padded))
    return _filled(network, _in_order(origin.networks["autoencoder"]), "auto-encoder")


def _filled(network: nn.Module, found: list[Tensor], name: str) -> nn.Module:
    """A network with other names' tensors in the same order; raises CheckpointError where shapes differ."""
    own = network.state_dict()
    if _shapes(own.values()) != _shapes(found):
        raise CheckpointError(f"The {name} has other layers than EfficientAD's, so it can't be used.")
    network.load_state_dict({name: tensor.float() for name, tensor in zip(own, found, strict=True)})
    return network.eval()


def _in_order(named: Named) -> list[Tensor]:
    """A network's tensors from input to output: encoder before decoder, layers by number, weight before bias."""
    return [named[name] for name in sorted(named, key=_place)]


def _place(name: str) -> tuple:
    return "decoder" in name, [int(number) for number in re.findall(r"\d+", name)], name.endswith("bias")


def _shapes(stack: Iterable[Tensor]) -> list[tuple[int, ...]]:
    return [tuple(tensor.shape) for tensor in stack]


def file_digest(file: Path) -> str:
    """ "sha256:…" of a file."""
    with file.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

"""A name → detectors: a folder, a zip, an embedded product, a repository on the Hub, and the one of one's choice.

DFSC_HUB_REPO names the repository whose products are shown first, as `load` takes it: a folder, or org/name[@revision]
on the Hub. For those (`products`, `product_detectors`) only what is in the Hub's cache is used, so they never wait for
the network; whoever wants more has to fetch it.
"""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dfsc.checkpoints.bundles import in_order, open_bundle, open_folders
from dfsc.checkpoints.detectors import detector_folders, load_folder, read_detector_config
from dfsc.checkpoints.embedded import embedded_folder, embedded_names
from dfsc.checkpoints.embedded import product_detectors as embedded_detectors
from dfsc.checkpoints.embedded import products as embedded_products
from dfsc.errors import CheckpointError
from dfsc.hub.names import VARIABLE, HubName, hub_name
from dfsc.models.detector import Detector
from dfsc.models.methods import METHODS

if TYPE_CHECKING:
    from dfsc.hub.repository import Fetched


def load(source: str | Path) -> Detector:
    """Load a detector from a folder, an embedded one by product/method (e.g. "screw_block/dfsc"), or one of the Hub.

    Args:
        source: what is no folder and not embedded may be org/name[@revision][:folder]; it is fetched once, and later
            taken from the cache without asking the network.

    Raises:
        CheckpointError: when it is not there, incomplete, damaged, or made for another teacher.
    """
    folder = Path(source)
    if folder.is_dir():
        return load_folder(folder, str(source))
    method = str(source).rpartition("/")[2]
    if method in METHODS and (embedded := embedded_folder(str(source))):
        return load_folder(embedded, "embedded")
    name = None if method in METHODS else hub_name(str(source))
    if name:
        return _load_hub(name)
    known = ", ".join(embedded_names()) or "none"
    raise CheckpointError(f'"{source}" is neither a checkpoint folder nor an embedded detector; embedded are: {known}.')


def open_checkpoints(source: str | Path, shown: str | None = None) -> list[Detector]:
    """All detectors of a zip, of a folder of checkpoint folders as `train --pair` leaves it, or of a Hub repository.

    Whatever else `load` takes is one detector. They come in the order of the registry of methods.

    Args:
        shown: what to call a zip in sentences and as the detectors' source; by default its path.

    Raises:
        CheckpointError: when there is none, or one is incomplete, damaged or made for another teacher.
    """
    if not isinstance(source, (str, Path)):
        raise CheckpointError(
            f"Checkpoints are opened one source at a time, by path or name, not {type(source).__name__}."
        )
    path = Path(source)
    if path.is_file():
        return open_bundle(path, shown or str(source))
    if path.is_dir():
        return in_order([load(folder) for folder in detector_folders(path)] or [load(path)])
    name = hub_name(str(source))
    if name and not name.folder and PurePosixPath(name.repository).name not in METHODS:
        return open_fetched(_fetched(name))
    return [load(source)]


def open_fetched(fetched: "Fetched") -> list[Detector]:
    """All detectors of a version that was fetched from the Hub."""
    return open_folders(detector_folders(fetched.folder), fetched.source)


@dataclass(frozen=True)
class Chosen:
    """The repository of one's choice, as far as it is here: a product's detector folders, and their source in words."""

    products: dict[str, list[Path]]
    source: str


def products() -> list[str]:
    """Names of all products: those of the chosen repository, then the other embedded ones."""
    chosen = _usable()
    return list(dict.fromkeys([*sorted(chosen.products if chosen else ()), *embedded_products()]))


def product_detectors(product: str) -> list[Detector]:
    """A product's detectors, one a method, in the registry's order: the chosen repository's, else the embedded ones.

    Raises:
        CheckpointError: when there is no such product, or its detectors are damaged.
    """
    chosen = _usable()
    if chosen and product in chosen.products:
        return open_folders(chosen.products[product], chosen.source)
    if product not in embedded_products():
        known = ", ".join(products()) or "none"
        raise CheckpointError(f'There is no product "{product}"; known are: {known}.')
    return embedded_detectors(product)


def repository() -> Chosen | HubName | None:
    """What DFSC_HUB_REPO names: found here, still to be fetched from the Hub, or nothing because it is not set.

    Raises:
        CheckpointError: when it names nothing that could be a repository, or what is here can't be used.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    if Path(text).is_dir():
        return _found(Path(text), f"folder {Path(text).resolve().name}")
    name = hub_name(text)
    if name is None:
        raise CheckpointError(f'{VARIABLE} says "{text}", which is neither a folder nor a name like org/name.')
    # Here as in _fetched: whoever names no repository shall not wait for the Hub's client to load.
    from dfsc.hub.repository import cached

    here = cached(name)
    return _found(here.folder, here.source) if here else name


def is_chosen(name: HubName) -> bool:
    """Whether a name is what DFSC_HUB_REPO names, which whoever runs this has chosen to show."""
    return hub_name(os.environ.get(VARIABLE, "")) == name


def _usable() -> Chosen | None:
    try:
        known = repository()
    except CheckpointError:
        return None
    return known if isinstance(known, Chosen) else None


def _found(folder: Path, source: str) -> Chosen:
    """Raises CheckpointError when a folder holds no detector, or a config that can't be read."""
    products: dict[str, list[Path]] = {}
    for place in detector_folders(folder):
        products.setdefault(read_detector_config(place).product, []).append(place)
    if not products:
        raise CheckpointError(f"{source} holds no detector, so it can't be what {VARIABLE} names.")
    return Chosen(products, source)


def _fetched(name: HubName) -> "Fetched":
    from dfsc.hub.repository import fetch

    return fetch(name)


def _load_hub(name: HubName) -> Detector:
    fetched = _fetched(name)
    folders = detector_folders(fetched.folder)
    if len(folders) != 1:
        named = ", ".join(f"{name}:{folder.name}" for folder in folders) or "none"
        raise CheckpointError(f"{name} holds {len(folders)} detectors, so name one: {named}.")
    return load_folder(folders[0], fetched.source)

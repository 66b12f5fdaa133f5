"""From a name to detectors: a folder, a zip, an embedded product, or a repository on the Hub.

DFSC_HUB_REPO names the repository whose products come first, as `load` takes it: a folder, or org/name[@revision] on
the Hub. `products` and `product_detectors` only use the Hub's cache for it, so they never wait for the network.
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
from dfsc.checkpoints.kept import kept_detectors, kept_products
from dfsc.checkpoints.weights import weights_folder
from dfsc.errors import CheckpointError
from dfsc.hub.names import VARIABLE, HubName, hub_name
from dfsc.models.detector import Detector, DetectorConfig
from dfsc.models.methods import METHODS

if TYPE_CHECKING:
    from dfsc.hub.repository import Snapshot


def load(source: str | Path) -> Detector:
    """Load a detector from a folder, an embedded one by product/method (e.g. "screw_block/dfsc"), or one from the Hub.

    Args:
        source: a folder, product/method, or org/name[@revision][:folder] on the Hub, which is downloaded once and then
            taken from the cache without using the network.

    Raises:
        CheckpointError: if it is missing, incomplete, damaged, or made for another teacher.
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
    names = ", ".join(embedded_names()) or "none"
    raise CheckpointError(f'"{source}" is neither a checkpoint folder nor an embedded detector; embedded are: {names}.')


def open_checkpoints(source: str | Path, shown: str | None = None) -> list[Detector]:
    """All detectors of a zip, of a folder of checkpoint folders as `train --pair` writes it, or of a Hub repository.

    Anything else that `load` takes gives one detector. They are in the order of the registry of methods.

    Args:
        shown: what to call a zip in error messages and as the detectors' source; by default its path.

    Raises:
        CheckpointError: if there is none, or one is incomplete, damaged or made for another teacher.
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
        return open_snapshot(_snapshot(name))
    return [load(source)]


def open_snapshot(snapshot: "Snapshot") -> list[Detector]:
    """All detectors of a version downloaded from the Hub."""
    return open_folders(detector_folders(snapshot.folder), snapshot.source)


@dataclass(frozen=True)
class ProductRepository:
    """The repository named by DFSC_HUB_REPO: the detector folders of each product, and their source in words."""

    products: dict[str, list[Path]]
    source: str


def products() -> list[str]:
    """Names of all products: those of DFSC_HUB_REPO, the other embedded ones, then those kept in DFSC_HOME."""
    override = _usable()
    return list(dict.fromkeys([*sorted(override.products if override else ()), *embedded_products(), *kept_products()]))


def product_detectors(product: str) -> list[Detector]:
    """A product's detectors, one per method in the registry's order: from DFSC_HUB_REPO, else embedded, else kept.

    Raises:
        CheckpointError: if there is no such product, or its detectors are damaged.
    """
    override = _usable()
    if override and product in override.products:
        return open_folders(override.products[product], override.source)
    if product in embedded_products():
        return embedded_detectors(product)
    if product in kept_products():
        return kept_detectors(product)
    names = ", ".join(products()) or "none"
    raise CheckpointError(f'There is no product "{product}"; known are: {names}.')


def product_configs(product: str) -> list[DetectorConfig]:
    """What a product's detectors say of themselves, in the order of product_detectors; no tensors are read.

    Raises:
        CheckpointError: if one can't be read.
    """
    override = _usable()
    named = override.products.get(product) if override else None
    if not named and product not in embedded_products() and product in kept_products():
        return [detector.config for detector in kept_detectors(product)]
    configs = map(read_detector_config, named or detector_folders(weights_folder() / product))
    return sorted(configs, key=lambda config: list(METHODS).index(config.method))


def repository() -> ProductRepository | HubName | None:
    """What DFSC_HUB_REPO names: products on this computer, a name still to be downloaded, or None if it is not set.

    Raises:
        CheckpointError: if it is not a valid name, or its local files can't be used.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    if Path(text).is_dir():
        return _products_in(Path(text), f"folder {Path(text).resolve().name}")
    name = hub_name(text)
    if name is None:
        raise CheckpointError(f'{VARIABLE} says "{text}", which is neither a folder nor a name like org/name.')
    # Imported here, as in _snapshot, so that only users of the Hub wait for its client to load.
    from dfsc.hub.repository import cached_snapshot

    snapshot = cached_snapshot(name)
    return _products_in(snapshot.folder, snapshot.source) if snapshot else name


def is_chosen(name: HubName) -> bool:
    """Whether DFSC_HUB_REPO has this name, so that its operator chose to show it."""
    return hub_name(os.environ.get(VARIABLE, "")) == name


def _usable() -> ProductRepository | None:
    try:
        named = repository()
    except CheckpointError:
        return None
    return named if isinstance(named, ProductRepository) else None


def _products_in(folder: Path, source: str) -> ProductRepository:
    """The products in a folder; raises CheckpointError if there is none, or a config can't be read."""
    products: dict[str, list[Path]] = {}
    for place in detector_folders(folder):
        products.setdefault(read_detector_config(place).product, []).append(place)
    if not products:
        raise CheckpointError(f"{source} contains no detector, so it can't be what {VARIABLE} names.")
    return ProductRepository(products, source)


def _snapshot(name: HubName) -> "Snapshot":
    from dfsc.hub.repository import fetch

    return fetch(name)


def _load_hub(name: HubName) -> Detector:
    snapshot = _snapshot(name)
    folders = detector_folders(snapshot.folder)
    if len(folders) != 1:
        named = ", ".join(f"{name}:{folder.name}" for folder in folders) or "none"
        raise CheckpointError(f"{name} holds {len(folders)} detectors, so name one: {named}.")
    return load_folder(folders[0], snapshot.source)

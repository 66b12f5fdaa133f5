"""The products that can be inspected, and where their detectors come from: a repository of one's choice, or embedded.

DFSC_HUB_REPO names the repository as dfsc.load takes it: a folder, or org/name[@revision] on the Hub. Of the Hub only
what is in the cache is used here, so nothing in this module waits for the network; whoever wants more has to fetch it.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from dfsc.bundles import open_folders
from dfsc.checkpoints import detector_folders, read_detector_config
from dfsc.checkpoints import product_detectors as embedded_detectors
from dfsc.checkpoints import products as embedded_products
from dfsc.detector import Detector
from dfsc.errors import CheckpointError
from dfsc.hub import HubName, cached, hub_name

VARIABLE = "DFSC_HUB_REPO"


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

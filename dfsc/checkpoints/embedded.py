"""The embedded checkpoints: weights/PRODUCT/METHOD, and the teachers in weights/teacher/SIZE."""

from pathlib import Path

from dfsc.checkpoints.detectors import load_folder, load_teacher
from dfsc.checkpoints.format import CONFIG_FILE, TEACHER
from dfsc.checkpoints.weights import teacher_folders, weights_folder
from dfsc.errors import CheckpointError
from dfsc.models.detector import Detector, Teacher
from dfsc.models.methods import METHODS


def products() -> list[str]:
    """Names of the products with embedded detectors: first those with photographs of real parts, each half sorted."""
    folder = weights_folder()
    if not folder.is_dir():
        return []
    names = {path.parent.parent.name for path in folder.glob(f"*/*/{CONFIG_FILE}")} - {TEACHER}
    return sorted(names, key=lambda name: (not (folder / "photographs" / name).is_dir(), name))


def product_detectors(product: str) -> list[Detector]:
    """The embedded detectors of a product, one a method, in the registry's order."""
    if product not in products():
        names = ", ".join(products()) or "none"
        raise CheckpointError(f'There is no embedded product "{product}"; known are: {names}.')
    return [load_folder(weights_folder() / name, "embedded") for name in _of_product(product)]


def embedded_teacher(size: str) -> Teacher:
    """The embedded teacher of a network size."""
    for folder in teacher_folders(size):
        if (folder / CONFIG_FILE).is_file():
            return load_teacher(folder)
    sizes = {
        config.parent.name for folder in teacher_folders(size) for config in folder.parent.glob(f"*/{CONFIG_FILE}")
    }
    raise CheckpointError(
        f'There is no embedded teacher of size "{size}" (there is: {", ".join(sorted(sizes)) or "none"}); '
        "name one with --teacher."
    )


def embedded_names() -> list[str]:
    """product/method of all embedded detectors."""
    return [name for product in products() for name in _of_product(product)]


def embedded_folder(name: str) -> Path | None:
    """The folder of an embedded detector by product/method; None where there is none."""
    folder = weights_folder() / name
    return folder if (folder / CONFIG_FILE).is_file() else None


def _of_product(product: str) -> list[str]:
    """product/method of a product's detectors, in the registry's order; of most methods there may be none."""
    return [f"{product}/{m}" for m in METHODS if embedded_folder(f"{product}/{m}")]

"""DFSC Inspector: visual inspection with logical anomalies, EfficientAD-S and DFSC side by side."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dfsc.version import __version__

if TYPE_CHECKING:  # the same names once more, for editors and type checkers
    from dfsc.checkpoints.bundles import write_bundle as write_bundle
    from dfsc.datasets import open_dataset as open_dataset
    from dfsc.errors import CheckpointError as CheckpointError
    from dfsc.errors import DatasetError as DatasetError
    from dfsc.errors import DFSCError as DFSCError
    from dfsc.errors import ImageError as ImageError
    from dfsc.errors import TrainingError as TrainingError
    from dfsc.evaluation.evaluation import Evaluation as Evaluation
    from dfsc.evaluation.evaluation import evaluate as evaluate
    from dfsc.images.decoding import read_image as read_image
    from dfsc.inspection.inspector import Inspector as Inspector
    from dfsc.inspection.inspector import inspect as inspect
    from dfsc.inspection.results import Inspection as Inspection
    from dfsc.inspection.results import Result as Result
    from dfsc.material.photographs import PhotoSet as PhotoSet
    from dfsc.material.photographs import load_photographs as load_photographs
    from dfsc.models.calibration import Calibration as Calibration
    from dfsc.models.detector import Detector as Detector
    from dfsc.models.detector import DetectorConfig as DetectorConfig
    from dfsc.models.region import Region as Region
    from dfsc.models.region import read_region as read_region
    from dfsc.models.separation import SeparationSettings as SeparationSettings
    from dfsc.sources import load as load
    from dfsc.sources import open_checkpoints as open_checkpoints
    from dfsc.sources import product_detectors as product_detectors
    from dfsc.sources import products as products
    from dfsc.training.recipe import Recipe as Recipe
    from dfsc.training.recipe import start
    from dfsc.training.restricting import restricted as restricted

    train = start

# Public names by their modules, which are imported when a name is first asked for: whoever starts a program can still
# set what torch reads when it is loaded.
_HOMES = {
    "checkpoints.bundles": ("write_bundle",),
    "datasets": ("open_dataset",),
    "errors": ("CheckpointError", "DFSCError", "DatasetError", "ImageError", "TrainingError"),
    "evaluation.evaluation": ("Evaluation", "evaluate"),
    "images.decoding": ("read_image",),
    "inspection.inspector": ("Inspector", "inspect"),
    "inspection.results": ("Inspection", "Result"),
    "material.photographs": ("PhotoSet", "load_photographs"),
    "models.calibration": ("Calibration",),
    "models.detector": ("Detector", "DetectorConfig"),
    "models.region": ("Region", "read_region"),
    "models.separation": ("SeparationSettings",),
    "sources": ("load", "open_checkpoints", "product_detectors", "products"),
    "training.recipe": ("Recipe", "train"),
    "training.restricting": ("restricted",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_MODULES)]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES[name]}")
    globals()[name] = getattr(module, "start" if name == "train" else name)
    return globals()[name]


def __dir__() -> list[str]:
    return __all__

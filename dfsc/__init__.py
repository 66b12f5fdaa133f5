"""DFSC Inspector: visual inspection with logical anomalies, EfficientAD-S and DFSC side by side."""

from importlib import import_module
from typing import Any

from dfsc.version import __version__

# Public names by their modules, which are imported when a name is first asked for: whoever starts a program can still
# set what torch reads when it is loaded.
_HOMES = {
    "checkpoints.bundles": ("write_bundle",),
    "datasets": ("open_dataset",),
    "errors": ("CheckpointError", "DFSCError", "DatasetError", "ImageError", "TrainingError"),
    "evaluation.evaluation": ("Evaluation", "evaluate"),
    "images.decoding": ("read_image",),
    "inspection.inspector": ("Inspection", "Inspector", "Result", "inspect"),
    "material.photographs": ("PhotoSet", "load_photographs"),
    "models.calibration": ("Calibration",),
    "models.detector": ("Detector", "DetectorConfig"),
    "models.separation": ("SeparationSettings",),
    "sources": ("load", "open_checkpoints", "product_detectors", "products"),
    "training.recipe": ("Recipe", "train"),
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

"""DFSC Inspector: visual inspection with logical anomalies, EfficientAD-S and DFSC side by side."""

from importlib import import_module
from typing import Any

from dfsc.version import __version__

# Public names by their modules, which are imported when a name is first asked for: whoever starts a program can still
# set what torch reads when it is loaded.
_HOMES = {
    "bundles": ("open_checkpoints", "write_bundle"),
    "calibration": ("Calibration",),
    "checkpoints": ("load",),
    "datasets": ("open_dataset",),
    "detector": ("Detector", "DetectorConfig"),
    "errors": ("CheckpointError", "DFSCError", "DatasetError", "ImageError", "TrainingError"),
    "evaluation": ("Evaluation", "evaluate"),
    "images": ("read_image",),
    "inspector": ("Inspection", "Inspector", "Result", "inspect"),
    "photoset": ("PhotoSet", "load_photographs"),
    "recipe": ("Recipe", "train"),
    "separation": ("SeparationSettings",),
    "shelf": ("product_detectors", "products"),
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

"""DFSC Inspector: visual inspection with logical anomalies, EfficientAD-S and DFSC side by side."""

from dfsc.bundles import open_checkpoints, write_bundle
from dfsc.calibration import Calibration
from dfsc.checkpoints import load
from dfsc.datasets import open_dataset
from dfsc.detector import Detector, DetectorConfig
from dfsc.errors import CheckpointError, DatasetError, DFSCError, ImageError, TrainingError
from dfsc.evaluation import Evaluation, evaluate
from dfsc.images import read_image
from dfsc.inspector import Inspection, Inspector, Result, inspect
from dfsc.photoset import PhotoSet, load_photographs
from dfsc.recipe import Recipe
from dfsc.recipe import start as train
from dfsc.separation import SeparationSettings
from dfsc.shelf import product_detectors, products
from dfsc.version import __version__

__all__ = [
    "Calibration",
    "CheckpointError",
    "DFSCError",
    "DatasetError",
    "Detector",
    "DetectorConfig",
    "Evaluation",
    "ImageError",
    "Inspection",
    "Inspector",
    "PhotoSet",
    "Recipe",
    "Result",
    "SeparationSettings",
    "TrainingError",
    "__version__",
    "evaluate",
    "inspect",
    "load",
    "load_photographs",
    "open_checkpoints",
    "open_dataset",
    "product_detectors",
    "products",
    "read_image",
    "train",
    "write_bundle",
]

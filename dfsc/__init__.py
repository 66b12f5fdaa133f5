"""DFSC Inspector: visual inspection with logical anomalies, EfficientAD-S and DFSC side by side."""

from dfsc.calibration import Calibration
from dfsc.checkpoints import load, product_detectors, products
from dfsc.datasets import open_dataset
from dfsc.detector import Detector, DetectorConfig
from dfsc.errors import CheckpointError, DatasetError, DFSCError, ImageError, TrainingError
from dfsc.evaluation import Evaluation, evaluate
from dfsc.images import read_image
from dfsc.inspector import Inspection, Inspector, Result, inspect
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
    "Result",
    "TrainingError",
    "__version__",
    "evaluate",
    "inspect",
    "load",
    "open_dataset",
    "product_detectors",
    "products",
    "read_image",
]

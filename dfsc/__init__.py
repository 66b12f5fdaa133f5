"""DFSC Inspector: visual inspection with logical anomalies, EfficientAD-S and DFSC side by side."""

__version__ = "0.1.0"

from dfsc.calibration import Calibration
from dfsc.checkpoints import load, product_detectors, products
from dfsc.datasets import open_dataset
from dfsc.detector import Detector, DetectorConfig
from dfsc.errors import CheckpointError, DatasetError, DFSCError, ImageError, TrainingError
from dfsc.evaluation import Evaluation, evaluate
from dfsc.images import read_image
from dfsc.inspector import Inspection, Inspector, Result, inspect

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
    "evaluate",
    "inspect",
    "load",
    "open_dataset",
    "product_detectors",
    "products",
    "read_image",
]

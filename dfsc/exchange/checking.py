"""Whether an exported file says what the library says, and what a lower precision costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from dfsc.backends.runtimes import TORCH
from dfsc.checkpoints.weights import weights_folder
from dfsc.datasets.model import TestImage
from dfsc.errors import CheckpointError
from dfsc.evaluation.auroc import image_auroc
from dfsc.exchange.exporting import Wish
from dfsc.exchange.graph import VERDICTS
from dfsc.exchange.runtimes import Run
from dfsc.geometry import INPUT_SIZE
from dfsc.images.decoding import image_files, network_image
from dfsc.inspection.inspector import Inspector
from dfsc.models.detector import Detector

# By how much maps may differ, where they are above 0.5 as a share of twice their values: raw maps are rounded to
# float16, whose steps are up to 0.001 of a value, and another runtime's last digit may fall on another step.
TOLERANCE = 1e-3
BATCH = 4
MAPS = ("local_map", "global_map", "fused_map")


@dataclass(frozen=True)
class Agreement:
    """What a file and the library say of N images with D detectors.

    Attributes:
        difference: of maps and scores, the largest; above 0.5 as a share of twice the value.
        verdicts: how many are equal, of `count`.
    """

    difference: float
    verdicts: int
    count: int

    @property
    def sentence(self) -> str:
        return (
            f"{self.verdicts} of {self.count} verdicts are the library's, and maps differ from its by "
            f"{self.difference:.2g} at most"
        )

    @property
    def is_full(self) -> bool:
        return self.difference <= TOLERANCE and self.verdicts == self.count


def agreement(run: Run, detectors: Sequence[Detector], images: np.ndarray, wish: Wish) -> Agreement:
    """Compare a file with the library in float32 on images, uint8 N×256×256×3."""
    inspector = Inspector(detectors, dtype=torch.float32, device="cpu", backend=TORCH)
    difference, equal = 0.0, 0
    for start in range(0, len(images), BATCH):
        stack = images[start : start + BATCH]
        found, expected = run(stack), _by_library(inspector, stack, wish)
        pairs = [(found[name], expected[name]) for name in (*MAPS, "score")]
        difference = max(difference, *(float((abs(a - b) / np.maximum(1, 2 * abs(b))).max()) for a, b in pairs))
        equal += int((found["verdict"] == expected["verdict"]).sum())
    return Agreement(difference, equal, len(images) * len(detectors))


def check_agreement(found: Agreement, file: Path, wish: Wish) -> None:
    """Remove a file in float32 or float16 that differs from the library and raise CheckpointError."""
    if wish.precision != "int8" and not found.is_full:
        for part in (file, file.with_suffix(".bin")) if wish.kind == "openvino" else (file,):
            part.unlink()
        raise CheckpointError(f"The file was removed, as it is not what the library is: {found.sentence}.")


def _by_library(inspector: Inspector, images: np.ndarray, wish: Wish) -> dict[str, np.ndarray]:
    """The same outputs, by name."""
    results = [
        [replace(one, local_weight=wish.local_weight, rejected_good=wish.rejected_good) for one in of_detector]
        for of_detector in inspector.results(images)
    ]
    per_image = list(zip(*results, strict=True))
    return {
        "local_map": np.array([[result.maps.local for result in row] for row in per_image]),
        "global_map": np.array([[result.maps.global_ for result in row] for row in per_image]),
        "fused_map": np.array([[result.fused for result in row] for row in per_image]),
        "score": np.array([[result.score for result in row] for row in per_image]),
        "verdict": np.array([[VERDICTS.index(result.verdict) for result in row] for row in per_image]),
    }


def example_images(detectors: Sequence[Detector]) -> np.ndarray:
    """The embedded example photographs of the detectors' products, uint8 N×256×256×3; none for products without."""
    products = dict.fromkeys(detector.config.product for detector in detectors)
    folders = [folder for product in products for folder in (weights_folder() / "examples" / product).glob("*/")]
    files = [file for folder in sorted(folders) for file in image_files(folder)]
    return (
        np.stack([network_image(file) for file in files])
        if files
        else np.empty((0, INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    )


def aurocs(
    run: Run, detectors: Sequence[Detector], images: Sequence[TestImage]
) -> dict[str, list[tuple[float, float]]]:
    """Image AUROC of the library in float32 and of a file, for each detector, by family of defects.

    Raises:
        DFSCError: for a data set without good or without anomalous test images.
    """
    inspector = Inspector(detectors, dtype=torch.float32, device="cpu", backend=TORCH)
    ours, theirs = [], []
    for image in images:
        pixels = network_image(image.path)[None]
        ours.append([of_detector[0].score for of_detector in inspector.results(pixels)])
        theirs.append(run(pixels)["score"][0])
    scores = np.array([ours, theirs])
    families = np.array([image.family for image in images])
    found = {}
    for family in sorted({family for family in families if family and family != "good"}):
        chosen = np.isin(families, ("good", family))
        anomalous = families[chosen] != "good"
        found[family] = [
            (image_auroc(scores[0, chosen, number], anomalous), image_auroc(scores[1, chosen, number], anomalous))
            for number in range(len(detectors))
        ]
    return found

"""How surely a product's detectors tell photographs of other things from their own (see Calibration.strangeness)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dfsc.datasets import open_dataset
from dfsc.distillation.targets import split_photographs
from dfsc.images.decoding import network_image
from dfsc.inspection.inspector import Inspector
from dfsc.machine import Device
from dfsc.models.calibration import FOREIGN
from dfsc.models.detector import Detector
from dfsc.reporting.formats import markdown_table


@dataclass(frozen=True)
class Strangeness:
    """One detector's figures: strangeness of N photographs of other things, and of the product's own M test images."""

    detector: str
    others: np.ndarray
    own: np.ndarray

    @property
    def recognised(self) -> float:
        """Share of the other things that are taken for foreign."""
        return float((self.others > FOREIGN).mean())

    @property
    def mistaken(self) -> float:
        """Share of the product's own images, good or anomalous, that are taken for foreign."""
        return float((self.own > FOREIGN).mean())


def measure(
    folder: Path,
    photographs: Path,
    detectors: Sequence[Detector],
    device: Device | None = None,
    backend: str | None = None,
) -> tuple[Strangeness, ...]:
    """Strangeness of a data set's test images and of the photographs that the teacher's distillation holds out.

    Raises:
        DFSCError: for a folder that is no data set, or one with too few photographs.
    """
    own = [image.path for image in open_dataset(folder).test]
    _, others = split_photographs(photographs, seed=0)
    inspector = Inspector(detectors, device=device, backend=backend)
    pairs = zip(inspector.names, _of(inspector, others), _of(inspector, own), strict=True)
    return tuple(Strangeness(name, of_others, of_own) for name, of_others, of_own in pairs)


def _of(inspector: Inspector, paths: Sequence[Path]) -> np.ndarray:
    """Float64 D×N for D detectors and N images."""
    strangeness: list[list[float]] = [[] for _ in inspector.detectors]
    for start in range(0, len(paths), inspector.batch):
        images = np.stack([network_image(path) for path in paths[start : start + inspector.batch]])
        for values, results in zip(strangeness, inspector.results(images), strict=True):
            values += [result.strangeness for result in results]
    return np.array(strangeness)


def table(measured: Sequence[Strangeness]) -> str:
    """A line a detector: what is recognised and what is mistaken, and how wide the gap between the two is."""
    heads = ["detector", f"others above {FOREIGN}", "lowest", f"own above {FOREIGN}", "highest"]
    rows = [
        [
            m.detector,
            f"{m.recognised:.1%} of {len(m.others)}",
            f"{m.others.min():.2f}",
            f"{m.mistaken:.1%} of {len(m.own)}",
            f"{m.own.max():.2f}",
        ]
        for m in measured
    ]
    return markdown_table(heads, rows)

"""Where the product lies under the camera: shift, turn and scale, and the coordinates that follow."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pose:
    """Product to image: scale, then turn (radians), then shift of the image's centre (`column`, `row`; pixels)."""

    column: float
    row: float
    angle: float
    scale: float

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Column and row at which a product point is seen."""
        cos, sin = np.cos(self.angle) * self.scale, np.sin(self.angle) * self.scale
        return self.column + cos * x - sin * y, self.row + sin * x + cos * y

    def from_image(self, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Product coordinates x, y of every pixel, two arrays (H, W) float32."""
        columns = (np.arange(shape[1], dtype=np.float32) - self.column)[None, :]
        rows = (np.arange(shape[0], dtype=np.float32) - self.row)[:, None]
        cos, sin = np.float32(np.cos(self.angle) / self.scale), np.float32(np.sin(self.angle) / self.scale)
        return cos * columns + sin * rows, cos * rows - sin * columns

    def inverse_affine(self, origin: tuple[float, float]) -> tuple[float, float, float, float, float, float]:
        """Pillow's AFFINE data that brings a picture drawn in product units, centred on `origin`, into the image."""
        cos, sin = np.cos(self.angle) / self.scale, np.sin(self.angle) / self.scale
        return (
            cos, sin, origin[0] - cos * self.column - sin * self.row,
            -sin, cos, origin[1] + sin * self.column - cos * self.row,
        )  # fmt: skip


def fixture_pose(rng: np.random.Generator, shape: tuple[int, int]) -> Pose:
    """How exactly a fixture holds a unit: within 7 px, 1.5 degrees and 1 % of scale."""
    return _drawn(rng, shape, shift=7, spread=0.6, scale=0.01)


def loose_pose(rng: np.random.Generator, shape: tuple[int, int]) -> Pose:
    """How exactly a hand sets a unit against a stop: within 24 px, 4 degrees and 2 % of scale."""
    return _drawn(rng, shape, shift=24, spread=1.6, scale=0.02)


def _drawn(rng: np.random.Generator, shape: tuple[int, int], shift: float, spread: float, scale: float) -> Pose:
    """A pose within `shift` px, 2.5 times `spread` degrees and a share `scale` of the size."""
    column, row = rng.uniform(-shift, shift, 2)
    return Pose(
        column=float(shape[1] / 2 + column),
        row=float(shape[0] / 2 + row),
        angle=float(np.radians(np.clip(rng.normal(0, spread), -2.5 * spread, 2.5 * spread))),
        scale=float(rng.uniform(1 - scale, 1 + scale)),
    )

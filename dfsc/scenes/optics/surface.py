"""The canvas: what lies under each pixel, as height and material, before any light falls on it."""

from dataclasses import dataclass, replace

import numpy as np

from dfsc.scenes.optics.noise import blur, stream
from dfsc.scenes.optics.pose import Pose

SHAPE = (768, 1024)
# Linear, 0..1.
RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """What a part is made of.

    `albedo`: linear RGB, 0..1 (for a metal its reflectance). `roughness` 0.05..1. `metal` 0..1.
    `grain`: size of the random slope of its skin (0 is perfectly smooth, 0.1 coarse).
    """

    albedo: RGB
    roughness: float
    metal: float = 0.0
    grain: float = 0.0


@dataclass(frozen=True)
class Surface:
    """Buffers of one image or of a window of it (then they are views, so that drawing in a window draws the image).

    `x`, `y` (H, W): product coordinates of each pixel. `height` (H, W): above the bench, in pixels.
    `albedo` (3, H, W), `roughness` and `metal` (H, W): as in Material. `tilt` (2, H, W): slope of the skin on top of
    the height's own. `grain` (2, H, W): unit noise that materials scale. `part` (H, W) uint8: which part is on top.
    `window`: rows and columns of the whole image that this is.
    """

    pose: Pose
    x: np.ndarray
    y: np.ndarray
    height: np.ndarray
    albedo: np.ndarray
    roughness: np.ndarray
    metal: np.ndarray
    tilt: np.ndarray
    grain: np.ndarray
    part: np.ndarray
    window: tuple[slice, slice]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height.shape

    def crop(self, left: float, top: float, right: float, bottom: float) -> "Surface":
        """The window of the whole surface that holds a box given in product coordinates, with a small margin."""
        corners = [self.pose.to_image(cx, cy) for cx in (left, right) for cy in (top, bottom)]
        columns, rows = zip(*corners, strict=True)
        window = (_span(rows, self.shape[0]), _span(columns, self.shape[1]))
        planes = {name: getattr(self, name)[..., window[0], window[1]] for name in _PLANES}
        return replace(self, window=window, **planes)


_PLANES = ("x", "y", "height", "albedo", "roughness", "metal", "tilt", "grain", "part")


def _span(values: tuple[float, ...], size: int) -> slice:
    low = min(max(int(min(values)) - 3, 0), size - 1)
    return slice(low, max(min(int(max(values)) + 4, size), low + 1))


def empty_surface(pose: Pose, seed: int, shape: tuple[int, int] = SHAPE) -> Surface:
    """A flat, matt, black surface seen in a pose."""
    x, y = pose.from_image(shape)
    grain = blur(stream(seed, "grain").standard_normal((2, *shape), dtype=np.float32), 0.8) * 2.2
    plane = (np.zeros(shape, np.float32) for _ in range(2))
    return Surface(
        pose=pose, x=x, y=y, height=next(plane), metal=next(plane), roughness=np.ones(shape, np.float32),
        albedo=np.zeros((3, *shape), np.float32), tilt=np.zeros((2, *shape), np.float32), grain=grain,
        part=np.zeros(shape, np.uint8), window=(slice(0, shape[0]), slice(0, shape[1])),
    )  # fmt: skip


def put(
    surface: Surface,
    alpha: np.ndarray,
    material: Material,
    height: np.ndarray | float | None = None,
    tint: np.ndarray | float = 1.0,
    part: int | None = None,
) -> None:
    """Lay a material over the surface where `alpha` (H, W; 0..1) says so.

    `height` (absolute) and `part` stay as they are if None. `tint` multiplies the albedo; (H, W) or (3, H, W).
    """
    colour = np.reshape(np.asarray(material.albedo, np.float32), (3, 1, 1)) * tint
    surface.albedo[...] += alpha * (colour - surface.albedo)
    surface.roughness[...] += alpha * (material.roughness - surface.roughness)
    surface.metal[...] += alpha * (material.metal - surface.metal)
    surface.tilt[...] += alpha * (material.grain * surface.grain - surface.tilt)
    solid = alpha > 0.5
    # Heights switch at the outline instead of blending: a blended height would be a false slope with a false shine.
    if height is not None:
        np.copyto(surface.height, height, where=solid, casting="same_kind")
    if part is not None:
        surface.part[solid] = part

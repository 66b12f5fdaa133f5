"""Seeded random streams, smooth random textures and blurs; the only source of chance in a picture."""

import zlib

import numpy as np
from PIL import Image


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A random stream of its own for each purpose, so that a defect changes nothing else in the picture."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def derive(seed: int, *parts: object) -> int:
    """A 63-bit seed made from a seed and any parts that have a stable text form, such as a split and an index."""
    words = np.random.SeedSequence([seed, zlib.crc32("/".join(map(str, parts)).encode())]).generate_state(2)
    return (int(words[0]) << 31) ^ int(words[1])


def resize(plane: np.ndarray, shape: tuple[int, int], method: Image.Resampling) -> np.ndarray:
    """Resample a plane (h, w) float32 to `shape` (H, W)."""
    return np.asarray(Image.fromarray(plane).resize((shape[1], shape[0]), method))


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cell: tuple[float, float]) -> np.ndarray:
    """Smooth noise (H, W) float32 of about unit variance whose features are `cell` (rows, columns) pixels in size."""
    rows, columns = (max(2, round(size / step)) for size, step in zip(shape, cell, strict=True))
    return resize(rng.standard_normal((rows, columns), dtype=np.float32), shape, Image.Resampling.BICUBIC)


def cloud(rng: np.random.Generator, shape: tuple[int, int], cell: float, octaves: int = 3) -> np.ndarray:
    """Cloudy noise (H, W) float32 of about unit variance, from features of `cell` pixels down by halves."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        total += smooth_noise(rng, shape, (cell / 2**octave,) * 2) * 0.55**octave
    return total


def _convolve(plane: np.ndarray, kernel: np.ndarray, axis: int) -> np.ndarray:
    reach = len(kernel) // 2
    pad = [(0, 0)] * plane.ndim
    pad[axis] = (reach, reach)
    padded = np.pad(plane, pad, mode="edge")
    size = plane.shape[axis]
    result = np.zeros_like(plane)
    for offset, weight in enumerate(kernel):
        index = [slice(None)] * plane.ndim
        index[axis] = slice(offset, offset + size)
        result += weight * padded[tuple(index)]
    return result


def blur(planes: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur over the last two axes, for small `sigma` (pixels, up to about 3)."""
    reach = max(1, round(2.5 * sigma))
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    return _convolve(_convolve(planes, kernel, planes.ndim - 1), kernel, planes.ndim - 2)


def wide_blur(plane: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a plane (H, W) float32 by a large `sigma` (pixels): shrink, blur a little, enlarge again."""
    shape = plane.shape
    step = sigma / 1.5
    small = resize(plane, (max(2, round(shape[0] / step)), max(2, round(shape[1] / step))), Image.Resampling.BOX)
    return resize(blur(small, 1.3), shape, Image.Resampling.BICUBIC)

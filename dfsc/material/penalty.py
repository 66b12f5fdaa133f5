"""Penalty images: pictures of anything else, on which the student shall not imitate the teacher.

EfficientAD takes them from ImageNet (arXiv 2303.14535, section 3.2). Without such a folder the library renders its own:
dead leaves (occluding shapes with sizes of a power law, whose statistics resemble natural photographs) with shading,
gradients and 1/f texture. docs/measurements.md tells what that costs against natural photographs.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dfsc.errors import ImageError, TrainingError
from dfsc.geometry import INPUT_SIZE
from dfsc.images.decoding import image_files, read_image

GRAYSCALE_SHARE = 0.3
CANVAS = 512

PenaltySource = Callable[[int], np.ndarray]


def rendered(seed: int) -> PenaltySource:
    """Images rendered by the library: number i → RGB uint8 256×256×3, the same for the same seed and i."""
    return lambda number: _render(np.random.default_rng((seed, number)))


def from_folder(folder: Path, seed: int) -> PenaltySource:
    """Photographs of a folder: resized to 512, grey in 3 of 10 cases, centre crop of 256 (as in the paper).

    Raises:
        TrainingError: when the folder holds no image; a file that can't be read is passed over for the next one.
    """
    files = image_files(folder) if folder.is_dir() else []
    if not files:
        raise TrainingError(f"The penalty folder {folder} holds no images; name another one or leave it out.")
    order = np.random.default_rng(seed).permutation(len(files))
    return lambda number: _photograph(files, order, number, np.random.default_rng((seed, number)))


def listing_digest(folder: Path) -> str:
    """A digest of a folder's images by name and size: whether others lie there than before."""
    files = image_files(folder) if folder.is_dir() else []
    listing = "\n".join(f"{file.relative_to(folder)} {file.stat().st_size}" for file in files)
    return hashlib.blake2b(listing.encode(errors="surrogateescape"), digest_size=8).hexdigest()


def _photograph(files: list[Path], order: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    for attempt in range(len(files)):
        try:
            image = read_image(files[order[(number + attempt) % len(files)]])
        except ImageError:
            continue
        resized = Image.fromarray(image).resize((CANVAS, CANVAS), Image.Resampling.BILINEAR)
        margin = (CANVAS - INPUT_SIZE) // 2
        cropped = resized.crop((margin, margin, margin + INPUT_SIZE, margin + INPUT_SIZE))
        return np.asarray(cropped.convert("L").convert("RGB") if rng.random() < GRAYSCALE_SHARE else cropped)
    raise TrainingError("No image of the penalty folder can be read; name another folder or leave it out.")


def _render(rng: np.random.Generator) -> np.ndarray:
    picture = _dead_leaves(rng)
    if rng.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    pixels = np.asarray(picture, dtype=np.float32) / 255
    pixels = pixels * (1 + rng.uniform(0, 0.5) * _cloud(rng, rng.uniform(0.7, 1.6))[..., None])
    pixels += rng.uniform(0, 0.15) * np.stack([_cloud(rng, 1.0)] * 3, axis=-1) * rng.normal(1, 0.3, 3)
    pixels += rng.normal(0, rng.uniform(0.0, 0.03), pixels.shape)
    if rng.random() < GRAYSCALE_SHARE:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    return (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)


def _dead_leaves(rng: np.random.Generator) -> Image.Image:
    """Shapes over one another, radii r with density ~ r^-3 between 3 and 110 px, colours from one small palette."""
    palette = np.clip(rng.normal(rng.uniform(60, 190, 3), rng.uniform(20, 70), (8, 3)), 0, 255).astype(int)
    picture = Image.new("RGB", (INPUT_SIZE, INPUT_SIZE), tuple(map(int, palette[0])))
    draw = ImageDraw.Draw(picture)
    shapes = (_ellipse, _polygon, _bar)
    favourite = rng.integers(len(shapes))
    for radius in np.sort(_radii(rng, int(rng.integers(40, 500))))[::-1]:
        colour = np.clip(palette[rng.integers(8)] + rng.normal(0, 12, 3), 0, 255).astype(int)
        kind = favourite if rng.random() < 0.7 else rng.integers(len(shapes))
        x, y = rng.uniform(-20, INPUT_SIZE + 20, 2)
        shapes[kind](draw, rng, x, y, radius, tuple(map(int, colour)))
    return picture


def _radii(rng: np.random.Generator, count: int) -> np.ndarray:
    low, high = 3.0, 110.0
    uniform = rng.random(count)
    return 1 / np.sqrt(uniform * (high**-2 - low**-2) + low**-2)


def _ellipse(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float, r: float, colour: tuple) -> None:
    flat = r * rng.uniform(0.4, 1)
    draw.ellipse((x - r, y - flat, x + r, y + flat), fill=colour)


def _polygon(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float, r: float, colour: tuple) -> None:
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 8)))
    reach = r * rng.uniform(0.5, 1, len(angles))
    draw.polygon([(x + a * np.cos(t), y + a * np.sin(t)) for a, t in zip(reach, angles, strict=True)], fill=colour)


def _bar(draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float, r: float, colour: tuple) -> None:
    angle, long = rng.uniform(0, np.pi), r * rng.uniform(1, 4)
    dx, dy = long * np.cos(angle), long * np.sin(angle)
    draw.line((x - dx, y - dy, x + dx, y + dy), fill=colour, width=max(1, int(r / 2)))


def _cloud(rng: np.random.Generator, exponent: float) -> np.ndarray:
    """1/f^exponent noise, 256×256, mean 0, standard deviation 1."""
    frequency = np.hypot(np.fft.fftfreq(INPUT_SIZE)[:, None], np.fft.rfftfreq(INPUT_SIZE)[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.normal(size=(INPUT_SIZE, INPUT_SIZE))) / frequency**exponent
    spectrum[0, 0] = 0
    cloud = np.fft.irfft2(spectrum, s=(INPUT_SIZE, INPUT_SIZE))
    return (cloud / cloud.std()).astype(np.float32)

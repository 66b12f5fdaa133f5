"""The camera: a lens with a focus and small faults, and a sensor with noise, a tone curve and its JPEG."""

import io

import numpy as np
from PIL import Image

from dfsc.scenes.optics.noise import blur, smooth_noise, wide_blur

CURVE_STEPS = 16384
BRIGHTEST = 2.5


def _defocus(light: np.ndarray, height: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sharp near the plane of focus, softer away from it; (3, H, W) in and out."""
    focus = rng.uniform(70, 95)
    softness = np.clip(np.abs(height - focus) * np.float32(1 / 130), 0, 1)
    sharp = blur(light, rng.uniform(0.62, 0.78))
    soft = blur(sharp, 1.25)
    return sharp + blur(softness, 2.0) * (soft - sharp)


def _fringe(light: np.ndarray, rng: np.random.Generator) -> None:
    """Enlarge red and shrink blue by a trifle about the centre, in place: lateral colour."""
    rows, columns = light.shape[1:]
    for plane, sign in ((light[0], 1), (light[2], -1)):
        zoom = 1 + sign * rng.uniform(0.0002, 0.0007)
        data = (zoom, 0, columns / 2 * (1 - zoom), 0, zoom, rows / 2 * (1 - zoom))
        moved = Image.fromarray(plane).transform(
            (columns, rows), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR
        )
        # The outermost pixels have no source; they stay as they were.
        plane[1:-1, 1:-1] = np.asarray(moved)[1:-1, 1:-1]


def _falloff(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Brightness across the frame (H, W): darker corners, and a lamp that is nearer to one side."""
    row = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    column = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    corners = 1 - rng.uniform(0.10, 0.16) * (row**2 + column**2)
    nearer = 1 - rng.uniform(0.05, 0.12) * column - rng.uniform(0.03, 0.10) * row
    return (corners * nearer).astype(np.float32)


def lens(light: np.ndarray, height: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Linear light (3, H, W) as the lens throws it on the sensor; `height` (H, W) decides what is in focus."""
    image = _defocus(np.minimum(light, 8), height, rng)
    glare = wide_blur(image.mean(0), 14)
    image += np.float32(rng.uniform(0.012, 0.022)) * glare
    _fringe(image, rng)
    return image * _falloff(height.shape, rng)


def _noisy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add shot noise, which grows with the light, and read noise; part of it is coloured blotches from demosaicing."""
    shape = image.shape[1:]
    sigma = np.sqrt(np.maximum(image, 0) * np.float32(rng.uniform(0.9e-4, 1.8e-4)) + np.float32(1.6e-3**2))
    common = rng.standard_normal(shape, dtype=np.float32)
    for plane, spread in zip(image, sigma, strict=True):
        plane += spread * (0.75 * common + 0.75 * smooth_noise(rng, shape, (2, 2)))
    return image


def _tone_curve(contrast: float) -> np.ndarray:
    """Display values (0..255) for linear light 0..BRIGHTEST: sRGB with a soft shoulder and a little contrast."""
    linear = np.linspace(0, BRIGHTEST, CURVE_STEPS)
    shoulder = np.where(linear < 0.55, linear, 0.55 + 0.45 * (1 - np.exp(-(linear - 0.55) / 0.45)))
    display = np.where(shoulder < 0.0031308, 12.92 * shoulder, 1.055 * np.maximum(shoulder, 1e-6) ** (1 / 2.4) - 0.055)
    curved = display + contrast * (display - 0.45) * display * (1 - display) * 4
    return (255 * np.clip(curved, 0, 1)).astype(np.float32)


def _jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    with io.BytesIO() as buffer:
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
        buffer.seek(0)
        return np.asarray(Image.open(buffer).convert("RGB"))


def develop(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The file a camera writes, (H, W, 3) uint8 sRGB, for linear light (3, H, W) on its sensor."""
    exposed = _noisy(image * np.float32(rng.uniform(0.90, 1.0)), rng)
    index = np.clip(exposed * np.float32((CURVE_STEPS - 1) / BRIGHTEST), 0, CURVE_STEPS - 1).astype(np.int32)
    display = _tone_curve(rng.uniform(0.25, 0.40))[index]
    # Cameras sharpen: a little is part of what a photograph looks like.
    luma = display.mean(0)
    display += np.float32(rng.uniform(0.25, 0.45)) * (luma - blur(luma, 1.1))
    pixels = np.clip(np.moveaxis(display, 0, 2) + 0.5, 0, 255).astype(np.uint8)
    return _jpeg(np.ascontiguousarray(pixels), int(rng.integers(90, 96)))

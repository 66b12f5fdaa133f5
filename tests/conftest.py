"""Shared by all tests: drawn pictures, and untrained detectors that are calibrated on them.

The detectors' networks are random, but everything around them is real: standardisation and calibration come from the
drawn good pictures as they do in a training. `tiny_*` fixtures live in memory only, `demo_*` ones lie in a weights
folder. Both are of a size that is added to the registry here, with a fifth of the arithmetic of its smallest one. Other
processes don't know it: tests that start some override `demo_folder` by `shared_folder`.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hub_server import LoopbackHub
from PIL import Image, ImageDraw

from dfsc.checkpoints.detectors import load_teacher, save_detector, save_teacher
from dfsc.checkpoints.embedded import product_detectors
from dfsc.checkpoints.files import halved
from dfsc.hub.publishing import push
from dfsc.images.decoding import resize_for_network
from dfsc.models.calibration import Calibration
from dfsc.models.consistency import ConsistencySettings
from dfsc.models.detector import Detector, DetectorConfig, StudentAutoencoder, Teacher, network_input, raw_maps
from dfsc.models.methods import METHODS
from dfsc.models.networks import SIZES, NetworkSize, teacher_network
from dfsc.models.separation import SeparationSettings

TINY = NetworkSize("tiny", "S", 0.125, 16)
PRODUCT = "toy_block"
SIZES[TINY.name] = TINY
GOOD_PICTURES = 8

# Threads that wait for one another cost more than they bring on networks this small, most of all on a busy machine.
torch.set_num_threads(1)
# Whatever this machine is faster in and has; processes that tests start follow too.
os.environ |= {"DFSC_ARITHMETIC": "float32", "DFSC_DEVICE": "cpu", "DFSC_BACKEND": "torch"}

Picture = np.ndarray
Draw = Callable[..., Picture]


def draw_picture(
    seed: int, width: int = 256, height: int = 256, missing: Sequence[int] = (), scratch: bool = False
) -> Picture:
    """A block with four discs (0 to 3 in reading order), light and noise by seed: RGB uint8 height×width×3.

    The scene does not depend on the size but for its noise; a disc may be missing, a scratch may cross the middle.
    """
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (width, height), (150, 120, 90))
    draw = ImageDraw.Draw(picture)
    shift = rng.uniform(-0.01, 0.01, 2)
    for index in set(range(4)) - set(missing):
        x = (0.3 + 0.4 * (index % 2) + shift[0]) * width
        y = (0.3 + 0.4 * (index // 2) + shift[1]) * height
        draw.ellipse((x - 0.08 * width, y - 0.08 * height, x + 0.08 * width, y + 0.08 * height), fill=(60, 60, 70))
    if scratch:
        draw.line((0.42 * width, 0.5 * height, 0.58 * width, 0.46 * height), "white", max(1, round(0.025 * width)))
    light = rng.uniform(0.95, 1.05) * np.linspace(0.95, 1.05, width)[None, :, None]
    noise = rng.normal(0, 2, (height, width, 3))
    return (np.asarray(picture) * light + noise).clip(0, 255).round().astype(np.uint8)


def build_teacher(size: NetworkSize, seed: int = 0) -> Teacher:
    """A random teacher whose digest tells size and seed."""
    torch.manual_seed(seed)
    return Teacher(halved(teacher_network(size)).eval(), size, f"sha256:{size.name}-{seed}")


@torch.inference_mode()
def build_detector(
    teacher: Teacher, method: str, pictures: Sequence[Picture], seed: int = 1, product: str = PRODUCT
) -> Detector:
    """A random detector, standardised and calibrated on pictures as a training does it."""
    torch.manual_seed(seed)
    coding = METHODS[method].coding(ConsistencySettings())
    model = halved(StudentAutoencoder.empty(teacher.size, coding)).eval()
    x = network_input(np.stack([resize_for_network(picture) for picture in pictures]))
    output = teacher.network(x)
    mean = output.mean(dim=(0, 2, 3))[:, None, None]
    std = output.std(dim=(0, 2, 3)).clamp_min(1e-6)[:, None, None]
    config = DetectorConfig(
        product=product,
        method=method,
        size=teacher.size.name,
        teacher_digest=teacher.digest,
        separation=SeparationSettings() if method == "dfsc" else None,
        schedule="staged",
        consistency=coding,
    )
    good = raw_maps(model, (output - mean) / std, x)
    return Detector(config, teacher, model, mean, std, Calibration(good))


@pytest.fixture(scope="session")
def draw() -> Draw:
    """The function that draws pictures (see draw_picture)."""
    return draw_picture


@pytest.fixture(scope="session")
def good_pictures() -> list[Picture]:
    """Eight good pictures, RGB uint8 256×256×3; the detectors are calibrated on them."""
    return [draw_picture(seed) for seed in range(GOOD_PICTURES)]


@pytest.fixture(scope="session")
def tiny_teacher() -> Teacher:
    return build_teacher(TINY)


@pytest.fixture(scope="session")
def detector_builder() -> Callable[..., Detector]:
    """The function that builds random calibrated detectors (see build_detector)."""
    return build_detector


@pytest.fixture(scope="session")
def make_tiny_detector(good_pictures: list[Picture]) -> Callable[..., Detector]:
    """(teacher, method, seed) → a tiny detector calibrated on the good pictures."""
    return lambda teacher, method="ead-s", seed=1: build_detector(teacher, method, good_pictures, seed)


@pytest.fixture(scope="session")
def tiny_detectors(tiny_teacher: Teacher, make_tiny_detector: Callable[..., Detector]) -> tuple[Detector, Detector]:
    """An EAD-S and a DFSC detector with one teacher, in memory."""
    return make_tiny_detector(tiny_teacher, "ead-s", 1), make_tiny_detector(tiny_teacher, "dfsc", 2)


def write_weights(folder: Path, size: NetworkSize, pictures: Sequence[Picture]) -> Path:
    """A product and its teacher of a size; trainings for which no size is named find that teacher too, as "demo"."""
    network = build_teacher(size).network
    save_teacher(network, size.name, {}, folder / "teacher" / "demo", "# Random teacher\n")
    if size.name != "demo":
        (folder / "teacher" / size.name).symlink_to("demo")
    teacher = load_teacher(folder / "teacher" / "demo")
    for seed, method in enumerate(("ead-s", "dfsc"), start=1):
        detector = build_detector(teacher, method, pictures, seed)
        save_detector(detector, folder / PRODUCT / method, "# Random detector\n")
    return folder


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory, good_pictures: list[Picture]) -> Path:
    """A weights folder with a teacher and a product ("toy_block") of both methods; for reading only."""
    return write_weights(tmp_path_factory.mktemp("weights"), TINY, good_pictures)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, good_pictures: list[Picture]) -> Path:
    """The same in the registry's smallest size, which every process knows."""
    return write_weights(tmp_path_factory.mktemp("shared"), SIZES["demo"], good_pictures)


@pytest.fixture
def demo_weights(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder as the library's embedded weights (DFSC_WEIGHTS) while a test runs."""
    monkeypatch.setenv("DFSC_WEIGHTS", str(demo_folder))
    return demo_folder


@pytest.fixture
def demo_detectors(demo_weights: Path) -> list[Detector]:
    """The two detectors of the weights folder, loaded as the library loads embedded ones."""
    return product_detectors(PRODUCT)


@pytest.fixture
def set_pace(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """set_pace(seconds) lets a training's clock go on by so much whenever it is looked at, and at no other time.

    A time then decides the same numbers of steps on any machine, however busy.
    """

    def set_(seconds: float) -> None:
        looks = itertools.count()

        def now() -> float:
            return seconds * next(looks)

        monkeypatch.setattr("dfsc.training.pacing.monotonic", now)
        monkeypatch.setattr("dfsc.training.training.time", SimpleNamespace(monotonic=now))

    return set_


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    """An empty Hub on loopback in place of the real one, with an empty cache, and somebody who is logged in."""
    server = LoopbackHub()
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_loopback")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    yield server
    server.close()


@pytest.fixture
def pair(demo_weights: Path) -> Path:
    """A folder of two detectors, whose teacher is embedded."""
    return demo_weights / PRODUCT


@pytest.fixture
def published(hub: LoopbackHub, pair: Path) -> LoopbackHub:
    """The Hub with the pair as org/block."""
    push(pair, "org/block")
    hub.asked.clear()
    return hub


@pytest.fixture(scope="session")
def toy_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in MVTec AD's layout: 4 good, 3 missing (logical) and 2 scratch (structural) test images."""
    root = tmp_path_factory.mktemp("data") / PRODUCT
    kinds = {
        "train/good": [{}] * 12,
        "test/good": [{}] * 4,
        "test/missing": [{"missing": [0]}, {"missing": [1, 2]}, {"missing": [3]}],
        "test/scratch": [{"scratch": True}] * 2,
    }
    for number, (folder, pictures) in enumerate(kinds.items()):
        (root / folder).mkdir(parents=True)
        for index, options in enumerate(pictures):
            pixels = draw_picture(100 * number + index, **options)
            Image.fromarray(pixels).save(root / folder / f"{index:03}.png")
    return root

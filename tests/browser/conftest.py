"""The real page in a real Chromium: the app as production launches it, on a free port of this machine."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from made_up_study import write_made_up_study
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from visiting import PATIENCE, launch

from dfsc.checkpoints.detectors import load_teacher, save_detector
from dfsc.interface.page import build_page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
HOME = "http://127.0.0.1"

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder are slow."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.slow)


def chromium_path() -> str | None:
    """CHROMIUM_PATH, or the first Chromium on PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def page_weights(
    demo_folder: Path, detector_builder: Callable, draw: Callable, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A copy of the weights folder of tests/conftest.py with a second product, drawn examples for both, of which
    one has its true region, and a study."""
    weights = tmp_path_factory.mktemp("page") / "weights"
    shutil.copytree(demo_folder, weights)
    teacher = load_teacher(weights / "teacher" / "demo")
    plates = [draw(seed, missing=[0, 1, 2, 3]) for seed in range(4)]
    for seed, method in enumerate(("ead-s", "dfsc"), start=11):
        detector = detector_builder(teacher, method, plates, seed, product="toy_plate")
        save_detector(detector, weights / "toy_plate" / method, "# Random detector\n")
    drawings = {"good": {}, "logical": {"missing": [1]}, "structural": {"scratch": True}}
    for product, (kind, options) in itertools.product(("toy_block", "toy_plate"), drawings.items()):
        folder = weights / "examples" / product / kind
        folder.mkdir(parents=True)
        for seed in (20, 21):
            Image.fromarray(draw(seed, width=400, height=300, **options)).save(folder / f"{seed}.jpg")
    region = weights / "examples" / "toy_block" / "regions" / "logical" / "20.png"
    region.parent.mkdir(parents=True)
    Image.fromarray(np.pad(np.ones((60, 80), bool), ((40, 200), (220, 100)))).save(region)
    sample = weights / "photographs" / "toy_block"
    sample.mkdir(parents=True)
    for seed in range(12):
        Image.fromarray(draw(seed, width=200, height=150)).save(sample / f"{seed}.jpg")
    write_made_up_study(weights, "toy_plate")
    return weights


@pytest.fixture(scope="session")
def address(page_weights: Path) -> Iterator[str]:
    """The running page's address."""
    os.environ["DFSC_WEIGHTS"] = str(page_weights)
    os.environ["GRADIO_TEMP_DIR"] = str(page_weights.parent / "cache")
    page = build_page()
    yield launch(page)
    page.close()
    del os.environ["DFSC_WEIGHTS"], os.environ["GRADIO_TEMP_DIR"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.fail("The browser tests need Chromium: run `apt-get install chromium`, or set CHROMIUM_PATH to one.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator:
    """visit(path="", **context options) → a visitor's Page; fails on script errors and on requests to elsewhere."""
    contexts, wrong = [], []

    def watched(url: str) -> None:
        if not url.startswith((HOME, "data:", "blob:")):
            wrong.append(f"request to {url}")

    def open_page(path: str = "", **options) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1360, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: wrong.append(f"{error}\n{error.stack}"))
        page.on("request", lambda request: watched(request.url))
        page.goto(address.rstrip("/") + "/" + path)
        page.wait_for_selector("#results [data-drawn]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong

"""The page as a process of its own: its start, how long a large photograph takes, and what it holds in memory."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
from PIL import Image

from dfsc.benchmarks.turns import megabytes
from dfsc.errors import DFSCError
from dfsc.sources import products

PATIENCE = 300.0
LARGE = 4000, 3000
MOST_PRODUCTS = 3


@dataclass(frozen=True)
class PageFigures:
    """Seconds until the page answers and for a 12-megapixel JPEG, and of the processor for both; megabytes of its
    process, and of how many products.
    """

    start: float
    start_busy: float
    large: float
    large_busy: float
    megabytes: float
    products: int

    def sentence(self) -> str:
        return (
            f"The page answers after {self.start:.1f} s ({self.start_busy:.1f} s of processor time); a JPEG of 12 "
            f"megapixels takes it {self.large:.2f} s ({self.large_busy:.2f}); with {self.products} products it holds "
            f"{self.megabytes:.0f} MB."
        )


def measure(rounds: int) -> PageFigures:
    """Start the page, let each of three products inspect a large photograph, and stop it.

    Raises:
        DFSCError: where it does not start, or has no product.
    """
    from gradio_client import Client, handle_file

    names = products()[:MOST_PRODUCTS]
    if not names:
        raise DFSCError("There is no product to inspect with; set DFSC_WEIGHTS to a folder of some.")
    with TemporaryDirectory() as folder, _started() as (process, address, start):
        start_busy, photograph = _processor_seconds(process.pid), handle_file(_large_photograph(Path(folder)))
        client = Client(address, verbose=False)
        taken = []
        for name in [*names, *[names[0]] * rounds]:
            began, before = time.perf_counter(), _processor_seconds(process.pid)
            client.predict(photograph, name, api_name="/inspect")
            taken.append((time.perf_counter() - began, _processor_seconds(process.pid) - before))
        large, large_busy = map(median, zip(*taken[len(names) :], strict=True))
        return PageFigures(start, start_busy, large, large_busy, megabytes(process.pid), len(names))


@contextmanager
def _started() -> Iterator[tuple[subprocess.Popen, str, float]]:
    """The running page, its address, and after how many seconds it answered."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address, began = f"http://127.0.0.1:{port}", time.perf_counter()
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    process = subprocess.Popen(
        [sys.executable, "-m", "dfsc", "app"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(address):
            if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise DFSCError("The page did not start; `python -m dfsc app` says why.")
            time.sleep(0.05)
        yield process, address, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def _answers(address: str) -> bool:
    with suppress(URLError, OSError), urlopen(address, timeout=PATIENCE) as page:
        return page.status == 200
    return False


def _processor_seconds(process: int) -> float:
    """Of a process, nan where the system does not tell."""
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return float("nan")


def _large_photograph(folder: Path) -> str:
    """A JPEG with structure and noise like a camera's, some 5 MB."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(40, 216, (30, 40, 3), np.uint8)).resize(LARGE, Image.Resampling.BICUBIC)
    noisy = np.asarray(coarse).astype(np.int16) + rng.integers(-6, 7, (LARGE[1], LARGE[0], 1), np.int16)
    file = folder / "large.jpg"
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, quality=92)
    return str(file)

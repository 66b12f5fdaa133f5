"""The app as a Space starts it: from the uploaded files alone, without a home or a network, its variables set."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import torch
from gradio_client import Client, handle_file
from PIL import Image

from dfsc.errors import DFSCError
from dfsc.hub.names import HubName
from dfsc.hub.repository import fetch
from dfsc.hub.space import stage_space
from dfsc.interface import environment
from dfsc.interface.session import zerogpu

PATIENCE = 600
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def demo_folder(shared_folder):
    """Of a size that other processes know."""
    return shared_folder


@pytest.fixture
def silence() -> Iterator[socket.socket]:
    """A port that takes connections and never answers: the worst kind of network."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def app(published, pair: Path, silence: socket.socket, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The running app's address, and the version of the models that lies in the cache."""
    commit = fetch(HubName("org/block")).commit
    published.close()
    stage_space("org/inspector", None, tmp_path / "space")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {
        "HOME": "/proc/nobody",
        "HF_HUB_CACHE": str(tmp_path / "cache"),
        "HF_ENDPOINT": f"http://127.0.0.1:{silence.getsockname()[1]}",
        "DFSC_HUB_REPO": f"org/block@{commit}",
        "DFSC_WEIGHTS": str(pair.parent),
        "DFSC_MAX_UPLOAD_MB": "1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ROOT_PATH": "/inspector",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = subprocess.Popen([sys.executable, "app.py"], cwd=tmp_path / "space", env=os.environ | variables)
    try:
        yield f"http://127.0.0.1:{port}", commit
    finally:
        process.kill()
        process.wait()


def awaited(url: str) -> bytes:
    """The answer, once somebody is there to give it."""
    for _ in range(PATIENCE * 5):
        try:
            with urlopen(url) as answer:
                return answer.read()
        except URLError:
            time.sleep(0.2)
    raise TimeoutError(url)


@pytest.mark.slow
def test_it_comes_up_and_says_what_it_shows(app, silence, draw, tmp_path):
    address, commit = app
    config = json.loads(awaited(f"{address}/config"))
    assert config["root"].endswith("/inspector")
    assert config["max_file_size"] == 1_000_000
    Image.fromarray(draw(3)).save(tmp_path / "part.png")
    told = Client(address, verbose=False).predict(handle_file(tmp_path / "part.png"), api_name="/inspect")
    assert {record["source"] for record in told["results"]} == {f"org/block@{commit[:7]} on the Hub, from the cache"}
    with pytest.raises(BlockingIOError):
        silence.accept()


WATCH_TORCH = """
import os, sys

class Watching:
    @staticmethod
    def find_spec(name, *_):
        if name == "torch":
            print(os.environ["OMP_WAIT_POLICY"], flush=True)
            os._exit(0)

sys.meta_path.insert(0, Watching)
{start}
"""
STARTS = (
    "import runpy; runpy.run_path('app.py', run_name='__main__')",
    "from dfsc.__main__ import main; main(['train'])",
)


@pytest.mark.slow
@pytest.mark.parametrize("start", STARTS, ids=["app", "command line"])
@pytest.mark.parametrize(("policy", "found"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_sleep_unless_said_otherwise_before_torch_is_loaded(start, policy, found):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"PYTHONPATH": str(ROOT)} | ({"OMP_WAIT_POLICY": policy} if policy else {})
    program = [sys.executable, "-c", WATCH_TORCH.format(start=start)]
    ran = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == found


def test_variables_that_make_no_sense_are_said(monkeypatch):
    for text in ("many", "0", "-1", "70000", "1.5"):
        monkeypatch.setenv("GRADIO_SERVER_PORT", text)
        with pytest.raises(DFSCError, match=r"GRADIO_SERVER_PORT is .* whole number from 1 to 65535"):
            environment.port()
    monkeypatch.delenv("GRADIO_SERVER_PORT")
    monkeypatch.setenv("SPACE_ID", "org/inspector")
    assert (environment.host(), environment.port()) == ("0.0.0.0", 7860)


def test_a_gpu_is_asked_for_only_where_it_is_lent(monkeypatch):
    assert zerogpu.on_gpu(len) is len
    assert str(zerogpu.own_device()) == str(zerogpu.lent_device()) == "cpu"
    assert zerogpu.inspecting_place() == "the processor with 1 thread, in float32"

    class Lender:
        """What the package `spaces` offers on ZeroGPU: a decorator."""

        @staticmethod
        def GPU(function):  # noqa: N802
            return lambda *arguments: ("lent", function(*arguments))

    monkeypatch.setattr(zerogpu, "spaces", Lender)
    assert zerogpu.on_gpu(len)("four") == ("lent", 4)


def test_a_gpu_of_its_own_is_used_and_one_on_loan_only_while_it_is_lent(monkeypatch):
    monkeypatch.delenv("DFSC_DEVICE")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert str(zerogpu.own_device()) == str(zerogpu.lent_device()) == "cuda:0"
    monkeypatch.setattr(zerogpu, "spaces", object())
    assert str(zerogpu.own_device()) == "cuda:0"
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert (str(zerogpu.own_device()), str(zerogpu.lent_device())) == ("cpu", "cuda:0")
    assert "lent for each inspection" in zerogpu.inspecting_place()

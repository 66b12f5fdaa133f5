"""A process of the page on a free port of this machine, and what it takes: memory, open files, files on the disk."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from dfsc.errors import DFSCError

PATIENCE = 600.0
TOLD = "Traceback (most recent call last)"


class Server:
    """The running page.

    Attributes:
        address: where it listens.
        config: what it tells of itself.
    """

    def __init__(self, process: subprocess.Popen, address: str, config: dict, folder: Path):
        self.address, self.config = address, config
        self._process, self._folder = process, folder

    @property
    def memory(self) -> float:
        """Megabytes that are resident; 0 where the system does not tell."""
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0.0
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    @property
    def descriptors(self) -> int:
        """Open files and connections; 0 where the system does not tell."""
        try:
            return len(os.listdir(f"/proc/{self._process.pid}/fd"))
        except OSError:
            return 0

    @property
    def files(self) -> list[str]:
        """Files in its temporary folders, without those folders' names."""
        return sorted(str(path.relative_to(self._folder)) for path in self._folder.rglob("*") if _is_file(path))

    @property
    def tracebacks(self) -> list[str]:
        """What it printed of errors that nobody had foreseen."""
        parts = _log(self._folder).read_text("utf-8", "replace").split(TOLD)[1:]
        return [f"{TOLD}{part[:4000]}" for part in parts]

    @property
    def runs(self) -> bool:
        return self._process.poll() is None


@contextmanager
def served() -> Iterator[Server]:
    """Start the page as `dfsc app` does, with temporary folders of its own, and end it afterwards."""
    with TemporaryDirectory(prefix="dfsc-load-") as name:
        folder = Path(name, "files")
        folder.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        own = {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
        own |= dict.fromkeys(("GRADIO_TEMP_DIR", "TMPDIR"), str(folder))
        with _log(folder).open("w") as log:
            command = [sys.executable, "-m", "dfsc", "app"]
            process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            yield Server(process, address, _awaited(process, address, folder), folder)
        finally:
            process.kill()
            process.wait()


def _awaited(process: subprocess.Popen, address: str, folder: Path) -> dict:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"{address}/config") as answer:
                return json.loads(answer.read())
        except URLError:
            time.sleep(0.2)
    if process.poll() is None:
        raise DFSCError(f"The page did not answer within {PATIENCE / 60:.0f} minutes; this machine is too busy.")
    said = _log(folder).read_text("utf-8", "replace").strip().splitlines()
    raise DFSCError(f"The page did not start; it said: {said[-1] if said else 'nothing'}")


def _log(folder: Path) -> Path:
    return folder.with_name("log")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # deleted meanwhile
        return False

"""What the image for Docker holds and how it runs, as its two files say; only Docker itself could build it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8")).splitlines()
COPIED = [name for line in LINES if line.startswith("COPY ") for name in line.split()[1:-1]]


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ").strip() for line in LINES if line.startswith(f"{name} ")]


def test_it_runs_as_somebody_without_rights_who_writes_to_tmp_alone():
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    variables = dict(pair.split("=") for pair in instructions("ENV")[0].split())
    assert variables["HOME"] == "/tmp"
    assert variables["GRADIO_TEMP_DIR"].startswith("/tmp/")
    assert LINES.index(f"USER {user}") < next(i for i, line in enumerate(LINES) if line.startswith("CMD"))


def test_nothing_is_fetched_once_it_is_built():
    assert not instructions("ADD")
    start = next(i for i, line in enumerate(LINES) if line.startswith("USER "))
    assert not [line for line in LINES[start:] if line.startswith(("RUN", "COPY"))]
    assert dict(pair.split("=") for pair in instructions("ENV")[0].split())["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize("name", COPIED)
def test_what_is_copied_is_there_and_no_more_is_sent_to_the_builder(name):
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line.startswith("!")]
    assert (ROOT / name.removeprefix("./")).exists()
    assert sorted(kept) == sorted(COPIED)
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").startswith("*\n")

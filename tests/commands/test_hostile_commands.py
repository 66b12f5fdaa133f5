"""Hostile files through the command line: one line an image, an exit status, no traceback, no temporary path."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from dfsc.__main__ import main

TEXTS: dict[str, bytes] = {
    "text.jpg": b"Dear Sir,\n",
    "empty.png": b"",
    "zip.png": b"PK\3\4" + bytes(100),
    "line\nbreak.png": b"no picture",
    "\x1b[31mred.png": b"no picture",
    "ends here.tif": b"II*\0\x08\0\0\0",
    "drawing.svg": b"<svg/>",
    "bomb.tif": b"II*\0\x08\0\0\0\xff\xff" + b"\x01\x02\x03\0\xff\xff\xff\0\x08\0\0\0" * 5000,
    "passwd.csv": b"path,label\n../../etc/passwd,good\n",
}


@pytest.fixture
def command(capsys, demo_weights: Path) -> Callable[..., tuple[int, str, str]]:
    """command(*arguments) → status, standard output and errors, of which none may hold a traceback."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert status in (0, 1, 2)
        return status, out, err

    return run


@pytest.fixture
def folder(tmp_path: Path, draw) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name, data in TEXTS.items():
        (folder / name).write_bytes(data)
    Image.fromarray(draw(3)).save(folder / "part.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    return folder


def test_inspect_a_folder_of_them(command, folder: Path):
    status, out, err = command("inspect", folder, "--product", "toy_block", "--json")
    assert status == 1
    records = json.loads(out)
    assert [record["image"] for record in records if "results" in record] == [str(folder / "part.png")]
    assert all("error" in record or "left_out" in record for record in records if "results" not in record)
    assert len(err.splitlines()) <= 2


@pytest.mark.parametrize("name", [*TEXTS, "pipe.png", "loop.png", "nowhere.png", "x" * 5000, ""])
def test_inspect_each_of_them(command, folder: Path, name: str):
    status, out, err = command("inspect", folder / name, "--product", "toy_block")
    assert status in (1, 2) or not name
    assert out + err


@pytest.mark.parametrize("name", TEXTS)
def test_train_on_them_and_open_them_as_checkpoints_and_data_sets(command, folder: Path, tmp_path: Path, name: str):
    alone = tmp_path / "alone"
    alone.mkdir()
    (folder / name).rename(alone / name)
    before = sorted(path.name for path in tmp_path.iterdir())
    for arguments in (
        ("train", alone, "--method", "fre", "--size", "tiny", "--out", tmp_path / "out"),
        ("inspect", folder / "part.png", "--checkpoint", alone / name),
        ("evaluate", alone, "--product", "toy_block"),
    ):
        status, _, err = command(*arguments)
        assert status == 2
        assert len(err.splitlines()) == 1 or "\n" in name
    assert sorted(path.name for path in tmp_path.iterdir()) == before

"""What breaks off while checkpoints are written: a full disk, a kill; what is found afterwards is whole."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from dfsc.__main__ import main
from dfsc.checkpoints import files
from dfsc.checkpoints.bundles import write_bundle
from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.detectors import save_detector
from dfsc.models.detector import Detector
from dfsc.sources import load, open_checkpoints

ROOT = Path(__file__).parents[2]
# What writing a checkpoint asks of the system, in its order.
STEPS = 10


def saved(detector: Detector, folder: Path, schedule: str) -> None:
    named = replace(detector.config, schedule=schedule)
    save_detector(replace(detector, config=named), folder, detector_card(named, 8))


@pytest.fixture
def full_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[str]]:
    """full_after(n): the disk is full from the n-th thing on that changes it; gives what was asked for."""

    def set_(most: int) -> list[str]:
        asked: list[str] = []

        def counted(name: str, function: Callable) -> Callable:
            def call(*arguments, **options):
                asked.append(name)
                if len(asked) == most:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return function(*arguments, **options)

            return call

        for name in ("write_bytes", "write_text", "mkdir", "rename"):
            monkeypatch.setattr(Path, name, counted(name, getattr(Path, name)))
        return asked

    return set_


@pytest.mark.parametrize("step", range(1, STEPS))
def test_a_disk_that_is_full_leaves_the_old_checkpoint_or_the_new_one(
    step: int, demo_detectors: list[Detector], tmp_path: Path, full_after
):
    folder = tmp_path / "dfsc"
    saved(demo_detectors[1], folder, "old")
    asked = full_after(step)
    written = True
    try:
        saved(demo_detectors[1], folder, "new")
    except OSError:
        written = False
    assert written == (len(asked) < step)
    assert f'"schedule": "{"new" if written else "old"}"' in (folder / "config.json").read_text()
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors", "README.md"}


@pytest.mark.parametrize("step", range(1, 7))
def test_a_checkpoint_killed_between_any_two_steps_is_taken_back(
    step: int, demo_detectors: list[Detector], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A kill is a step after which nothing is done any more, not even what an exception would."""
    folder = tmp_path / "dfsc"
    saved(demo_detectors[1], folder, "old")
    child = os.fork()
    if child == 0:
        count = 0

        def dying(function: Callable) -> Callable:
            def call(*arguments, **options):
                nonlocal count
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return function(*arguments, **options)

            return call

        try:
            for name in ("write_bytes", "write_text", "rename"):
                setattr(Path, name, dying(getattr(Path, name)))
            files.shutil.rmtree = dying(files.shutil.rmtree)
            saved(demo_detectors[1], folder, "new")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    whole = folder if folder.exists() else folder.with_name("dfsc.before")
    assert load(whole).config.schedule in ("old", "new")
    saved(demo_detectors[1], folder, "newer")
    assert load(folder).config.schedule == "newer"
    assert [path.name for path in tmp_path.iterdir()] == ["dfsc"]


def test_a_bundle_that_is_not_finished_leaves_the_old_one(demo_detectors, tmp_path: Path, monkeypatch):
    file = tmp_path / "pair.zip"
    write_bundle(demo_detectors[0], file)

    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("zipfile.ZipFile.write", full)
    with pytest.raises(OSError, match="No space left"):
        write_bundle(demo_detectors, file)
    assert len(open_checkpoints(file)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["pair.zip"]


def test_a_place_that_can_not_be_written_is_one_sentence(demo_weights: Path, draw, tmp_path: Path, capsys):
    Image.fromarray(draw(3)).save(tmp_path / "part.png")
    maps = tmp_path / "file"
    maps.touch()
    status = main(["inspect", str(tmp_path / "part.png"), "--product", "toy_block", "--maps", str(maps / "maps")])
    err = capsys.readouterr().err
    assert status == 2
    assert len(err.splitlines()) == 1
    assert err.endswith(".\n")


@pytest.mark.slow
def test_without_home_and_folder_for_temporary_files_one_is_inspected(shared_folder: Path, draw, tmp_path: Path):
    Image.fromarray(draw(3)).save(tmp_path / "part.png")
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "HF_HOME"), "/proc/nobody")
    ran = subprocess.run(
        [sys.executable, "-m", "dfsc", "inspect", str(tmp_path / "part.png"), "--product", "toy_block"],
        cwd=ROOT,
        env=os.environ | places | {"DFSC_WEIGHTS": str(shared_folder)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "toy_block-dfsc" in ran.stdout
    assert ran.stderr == ""


def test_without_a_folder_for_temporary_files_a_zip_is_one_sentence(
    demo_detectors, tmp_path: Path, monkeypatch, capsys
):
    write_bundle(demo_detectors, tmp_path / "pair.zip")
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nobody")
    status = main(["inspect", str(tmp_path / "part.png"), "--checkpoint", str(tmp_path / "pair.zip")])
    err = capsys.readouterr().err
    assert status == 2
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1

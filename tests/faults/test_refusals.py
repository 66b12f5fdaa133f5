"""What the system refuses: a full disk, too little memory; a clock that jumps. A sentence, and nothing half."""

import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dfsc.__main__ import main
from dfsc.checkpoints.bundles import write_bundle
from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.detectors import save_detector
from dfsc.errors import NO_MEMORY, DFSCError
from dfsc.inspection import history as histories
from dfsc.inspection.history import History, Inspected, Score, reject_rates
from dfsc.interface.session.retraining import Retraining, State
from dfsc.models.calibration import RawMaps
from dfsc.sources import load, open_checkpoints
from dfsc.training.recipe import Recipe
from dfsc.training.unfinished import write_state

# Bytes that a file may have: less than any that is written here, and more than the small ones beside it.
ROOM = 20_000


def in_a_child(work: Callable[[], None]) -> int:
    """The exit status of a process of its own that does the work: 0, or 1 for an error that nobody has caught."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def without_room() -> None:
    """From now on, this process can write no file of more than ROOM bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 1 MB, where the system lets one be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here; files are limited instead in the tests beside this one")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def saved(detector, folder: Path, schedule: str) -> None:
    config = replace(detector.config, schedule=schedule)
    save_detector(replace(detector, config=config), folder, detector_card(config, 8))


def test_without_room_the_old_checkpoint_zip_and_state_stay(demo_detectors, tmp_path):
    folder, file, state = tmp_path / "dfsc", tmp_path / "pair.zip", tmp_path / "state.pt"
    saved(demo_detectors[1], folder, "old")
    write_bundle(demo_detectors, file)
    write_state(state, {"step": 1})

    def work():
        without_room()
        for write in (
            lambda: saved(demo_detectors[1], folder, "new"),
            lambda: write_bundle(demo_detectors[0], file),
            lambda: write_state(state, {"step": 2, "network": torch.zeros(ROOM)}),
        ):
            with pytest.raises(OSError, match="File too large"):
                write()

    assert in_a_child(work) == 0
    assert load(folder).config.schedule == "old"
    assert len(open_checkpoints(file)) == 2
    assert torch.load(state) == {"step": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dfsc", "pair.zip", "state.pt"]


def test_on_a_full_disk_the_same(demo_detectors, small_disk):
    with pytest.raises(OSError, match="No space left"):
        saved(demo_detectors[1], small_disk / "dfsc", "new")
    with pytest.raises(OSError, match="No space left"):
        write_state(small_disk / "state.pt", {"network": torch.zeros(500_000)})
    assert list(small_disk.iterdir()) == []


def part(name: str, moment: float) -> Inspected:
    maps = {"sha256:one": RawMaps(*(np.zeros((56, 56), np.float16) for _ in range(2)))}
    score = Score("block-dfsc", "DFSC", "reject", 0.5, 0.25)
    return Inspected("block", name, "reject", (score,), maps, b"small", photo=(bytes(ROOM), b""), time=moment)


def test_a_history_without_room_keeps_what_it_has_and_says_so(tmp_path):
    file = tmp_path / "history.sqlite"
    History.in_file(file, "me").add(part("first.jpg", 1.0))

    def work():
        history = History.in_file(file, "me")
        without_room()
        with pytest.raises(DFSCError, match="The history can't be written"):
            [history.add(part(f"{number}.jpg", 2.0)) for number in range(9)]

    assert in_a_child(work) == 0
    history = History.in_file(file, "me")
    assert [entry.photograph for entry in history.entries()] == ["first.jpg"]
    assert history.add(part("later.jpg", 3.0)) == 2


@pytest.fixture
def good_folder(draw, tmp_path) -> Path:
    folder = tmp_path / "good"
    folder.mkdir()
    for seed in range(12):
        Image.fromarray(draw(seed)).save(folder / f"{seed}.png")
    return folder


@pytest.mark.slow
def test_a_training_on_a_full_disk_or_without_memory_is_one_sentence(demo_weights, good_folder, tmp_path, capfd):
    command = ["train", str(good_folder), "--method", "ead-s", "--steps", "1", "--copies", "1"]

    def without_memory():
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 50_000_000,) * 2)

    for limit, said in ((without_room, "File too large"), (without_memory, NO_MEMORY)):

        def work(limit=limit):
            limit()
            assert main([*command, "--size", "tiny", "--out", str(tmp_path / limit.__name__)]) == 2

        assert in_a_child(work) == 0
        err = capfd.readouterr().err
        assert said in err
        assert "Traceback" not in err
        assert not (tmp_path / limit.__name__ / "config.json").exists()


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_a_visitors_training_without_memory_says_so(error, monkeypatch):
    def start(*_arguments, **_options):
        raise error

    monkeypatch.setattr("dfsc.interface.session.retraining.start", start)
    job = Retraining(None, Recipe("ead-s", seconds=30, quick=True), "own_1")
    job.run()
    assert (job.state, "too little memory" in job.error) == (State.FAILED, True)


def test_a_clock_that_jumps_neither_loses_nor_orders_anew_what_was_inspected(tmp_path, monkeypatch):
    history = History.in_memory()
    jumps = iter([1e9, 0.0, 4e9, 1e9 + 1])
    monkeypatch.setattr(histories.time, "time", lambda: next(jumps))
    for name in "abcd":
        history.add(replace(part(name, 0.0), time=histories.time.time()))
    entries = history.entries()
    assert [entry.photograph for entry in entries] == ["d", "c", "b", "a"]
    rates = reject_rates(entries)
    assert (len(rates), sum(rate.inspected for rate in rates)) == (4, 4)
    assert rates[0].start <= rates[-1].end

"""Killed at random moments: whatever was told to be done is there afterwards, and nothing half is taken for whole.

DFSC_MOMENTS is how many moments of each kind are tried, 2 by default; SECURITY.md names a longer run.
"""

import os
import random
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from dfsc.checkpoints.bundles import write_bundle
from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.detectors import save_detector
from dfsc.hub.publishing import pull, push
from dfsc.inspection.history import History, Inspected, Score
from dfsc.material.training_set import prepare
from dfsc.models.calibration import RawMaps
from dfsc.models.detector import Detector
from dfsc.models.methods import PAIR
from dfsc.sources import load, open_checkpoints
from dfsc.sweeps.cells import grid, read_results
from dfsc.sweeps.running import run_missing
from dfsc.training import training as trainings
from dfsc.training.plan import TrainingPlan
from dfsc.training.recipe import Recipe
from dfsc.training.training import Training

MOMENTS = int(os.environ.get("DFSC_MOMENTS", "2"))
# Each moment is drawn after so many things done, and within so many seconds after the last of them.
MOST_DONE, SECONDS = 3, 0.3


def killed(work: Callable[[Callable[[], None]], None], draw: random.Random, seconds: float = SECONDS) -> int:
    """Run `work(done)` in a process that is killed at a random moment, or ends; how often it has said `done()`."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        try:
            work(lambda: os.write(tell, b"."))
        finally:
            os._exit(0)
    os.close(tell)
    before = draw.randrange(MOST_DONE)
    done = sum(len(os.read(told, 1)) for _ in range(before))
    timer = threading.Timer(draw.uniform(0, seconds), os.kill, (child, signal.SIGKILL))
    timer.start()
    while more := os.read(told, 100):
        done += len(more)
    timer.join()
    os.waitpid(child, 0)
    os.close(told)
    return done


@pytest.fixture(params=range(MOMENTS))
def draw_moment(request) -> random.Random:
    return random.Random(request.param)


@pytest.fixture(params=range((MOMENTS + 1) // 2))
def draw_dear_moment(request) -> random.Random:
    """Of what takes seconds."""
    return random.Random(request.param)


def numbered(detector: Detector, number: int) -> Detector:
    """The detector with a number by which it is known again, in its config and its weights."""
    config = replace(detector.config, schedule=str(number))
    return replace(detector, config=config, channel_mean=torch.full_like(detector.channel_mean, number))


def number_of(detector: Detector) -> int:
    """Raises AssertionError for a detector whose config and weights are not of one version."""
    assert detector.channel_mean.unique().tolist() == [float(detector.config.schedule)]
    return int(detector.config.schedule)


def saved(detector: Detector, folder: Path) -> None:
    save_detector(detector, folder, detector_card(detector.config, 8))


def test_a_checkpoint_is_the_last_one_that_was_written_or_the_next(demo_detectors, tmp_path, draw_moment):
    folder = tmp_path / "dfsc"
    saved(numbered(demo_detectors[1], 0), folder)

    def work(done):
        for number in count(1):
            saved(numbered(demo_detectors[1], number), folder)
            done()

    told = killed(work, draw_moment)
    found = number_of(load(folder if folder.exists() else tmp_path / "dfsc.before"))
    assert found in (told, told + 1)
    saved(numbered(demo_detectors[1], 99), folder)
    assert number_of(load(folder)) == 99
    assert [path.name for path in tmp_path.iterdir()] == ["dfsc"]


def test_a_zip_is_the_last_one_that_was_written_or_the_next(demo_detectors, tmp_path, draw_moment):
    file = tmp_path / "pair.zip"
    write_bundle([numbered(one, 0) for one in demo_detectors], file)

    def work(done):
        for number in count(1):
            write_bundle([numbered(one, number) for one in demo_detectors], file)
            done()

    told = killed(work, draw_moment)
    (found,) = {number_of(one) for one in open_checkpoints(file)}
    assert found in (told, told + 1)


def part(number: int) -> Inspected:
    maps = {"sha256:one": RawMaps(*(np.full((56, 56), number, np.float16) for _ in range(2)))}
    score = Score("block-dfsc", "DFSC", "reject", 0.5, 0.25)
    return Inspected("block", f"{number}.jpg", "reject", (score,), maps, b"small", photo=(b"photo" * 9999, b"network"))


def test_a_history_has_all_that_was_kept_and_nothing_half(tmp_path, draw_moment):
    file = tmp_path / "history.sqlite"

    def work(done):
        history = History.in_file(file, "me")
        for number in count(1):
            assert history.add(part(number)) == number
            history.mark(number, "good")
            done()

    told = killed(work, draw_moment, 0.05)
    history = History.in_file(file, "me")
    kept = [entry.number for entry in reversed(history.entries())]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) in (told, told + 1)
    marked = history.marked("block", "good", ["sha256:one"])
    assert len(marked) in (told, told + 1)
    for number, (maps,) in marked.items():
        assert maps.local[0, 0] == number
    assert history.add(part(len(kept) + 1)) == len(kept) + 1
    assert history._database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_push_is_there_as_a_whole_or_not_at_all(hub, demo_detectors, tmp_path, draw_moment):
    def work(done):
        for number in count(1):
            for one in demo_detectors:
                saved(numbered(one, number), tmp_path / "pair" / one.config.method)
            push(tmp_path / "pair", "org/block")
            done()

    told = killed(work, draw_moment)
    if "org/block" not in hub.repositories or not hub.repositories["org/block"].files:
        assert not told
        return
    found = {number_of(load(folder)) for folder in pull("org/block", tmp_path / "pulled")}
    assert found in ({told}, {told + 1})


def test_a_pull_leaves_each_detector_as_it_was_or_as_it_is_on_the_hub(hub, demo_detectors, tmp_path, draw_moment):
    for number in (1, 2):
        for one in demo_detectors:
            saved(numbered(one, number), tmp_path / "pair" / one.config.method)
        push(tmp_path / "pair", "org/block")
        if number == 1:
            pull("org/block", tmp_path / "pulled")
    names = [path.name for path in (tmp_path / "pulled").iterdir()]
    told = killed(lambda done: (pull("org/block", tmp_path / "pulled"), done()), draw_moment)
    for one in demo_detectors:
        folder = tmp_path / "pulled" / one.config.method
        found = number_of(load(folder if folder.exists() else folder.with_name(f"{folder.name}.before")))
        assert found == 2 or (found == 1 and not told)
    pull("org/block", tmp_path / "pulled")
    assert {number_of(load(tmp_path / "pulled" / one.config.method)) for one in demo_detectors} == {2}
    assert sorted(path.name for path in (tmp_path / "pulled").iterdir()) == sorted(names)


@pytest.fixture(scope="module")
def uninterrupted(demo_folder, toy_dataset, tmp_path_factory):
    """A sweep's cells, and what they come to without an interruption, by cell."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DFSC_WEIGHTS", str(demo_folder))
        trained = Recipe("ead-s", steps=1, copies=1, size="tiny")
        cells = grid([toy_dataset], [trained, Recipe("fre", size="tiny")], cross_validated=False, pixels=False)
        folder = tmp_path_factory.mktemp("whole")
        list(run_missing(cells, folder, workers=1))
    return cells, {result["cell"]: result["auroc"] for result in read_results(folder)}


@pytest.mark.slow
def test_a_sweep_comes_to_the_same_figures(uninterrupted, demo_weights, tmp_path, draw_dear_moment, monkeypatch):
    cells, figures = uninterrupted
    monkeypatch.setattr(trainings, "SAVE_SECONDS", 0.0)

    def work(done):
        for _ in run_missing(cells, tmp_path, workers=1):
            done()

    told = killed(work, draw_dear_moment, 1.0)
    assert len(read_results(tmp_path)) in (told, told + 1)
    list(run_missing(cells, tmp_path, workers=1))
    assert {result["cell"]: result["auroc"] for result in read_results(tmp_path)} == figures


PLAN = TrainingPlan(autoencoder_steps=2, imitation_steps=1, student_steps=2, autoencoder_batch=2, student_batch=1)


@pytest.fixture(scope="module")
def material(good_pictures, tiny_teacher, draw):
    pictures = np.stack(good_pictures)
    data = prepare(pictures[:4], pictures[4:], tiny_teacher, copies=2, movement=0.02, seed=0)
    return data, np.stack([draw(seed, missing=range(4), scratch=True) for seed in range(3)])


def written(training: Training, folder: Path) -> dict[str, bytes]:
    """The weights files of what a training has made, by method."""
    for method, detector in training.detectors("block", {}, self_tested=False).items():
        saved(detector, folder / method)
    return {file.parent.name: file.read_bytes() for file in folder.rglob("model.safetensors")}


@pytest.fixture(scope="module")
def untouched(material, tmp_path_factory) -> dict[str, bytes]:
    whole = Training(PAIR, PLAN, *material)
    list(whole.run())
    return written(whole, tmp_path_factory.mktemp("untouched"))


@pytest.mark.slow
def test_a_training_killed_and_resumed_makes_the_same_checkpoints_bit_by_bit(
    material, untouched, tmp_path, draw_dear_moment, monkeypatch
):
    monkeypatch.setattr(trainings, "SAVE_SECONDS", 0.0)
    state = tmp_path / "state.pt"

    def work(done):
        for _ in Training(PAIR, PLAN, *material).run(state):
            done()

    killed(work, draw_dear_moment, 1.0)
    resumed = Training(PAIR, PLAN, *material)
    list(resumed.run(state))
    assert written(resumed, tmp_path / "out") == untouched


@pytest.mark.slow
def test_the_same_seed_makes_the_same_checkpoints(material, untouched, tmp_path):
    again = Training(PAIR, PLAN, *material)
    list(again.run())
    assert written(again, tmp_path) == untouched

"""The lane in which visitors' trainings stand."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from dfsc.errors import DFSCError
from dfsc.interface.session.lane import MAX_WAITING, Courtesy, Lane
from dfsc.interface.session.retraining import MOST_GLIMPSES, Retraining, State, matched_recipe
from dfsc.interface.session.visitors import MAX_PAIRS, Visitor
from dfsc.material.photographs import photo_set
from dfsc.models.region import Region
from dfsc.models.separation import SeparationSettings
from dfsc.training.recipe import Recipe
from dfsc.training.training import Training

# Seconds after which something hangs, however busy the machine is.
HANGS = 600


class Waiting:
    """A job that lasts until it is let go."""

    def __init__(self, seconds_left):
        self.seconds_left, self.finished = seconds_left, False
        self.began, self.go = threading.Event(), threading.Event()

    def run(self):
        self.began.set()
        self.go.wait(HANGS)
        self.finished = True


def test_one_job_at_a_time_in_order_with_place_and_time():
    lane, jobs = Lane(), [Waiting(30), Waiting(50), Waiting(70)]
    for job in jobs:
        assert lane.enter(job)
    assert jobs[0].began.wait(HANGS)
    assert [lane.place(job) for job in jobs] == [(0, 0), (1, 30), (2, 80)]
    assert not jobs[1].began.is_set()
    jobs[1].finished = True
    assert lane.place(jobs[2]) == (1, 30)
    for job in jobs:
        job.go.set()
    assert jobs[2].began.wait(HANGS)


def test_too_many_are_refused():
    lane, jobs = Lane(), [Waiting(1) for _ in range(MAX_WAITING)]
    assert all(lane.enter(job) for job in jobs)
    assert not lane.enter(Waiting(1))
    for job in jobs:
        job.go.set()


def test_a_training_gives_way_to_an_inspection():
    courtesy, passed = Courtesy(), threading.Event()

    def training():
        courtesy.give_way(patience=HANGS)
        passed.set()

    with courtesy.inspecting():
        thread = threading.Thread(target=training)
        thread.start()
        assert not passed.wait(0.2)
    assert passed.wait(HANGS)


@pytest.fixture
def job(demo_weights, good_pictures, set_pace):
    set_pace(0.02)
    photographs = photo_set([(f"{i}.png", picture) for i, picture in enumerate([*good_pictures, *good_pictures])])
    return Retraining(photographs, Recipe(("ead-s", "dfsc"), seconds=30, copies=1, quick=True), "own_1")


def run_until(job, condition):
    """Run a job in a thread until a condition holds, then return the thread."""
    thread = threading.Thread(target=job.run)
    thread.start()
    while not condition(job) and thread.is_alive():
        thread.join(0.02)
    return thread


@pytest.mark.slow
def test_stopped_in_the_middle_it_keeps_and_calibrates_what_was_learned_and_goes_on(job, set_pace):
    set_pace(0.1)
    thread = run_until(job, lambda job: job.record is not None and job.record.stage == "student")
    job.stop()
    thread.join(HANGS)
    assert job.state is State.DONE
    assert [detector.config.method for detector in job.detectors] == ["ead-s", "dfsc"]
    assert {point.plot for point in job.points} >= {"autoencoder"}
    first = job.detectors[1].calibration.good.global_.copy()
    longer = job.prolonged(60)
    taken = job.steps_taken
    thread = run_until(longer, lambda job: job.steps_taken > taken + 2 and job.would_keep)
    longer.stop()
    thread.join(HANGS)
    assert longer.state is State.DONE
    assert longer.took > job.took
    assert not np.array_equal(longer.detectors[1].calibration.good.global_, first)


@pytest.mark.slow
def test_other_methods_are_trained_beside_the_pair_when_wished_for(job, set_pace):
    set_pace(0.1)
    recipe = replace(matched_recipe(40, 0.0, 0, SeparationSettings(), ["fcl"]), copies=1)
    left = Region(np.arange(56)[None].repeat(56, 0) < 28)
    trained = Retraining(job.photographs, recipe, "own_1", region=left)
    trained.run()
    assert trained.state is State.DONE
    assert [detector.config.method for detector in trained.detectors] == ["ead-s", "dfsc", "fcl", "fre"]
    assert all((detector.region.cells == left.cells).all() for detector in trained.detectors)
    series = {plot: {point.series for point in trained.points if point.plot == plot} for plot in ("student", "found")}
    assert {"FCL low context", "FCL high affinity", "EAD-S hard"} <= series["student"]
    assert series["found"] == {"EAD-S", "DFSC", "FCL", "FRE"}
    with pytest.raises(DFSCError, match="Beside the pair, fcl can be trained, not 'fre'"):
        matched_recipe(30, 0.0, 0, SeparationSettings(), ["fre"])


@pytest.mark.slow
def test_what_is_found_is_measured_seldom_and_not_before_the_students_learn_from_auto_encoders(
    job, set_pace, monkeypatch
):
    set_pace(0.1)
    learned = []

    def found(training, found=Training.found):
        learned.append(training.learns_to_inspect)
        return found(training)

    monkeypatch.setattr(Training, "found", found)
    job.run()
    assert job.state is State.DONE
    assert 1 <= len(learned) <= MOST_GLIMPSES
    assert all(learned)
    points = [point for point in job.points if (point.plot, point.series) == ("found", "DFSC")]
    assert len(points) == len(learned) + 1
    assert points[0].seconds < points[-1].seconds
    assert points[-1].value == job.detectors[1].config.self_test.share


@pytest.mark.slow
def test_stopped_before_its_turn_or_before_the_students_learn_it_says_so(job, good_pictures):
    waiting = Retraining(job.photographs, job.recipe, "own_2")
    waiting.stop()
    assert waiting.finished
    waiting.run()
    assert "before its turn" in waiting.error
    thread = run_until(job, lambda job: job.state is State.LEARNING)
    job.stop()
    thread.join(HANGS)
    assert "before the students had learned both their tasks, so there is no detector yet" in job.error
    assert job.detectors == ()


@pytest.mark.slow
def test_given_up_it_stops_and_keeps_nothing(job):
    thread = run_until(job, lambda job: job.state is State.LEARNING)
    job.abandon()
    thread.join(HANGS)
    assert job.finished
    assert job.detectors == ()


def test_a_visitor_keeps_the_latest_pairs_and_can_prolong_the_last_alone(job):
    known, detector = Visitor(), object()
    pairs = [Retraining(job.photographs, job.recipe, f"own_{number}") for number in range(MAX_PAIRS + 1)]
    for pair in pairs:
        pair.training, pair.detectors = object(), (detector,)
        known.keep(pair)
    products = [pair.product for pair in pairs[1:]]
    assert [pair.product for pair in known.pairs] == products
    assert [pair.training is None for pair in pairs] == [True] * MAX_PAIRS + [False]
    longer = known.prolongable.prolonged(30)
    longer.detectors = (detector,)
    known.keep(longer)
    assert [pair.product for pair in known.pairs] == products
    assert longer.training is not None
    assert known.detectors == [detector] * MAX_PAIRS

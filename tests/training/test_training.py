"""Training as a user meets it: records, matched pairs, stop and resume without loss, divergence, calibration."""

import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dfsc.errors import DivergenceError, TooShortError, TrainingError
from dfsc.material.image_store import IN_MEMORY, ImageStore
from dfsc.material.on_demand import Memory, OnDemand
from dfsc.material.training_set import prepare, split_good
from dfsc.models.calibration import peak
from dfsc.models.detector import network_input, raw_maps
from dfsc.models.separation import SeparationSettings
from dfsc.training.method_training import MethodTraining
from dfsc.training.optimizer import Algorithm, rate_share
from dfsc.training.pacing import Budget, Forecast
from dfsc.training.plan import FIXTURE_FLOOR, MOVING_FLOOR, PUBLISHED_PLAN, Schedule, TrainingPlan
from dfsc.training.progress import out_of_bounds
from dfsc.training.recipe import Recipe, gather, planned, start
from dfsc.training.training import Training
from dfsc.training.unfinished import Origin, forget, noted_beginning, state_file

PLAN = TrainingPlan(autoencoder_steps=4, student_steps=3, autoencoder_batch=2, student_batch=1)


def losses(progress):
    return [(p.record.method, p.record.stage, p.record.step, p.record.losses) for p in progress]


def parameters(training, method):
    networks = (training.trainings[method].student, training.trainings[method].autoencoder)
    return torch.cat([p.detach().flatten() for network in networks for p in network.parameters()])


def test_split_is_seeded_and_holds_out_a_fifth_but_at_least_four():
    fit, held_out = split_good(100, seed=1)
    assert (len(fit), len(held_out)) == (80, 20)
    assert sorted(fit + held_out) == list(range(100))
    assert split_good(100, seed=1) == (fit, held_out)
    assert split_good(100, seed=2) != (fit, held_out)
    assert len(split_good(12, seed=0)[1]) == 4
    with pytest.raises(TrainingError, match="at least 12"):
        split_good(11, seed=0)


def test_teacher_output_is_standardised_over_the_fit_images(data):
    values = data.plain_teacher[range(0, len(data), 2)].float()
    assert values.mean(dim=(0, 2, 3)).abs().max() < 0.02
    assert (values.std(dim=(0, 2, 3)) - 1).abs().max() < 0.02
    assert len(data) == 8
    assert data.fitted == 4


def test_records_tell_method_stage_and_losses(data, penalty):
    records = [p.record for p in Training(["ead-s", "dfsc"], PLAN, data, penalty).run()]
    assert [r.method for r in records] == ["ead-s", "dfsc"] * 7
    assert [r.stage for r in records[::2]] == ["autoencoder"] * 4 + ["student"] * 3
    assert set(records[-1].losses) == {"hard", "penalty", "student_autoencoder"}
    assert {"active_share", "similar_mean", "margin"} <= set(records[1].watch)
    assert all(np.isfinite(value) for record in records for value in record.losses.values())


def test_a_pair_sees_the_same_until_the_constraint_begins(data, penalty):
    plan = replace(PLAN, separation=SeparationSettings(tau=0.5, margin_ratio=2.0, warm_up=0.5))
    told = losses(Training(["ead-s", "dfsc"], plan, data, penalty).run())
    ead_s, dfsc = [t[3] for t in told[::2]], [t[3] for t in told[1::2]]
    assert ead_s[:2] == dfsc[:2]
    assert ead_s[2] != dfsc[2]


@pytest.mark.parametrize("schedule", list(Schedule))
def test_dfsc_at_tau_one_is_ead_s(data, penalty, schedule):
    plan = replace(PLAN, schedule=schedule, separation=SeparationSettings(tau=1.0, margin_ratio=3.0, warm_up=0.0))
    training = Training(["ead-s", "dfsc"], plan, data, penalty)
    list(training.run())
    torch.testing.assert_close(parameters(training, "dfsc"), parameters(training, "ead-s"))


@pytest.mark.slow
def test_what_a_pair_shares_is_what_each_method_would_have_learned_alone(data, penalty):
    plan = replace(PLAN, imitation_steps=3, student_steps=2)
    pair = Training(["ead-s", "dfsc"], plan, data, penalty)
    records = [p.record for p in pair.run()]
    shared = [r.losses for r in records if r.stage == "imitation"]
    assert len(shared) == 6
    assert shared[::2] == shared[1::2]
    assert all(set(losses) == {"hard", "penalty"} for losses in shared)
    for method in ("ead-s", "dfsc"):
        alone = Training([method], plan, data, penalty)
        list(alone.run())
        assert torch.equal(parameters(alone, method), parameters(pair, method))
    assert not torch.equal(parameters(pair, "ead-s"), parameters(pair, "dfsc"))


def test_methods_have_one_network_until_they_part_and_the_callers_generator_is_left_alone(data, penalty):
    torch.manual_seed(11)
    drawn = torch.rand(3)
    torch.manual_seed(11)
    plan = replace(PLAN, imitation_steps=2, separation=SeparationSettings(tau=0.5, warm_up=0.5))
    pair = Training(["ead-s", "dfsc"], plan, data, penalty)
    ead_s, dfsc = pair.trainings.values()
    common = []
    for progress in itertools.islice(pair.run(), 0, None, 2):
        same = (ead_s.autoencoder is dfsc.autoencoder, ead_s.student is dfsc.student)
        common.append((progress.record.stage, *same))
    assert common == [
        *[("autoencoder", True, True)] * 2,
        *[("autoencoder", False, True)] * 2,
        *[("imitation", False, True)] * 2,
        *[("student", False, False)] * 3,
    ]
    assert torch.equal(torch.rand(3), drawn)


def test_a_constraint_that_has_begun_stays_when_the_steps_become_more(data, penalty):
    plan = replace(PLAN, separation=SeparationSettings(tau=0.5, margin_ratio=2.0, warm_up=0.5))
    pair = Training(["dfsc", "ead-s"], plan, data, penalty)
    run = pair.run()
    for _ in range(6):
        next(run)
    for training in pair.trainings.values():
        training.plan = replace(plan, autoencoder_steps=40)
    shares = [progress.record.watch.get("active_share") for progress in itertools.islice(run, 2)]
    assert shares[0] > 0
    assert not torch.equal(parameters(pair, "ead-s"), parameters(pair, "dfsc"))


@pytest.mark.slow
@pytest.mark.parametrize("schedule", list(Schedule))
@pytest.mark.parametrize("stop_after", [3, 9])
def test_stopped_and_resumed_equals_uninterrupted(data, penalty, tmp_path, schedule, stop_after):
    plan = replace(PLAN, schedule=schedule, imitation_steps=3, student_steps=6)
    whole = Training(["ead-s", "dfsc"], plan, data, penalty)
    list(whole.run())
    first = Training(["ead-s", "dfsc"], plan, data, penalty)
    run = first.run(tmp_path / "state.pt")
    for _ in range(stop_after):
        next(run)
    run.close()
    resumed = Training(["ead-s", "dfsc"], plan, data, penalty)
    rest = losses(resumed.run(tmp_path / "state.pt"))
    assert rest
    assert resumed.seconds > first.seconds > 0
    for method in ("ead-s", "dfsc"):
        assert torch.equal(parameters(resumed, method), parameters(whole, method))


def test_joint_training_passes_the_students_gradient_on_unless_detached(data, penalty):
    autoencoders = []
    for detach in (False, True):
        plan = replace(PLAN, schedule=Schedule.JOINT, detach=detach)
        training = MethodTraining("ead-s", plan, data, penalty)
        list(training.run())
        autoencoders.append(torch.cat([p.detach().flatten() for p in training.autoencoder.parameters()]))
    assert not torch.equal(*autoencoders)


def test_divergence_is_told_and_leaves_the_last_good_state(data, penalty, tmp_path):
    plan = replace(PLAN, autoencoder_steps=400, autoencoder_rate=1e6)
    training = Training(["ead-s"], plan, data, penalty)
    with pytest.raises(DivergenceError, match="grew without bound"):
        list(training.run(tmp_path / "state.pt"))
    assert torch.isfinite(parameters(training, "ead-s")).all()
    assert (tmp_path / "state.pt").is_file()


@pytest.mark.slow
def test_after_a_divergence_the_methods_come_to_the_same_step_again(data, penalty, tmp_path, monkeypatch):
    monkeypatch.setattr("dfsc.training.method_training.SNAPSHOT_EVERY", 2)
    plan = replace(PLAN, autoencoder_steps=6, separation=SeparationSettings(warm_up=0.5))
    step = MethodTraining._autoencoder_step

    def spoiled(training, rng, progress):
        losses, watch = step(training, rng, progress)
        failing = training.method.separates and training.due[2] == 3
        return losses, watch | ({"separation": math.inf} if failing else {})

    pair = Training(["ead-s", "dfsc"], plan, data, penalty)
    with monkeypatch.context() as patched:
        patched.setattr(MethodTraining, "_autoencoder_step", spoiled)
        with pytest.raises(DivergenceError, match="smaller margin ratio"):
            list(pair.run(tmp_path / "state.pt"))
    assert [training.due[2] for training in pair.trainings.values()] == [4, 2]
    resumed, whole = (Training(["ead-s", "dfsc"], plan, data, penalty) for _ in range(2))
    list(resumed.run(tmp_path / "state.pt"))
    list(whole.run())
    for method in ("ead-s", "dfsc"):
        assert torch.equal(parameters(resumed, method), parameters(whole, method))


@pytest.mark.parametrize(
    ("values", "average", "wrong"),
    [
        ({"autoencoder": 50.0, "hard": 5e3}, 9.9, None),
        ({"autoencoder": 9.0}, 10.1, "the auto-encoder's distance from the teacher"),
        ({"autoencoder": 0.1, "student_autoencoder": float("nan")}, 0.1, "student autoencoder"),
        ({"autoencoder": float("nan")}, float("nan"), "autoencoder"),
        ({"autoencoder": 0.1, "penalty": float("inf")}, 0.1, "penalty"),
    ],
)
def test_what_lies_beyond_what_a_training_that_goes_well_has(values, average, wrong):
    assert out_of_bounds(values, {"autoencoder": average}) == wrong


@pytest.mark.slow
def test_a_divergence_while_prolonged_goes_back_to_where_that_began(data, penalty, monkeypatch):
    pair = Training(["ead-s", "dfsc"], PLAN, data, penalty)
    list(pair.run())
    before = parameters(pair, "dfsc")
    pair.prolong(None)
    with monkeypatch.context() as patched:
        patched.setattr("dfsc.training.progress.FARTHEST", 0.0)
        with pytest.raises(DivergenceError):
            list(pair.run())
    assert [training.due for training in pair.trainings.values()] == [(1, 0, 0)] * 2
    assert torch.equal(parameters(pair, "dfsc"), before)
    list(pair.run())
    assert [training.lap for training in pair.trainings.values()] == [1, 1]
    assert pair.learns_to_inspect


@pytest.mark.slow
def test_a_prolonged_training_has_a_warm_up_of_its_own(data, penalty):
    plan = replace(PLAN, autoencoder_steps=4, separation=SeparationSettings(tau=0.9, warm_up=0.5))
    pair = Training(["ead-s", "dfsc"], plan, data, penalty)

    def margins():
        return [
            progress.record.watch["margin"]
            for progress in pair.run()
            if (progress.record.method, progress.record.stage) == ("dfsc", "autoencoder")
        ]

    first = margins()
    pair.prolong(None)
    second = margins()
    assert (first[0] != first[1], first[2] == first[3]) == (True, True)
    assert (second[0] != second[1], second[2] == second[3]) == (True, True)
    assert second[3] != first[3]


def test_a_prolonged_training_has_no_detector_until_its_students_learn_again(data, penalty):
    training = Training(["ead-s"], PLAN, data, penalty)
    list(training.run())
    assert training.learns_to_inspect
    training.prolong(None)
    for progress in training.run():
        assert training.learns_to_inspect == (progress.record.stage == "student")


@pytest.mark.slow
def test_detectors_are_calibrated_on_the_held_out_images(data, penalty):
    training = Training(["dfsc"], PLAN, data, penalty)
    list(training.run())
    detector = training.detectors("toy", {})["dfsc"]
    assert detector.calibration.count == 4
    assert detector.config.separation == PLAN.separation
    x = network_input(data.held_out)
    maps = raw_maps(detector.model, detector.standardise(data.teacher.network(x)), x)
    np.testing.assert_array_equal(maps.local, detector.calibration.good.local)


@pytest.mark.slow
def test_the_auto_encoders_rate_falls_with_a_long_stages_length_to_a_tenth():
    plan = TrainingPlan(autoencoder_rate=4e-3, full_rate_steps=300, autoencoder_steps=1200)
    assert [plan.rate_for("autoencoder", steps) for steps in (1, 300, 1200, 3000, 70_000)] == [1, 1, 0.25, 0.1, 0.1]
    assert plan.rate_for("student", 1200) == 1
    assert plan.rates.startswith("0.001 auto-encoder")
    assert PUBLISHED_PLAN.rate_for("autoencoder", 70_000) == 1


def test_a_training_learns(data, penalty):
    plan = replace(PLAN, autoencoder_steps=60, student_steps=40)
    records = [p.record for p in Training(["ead-s"], plan, data, penalty).run()]

    def early_and_late(stage, name):
        values = [r.losses[name] for r in records if r.stage == stage]
        return np.mean(values[:10]), np.mean(values[-10:])

    early, late = early_and_late("autoencoder", "autoencoder")
    assert late < early
    early, late = early_and_late("student", "hard")
    assert late < 0.7 * early


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    times = SimpleNamespace(now=1000.0)
    monkeypatch.setattr("dfsc.training.pacing.monotonic", lambda: times.now)
    return times


def test_a_budget_gives_the_auto_encoder_its_share_and_follows_the_pace(clock):
    budget = Budget(130)
    clock.now += 10
    budget.keep(reserve=20)
    assert budget.steps("autoencoder", 1, planned=300) == 300
    clock.now += 1
    assert budget.steps("autoencoder", 2, planned=300) == 2 + 14
    clock.now += 4
    assert budget.steps("autoencoder", 3, planned=16) == 3 + 4
    clock.now += 16
    assert budget.steps("autoencoder", 9, planned=9) == 9
    assert budget.steps("student", 1, planned=1200) == 1200
    clock.now += 2
    assert budget.steps("student", 2, planned=1200) == 2 + 38
    clock.now += 77
    assert budget.left == 20


def test_a_budget_ends_the_imitation_where_its_share_is_over(clock):
    budget = Budget(100)
    budget.keep(reserve=0)
    clock.now += 25
    assert budget.steps("imitation", 1, planned=300) == 300
    clock.now += 2
    assert budget.steps("imitation", 2, planned=300) == 2 + 4
    clock.now += 10
    assert budget.steps("imitation", 3, planned=6) == 3
    late = Budget(100)
    late.keep(reserve=0)
    clock.now += 50
    assert late.steps("imitation", 1, planned=300) == 1


def test_a_slow_machine_gives_the_autoencoder_more_than_its_share_up_to_half(clock):
    budget = Budget(105)
    budget.keep(reserve=5)
    clock.now += 15
    assert budget.steps("autoencoder", 1, planned=300) == 300
    clock.now += 10
    assert budget.steps("autoencoder", 2, planned=300) == 4
    clock.now += 10
    assert budget.steps("autoencoder", 3, planned=4) == 4
    clock.now += 10
    with pytest.raises(TrainingError, match="105 seconds are too short"):
        budget.steps("autoencoder", 3, planned=4)


def test_how_many_steps_fit_is_foreseen_from_the_first_stages_pace(clock):
    def foreseen(pace, stage="autoencoder", learned=0):
        budget = Budget(110)
        budget.keep(reserve=10)
        clock.now += learned
        budget.steps(stage, 1, planned=300)
        clock.now += 10 * pace
        stages = [("autoencoder", 0), ("imitation", 0), ("student", 0)]
        names = [name for name, _ in stages]
        stages[names.index(stage)] = stage, budget.steps(stage, 11, planned=300)
        return budget.foreseen(stage, 11, stages)

    # 15 s of the auto-encoder, 20 of the imitation at 1.4 times the pace, 65 of the student at 3.9 times.
    assert foreseen(0.1) == pytest.approx(1 + 150 + 20 / 0.14 + 65 / 0.39, abs=2)
    assert foreseen(0.05) == pytest.approx(2 * foreseen(0.1), rel=0.02)
    assert foreseen(1.0) < 50
    assert foreseen(0.39, "student", learned=35) == pytest.approx(1 + 65 / 0.39, abs=2)


def test_a_budget_that_is_too_short_is_refused(clock):
    budget = Budget(30)
    budget.keep(reserve=5)
    budget.steps("joint", 1, planned=300)
    clock.now += 12
    with pytest.raises(TrainingError, match="30 seconds are too short"):
        budget.steps("joint", 2, planned=300)


@pytest.mark.parametrize("stage", ["autoencoder", "student", "joint"])
def test_a_budget_that_one_step_has_used_up_is_refused(clock, stage):
    budget = Budget(30)
    budget.keep(reserve=5)
    clock.now += 40
    with pytest.raises(TrainingError, match="30 seconds are too short"):
        budget.steps(stage, 1, planned=300)


def test_reading_that_would_leave_too_little_time_is_not_waited_for(clock):
    budget = Budget(60)
    clock.now += 1
    budget.read(10, 1000)
    clock.now += 2
    budget.read(200, 1000)
    clock.now += 3
    with pytest.raises(TooShortError, match=r"60 seconds .* 1,200 photographs takes about 60.*; give 90 or more"):
        budget.read(120, 1200)


def test_the_time_that_is_said_to_be_enough_is(clock):
    budget = Budget(20)
    clock.now += 18
    budget.keep(reserve=10)
    with pytest.raises(TooShortError, match=r"what comes before and after the steps takes 28.*; give 60 or more"):
        budget.steps("autoencoder", 1, planned=300)
    again = Budget(60)
    clock.now += 18
    again.keep(reserve=10)
    assert again.steps("autoencoder", 1, planned=300) == 300
    clock.now += 1
    assert again.steps("autoencoder", 2, planned=300) >= 4


@pytest.mark.slow
def test_a_calibration_that_takes_too_long_is_of_fewer_images(data, penalty, good_pictures, clock, monkeypatch):
    monkeypatch.setattr(Training, "_inspection_seconds", lambda _: 0.5)
    many = replace(data, held_out=np.stack(good_pictures * 8))
    training = Training(["ead-s"], PLAN, many, penalty, Budget(200))
    made = training.held_out.others
    next(training.run())
    assert len(training.data.held_out) == 200 * 0.25 / 0.5 - made
    assert training.budget.reserve == 200 * 0.25
    np.testing.assert_array_equal(training.data.held_out[0], many.held_out[0])
    short = Training(["ead-s"], PLAN, many, penalty, Budget(100))
    next(short.run())
    assert len(short.data.held_out) == 20


def test_time_is_kept_for_methods_without_steps(data, penalty, clock, monkeypatch):
    monkeypatch.setattr("dfsc.training.training._seconds", lambda _: 0.1)
    alone, beside = (Training(methods, PLAN, data, penalty, Budget(200)) for methods in (["ead-s"], ["ead-s", "fre"]))
    for training in (alone, beside):
        next(training.run())
    photographs = data.fitted + len(data.held_out)
    assert beside.budget.reserve - alone.budget.reserve == pytest.approx(0.1 * (4 * photographs + 29))


def test_many_images_lie_in_a_file_and_few_in_memory(draw, tmp_path):
    store = ImageStore(tmp_path / "not" / "there")
    pictures = [draw(seed) for seed in range(3)]
    for number in range(IN_MEMORY + 2):
        store.append(pictures[number % 3])
        assert store._file._rolled == (number >= IN_MEMORY)
    assert store.shape == (IN_MEMORY + 2, 256, 256, 3)
    np.testing.assert_array_equal(store[IN_MEMORY], pictures[IN_MEMORY % 3])
    np.testing.assert_array_equal(store[[4, 0]], [pictures[1], pictures[0]])
    assert sum(1 for _ in store) == IN_MEMORY + 2
    with pytest.raises(IndexError):
        store[IN_MEMORY + 2]


def test_stacks_that_share_a_memory_keep_what_was_asked_for_last():
    made = []

    def row(number):
        made.append(number)
        return np.full(10, number, np.uint8)

    memory = Memory(40)
    first, second = (OnDemand(9, row, np.stack, memory=memory) for _ in range(2))
    assert first[[0, 1, 2]][:, 0].tolist() == [0, 1, 2]
    _ = second[[0, 1]], first[[1, 2]]
    assert made == [0, 1, 2, 0, 1]
    _ = first[[0]]
    assert (made.pop(), memory.used) == (0, 40)
    first.forget()
    assert memory.used == 10
    del second
    _ = first[range(9)]
    assert (memory.used, len(first._rows)) == (40, 4)


def test_equal_rows_are_made_and_kept_once():
    made = []
    stack = OnDemand(6, lambda number: made.append(number) or np.full(2, number), np.stack, same=lambda n: n - n % 3)
    assert stack[[5, 4, 0, 3]][:, 0].tolist() == [3, 3, 0, 3]
    assert made == [3, 0]


def test_a_training_is_the_same_however_little_is_kept(good_pictures, tiny_teacher, penalty, monkeypatch):
    pictures, trained = np.stack(good_pictures), []
    for limit in (10**9, 10**6):
        monkeypatch.setattr("dfsc.material.training_set.KEPT_BYTES", limit)
        data = prepare(pictures[:4], pictures[4:], tiny_teacher, copies=2, movement=0.0, seed=0)
        training = Training(["dfsc"], PLAN, data, penalty)
        list(training.run())
        assert data.memory.used <= limit
        trained.append(parameters(training, "dfsc"))
    assert torch.equal(*trained)


def test_large_sets_have_a_limited_number_of_images_held_out():
    fit, held_out = split_good(10_000, seed=0)
    assert (len(fit), len(held_out)) == (9_500, 500)


def test_the_teachers_statistics_are_of_as_many_images_as_asked(good_pictures, tiny_teacher):
    pictures = np.stack(good_pictures)
    whole, half, same = (
        prepare(images, pictures, tiny_teacher, copies=1, movement=0.0, seed=0, looks=looks)
        for images, looks in ((pictures, None), (pictures, 4), (pictures[::2], None))
    )
    assert torch.equal(half.channel_mean, same.channel_mean)
    assert torch.equal(half.channel_std, same.channel_std)
    assert not torch.equal(half.channel_mean, whole.channel_mean)
    output = torch.stack([tiny_teacher.network(network_input(p[None]))[0].detach() for p in pictures])
    torch.testing.assert_close(whole.channel_mean.flatten(), output.mean(dim=(0, 2, 3)), rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(whole.channel_std.flatten(), output.std(dim=(0, 2, 3)), rtol=1e-2, atol=1e-2)


def test_the_time_left_follows_the_running_stage_and_reckons_later_ones_as_dearer(clock):
    stages = [("autoencoder", 10), ("imitation", 10), ("student", 10)]
    forecast = Forecast(methods=2)
    assert math.isnan(forecast.left("autoencoder", 1, stages))
    clock.now += 8
    assert forecast.left("autoencoder", 5, stages) == 2 * (5 + 10 * 3 + 10 * 4 * 2)
    assert math.isnan(forecast.left("student", 1, stages))
    clock.now += 30
    assert forecast.left("student", 7, stages) == 5 * 3
    assert forecast.left("student", 10, stages) == 0


@pytest.mark.slow
def test_a_training_within_a_budget_ends_with_it_and_goes_on_when_prolonged(data, penalty, tmp_path, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr("dfsc.training.pacing.monotonic", lambda: next(ticks))
    monkeypatch.setattr(Training, "_inspection_seconds", lambda _: 0.1)  # by the real clock otherwise
    training = Training(["ead-s", "dfsc"], PLAN, data, penalty, Budget(120))
    records = [p.record for p in training.run(tmp_path / "state.pt")]
    assert training.budget.left <= training.budget.reserve
    taken = {
        stage: sum(r.stage == stage and r.method == "dfsc" for r in records) for stage in ("autoencoder", "student")
    }
    assert taken == {"autoencoder": training.plan.autoencoder_steps, "student": training.plan.student_steps}
    assert taken["student"] > 3 * taken["autoencoder"]
    before = parameters(training, "dfsc")
    training.prolong(Budget(90))
    assert {p.record.stage for p in training.run()} == {"autoencoder", "student"}
    assert not torch.equal(parameters(training, "dfsc"), before)
    assert training.trainings["dfsc"].lap == 1


@pytest.fixture
def interrupted(demo_weights, good_pictures, tmp_path):
    """A folder with an unfinished training, its recipe and its 16 images."""
    images = np.stack(good_pictures * 2)
    recipe = Recipe(methods=("dfsc",), steps=3, autoencoder_steps=1, copies=1)
    folder = tmp_path / "unfinished"
    run = start(recipe, images, folder=folder).run(state_file(folder))
    next(run)
    run.close()
    return folder, recipe, images


def test_an_unfinished_training_is_found_again_with_its_own_plan(interrupted):
    folder, recipe, images = interrupted
    with pytest.raises(TrainingError, match=r"other settings \(seed 0, now 1\)"):
        start(replace(recipe, seed=1), images, folder=folder)
    with pytest.raises(TrainingError, match=r"\(tau None, now 0.7; margin_ratio .*; weight .*; 5 more\)"):
        start(replace(recipe, separation=SeparationSettings(tau=0.7)), images, folder=folder)
    left = list(start(recipe, images, folder=folder).run(state_file(folder)))
    assert [(p.record.stage, p.record.step) for p in left] == [("student", 1), ("student", 2), ("student", 3)]
    forget(folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (lambda images: images[::-1], "another order, as after renaming"),
        (lambda images: 255 - images, "all are others"),
        (lambda images: np.concatenate([images[:-1], 255 - images[-1:]]), "1 of 16 changed"),
        (lambda images: images[:-1], "1 are gone"),
        (lambda images: np.concatenate([images, 255 - images[:2]]), "2 were added"),
        (lambda images: np.concatenate([images[1:], 255 - images[:2]]), "2 were added and 1 are gone"),
    ],
)
def test_an_unfinished_training_goes_on_with_its_own_images_alone(interrupted, now, said):
    folder, recipe, images = interrupted
    with pytest.raises(TrainingError, match=f"good images: {said}.*--anew"):
        start(recipe, now(images), folder=folder)
    with pytest.raises(TrainingError, match="images to hold out: 2 were added"):
        start(recipe, images, images[:2], folder=folder)


def test_what_else_a_training_is_made_of_is_told_too():
    origin = Origin(("a",), (), "teacher", "")
    assert origin.changes(origin) == ""
    assert origin.changes(replace(origin, teacher="b")) == "another teacher"
    assert origin.changes(replace(origin, penalty="c")) == "other penalty images"


@pytest.mark.slow
def test_more_time_is_no_other_setting(demo_weights, good_pictures, tmp_path, set_pace):
    set_pace(0.05)
    images, folder = np.stack(good_pictures * 2)[:12], tmp_path / "unfinished"
    recipe = Recipe("dfsc", seconds=1.0, movement=0.05)
    with pytest.raises(TooShortError, match=r"1 seconds are too short .* give [0-9]+ or more"):
        list(start(recipe, images, folder=folder).run(state_file(folder)))
    assert not state_file(folder).exists()
    run = start(replace(recipe, seconds=9.0, copies=3), images, folder=folder).run(state_file(folder))
    next(run)
    run.close()
    going_on = start(replace(recipe, seconds=12.0, copies=3), images, folder=folder)
    assert going_on.budget.left > 11
    with pytest.raises(TrainingError, match=r"other settings \(movement 0.05, now 0.1\)"):
        start(replace(recipe, seconds=9.0, copies=3, movement=0.1), images, folder=folder)
    first = next(going_on.run(state_file(folder)))
    assert first.record.step > 1


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"recipe": {}, "plan": {}}', '{"recipe": {}, "plan": {"of": 1}}', "[" * 10**5]
)
def test_a_plan_that_can_not_be_read_is_told_in_one_sentence(tmp_path, text):
    origin = Origin((), (), "", "")
    (tmp_path / "plan.json").write_text(text)
    assert noted_beginning(tmp_path, {}, origin) is None
    state_file(tmp_path).write_bytes(b"")
    with pytest.raises(TrainingError, match="damaged or of another version"):
        noted_beginning(tmp_path, {}, origin)


def test_a_state_of_another_version_is_told_in_one_sentence(data, penalty, tmp_path):
    training = Training(["ead-s"], PLAN, data, penalty)
    torch.save({"methods": {"ead-s": {"student": {}}}, "seconds": 1.0}, tmp_path / "state.pt")
    with pytest.raises(TrainingError, match="is damaged or of another version"):
        next(training.run(tmp_path / "state.pt"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"methods": ("padim",), "steps": 1},
        {"methods": ("ead-s",)},
        {"methods": ("ead-s",), "steps": 1, "seconds": 1},
        {"methods": ("ead-s",), "steps": -1},
        {"methods": ("ead-s",), "steps": 1, "movement": 0.5},
        {"methods": "ead", "steps": 1},
        {"methods": ("ead-s",), "seconds": math.inf},
        {"methods": ("ead-s",), "seconds": math.nan},
        {"methods": ("ead-s",), "steps": 1, "schedule": "at once"},
        {"methods": ("ead-s",), "steps": 1, "schedule": "joint", "autoencoder_steps": 5},
        {"methods": ("ead-s",), "steps": 1, "schedule": "joint", "imitation_steps": 0},
    ],
)
def test_recipes_that_make_no_sense_are_refused(wrong):
    with pytest.raises(TrainingError):
        Recipe(**wrong)


def test_a_recipe_may_name_its_method_and_schedule_plainly():
    recipe = Recipe("ead-s", steps=3, schedule="joint")
    assert recipe == Recipe(("ead-s",), steps=3, schedule=Schedule.JOINT)
    assert planned(recipe).autoencoder_steps == 0


@pytest.mark.parametrize("shape", [(9, 128, 128, 3), (9, 256, 256), (256, 256, 3)])
def test_arrays_that_are_no_images_are_refused(demo_weights, shape):
    with pytest.raises(TrainingError, match="uint8 N×256×256×3"):
        start(Recipe("ead-s", steps=1), np.zeros(shape, np.uint8))
    with pytest.raises(TrainingError, match="not float32"):
        start(Recipe("ead-s", steps=1), np.zeros((9, 256, 256, 3), np.float32))


def test_the_published_recipe_takes_back_what_this_project_changed():
    plan = PUBLISHED_PLAN
    assert (plan.algorithm, plan.schedule, plan.hard_quantile) == (Algorithm.ADAM, Schedule.JOINT, 0.999)
    assert (plan.student_rate, plan.autoencoder_rate, plan.weight_decay) == (1e-4, 1e-4, 1e-5)
    assert plan.position_floor is None
    shares = [rate_share(plan.decay, step / 70000) for step in (0, 66499, 66500, 69999)]
    assert shares == [1.0, 1.0, 0.1, 0.1]


@pytest.mark.parametrize(
    ("wishes", "schedule"),
    [
        ({}, Schedule.STAGED),
        ({"as_published": True}, Schedule.JOINT),
        ({"as_published": True, "schedule": "staged"}, Schedule.STAGED),
        ({"schedule": "joint"}, Schedule.JOINT),
    ],
)
def test_a_recipe_as_published_is_joint_unless_said_otherwise(wishes, schedule):
    assert planned(Recipe("dfsc", steps=3, **wishes)).schedule is schedule


def test_a_published_recipe_has_no_steps_of_the_auto_encoder_alone():
    with pytest.raises(TrainingError, match="joint training"):
        Recipe("dfsc", steps=3, as_published=True, autoencoder_steps=3)


def test_passes_show_each_image_once_and_another_copy_each_time(data):
    copies = len(data) // data.fitted
    rows = np.concatenate([data.in_passes(first, 2, (7, 0)) for first in range(0, 12, 2)]).reshape(3, data.fitted)
    assert [sorted(row // copies) for row in rows] == [list(range(data.fitted))] * 3
    assert [set(row % copies) for row in rows] == [{0}, {1}, {0}]
    assert len({tuple(row // copies) for row in rows}) > 1


def test_a_published_training_holds_a_tenth_out_and_draws_nothing_twice(demo_weights, draw):
    pictures = np.stack([draw(seed) for seed in range(50)])
    material = gather(Recipe("ead-s", steps=100, as_published=True), pictures)
    data = material.data
    assert (data.fitted, len(data.held_out), len(material.penalty)) == (45, 5, 100)
    drawn = np.concatenate([data.in_passes(step, 1, (0, 0, 0)) for step in range(100)])
    assert len(set(drawn)) == 100
    assert data.jittered_teacher[drawn[:1]].dtype == data.plain_teacher[drawn[:1]].dtype == torch.float32
    first = data.jittered[drawn[:1]]
    _ = data.jittered[drawn[1:12]]
    np.testing.assert_array_equal(data.jittered[drawn[:1]], first)


@pytest.mark.slow
def test_a_published_training_goes_on_where_it_stopped_and_is_in_float32(data, penalty, tmp_path, monkeypatch):
    monkeypatch.setenv("DFSC_ARITHMETIC", "bfloat16")
    plan = replace(PUBLISHED_PLAN, student_steps=5)
    whole, first, resumed, fast = (
        Training(["dfsc"], p, data, penalty) for p in (plan, plan, plan, replace(plan, plain_arithmetic=False))
    )
    list(whole.run())
    run = first.run(tmp_path / "state.pt")
    for _ in range(3):
        next(run)
    run.close()
    list(resumed.run(tmp_path / "state.pt"))
    assert torch.equal(parameters(resumed, "dfsc"), parameters(whole, "dfsc"))
    list(fast.run())
    assert not torch.equal(parameters(fast, "dfsc"), parameters(whole, "dfsc"))


@pytest.mark.slow
def test_the_scale_of_positions_is_of_held_out_and_fitted_images(data, penalty):
    training = Training(["ead-s"], PLAN, data, penalty)
    list(training.run())
    calibration = training.detectors("part", {})["ead-s"].calibration
    assert calibration.position.images == calibration.count + min(data.fitted, 24)
    assert calibration.good_parts.threshold() > peak(calibration.normalise(calibration.good).fused()).max()


@pytest.mark.parametrize(
    ("wishes", "floor"),
    [
        ({}, FIXTURE_FLOOR),
        ({"quick": True}, FIXTURE_FLOOR),
        ({"movement": 0.05}, MOVING_FLOOR),
        ({"movement": 0.05, "published_calibration": True}, None),
    ],
)
def test_calibration_is_by_position_unless_as_published(wishes, floor):
    assert planned(Recipe(("dfsc",), steps=2, **wishes)).position_floor == floor


def test_a_recipe_as_published_is_trained_as_published(demo_weights, good_pictures):
    pictures = np.stack([*good_pictures, *good_pictures])
    recipe = Recipe(("ead-s",), steps=2, copies=1, as_published=True, seed=3)
    training = start(recipe, pictures)
    assert training.plan == replace(PUBLISHED_PLAN, autoencoder_steps=0, student_steps=2, seed=3)
    assert [p.record.stage for p in training.run()] == ["joint", "joint"]

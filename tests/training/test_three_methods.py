"""EAD-S, DFSC and FCL trained together: what they have in common, where they part, and SNC as a plug-in."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.detectors import load_folder, save_detector, save_teacher
from dfsc.checkpoints.files import digest
from dfsc.inspection.inspector import Inspector
from dfsc.models.consistency import ConsistencySettings
from dfsc.training.plan import Schedule, TrainingPlan
from dfsc.training.training import Training

METHODS = ["ead-s", "dfsc", "fcl"]
PLAN = TrainingPlan(
    autoencoder_steps=4, imitation_steps=2, student_steps=2, autoencoder_batch=2, consistency=ConsistencySettings()
)


def parameters(training, method):
    networks = (training.trainings[method].student, training.trainings[method].autoencoder)
    return torch.cat([p.detach().flatten() for network in networks for p in network.parameters()])


def trained(methods, plan, data, penalty):
    training = Training(methods, plan, data, penalty)
    list(training.run())
    return training


@pytest.mark.parametrize("order", [METHODS, METHODS[::-1]], ids=["as listed", "reversed"])
def test_networks_are_shared_as_long_as_they_learn_the_same(data, penalty, order):
    three = Training(order, PLAN, data, penalty)
    ead_s, dfsc, fcl = (three.trainings[method] for method in METHODS)
    common = {}
    for progress in itertools.islice(three.run(), 0, None, 3):
        one = progress.record
        common[one.stage, one.step] = [
            a.learners[network] is b.learners[network]
            for network in ("autoencoder", "student")
            for a, b in ((ead_s, dfsc), (ead_s, fcl))
        ]
    assert [common["autoencoder", step][:2] for step in (1, 2, 3, 4)] == [[True, True]] * 2 + [[False, True]] * 2
    assert [common["imitation", step][2:] for step in (1, 2)] == [[True, False]] * 2
    assert [common["student", step] for step in (1, 2)] == [[False, True, False, False]] * 2


@pytest.mark.slow
@pytest.mark.parametrize("schedule", list(Schedule))
@pytest.mark.parametrize("autoencoder_weight", [0.0, 1.0])
def test_each_of_three_becomes_what_it_would_have_become_alone(data, penalty, schedule, autoencoder_weight):
    coding = ConsistencySettings(autoencoder_weight=autoencoder_weight)
    plan = replace(PLAN, schedule=schedule, consistency=coding)
    three = trained(["fcl", "dfsc", "ead-s"], plan, data, penalty)
    for method in METHODS:
        assert torch.equal(parameters(three, method), parameters(trained([method], plan, data, penalty), method))
    assert len({parameters(three, method).sum().item() for method in METHODS}) == 3


@pytest.mark.parametrize("schedule", list(Schedule))
def test_fcl_without_weights_learns_what_ead_s_does(data, penalty, schedule):
    coding = ConsistencySettings(context_weight=0, affinity_weight=0)
    pair = trained(["ead-s", "fcl"], replace(PLAN, schedule=schedule, consistency=coding), data, penalty)
    torch.testing.assert_close(parameters(pair, "fcl"), parameters(pair, "ead-s"))


def test_records_tell_the_losses_of_both_levels(data, penalty):
    last = [p.record for p in Training(["fcl"], PLAN, data, penalty).run()][-1]
    levels = {f"{level}_{name}" for level in ("low", "high") for name in ("context", "affinity")}
    assert set(last.losses) == {"hard", "penalty", "student_autoencoder"} | levels
    assert all(np.isfinite(value) and value > 0 for value in last.losses.values())


@pytest.mark.parametrize("method", ["ead-s", "dfsc"])
def test_snc_is_a_plug_in_of_training_and_of_maps(data, penalty, method, good_pictures):
    def detector(snc):
        plan = replace(PLAN, consistency=ConsistencySettings(snc))
        training = trained([method], plan, data, penalty)
        return training.detectors("toy", {}, self_tested=False)[method], parameters(training, method)

    (plain, learned), (in_maps, same), (in_training, other), (both, again) = map(
        detector, ("none", "inference", "training", "both")
    )
    assert torch.equal(learned, same)
    assert torch.equal(other, again)
    assert not torch.equal(learned, other)
    assert plain.config.consistency is None
    assert Inspector([plain, in_maps]).titles == [(title := Inspector(plain).titles[0]), f"{title} + SNC"]
    maps = [
        Inspector(one).inspect(good_pictures[0]).results[0].maps.local for one in (plain, in_maps, in_training, both)
    ]
    for one, two in itertools.combinations(maps, 2):
        assert not np.array_equal(one, two)


def test_an_fcl_detector_says_what_it_is_and_is_the_same_when_loaded(
    data, penalty, tiny_teacher, tmp_path, good_pictures
):
    plan = replace(PLAN, consistency=ConsistencySettings(neighbourhood=5, temperature=0.2))
    detector = trained(["fcl"], plan, data, penalty).detectors("toy", {}, self_tested=False)["fcl"]
    card = detector_card(detector.config, 4)
    assert "only the abstract was available" in card
    assert "5×5 neighbourhoods, temperature 0.2" in card
    save_teacher(tiny_teacher.network, "tiny", {}, tmp_path / "teacher", "")
    config = replace(detector.config, teacher_digest=digest(tmp_path / "teacher"))
    save_detector(replace(detector, config=config), tmp_path / "fcl", card)
    loaded = load_folder(tmp_path / "fcl")
    assert loaded.config.consistency == ConsistencySettings("both", 5, 0.2)
    assert loaded.config == config
    before, after = (Inspector(one).inspect(good_pictures[1]).results[0].maps for one in (detector, loaded))
    np.testing.assert_array_equal(before.local, after.local)
    np.testing.assert_array_equal(before.global_, after.global_)

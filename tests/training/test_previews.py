"""What can be looked at before and while a training runs."""

import numpy as np
import pytest
import torch

from dfsc.material.training_set import prepare
from dfsc.training.plan import TrainingPlan
from dfsc.training.previews import NovelChannels, novel_channels, preview, stand_in
from dfsc.training.training import Training


@pytest.fixture
def training(tiny_teacher, good_pictures, draw):
    images = np.stack(good_pictures)
    penalty = np.stack([draw(seed, missing=range(4), scratch=True) for seed in range(3)])
    data = prepare(images[:4], images[4:], tiny_teacher, copies=1, movement=0.0, seed=0)
    return Training(["ead-s", "dfsc"], TrainingPlan(autoencoder_steps=2, student_steps=2), data, penalty)


@pytest.mark.parametrize("tau", [0.5, 0.9, 0.995, 1.0])
def test_as_many_channels_are_novel_as_tau_leaves(tau):
    d = torch.rand(16, 56, 56, generator=torch.Generator().manual_seed(0))
    share = NovelChannels(d).share(tau)
    assert share.shape == (56, 56)
    assert share.mean() == pytest.approx(1 - tau, abs=1e-4)


def test_what_differs_from_the_mean_is_novel_before_training(tiny_teacher, good_pictures, draw):
    images = np.stack([draw(50, scratch=True), *good_pictures])
    *steps, novel = stand_in(images, tiny_teacher)
    assert steps == [None] * len(images)
    share = novel.share(0.9)
    scratched, corner = share[22:32, 22:32], share[:10, :10]
    assert scratched.mean() > 2 * corner.mean()


def test_previews_follow_the_stages_and_leave_the_training_alone(training):
    untouched = Training(["ead-s", "dfsc"], training.plan, training.data, training.trainings["dfsc"].penalty)
    expected = [p.record.losses for p in untouched.run()]
    kinds, told = [], []
    for progress in training.run():
        found = preview(training)
        kinds.append(found.kind)
        told.append(progress.record.losses)
        assert found.good.keys() == found.faulty.keys() == {"ead-s", "dfsc"}
        for method, good in found.good.items():
            assert good.shape == (56, 56)
            assert np.isfinite(good).all()
            assert not np.array_equal(good, found.faulty[method])
        assert (found.photograph == training.data.held_out[found.fault.photograph]).all()
        assert (found.photograph != found.fault.image).any()
    assert kinds == ["distance"] * 4 + ["global"] * 4
    assert told == expected
    assert novel_channels(training)["dfsc"].share(0.9).mean() == pytest.approx(0.1, abs=1e-3)

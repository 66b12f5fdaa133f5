"""Distillation on a handful of made-up photographs and a stand-in backbone that needs no download."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from dfsc.commands.distill import _key
from dfsc.distillation import targets
from dfsc.distillation.backbones import Backbone, to_grid
from dfsc.distillation.distillation import Distillation, DistillationPlan
from dfsc.distillation.targets import cache_targets, channel_statistics, projection, split_photographs
from dfsc.errors import TrainingError
from dfsc.models.networks import SIZES

PLAN = DistillationPlan(steps=6, crops=1, padded_every=3, warm_up=2)


def edges_and_colours(images):
    """A backbone of fixed filters: N×3×512×512 → N×8×64×64."""
    x = F.avg_pool2d(images.float(), 8)
    filters = torch.randn(5, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    return to_grid([x, F.conv2d(x, filters, padding=1)])


@pytest.fixture(scope="module")
def photographs(tmp_path_factory, draw):
    folder = tmp_path_factory.mktemp("photographs")
    for seed in range(6):
        Image.fromarray(draw(seed, width=200, height=160)).save(folder / f"{seed}.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def cache(photographs, tmp_path_factory):
    backbone = Backbone("filters", 8, edges_and_colours)
    return cache_targets(photographs, backbone, 2, 0, tmp_path_factory.mktemp("cache") / "fit")


@pytest.mark.parametrize("size", ["demo", "small"])
def test_projection_is_orthonormal_and_seeded(size):
    matrix = projection(256, SIZES[size].teacher_channels, seed=4)
    gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    torch.testing.assert_close(gram, torch.eye(len(gram)), atol=1e-5, rtol=0)
    torch.testing.assert_close(matrix, projection(256, SIZES[size].teacher_channels, seed=4))


def test_targets_are_on_one_grid_standardised_and_reused(photographs, cache, tmp_path):
    assert cache.features.shape == (12, 64, 64, 8)
    assert cache.images.shape == (12, 256, 256, 3)
    mean, std = channel_statistics(cache)
    values = (torch.from_numpy(cache.features.astype(np.float32)) - mean) / std
    assert values.mean(dim=(0, 1, 2)).abs().max() < 1e-3
    assert (values.std(dim=(0, 1, 2)) - 1).abs().max() < 1e-2
    calls = []
    backbone = Backbone("counted", 8, lambda images: calls.append(1) or edges_and_colours(images))
    for _ in range(2):
        again = cache_targets(photographs, backbone, 1, 0, tmp_path / "c")
    assert len(calls) == 6
    np.testing.assert_array_equal(again.images[0], cache.images[0])  # view 0 is the whole photograph


def test_other_photographs_of_the_same_names_get_targets_and_a_state_of_their_own(photographs, cache, tmp_path):
    copies = [Path(shutil.copy(photograph, tmp_path)) for photograph in photographs]
    backbone = Backbone("counted", 8, edges_and_colours)
    same = cache_targets(copies, backbone, 1, 0, tmp_path / "c")
    Image.new("RGB", (300, 300)).save(copies[0])
    other = cache_targets(copies, backbone, 1, 0, tmp_path / "c")
    assert not other.images[0].any()
    assert _key(PLAN, same) != _key(PLAN, other)


def test_measure_is_one_for_silence_and_the_projections_loss_for_perfection(cache):
    distillation = Distillation(PLAN, cache)
    for parameter in distillation.network.parameters():
        parameter.data.zero_()
    silent = distillation.measure(cache)
    assert silent.whole == pytest.approx(1.0)
    assert silent.inner == pytest.approx(1.0)


def test_stopped_and_resumed_distillation_equals_an_uninterrupted_one(cache, tmp_path):
    whole = Distillation(PLAN, cache)
    records = list(whole.run())
    assert [r.step for r in records] == [1, 2, 3, 4, 5, 6]
    first = Distillation(PLAN, cache)
    for record in first.run():
        if record.step == 4:
            first._save(tmp_path / "state.pt")
            break
    resumed = Distillation(PLAN, cache)
    assert [r.step for r in resumed.run(tmp_path / "state.pt")] == [5, 6]
    for one, other in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.slow
def test_a_distillation_learns(cache):
    distillation = Distillation(DistillationPlan(steps=20, crops=2, warm_up=5), cache)
    before = distillation.measure(cache).inner
    list(distillation.run())
    assert distillation.measure(cache).inner < before - 0.1


def test_a_distillation_whose_network_has_died_is_stopped(cache, monkeypatch):
    monkeypatch.setattr("dfsc.distillation.distillation.LOSS_MOMENTUM", 0.5)
    distillation = Distillation(replace(PLAN, steps=40), cache)
    distillation.network[6].bias.data.fill_(-1e3)
    with pytest.raises(TrainingError, match=r"explains nothing at step .* smaller"):
        list(distillation.run())
    assert distillation.step < 40


def test_a_hundred_photographs_are_held_out_by_seed(tmp_path, monkeypatch):
    monkeypatch.setattr(targets, "HELD_OUT", 3)
    for number in range(7):
        Image.new("RGB", (32, 32), (number, 0, 0)).save(tmp_path / f"{number}.png")
    fit, held_out = split_photographs(tmp_path, 0)
    assert len(held_out) == 3
    assert not set(fit) & set(held_out)
    assert split_photographs(tmp_path, 0) == (fit, held_out)
    (tmp_path / "0.png").unlink()
    (tmp_path / "1.png").unlink()
    with pytest.raises(TrainingError, match="at least 6"):
        split_photographs(tmp_path, 0)

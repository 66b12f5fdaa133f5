"""The exact limits of spatial neighbouring coding and of its losses."""

import math

import pytest
import torch
from torch.nn import functional as F

from dfsc.errors import TrainingError
from dfsc.models.consistency import (
    ConsistencySettings,
    SncUse,
    consistency_losses,
    neighbours,
    squared_code_difference,
)

SIZES = pytest.mark.parametrize("k", [3, 5])


def features(seed=0, images=2, channels=6, height=7, width=9):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(images, channels, height, width, generator=generator)


def slow_neighbours(f, k, temperature):
    """Position by position, as the equations say it."""
    images, _, height, width = f.shape
    margin = k // 2
    padded = F.pad(f, (margin,) * 4, mode="reflect")
    affinities = torch.zeros(images, k * k - 1, height, width)
    context = torch.zeros_like(f)
    for n in range(images):
        for y in range(height):
            for x in range(width):
                own = f[n, :, y, x]
                window = [padded[n, :, y + i, x + j] for i in range(k) for j in range(k)]
                del window[k * k // 2]
                cosines = torch.stack([F.cosine_similarity(own, q, dim=0) for q in window])
                a = torch.softmax(cosines / temperature, dim=0)
                affinities[n, :, y, x] = a
                context[n, :, y, x] = (a[:, None] * torch.stack(window)).sum(dim=0)
    return affinities, context


def contexts(f, settings):
    return neighbours(f, settings).context


def affinities_in_one_tile(f, settings):
    """Of maps that are a tile, N×(k²−1)×H×W as in the slow loop."""
    k, (images, _, height, width) = settings.neighbourhood, f.shape
    found = neighbours(f, settings).affinities
    found = found.view(images, height, width, height + k - 1, width + k - 1)
    picked = torch.zeros(images, k * k - 1, height, width)
    for y in range(height):
        for x in range(width):
            window = found[:, y, x, y : y + k, x : x + k].flatten(1)
            picked[:, :, y, x] = torch.cat([window[:, : k * k // 2], window[:, k * k // 2 + 1 :]], dim=1)
    torch.testing.assert_close(picked.sum(dim=1), torch.ones(images, height, width))  # nothing lies elsewhere
    return picked


@SIZES
def test_equals_a_slow_loop(k):
    settings = ConsistencySettings(neighbourhood=k, temperature=0.3)
    one_tile, tiles = features(height=4, width=4), features(height=12, width=11)
    affinities, context = slow_neighbours(one_tile, k, 0.3)
    torch.testing.assert_close(affinities_in_one_tile(one_tile, settings), affinities, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(contexts(one_tile, settings), context, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(contexts(tiles, settings), slow_neighbours(tiles, k, 0.3)[1], atol=1e-4, rtol=1e-3)


@SIZES
def test_constant_map_has_uniform_affinities_and_is_its_own_context(k):
    f = features()[:, :, :1, :1].expand(-1, -1, 4, 4)
    settings = ConsistencySettings(neighbourhood=k)
    uniform = torch.full((2, k * k - 1, 4, 4), 1 / (k * k - 1))
    torch.testing.assert_close(affinities_in_one_tile(f, settings), uniform)
    torch.testing.assert_close(contexts(f, settings), f.contiguous())


def test_high_temperature_is_the_plain_mean_of_the_neighbours_and_a_low_one_picks_the_likest():
    f = features(height=4, width=4)
    warm = contexts(f, ConsistencySettings(temperature=1e6))
    box = F.avg_pool2d(F.pad(f, (1,) * 4, mode="reflect"), 3, stride=1)
    torch.testing.assert_close(warm, (9 * box - f) / 8, atol=1e-4, rtol=1e-4)
    cold = affinities_in_one_tile(f, ConsistencySettings(temperature=5e-5))
    inner = cold.amax(dim=1)[:, 1:-1, 1:-1]  # at the border a neighbour stands there twice
    torch.testing.assert_close(inner, torch.ones_like(inner), atol=1e-3, rtol=0)


@SIZES
def test_permuted_channels_change_neither_affinities_nor_losses(k):
    one, other = features(0), features(1)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    settings = ConsistencySettings(neighbourhood=k)
    before, after = neighbours(one, settings), neighbours(one[:, order], settings)
    torch.testing.assert_close(after.log_affinities, before.log_affinities)
    torch.testing.assert_close(after.context, before.context[:, order])
    plain, permuted = (
        consistency_losses(one, other, settings),
        consistency_losses(one[:, order], other[:, order], settings),
    )
    for name, loss in plain.items():
        torch.testing.assert_close(permuted[name], loss)


@SIZES
def test_shifted_map_has_a_shifted_code(k):
    f, settings = features(height=12, width=14), ConsistencySettings(neighbourhood=k)
    inner = slice(k // 2, -(k // 2))
    whole, part = contexts(f, settings)[:, :, 2:, 3:], contexts(f[:, :, 2:, 3:], settings)
    torch.testing.assert_close(whole[:, :, inner, inner], part[:, :, inner, inner])


def test_equal_maps_are_consistent_and_stay_so():
    f = features().requires_grad_()
    losses = consistency_losses(f.detach(), f, ConsistencySettings())
    assert {name: loss.item() for name, loss in losses.items()} == {"context": 0.0, "affinity": 0.0}
    sum(losses.values()).backward()
    torch.testing.assert_close(f.grad, torch.zeros_like(f), atol=1e-7, rtol=0)
    assert squared_code_difference(f, f, ConsistencySettings()).abs().max() == 0


def test_losses_are_those_of_the_equations():
    one, other = features(0), features(1)
    settings = ConsistencySettings(temperature=0.5, context_weight=2.0, affinity_weight=3.0)
    (a, z), (b, y) = slow_neighbours(one, 3, 0.5), slow_neighbours(other, 3, 0.5)
    losses = consistency_losses(one, other, settings)
    torch.testing.assert_close(losses["context"], 2 * (z - y).square().mean(), atol=1e-4, rtol=1e-3)
    divergence = (a * (a / b).log()).sum(dim=1).mean()
    torch.testing.assert_close(losses["affinity"], 3 * divergence, atol=1e-4, rtol=1e-3)
    assert consistency_losses(one, other, ConsistencySettings(affinity_weight=0)).keys() == {"context"}


def test_difference_of_codes_is_the_mean_over_features_and_contexts():
    one, other = features(0), features(1)
    (_, z), (_, y) = slow_neighbours(one, 3, 0.1), slow_neighbours(other, 3, 0.1)
    wanted = torch.cat([one - other, z - y], dim=1).square().mean(dim=1)
    torch.testing.assert_close(squared_code_difference(one, other, ConsistencySettings()), wanted, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("zeroed", [slice(None), slice(2, 5)], ids=["everywhere", "in places"])
def test_gradients_are_finite_where_features_are_zero(zeroed):
    f = features()
    f[:, :, zeroed] = 0
    f.requires_grad_()
    sum(consistency_losses(features(1), f, ConsistencySettings()).values()).backward()
    assert f.grad.isfinite().all()
    assert f.grad.abs().max() < 100


def test_bfloat16_agrees_with_float32():
    f = features(channels=48)
    settings = ConsistencySettings()
    # A cosine is off by at most 2^-7 or so, which t = 0.1 makes ten times as much in log a.
    exact, rounded = neighbours(f, settings), neighbours(f.bfloat16(), settings)
    apart = (rounded.log_affinities.float() - exact.log_affinities).abs()
    assert apart[exact.log_affinities > -100].max() < 0.2
    assert rounded.context.dtype is torch.bfloat16
    assert (rounded.context.float() - exact.context).abs().max() < 0.05


@pytest.mark.parametrize("k", [1, 2, 4, 7, "3"])
def test_other_neighbourhoods_are_refused(k):
    with pytest.raises(TrainingError, match="3 or 5 positions"):
        ConsistencySettings(neighbourhood=k)


@pytest.mark.parametrize(
    "wrong", [{"temperature": 0}, {"temperature": math.nan}, {"context_weight": -1}, {"snc": "on"}]
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(TrainingError):
        ConsistencySettings(**wrong)


@pytest.mark.parametrize(
    ("use", "training", "maps"),
    [(SncUse.NONE, False, False), ("training", True, False), ("inference", False, True), ("both", True, True)],
)
def test_uses(use, training, maps):
    settings = ConsistencySettings(use)
    assert (settings.in_training, settings.in_maps) == (training, maps)

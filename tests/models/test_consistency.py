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


@SIZES
def test_equals_a_slow_loop(k):
    f = features()
    affinities, context = slow_neighbours(f, k, 0.3)
    found = neighbours(f, ConsistencySettings(neighbourhood=k, temperature=0.3))
    torch.testing.assert_close(found.log_affinities.exp(), affinities, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(found.context, context, atol=1e-4, rtol=1e-3)


@SIZES
def test_constant_map_has_uniform_affinities_and_is_its_own_context(k):
    f = features()[:, :, :1, :1].expand(-1, -1, 7, 9)
    found = neighbours(f, ConsistencySettings(neighbourhood=k))
    torch.testing.assert_close(found.log_affinities.exp(), torch.full((2, k * k - 1, 7, 9), 1 / (k * k - 1)))
    torch.testing.assert_close(found.context, f.contiguous())


def test_high_temperature_is_the_plain_mean_of_the_neighbours_and_a_low_one_picks_the_likest():
    f = features()
    warm = neighbours(f, ConsistencySettings(temperature=1e6)).context
    box = F.avg_pool2d(F.pad(f, (1,) * 4, mode="reflect"), 3, stride=1)
    torch.testing.assert_close(warm, (9 * box - f) / 8, atol=1e-4, rtol=1e-4)
    cold = neighbours(f, ConsistencySettings(temperature=1e-4)).log_affinities.exp()
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
    whole, part = neighbours(f, settings), neighbours(f[:, :, 2:, 3:], settings)
    inner = slice(k // 2, -(k // 2))
    for of_whole, of_part in ((whole.context, part.context), (whole.log_affinities, part.log_affinities)):
        torch.testing.assert_close(of_whole[:, :, 2:, 3:][:, :, inner, inner], of_part[:, :, inner, inner])


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
    exact, rounded = neighbours(f, settings), neighbours(f.bfloat16(), settings)
    assert rounded.context.dtype is torch.bfloat16
    # A cosine is off by at most 2^-7 or so, which t = 0.1 makes ten times as much in log a.
    assert (rounded.log_affinities - exact.log_affinities).abs().max() < 0.1
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

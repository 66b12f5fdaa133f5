"""FRE in closed form: its exact limits, and that no photograph is judged by a model that has seen it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from dfsc.errors import TrainingError
from dfsc.models.calibration import Calibration, RawMaps
from dfsc.models.detector import raw_maps, rounded
from dfsc.models.fre import Grid, Photographs, enlarged, fit_grid

CHANNELS = 6
PLAIN = Grid(cells=4, noise=0.3, pooling=0.0, conditional=False, most=48)
CONDITIONAL = replace(PLAIN, conditional=True)


def photographs(count: int, seed: int = 0) -> Tensor:
    """Feature maps N×C×56×56: a common picture, three things that vary together over all of it, and noise."""
    draw = torch.Generator().manual_seed(seed)
    picture = 3 * torch.randn(1, CHANNELS, 56, 56, generator=torch.Generator().manual_seed(100))
    directions = torch.randn(3, CHANNELS * 56 * 56, generator=torch.Generator().manual_seed(101))
    varying = torch.randn(count, 3, generator=draw) @ directions
    return picture + varying.view(count, CHANNELS, 56, 56) + 0.1 * torch.randn(count, CHANNELS, 56, 56, generator=draw)


def learn(stacks: Tensor, **grids: Grid):
    """The model of stacks N×K×C×56×56, and maps of the photographs by models that have not seen them."""
    known = Photographs(stacks, **grids)
    return known.model(), RawMaps(*map(rounded, known.unseen()))


def learned(features: Tensor, **grids: Grid):
    return learn(features[:, None], **grids)


def maps_of(model, features: Tensor) -> RawMaps:
    return raw_maps(model, features, features)


@pytest.mark.parametrize("grid", [PLAIN, replace(PLAIN, pooling=1.0), replace(PLAIN, cells=7)])
def test_without_noise_what_the_photographs_span_is_reconstructed(grid: Grid):
    pooled = grid.pooled(photographs(7))
    model = fit_grid(replace(grid, noise=0.0), pooled)
    mixture = (torch.tensor([0.5, -1, 2, 0, 0.5, -2, 1])[:, None, None, None] * pooled).sum(dim=0, keepdim=True)
    assert len(model.components) == len(pooled) - 1
    assert model.residual(torch.cat([pooled, mixture])).abs().max() < 1e-3
    assert model.residual(grid.pooled(photographs(1, seed=5))).abs().max() > 0.1


@pytest.mark.parametrize("grid", [replace(PLAIN, most=0), replace(PLAIN, noise=1e9), replace(CONDITIONAL, most=0)])
def test_without_components_the_map_is_the_squared_distance_from_the_mean(grid: Grid):
    pooled = grid.pooled(photographs(7))
    own = pooled.var(dim=0, unbiased=False)
    distance = ((pooled - pooled.mean(dim=0)).square() / own).mean(dim=1)
    torch.testing.assert_close(fit_grid(grid, pooled).cells(pooled), distance, rtol=1e-2, atol=0)


def test_components_are_those_of_the_covariance_matrix():
    pooled = PLAIN.pooled(photographs(12))
    model = fit_grid(replace(PLAIN, most=3), pooled)
    z = ((pooled - model.mean) / model.scale).flatten(1)
    leading = torch.linalg.svd(z, full_matrices=False).Vh[:3]
    basis = model.components.flatten(1)
    torch.testing.assert_close(basis @ basis.T, torch.eye(3), atol=1e-4, rtol=0)
    torch.testing.assert_close((basis @ leading.T).abs(), torch.eye(3), atol=1e-3, rtol=0)


def test_a_cell_is_judged_by_what_the_others_say_of_it():
    """The closed form is the Mahalanobis distance from the mean of a cell given the others, of a Gaussian as it is."""
    pooled, new = (CONDITIONAL.pooled(photographs(20, seed=seed)) for seed in (0, 6))
    model = fit_grid(CONDITIONAL, pooled)
    z, known = (((each - model.mean) / model.scale).flatten(2).double() for each in (new, pooled))
    known = known.movedim(2, 1).flatten(1)
    values = torch.linalg.eigvalsh(known @ known.T / len(known))
    noise = CONDITIONAL.noise * values[1:].mean()
    covariance = known.T @ known / len(known) + noise * torch.eye(known.shape[1])
    cell, maps = 5, model.cells(new)
    own = slice(cell * CHANNELS, (cell + 1) * CHANNELS)
    others = torch.ones(known.shape[1], dtype=torch.bool)
    others[own] = False
    regression = torch.linalg.solve(covariance[others][:, others], covariance[others][:, own]).T
    spread = covariance[own, own] - regression @ covariance[others][:, own]
    for number in range(3):
        vector = z[number].T.flatten()
        apart = vector[own] - regression @ vector[others]
        expected = noise * apart @ torch.linalg.solve(spread, apart) / CHANNELS
        assert float(maps[number].flatten()[cell]) == pytest.approx(float(expected), rel=5e-3)


def test_what_does_not_match_shows_where_no_cell_is_strange():
    """Two parts of a kind in each picture: a picture with one of either kind has nothing that is new in itself."""
    draw = torch.Generator().manual_seed(3)
    kinds = torch.randn(2, CHANNELS, 1, 1, generator=draw)

    def picture(left: int, right: int) -> Tensor:
        features = 0.3 * torch.randn(CHANNELS, 56, 56, generator=draw)
        features[:, :18, :18] += kinds[left]
        features[:, 38:, 38:] += kinds[right]
        return features

    model, maps = learned(torch.stack([picture(number % 2, number % 2) for number in range(24)]))
    mixed = maps_of(model, torch.stack([picture(0, 1), picture(1, 0)])).global_.astype(np.float32)
    assert mixed.max(axis=(1, 2)).min() > 2 * maps.global_.astype(np.float32).max()


def test_a_photographs_own_map_is_that_of_a_model_fitted_without_it():
    features = photographs(6)
    _, maps = learned(features)
    for left_out in (0, 3, 5):
        model, _ = learned(features[[number for number in range(6) if number != left_out]])
        expected = maps_of(model, features[left_out : left_out + 1])
        np.testing.assert_array_equal(maps.local[left_out], expected.local[0])
        np.testing.assert_array_equal(maps.global_[left_out], expected.global_[0])


@pytest.mark.parametrize("count", [6, 30])
def test_what_was_fitted_looks_better_than_it_is(count: int):
    """Judged as if new, photographs have the residuals of new ones; judged by their own model they have not."""
    features, new = photographs(count), photographs(40, seed=9)
    small = {"local": PLAIN, "global_": CONDITIONAL}
    model, unseen = learned(features, **small)
    fitted, others = maps_of(model, features), maps_of(model, new)
    for branch in ("local", "global_"):
        mean = float(getattr(others, branch).astype(np.float32).mean())
        assert getattr(fitted, branch).astype(np.float32).mean() < 0.9 * mean
        assert getattr(unseen, branch).astype(np.float32).mean() > 0.9 * mean


def test_a_copy_is_left_out_with_its_photograph():
    features = photographs(6)
    stacks = torch.stack([features, features + 0.01], dim=1)
    _, maps = learn(stacks)
    model, _ = learn(stacks[1:])
    np.testing.assert_array_equal(maps.global_[0], maps_of(model, features[:1]).global_[0])


def test_the_order_of_photographs_changes_nothing():
    features, new = photographs(8), photographs(3, seed=4)
    order = torch.tensor([4, 0, 1, 7, 2, 6, 3, 5])
    model, maps = learned(features)
    other, permuted = learned(features[order])
    np.testing.assert_allclose(maps_of(model, new).local, maps_of(other, new).local, rtol=5e-3)
    np.testing.assert_allclose(maps_of(model, new).global_, maps_of(other, new).global_, rtol=5e-3)
    np.testing.assert_allclose(maps.global_[order.numpy()], permuted.global_, rtol=5e-3)


def test_it_is_deterministic():
    (model, maps), (again, same) = (learned(photographs(8)) for _ in range(2))
    np.testing.assert_array_equal(maps.local, same.local)
    assert torch.equal(model.local.components, again.local.components)
    assert torch.equal(model.global_.mean, again.global_.mean)


def test_units_of_the_channels_change_nothing():
    features, new = photographs(8), photographs(2, seed=3)
    factor = torch.tensor([0.01, 1, 7, 0.5, 30, 2])[:, None, None]
    offset = torch.tensor([5.0, 0, -3, 1, 9, 2])[:, None, None]
    plain, scaled = (learned(each)[0] for each in (features, features * factor + offset))
    maps, others = maps_of(plain, new), maps_of(scaled, new * factor + offset)
    np.testing.assert_allclose(maps.local, others.local, rtol=2e-2)
    np.testing.assert_allclose(maps.global_, others.global_, rtol=2e-2)


@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize("column", [0, 2])
def test_a_change_of_a_coarse_cell_shows_at_its_place(row: int, column: int):
    model, maps = learned(photographs(20))
    changed = photographs(1, seed=7)
    edges = [0, 19, 37, 56]
    changed[:, :, edges[row] : edges[row + 1], edges[column] : edges[column + 1]] += 8
    found = Calibration(maps).normalise(maps_of(model, changed)).global_[0]
    peak = np.array(np.unravel_index(found.argmax(), (56, 56)))
    assert np.abs(peak - [(edges[i] + edges[i + 1] - 1) / 2 for i in (row, column)]).max() <= 9.5
    assert found[int(peak[0]), int(peak[1])] > 2 * np.abs(found[55 * (row < 2), 55 * (column < 2)])


@pytest.mark.parametrize("row", [1, 6, 13])
@pytest.mark.parametrize("column", [0, 9])
def test_a_change_of_a_fine_cell_shows_at_its_place(row: int, column: int):
    model, maps = learned(photographs(20))
    changed = photographs(1, seed=7)
    changed[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 8
    found = Calibration(maps).normalise(maps_of(model, changed)).local[0]
    peak = np.array(np.unravel_index(found.argmax(), (56, 56)))
    assert np.abs(peak - [4 * row + 1.5, 4 * column + 1.5]).max() <= 2


@pytest.mark.parametrize("cells", [3, 4, 7, 14, 28, 56])
def test_cells_and_enlarged_maps_lie_at_their_true_centres(cells: int):
    """The mean of a ramp over a cell is the ramp at the cell's centre; what is enlarged again has it there."""
    ramp = torch.arange(56).float().expand(1, 1, 56, 56)
    centres = (torch.arange(cells) + 0.5) * 56 / cells - 0.5
    for turned in (ramp, ramp.mT):
        pooled = replace(PLAIN, cells=cells).pooled(turned)
        expected = centres.expand(cells, cells)
        torch.testing.assert_close(pooled[0, 0], expected if turned is ramp else expected.T, atol=0.5, rtol=0)
        inner = slice(28 // cells, 56 - 28 // cells)
        np.testing.assert_allclose(
            enlarged(pooled[:, 0])[0][inner, inner].numpy(), turned[0, 0][inner, inner], atol=0.51
        )


def test_cells_that_never_vary_stay_finite():
    features = photographs(6)
    features[:, :, :20] = 2.0
    features[:, 1] = 0.0
    model, maps = learned(features)
    for each in (maps, maps_of(model, features), maps_of(model, photographs(2, seed=8))):
        assert np.isfinite(each.local).all()
        assert np.isfinite(each.global_).all()
    identical, maps = learned(photographs(1).expand(5, -1, -1, -1))
    assert not maps.local.any()
    assert np.isfinite(maps_of(identical, photographs(1, seed=8)).global_).all()


def test_a_compact_model_keeps_a_component_in_bytes_and_says_the_same():
    model, _ = learned(photographs(8))
    compact = model.compact()
    assert compact.local.components.dtype == compact.global_.components.dtype == torch.int8
    exact, rounded_maps = maps_of(model, photographs(4, seed=9)), maps_of(compact, photographs(4, seed=9))
    for branch in ("local", "global_"):
        np.testing.assert_allclose(getattr(rounded_maps, branch), getattr(exact, branch), rtol=0.02, atol=2e-3)


def test_three_photographs_are_too_few():
    with pytest.raises(TrainingError, match="There are 3 good photographs; FRE needs at least 4"):
        learned(photographs(3))


def test_other_pictures_are_judged_by_a_model_that_has_not_seen_their_photograph():
    features = photographs(20)
    known = Photographs(features[:, None])
    own, others = known.unseen(), known.unseen(features[[3, 11]], [3, 11])
    for whole, some in zip(own, others, strict=True):
        torch.testing.assert_close(some, whole[[3, 11]])
    elsewhere = known.unseen(features[[3]], [4])  # seen by the model that has left out photograph 4
    assert elsewhere[1].mean() < own[1][3].mean()


def test_what_follows_from_a_models_numbers_goes_where_they_go():
    model = fit_grid(CONDITIONAL, CONDITIONAL.pooled(photographs(6)))
    assert model.certainties.dtype is torch.float32
    model.double()
    assert model.vectors.dtype is model.certainties.dtype is torch.float64

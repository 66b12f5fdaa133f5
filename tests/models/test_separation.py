"""The exact limits of the constraint, and what each switch does."""

import math

import numpy as np
import pytest
import torch

from dfsc.errors import TrainingError
from dfsc.models.separation import (
    Form,
    Hinge,
    MarginAnchor,
    Normaliser,
    SeparationSettings,
    SplitUnit,
    separate,
    split_value,
)


def squared_distances(seed=0, requires_grad=False):
    generator = torch.Generator().manual_seed(seed)
    d = torch.randn(2, 4, 5, 6, generator=generator).square()
    return d.requires_grad_() if requires_grad else d


@pytest.mark.parametrize("unit", list(SplitUnit))
@pytest.mark.parametrize("normaliser", list(Normaliser))
def test_tau_one_is_the_plain_mean(unit, normaliser):
    d = squared_distances()
    settings = SeparationSettings(tau=1.0, unit=unit, normaliser=normaliser)
    torch.testing.assert_close(separate(d, settings, margin=5.0).loss, d.mean())


def test_tau_towards_one_converges_to_the_plain_mean():
    d = squared_distances()
    gaps = [
        abs(float(separate(d, SeparationSettings(tau=tau), margin=0.0).loss - d.mean()))
        for tau in (0.5, 0.9, 0.99, 1.0)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1e-6


def test_margin_zero_trims():
    d = squared_distances(requires_grad=True)
    separation = separate(d, SeparationSettings(tau=0.75), margin=0.0)
    flat = d.detach().flatten(1).sort(dim=1).values
    kept = flat[:, : int(0.75 * flat.shape[1])]
    torch.testing.assert_close(separation.loss, kept.sum() / d.numel())
    separation.loss.backward()
    novel = d.detach().flatten(1) > kept[:, -1:]
    assert (d.grad.flatten(1)[novel] == 0).all()
    torch.testing.assert_close(d.grad.flatten(1)[~novel], torch.full((int((~novel).sum()),), 1 / d.numel()))
    assert separation.active_share == 0


@pytest.mark.parametrize("hinge", [Hinge.SQUARED_DISTANCE, Hinge.DISTANCE])
def test_hinge_repels_within_the_margin_and_is_silent_beyond(hinge):
    d = torch.arange(1.0, 11.0).view(1, 10, 1, 1).requires_grad_()
    separation = separate(d, SeparationSettings(tau=0.5, hinge=hinge), margin=8.5)
    separation.loss.backward()
    gradient = d.grad.flatten()
    assert (gradient[:5] > 0).all()  # similar: pulled towards the teacher
    assert (gradient[5:8] < 0).all()  # novel and within the margin: pushed away
    assert (gradient[8:] == 0).all()  # novel and far enough
    assert float(separation.active_share) == pytest.approx(3 / 5)
    assert float(separation.similar_mean) == pytest.approx(3.0)
    assert separation.quantile == 5.0


def test_the_opposite_direction_pulls_novel_elements_by_the_weight():
    d = torch.arange(1.0, 11.0).view(1, 10, 1, 1).requires_grad_()
    pulled = {weight: SeparationSettings(tau=0.5, hinge=Hinge.PULL, weight=weight) for weight in (1.0, 3.0)}
    torch.testing.assert_close(separate(d, pulled[1.0], margin=8.5).loss, d.mean())
    separate(d, pulled[3.0], margin=8.5).loss.backward()
    torch.testing.assert_close(d.grad.flatten(), torch.tensor([0.1] * 5 + [0.3] * 5))


@pytest.mark.parametrize("unit", list(SplitUnit))
@pytest.mark.parametrize("hinge", [Hinge.SQUARED_DISTANCE, Hinge.DISTANCE, Hinge.SET])
@pytest.mark.parametrize("off", [{"weight": 0.0}, {"tau": 1.0}, {"margin": 0.0}])
def test_added_is_the_plain_mean_without_weight_margin_or_novelty(unit, hinge, off):
    d = squared_distances(requires_grad=True)
    chosen = {"tau": 0.7, "margin": 5.0} | off
    settings = SeparationSettings(constraint="added", unit=unit, hinge=hinge, **chosen)
    loss = separate(d, settings, settings.margin).loss
    torch.testing.assert_close(loss, d.mean())
    loss.backward()
    torch.testing.assert_close(d.grad, torch.full_like(d, 1 / d.numel()))


def test_added_pushes_novel_elements_to_the_margin_and_pulls_back_what_is_beyond():
    d = torch.arange(1.0, 11.0).view(1, 10, 1, 1).requires_grad_()
    settings = SeparationSettings(constraint=Form.ADDED, tau=0.5, weight=3.0)
    separation = separate(d, settings, margin=8.0)
    assert separation.loss.item() == pytest.approx(5.5 + 3.0 * (2 + 1) / 5)
    separation.loss.backward()
    pull, push = 1 / 10, 3 / 5
    expected = [pull] * 5 + [pull - push] * 2 + [pull] * 3
    torch.testing.assert_close(d.grad.flatten(), torch.tensor(expected))  # at m = 8 itself there is no push


@pytest.mark.parametrize("hinge", [Hinge.SQUARED_DISTANCE, Hinge.SET])
def test_added_comes_to_rest_at_the_margin(hinge):
    settings = SeparationSettings(constraint="added", tau=0.5, weight=8.0, hinge=hinge)
    difference = torch.linspace(0.2, 1.5, 10).view(1, 10, 1, 1).requires_grad_()
    for _ in range(4000):
        separate(difference.square(), settings, margin=1.0).loss.backward()
        with torch.no_grad():
            difference -= 0.002 * difference.grad
        difference.grad = None
    d = difference.detach().square().flatten().sort().values
    assert d[5:].mean() == pytest.approx(1.0, abs=0.05)
    if hinge is Hinge.SQUARED_DISTANCE:
        assert (d[5:] - 1.0).abs().max() < 0.05
    assert d[:5].max() < 0.5


def test_a_margin_for_the_set_is_one_for_the_mean_of_each_images_novel_elements():
    d = torch.stack([torch.arange(1.0, 11.0), torch.arange(11.0, 21.0)]).view(2, 10, 1, 1)
    settings = SeparationSettings(constraint="added", tau=0.5, hinge=Hinge.SET)
    # Novel are 6 to 10 with the mean 8, and 16 to 20 with the mean 18, which is beyond the margin.
    assert float(separate(d, settings, margin=9.0).loss) == pytest.approx(10.5 + (9 - 8) / 2)


def test_ratio_up_to_one_has_the_trimmed_gradient():
    d = squared_distances(requires_grad=True)
    settings = SeparationSettings(tau=0.8)
    quantile = split_value(d.detach().flatten(1), 0.8).min()
    separate(d, settings, margin=float(quantile)).loss.backward()
    within, d.grad = d.grad.clone(), None
    separate(d, settings, margin=0.0).loss.backward()
    torch.testing.assert_close(d.grad, within)


def test_split_is_not_differentiated_through():
    d = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 4, 1, 1).requires_grad_()
    assert not split_value(d.flatten(1), 0.5).requires_grad
    separate(d, SeparationSettings(tau=0.5), margin=0.0).loss.backward()
    torch.testing.assert_close(d.grad.flatten(), torch.tensor([0.25, 0.25, 0.0, 0.0]))


def test_subset_means_weigh_the_subsets_alike():
    d = torch.arange(1.0, 11.0).view(1, 10, 1, 1)
    settings = SeparationSettings(tau=0.5, normaliser=Normaliser.SUBSET_MEAN, weight=2.0)
    assert float(separate(d, settings, margin=8.0).loss) == pytest.approx(3.0 + 2.0 * (2 + 1) / 5)


@pytest.mark.parametrize(("unit", "expected"), [(SplitUnit.POSITIONS, 1.0), (SplitUnit.CHANNELS, 2.0)])
def test_coarser_units_rank_means(unit, expected):
    d = torch.ones(1, 4, 2, 2)
    d[0, :, 0, 0] = 5.0  # one position is far off in all channels
    separation = separate(d, SeparationSettings(tau=0.75, unit=unit), margin=0.0)
    assert float(separation.similar_mean) == pytest.approx(expected)


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.7, 0.9, 0.999])
def test_split_value_counts_the_share(tau):
    d = torch.rand(3, 1000, generator=torch.Generator().manual_seed(1))
    assert ((d <= split_value(d, tau)).sum(dim=1) == round(tau * 1000)).all()


def test_each_image_is_split_by_itself():
    d = squared_distances()
    scaled = d * torch.tensor([1.0, 100.0]).view(2, 1, 1, 1)
    torch.testing.assert_close(split_value(scaled.flatten(1), 0.9)[1], 100 * split_value(d.flatten(1), 0.9)[1])


def test_the_margin_is_anchored_at_what_the_quantile_has_come_to():
    anchor = MarginAnchor(SeparationSettings(margin_ratio=1.0))
    for quantile in [*np.linspace(2.7, 1.0, 50), *[1.0] * 80]:
        anchor.observe(torch.tensor(quantile))
    assert anchor.margin == pytest.approx(1.0, abs=0.02)


def test_anchored_margin_stays_after_the_warm_up():
    anchor = MarginAnchor(SeparationSettings(margin_ratio=2.0))
    for _ in range(200):
        anchor.observe(torch.tensor(3.0))
    assert anchor.margin == pytest.approx(6.0)
    assert MarginAnchor(SeparationSettings(margin_ratio=2.0, margin=0.7), average=3.0).margin == 0.7


@pytest.mark.parametrize(
    "wrong",
    [
        *({"tau": 0.0}, {"tau": 1.1}, {"margin_ratio": -1}, {"margin": -0.1}, {"weight": -1}, {"warm_up": 2}),
        *({"tau": math.nan}, {"margin": math.nan}, {"weight": math.inf}, {"hinge": "push"}, {"unit": None}),
    ],
)
def test_settings_out_of_range_are_refused_in_words(wrong):
    with pytest.raises(TrainingError, match=r"^[A-Zτ].*\.$"):
        SeparationSettings(**wrong)


@pytest.mark.parametrize(
    "choice",
    [
        *({"unit": u} for u in SplitUnit),
        *({"constraint": f} for f in Form),
        *({"hinge": h} for h in Hinge),
        *({"normaliser": n} for n in Normaliser),
    ],
)
def test_a_choice_by_its_name_is_the_choice(choice):
    named = {name: str(value) for name, value in choice.items()}
    d = squared_distances()
    by_name, by_member = (separate(d, SeparationSettings(tau=0.8, **c), 2.0).loss for c in (named, choice))
    assert by_name == by_member

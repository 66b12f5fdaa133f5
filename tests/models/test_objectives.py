"""Each loss against its definition on tensors small enough to compute by hand."""

import pytest
import torch

from dfsc.models.methods import METHODS
from dfsc.models.objectives import hard_feature_loss, penalty_loss, student_autoencoder_loss
from dfsc.models.separation import SeparationSettings


def test_hard_loss_is_the_mean_of_the_hardest_elements():
    teacher = torch.zeros(1, 10, 10, 10)
    student = torch.arange(1000.0).view(1, 10, 10, 10).sqrt()
    assert float(hard_feature_loss(teacher, student, quantile=0.99)) == pytest.approx(sum(range(990, 1000)) / 10)


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("cells", [7, 14, 28])
def test_hard_loss_takes_what_reaches_torchs_quantile(cells: int, quantile: float):
    torch.manual_seed(cells)
    teacher, student = torch.randn(2, 1, 16, cells, cells)
    d = (teacher - student).square()
    expected = d[d >= torch.quantile(d, quantile)].mean()
    assert float(hard_feature_loss(teacher, student, quantile)) == pytest.approx(float(expected), rel=1e-6)


def test_hard_loss_takes_1205_elements_at_the_published_size():
    torch.manual_seed(0)
    teacher = torch.randn(1, 384, 56, 56)
    student = torch.zeros_like(teacher, requires_grad=True)
    loss = hard_feature_loss(teacher, student)
    ordered = teacher.square().flatten().sort().values
    assert loss.item() == pytest.approx(float(ordered[-1205:].mean()), rel=1e-6)
    loss.backward()
    assert int((student.grad != 0).sum()) == 1205


def test_hard_loss_takes_each_images_own_hardest():
    d = torch.cat([torch.ones(1, 10, 10, 10), torch.zeros(1, 10, 10, 10)])
    assert float(hard_feature_loss(d, torch.zeros_like(d))) == pytest.approx(0.5)


def test_penalty_and_imitation():
    a, s = torch.full((1, 2, 2, 2), 3.0), torch.full((1, 2, 2, 2), 1.0)
    assert float(penalty_loss(a)) == 9.0
    assert float(student_autoencoder_loss(a, s)) == 4.0


def test_ead_s_reconstruction_is_the_mean_squared_error():
    teacher, autoencoder = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    outcome = METHODS["ead-s"].reconstruction(SeparationSettings(), None)(teacher, autoencoder, constrained=True)
    torch.testing.assert_close(outcome.loss, (teacher - autoencoder).square().mean())


def test_dfsc_equals_ead_s_during_the_warm_up_and_at_tau_one():
    teacher, autoencoder = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    plain = (teacher - autoencoder).square().mean()
    warm = METHODS["dfsc"].reconstruction(SeparationSettings(tau=0.5), None)
    torch.testing.assert_close(warm(teacher, autoencoder, constrained=False).loss, plain)
    assert warm(teacher, autoencoder, constrained=True).loss != plain
    whole = METHODS["dfsc"].reconstruction(SeparationSettings(tau=1.0), None)
    torch.testing.assert_close(whole(teacher, autoencoder, constrained=True).loss, plain)


def test_dfsc_measures_its_margin_in_the_warm_up_alone():
    reconstruction = METHODS["dfsc"].reconstruction(SeparationSettings(tau=0.9, margin_ratio=2.0), None)
    teacher = torch.randn(1, 3, 8, 8)
    near = reconstruction(teacher, torch.zeros_like(teacher), constrained=False)
    margin = 2 * near.watch["quantile"]
    far = reconstruction(teacher, torch.full_like(teacher, 9.0), constrained=True)
    assert far.watch["margin"] == pytest.approx(margin)
    resumed = METHODS["dfsc"].reconstruction(SeparationSettings(tau=0.9, margin_ratio=2.0), reconstruction.state)
    assert resumed.anchor.margin == reconstruction.anchor.margin


def test_without_a_warm_up_the_first_step_measures_the_margin():
    reconstruction = METHODS["dfsc"].reconstruction(SeparationSettings(tau=0.9, margin_ratio=2.0), None)
    teacher = torch.randn(1, 3, 8, 8)
    first = reconstruction(teacher, torch.zeros_like(teacher), constrained=True)
    assert first.loss == pytest.approx(float(teacher.square().mean()))
    second = reconstruction(teacher, torch.zeros_like(teacher), constrained=True)
    assert second.watch["margin"] == pytest.approx(2 * first.watch["quantile"])
    assert second.watch["active_share"] > 0

"""The optimiser: Muon on kernels as matrices, Adam on the rest, whatever the memory layout, resumable."""

import pytest
import torch
from torch import nn

from dfsc.training.optimizer import Algorithm, NetworkOptimizer

RATE, DECAY = 1e-2, 1e-3


def network(layout=torch.contiguous_format):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 2)).to(memory_format=layout)


def images():
    return torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(1))


def step(module, optimizer, share=1.0):
    optimizer.zero_grad()
    module(images()).square().mean().backward()
    optimizer.step(share)


def after(steps, algorithm, layout=torch.contiguous_format, limit=None):
    module = network(layout)
    optimizer = NetworkOptimizer(module, algorithm, RATE, DECAY, limit)
    for _ in range(steps):
        step(module, optimizer)
    return module, optimizer


def parameters(module):
    return [p.detach().clone() for p in module.parameters()]


def test_a_muon_step_is_an_orthogonal_one_for_kernels_and_adams_for_biases():
    before, (module, _) = parameters(network()), after(1, Algorithm.MUON)
    for old, new in zip(before, parameters(module), strict=True):
        change = (old - new).flatten(1) if old.ndim == 4 else old - new
        if old.ndim == 1:
            assert change.abs() == pytest.approx(RATE, rel=1e-3)
        else:
            values = torch.linalg.svdvals(change)
            assert values.min() > 0.5 * values.max()  # of a plain gradient they differ by orders of magnitude


def test_adam_is_torchs_adam():
    module, plain = after(3, Algorithm.ADAM)[0], network()
    adam = torch.optim.Adam(plain.parameters(), lr=RATE, weight_decay=DECAY)
    for _ in range(3):
        adam.zero_grad()
        plain(images()).square().mean().backward()
        adam.step()
    for one, other in zip(parameters(module), parameters(plain), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_no_share_of_the_rate_moves_nothing(algorithm):
    module, optimizer = after(1, algorithm)
    before = parameters(module)
    step(module, optimizer, share=0.0)
    assert all(torch.equal(one, other) for one, other in zip(before, parameters(module), strict=True))


def test_the_memory_layout_makes_no_difference():
    one, other = after(3, Algorithm.MUON)[0], after(3, Algorithm.MUON, torch.channels_last)[0]
    for a, b in zip(parameters(one), parameters(other), strict=True):
        torch.testing.assert_close(a, b, rtol=0.02, atol=1e-3)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_resumed_optimiser_goes_on_bit_by_bit(algorithm):
    module, optimizer = after(2, algorithm, limit=0.5)
    resumed = network()
    resumed.load_state_dict(module.state_dict())
    second = NetworkOptimizer(resumed, algorithm, RATE, DECAY, 0.5)
    second.load_state_dict(optimizer.state_dict())
    step(module, optimizer)
    step(resumed, second)
    assert all(torch.equal(a, b) for a, b in zip(parameters(module), parameters(resumed), strict=True))


def spiked(limit):
    """How far the updates of ten calm steps turn when a gradient a thousand times as long comes before them."""
    ends = []
    for factor in (1.0, 1e3):
        module = network()
        optimizer = NetworkOptimizer(module, Algorithm.MUON, RATE, DECAY, limit)
        for number in range(13):
            optimizer.zero_grad()
            (module(images() + number).square().mean() * (factor if number == 2 else 1.0)).backward()
            optimizer.step(1.0)
        ends.append(torch.cat([p.flatten() for p in parameters(module)]))
    start = torch.cat([p.flatten() for p in parameters(network())])
    return (ends[1] - ends[0]).norm() / (ends[0] - start).norm()


def test_one_long_gradient_does_not_decide_the_next_steps():
    assert spiked(2.0) < 0.5 * spiked(None)


def test_a_gradient_no_longer_than_usual_is_left_alone():
    limited = after(3, Algorithm.ADAM, limit=2.0)[0]
    for one, other in zip(parameters(limited), parameters(after(3, Algorithm.ADAM)[0]), strict=True):
        torch.testing.assert_close(one, other)

"""A training on a device: copies of its own, numbers that are looked at seldom; here the device is a processor's too.

What only a GPU shows is in tests/test_gpu.py.
"""

import numpy as np
import pytest
import torch

from dfsc import Recipe, train
from dfsc.errors import DeviceError
from dfsc.machine import _enlarged_by_products, enlarged, looked_at
from dfsc.training.training import Training

ELSEWHERE = "cpu:0"  # the processor, but by a name for which everything is copied


@pytest.fixture
def begun(demo_weights, good_pictures):
    """begun(device, **wishes) → a training of few steps of two methods on sixteen pictures."""
    pictures = np.stack([*good_pictures, *good_pictures])

    def begun_(device: str, **wishes) -> Training:
        recipe = Recipe(("ead-s", "dfsc"), **({"steps": 5, "copies": 2} | wishes))
        return train(recipe, pictures, device=device)

    return begun_


def weights(training: Training) -> torch.Tensor:
    models = [method.model for method in training.trainings.values()]
    return torch.cat([parameter.detach().flatten() for model in models for parameter in model.parameters()])


@pytest.mark.parametrize("wishes", [{"movement": 0.05}, {"schedule": "joint"}, {"as_published": True, "copies": None}])
def test_copies_on_a_device_teach_what_the_originals_do(begun, wishes):
    here, there = begun("cpu", **wishes), begun(ELSEWHERE, **wishes)
    for training in (here, there):
        list(training.run())
    assert isinstance(there.data.jittered_there.row(0), torch.Tensor)
    assert torch.equal(weights(here), weights(there))


def test_a_device_without_room_makes_its_copies_again(begun, monkeypatch):
    plenty = begun(ELSEWHERE)
    monkeypatch.setattr("dfsc.material.training_set.room", lambda device, bytes_: 500_000)
    little = begun(ELSEWHERE)
    for training in (plenty, little):
        list(training.run())
    assert little.data.memory.used < 2_000_000 < plenty.data.memory.used
    assert torch.equal(weights(plenty), weights(little))


def test_what_is_forgotten_on_a_device_is_forgotten_here_too(begun):
    training = begun(ELSEWHERE)
    list(training.run())
    training.forget()
    for stack in (training.data.jittered_there, training.first.penalty):
        assert not stack._rows
        assert not stack._source._rows


def test_numbers_that_are_looked_at_seldom_are_the_same_numbers(begun, monkeypatch, tmp_path):
    often = begun("cpu", steps=13)
    records = [progress.record for progress in often.run()]
    monkeypatch.setattr("dfsc.training.method_training.patience", lambda device: 10)
    seldom, stopped = begun("cpu", steps=13), begun("cpu", steps=13)
    told = [progress.record for progress in seldom.run()]
    assert torch.equal(weights(often), weights(seldom))
    assert {m: t.averages for m, t in often.trainings.items()} == {m: t.averages for m, t in seldom.trainings.items()}
    looked = [number for number, record in enumerate(records) if record.step in (1, 10, 13)]
    assert [told[number] for number in looked] == [records[number] for number in looked]
    assert told[2].losses == records[0].losses  # step 2 tells of step 1, of each method
    run = stopped.run(tmp_path / "state.pt")
    for _ in range(9):
        next(run)
    run.close()
    resumed = begun("cpu", steps=13)
    list(resumed.run(tmp_path / "state.pt"))
    assert resumed.first.averages == often.first.averages


def test_a_device_that_is_not_there_is_said_before_anything_is_prepared(begun, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="no CUDA GPU"):
        begun("cuda")


def test_numbers_are_read_in_their_order():
    logged = [{"a": torch.tensor(1.5), "b": 2.0}, {}, {"c": torch.tensor(3, dtype=torch.float64)}]
    assert looked_at(logged) == [{"a": 1.5, "b": 2.0}, {}, {"c": 3.0}]


@pytest.mark.parametrize(("size", "edge"), [((1, 1), 3), ((8, 8), 15), ((63, 63), 127), ((127, 127), 56), ((3, 5), 8)])
def test_both_ways_to_enlarge_agree(size, edge):
    maps = torch.randn(2, 4, *size, requires_grad=True)
    ways = (enlarged, _enlarged_by_products)
    torch.testing.assert_close(*(way(maps, edge) for way in ways))
    torch.testing.assert_close(*(torch.autograd.grad(way(maps, edge).square().sum(), maps)[0] for way in ways))
    half = maps.to(torch.bfloat16)
    assert _enlarged_by_products(half, edge).dtype == torch.bfloat16

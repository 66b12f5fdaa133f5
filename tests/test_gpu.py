"""What holds on a GPU: the same numbers as on the processor, repeatable trainings, and no wait within a step.

python -m pytest -m gpu -n 0
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from dfsc import Inspector, Recipe, evaluate, load, open_dataset, products, read_image, train
from dfsc.checkpoints.detectors import save_detector
from dfsc.checkpoints.embedded import product_detectors
from dfsc.checkpoints.weights import weights_folder
from dfsc.images.decoding import network_image
from dfsc.machine import chosen, enlarged, exact_arithmetic, on, ranked
from dfsc.material import training_set
from dfsc.models.detector import network_input
from dfsc.training.training import Training

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no CUDA GPU here"),
]
GPU = "cuda"
EMBEDDED = products()


@pytest.fixture
def trained(demo_weights, good_pictures):
    """trained(device, **wishes) → a finished training of a few steps on sixteen pictures."""
    pictures = np.stack([*good_pictures, *good_pictures])

    def trained_(device: str, methods=("ead-s", "dfsc"), **wishes) -> Training:
        training = train(Recipe(methods, **({"steps": 12, "copies": 2} | wishes)), pictures, device=device)
        list(training.run())
        return training

    return trained_


def examples(product: str) -> list[Path]:
    return sorted((weights_folder() / "examples" / product).rglob("*.jpg"))


def weights(training: Training) -> torch.Tensor:
    models = [method.model for method in training.trainings.values()]
    return torch.cat([parameter.detach().flatten().cpu() for model in models for parameter in model.parameters()])


def raw_maps(detector, images: np.ndarray, name: str) -> list[np.ndarray]:
    device = chosen(name)
    x = network_input(images, device)
    with torch.inference_mode(), exact_arithmetic(device):
        output = on(device, detector.teacher.network)(x).float()
        output = (output - detector.channel_mean.to(device)) / detector.channel_std.to(device)
        return [maps.cpu().numpy() for maps in on(device, detector.model)(x, output)]


@pytest.mark.parametrize("product", EMBEDDED)
def test_raw_maps_in_float32_are_those_of_the_processor(product):
    images = np.stack([network_image(file) for file in examples(product)[:4]])
    for detector in product_detectors(product):
        for here, there in zip(*(raw_maps(detector, images, name) for name in ("cpu", GPU)), strict=True):
            np.testing.assert_allclose(there, here, rtol=1e-3, atol=1e-3 * float(np.median(here)))


@pytest.mark.parametrize("product", EMBEDDED)
@pytest.mark.parametrize("dtype", [torch.float32, None])
def test_verdicts_on_the_embedded_examples_are_those_of_the_processor(product, dtype):
    detectors = product_detectors(product)
    here, there = Inspector(detectors, torch.float32, device="cpu"), Inspector(detectors, dtype, device=GPU)
    for file in examples(product):
        found = [[result.verdict for result in one.inspect(read_image(file)).results] for one in (here, there)]
        assert found[0] == found[1], file


@pytest.mark.parametrize("wishes", [{}, {"quick": True}, {"schedule": "joint"}, {"as_published": True, "copies": None}])
def test_a_training_is_repeatable(trained, wishes):
    assert torch.equal(weights(trained(GPU, **wishes)), weights(trained(GPU, **wishes)))


def test_a_training_learns_what_it_learns_on_the_processor(trained, monkeypatch):
    monkeypatch.setattr("dfsc.models.networks.nn.Dropout", lambda share: torch.nn.Identity())  # is drawn otherwise
    here, there = (trained(name, schedule="joint", as_published=True, copies=None) for name in ("cpu", GPU))
    assert (weights(here) - weights(there)).abs().mean() < 0.01 * weights(here).abs().mean()


def test_copies_that_find_no_room_are_made_again(trained, monkeypatch):
    plenty = weights(trained(GPU))
    monkeypatch.setattr(training_set, "room", lambda device, bytes_: 2_000_000)
    assert torch.equal(weights(trained(GPU)), plenty)


@pytest.mark.parametrize("wishes", [{}, {"quick": True}, {"schedule": "joint"}])
@pytest.mark.parametrize("method", ["ead-s", "dfsc", "fcl"])
def test_no_step_waits_for_the_gpu(demo_weights, good_pictures, monkeypatch, request, method, wishes):
    monkeypatch.setattr("dfsc.training.method_training.patience", lambda device: 1000)
    request.addfinalizer(lambda: torch.cuda.set_sync_debug_mode("default"))
    pictures = np.stack([*good_pictures, *good_pictures])
    training = train(Recipe(method, steps=40, copies=2, **wishes), pictures, device=GPU)
    data, learning = training.data, training.first
    for stack in (data.plain_there, data.jittered_there, data.plain_teacher, data.jittered_teacher, learning.penalty):
        stack[range(len(stack))]
    for record in learning.run():
        # A first step prepares, and a stage's last one is looked at.
        within = 5 <= record.step < record.steps - 2
        torch.cuda.set_sync_debug_mode("error" if within else "default")


def test_what_a_gpu_has_learned_is_a_checkpoint_like_any_other(trained, tmp_path, draw):
    methods = ("ead-s", "fcl", "fre")
    for method, detector in trained(GPU, methods=methods).detectors("part", {}).items():
        save_detector(detector, tmp_path / method, "# Trained on a GPU\n")
        loaded = load(tmp_path / method)
        assert {tensor.device.type for tensor in loaded.model.state_dict().values()} == {"cpu"}
        inspectors = [Inspector(loaded, torch.float32, device=name) for name in ("cpu", GPU)]
        here, there = (inspector.inspect(draw(3)).results[0] for inspector in inspectors)
        assert there.score == pytest.approx(here.score, abs=0.02)


def test_a_training_goes_on_on_another_device(demo_weights, good_pictures, tmp_path):
    pictures, recipe = np.stack([*good_pictures, *good_pictures]), Recipe("dfsc", steps=6, copies=2)
    for name, steps in ((GPU, 5), ("cpu", 7)):
        training = train(recipe, pictures, folder=tmp_path, device=name)
        run = training.run(tmp_path / "state.pt")
        taken = [next(run) for _ in range(steps)]
        run.close()
    assert taken[-1].record.stage == "student"


def test_an_evaluation_in_large_batches_gives_the_processors_scores(demo_detectors, toy_dataset):
    dataset = open_dataset(toy_dataset)
    here, there = (evaluate(dataset, demo_detectors, device=name) for name in ("cpu", GPU))
    for one, other in zip(here.detectors, there.detectors, strict=True):
        np.testing.assert_allclose(other.scores["fused"], one.scores["fused"], atol=0.02)
    assert there.device.endswith("(cuda:0)")


@pytest.mark.parametrize("shape", [(1, 384 * 56 * 56), (4, 192 * 56 * 56), (3, 3136)])
def test_values_at_a_rank_are_those_of_the_processor(shape):
    values = torch.randn(shape)
    for share in (0.001, 0.5, 0.98, 0.999):
        rank = max(1, round(share * shape[1]))
        assert torch.equal(ranked(values.to(GPU), rank).cpu(), ranked(values, rank))


def test_the_gradient_of_enlarging_is_repeatable():
    maps = torch.randn(2, 64, 32, 32, device=GPU, requires_grad=True)
    gradients = [torch.autograd.grad((enlarged(maps, 63) ** 2).sum(), maps)[0] for _ in range(5)]
    assert all(torch.equal(gradients[0], other) for other in gradients)

"""Shapes and parameter counts of arXiv 2303.14535, appendix A.1."""

import pytest
import torch

from dfsc.models.networks import SIZES, AutoEncoder, padded_forward, student_network, teacher_network


def parameter_count(network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("size", "teacher", "student"), [("small", 2_694_144, 4_267_392), ("medium", 8_026_624, 11_615_488)]
)
def test_parameter_counts_equal_the_paper(size, teacher, student):
    assert parameter_count(teacher_network(SIZES[size])) == teacher
    assert parameter_count(student_network(SIZES[size])) == student


def test_autoencoder_and_whole_model_have_the_papers_parameters():
    small = SIZES["small"]
    autoencoder = AutoEncoder(small.teacher_channels)
    assert parameter_count(autoencoder) == 1_096_320
    networks = (teacher_network(small), student_network(small), autoencoder)
    assert sum(map(parameter_count, networks)) == 8_057_856


@pytest.mark.parametrize("size", SIZES.values(), ids=lambda size: size.name)
def test_outputs_are_56_by_56_and_64_by_64_with_padding(size):
    image = torch.randn(1, 3, 256, 256)
    with torch.inference_mode():
        teacher = teacher_network(size)
        plain, padded = teacher(image), padded_forward(teacher, image)
    assert plain.shape == (1, size.teacher_channels, 56, 56)
    assert padded.shape == (1, size.teacher_channels, 64, 64)
    torch.testing.assert_close(padded[:, :, 4:60, 4:60], plain, atol=1e-5, rtol=1e-4)


def test_demo_halves_the_channels():
    demo, small = student_network(SIZES["demo"]), student_network(SIZES["small"])
    assert [layer.out_channels * 2 for layer in demo if hasattr(layer, "out_channels")] == [
        layer.out_channels for layer in small if hasattr(layer, "out_channels")
    ]


def test_autoencoder_passes_through_a_single_position():
    autoencoder = AutoEncoder(192).eval()
    with torch.inference_mode():
        image = torch.randn(2, 3, 256, 256)
        assert autoencoder.encoder(image).shape == (2, 64, 1, 1)
        assert autoencoder(image).shape == (2, 192, 56, 56)


def test_a_cell_sees_33_pixels():
    teacher = teacher_network(SIZES["demo"])
    image = torch.zeros(1, 3, 256, 256, requires_grad=True)
    teacher(image)[0, :, 10, 20].sum().backward()
    rows, columns = image.grad[0].abs().sum(0).nonzero(as_tuple=True)
    assert (int(rows.min()), int(rows.max())) == (40, 72)
    assert (int(columns.min()), int(columns.max())) == (80, 112)

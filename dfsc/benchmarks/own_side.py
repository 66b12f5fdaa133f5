"""What is measured of this library beside another one, in a process of its own."""

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from dfsc.benchmarks.turns import Ways, serve

if TYPE_CHECKING:
    import torch

EDGE = 1024  # of the square matrices whose product is the machine's limit


def load() -> Ways:
    """ "pair RUNTIME ARITHMETIC": an image through a pair with a shared teacher, to its maps; "step ARITHMETIC": a
    training step with one image; "product ARITHMETIC": one of two square matrices of EDGE, as such and as a convolution
    with kernels 1×1, which another library computes.
    """
    import torch

    from dfsc.backends.runtimes import BACKENDS, ONNXRUNTIME, TORCH
    from dfsc.benchmarks.steps import own_steps
    from dfsc.machine import dtype_for, dtype_name

    kinds = dict.fromkeys((dtype_for("inference"), dtype_for("training"), torch.float32))
    installed = [TORCH, *(name for name in BACKENDS[1:] if find_spec(name) and find_spec("onnx"))]
    ways: dict[str, Callable[[], Callable[[], object]]] = {}
    for dtype in kinds:
        for backend in installed:
            if backend != ONNXRUNTIME or dtype is torch.float32:
                ways[f"pair {backend} {dtype_name(dtype)}"] = partial(_pair, backend, dtype)
        ways[f"product {dtype_name(dtype)}"] = partial(_product, dtype)
        ways[f"product by convolution {dtype_name(dtype)}"] = partial(_product_by_convolution, dtype)
    return ways | {f"step {dtype_name(dtype_for('training'))}": partial(own_steps, "small", 1, dtype_for("training"))}


def multiplications() -> int:
    """Products of two numbers that an image costs a pair: teacher, two students, two auto-encoders of size small."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        _pair("torch", torch.float32)()
    return counter.get_total_flops() // 2


def _pair(backend: str, dtype: "torch.dtype") -> Callable[[], object]:
    import torch

    from dfsc.backends.runtimes import ready
    from dfsc.geometry import INPUT_SIZE
    from dfsc.machine import CPU, layout
    from dfsc.models.detector import StudentAutoencoder
    from dfsc.models.networks import SIZES, teacher_network

    torch.manual_seed(0)
    make = partial(ready, backend=backend, dtype=dtype)
    teacher = make(teacher_network(SIZES["small"]).eval())
    models = [StudentAutoencoder.empty(SIZES["small"]).eval() for _ in range(2)]
    prepared = [deepcopy(model).prepared(make) for model in models]
    image = torch.rand(1, 3, INPUT_SIZE, INPUT_SIZE).contiguous(memory_format=layout(CPU))

    @torch.inference_mode()
    def inspected() -> object:
        features = teacher(image).float()
        return [model(image, features) for model in prepared]

    return inspected


def _product(dtype: "torch.dtype") -> Callable[[], object]:
    import torch

    left, right = torch.rand(2, EDGE, EDGE).to(dtype)
    return lambda: left @ right


def _product_by_convolution(dtype: "torch.dtype") -> Callable[[], object]:
    import torch

    from dfsc.machine import CPU, layout

    left, right = torch.rand(2, EDGE, EDGE).to(dtype)
    cells, kernels = right.view(1, EDGE, 32, 32).contiguous(memory_format=layout(CPU)), left.view(EDGE, EDGE, 1, 1)

    @torch.inference_mode()
    def convolved() -> object:
        return torch.nn.functional.conv2d(cells, kernels)

    return convolved


if __name__ == "__main__":
    serve(load)

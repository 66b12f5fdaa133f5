"""Networks in int8: convolutions with 8-bit kernels and activations, fitted to photographs of good parts.

Convolutions that see the image itself stay in float32, as in checkpoints, and so do a teacher's but its last one, whose
error would count most, and networks' outputs. What int8 adds to good photographs' maps is measured beside float32 and
taken off again, place by place; by how much it then still raises the highest of their scores, the limit is raised, as
that is what limits follow from.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch

from dfsc.backends.runtimes import needed
from dfsc.exchange.graph import RAW_OUTPUTS, ScaleGraph
from dfsc.exchange.runtimes import Run, onnx_session
from dfsc.models.calibration import peak

if TYPE_CHECKING:
    from onnx import ModelProto

# Photographs that ranges of activations are taken from; more hardly widen them.
MOST_FITTED = 32
BATCH = 4
COLOURS = 3
# How the exporter names teachers' kernels.
TEACHERS = "teachers."
# What computes in int8, or hands it on to what does.
TAKERS = {"Conv", "AveragePool", "Relu", "Resize"}


class _Reader:
    """Photographs one by one, as the quantiser takes them."""

    def __init__(self, photographs: np.ndarray):
        self._waiting = iter(photographs[:MOST_FITTED])

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._waiting, None)
        return None if image is None else {"images": image[None]}


def quantised(networks: "ModelProto", good: np.ndarray) -> "ModelProto":
    """A graph of networks in int8 where its convolutions allow it, by good photographs uint8 N×256×256×3."""
    needed("onnxruntime")
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with TemporaryDirectory() as folder, _without_advice():
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        onnx.save(networks, str(whole))
        quantize_static(
            str(whole),
            str(small),
            _Reader(good),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "AveragePool", "Relu"],
            nodes_to_exclude=_in_float(networks),
        )
        return _with_float_outputs(onnx.load(str(small)))


@contextmanager
def _without_advice() -> Iterator[None]:
    """The quantiser warns of a preparation that exported graphs have behind them."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _in_float(networks: "ModelProto") -> list[str]:
    """The convolutions that see an image, whose kernels O×I×h×w have I = 3, and all of a teacher but its last."""
    inputs = {kernel.name: list(kernel.dims) for kernel in networks.graph.initializer}
    kernels = {node.input[1]: node.name for node in networks.graph.node if node.op_type == "Conv"}
    looking = [name for kernel, name in kernels.items() if inputs[kernel][1] == COLOURS]
    of_teachers = [kernel for kernel in kernels if kernel.startswith(TEACHERS)]
    last = {_teacher(kernel): kernel for kernel in of_teachers}
    return [*looking, *(kernels[kernel] for kernel in of_teachers if kernel != last[_teacher(kernel)])]


def _teacher(kernel: str) -> str:
    """Whose it is: "teachers.0.3.weight" → "0"."""
    return kernel.removeprefix(TEACHERS).split(".")[0]


def _with_float_outputs(model: "ModelProto") -> "ModelProto":
    """Without rounding what no layer in int8 takes: networks' outputs, whose differences are the maps."""
    nodes = model.graph.node
    takers: dict[str, set[str]] = {}
    for node in nodes:
        for name in node.input:
            takers.setdefault(name, set()).add(node.op_type)
    rounding = {node.output[0]: node for node in nodes if node.op_type == "QuantizeLinear"}
    for back in [node for node in nodes if node.op_type == "DequantizeLinear" and node.input[0] in rounding]:
        if takers[back.output[0]].isdisjoint(TAKERS):
            there = rounding[back.input[0]]
            for node in nodes:
                for place, name in enumerate(node.input):
                    if name == back.output[0]:
                        node.input[place] = there.input[0]
            nodes.remove(back)
            nodes.remove(there)
    taken = {name for node in nodes for name in node.input}
    for constant in [one for one in model.graph.initializer if one.name not in taken]:
        model.graph.initializer.remove(constant)
    return model


def correction(
    networks: "ModelProto", small: "ModelProto", scale: ScaleGraph, good: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What int8 adds to good photographs' maps, D×2×56×56, and then to the highest of their scores, D numbers ≥ 0."""
    exact, reduced = (_maps(onnx_session(model), scale, good) for model in (networks, small))
    shifts = (reduced - exact).mean(axis=0)
    weights = np.array([scale.local_weight, 1 - scale.local_weight], np.float32)[:, None, None]
    before, after = (peak((maps * weights).sum(axis=2)) for maps in (exact, reduced - shifts))
    return shifts, (after.max(axis=0) - before.max(axis=0)).clip(min=0)


@torch.inference_mode()
def _maps(run: Run, scale: ScaleGraph, images: np.ndarray) -> np.ndarray:
    """Local and global maps on the common scale, N×D×2×56×56."""
    stacks = []
    for start in range(0, len(images), BATCH):
        raw = run(images[start : start + BATCH])
        local, global_, *_ = scale(*(torch.from_numpy(raw[name]) for name in RAW_OUTPUTS))
        stacks.append(torch.stack([local, global_], dim=2).numpy())
    return np.concatenate(stacks)

"""Networks in int8: convolutions with 8-bit kernels and activations, fitted to photographs of good parts.

Convolutions that see the image itself stay in float32, as in checkpoints. What int8 adds to good photographs' maps is
measured beside float32 and taken off again, place by place; by how much it then still raises their scores, the limit is
raised.
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
            nodes_to_exclude=_looking_at_images(networks),
        )
        return onnx.load(str(small))


@contextmanager
def _without_advice() -> Iterator[None]:
    """The quantiser warns of a preparation that exported graphs have behind them."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _looking_at_images(networks: "ModelProto") -> list[str]:
    """The convolutions whose kernels O×I×h×w have I = 3."""
    inputs = {kernel.name: list(kernel.dims) for kernel in networks.graph.initializer}
    return [node.name for node in networks.graph.node if node.op_type == "Conv" and inputs[node.input[1]][1] == 3]


def correction(
    networks: "ModelProto", small: "ModelProto", scale: ScaleGraph, good: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What int8 adds to good photographs' maps, D×2×56×56, and then still to their scores at most, D numbers ≥ 0."""
    exact, reduced = (_maps(onnx_session(model), scale, good) for model in (networks, small))
    shifts = (reduced - exact).mean(axis=0)
    weights = np.array([scale.local_weight, 1 - scale.local_weight], np.float32)[:, None, None]
    scores = [peak((maps * weights).sum(axis=2)) for maps in (exact, reduced - shifts)]
    return shifts, (scores[1] - scores[0]).max(axis=0).clip(min=0)


@torch.inference_mode()
def _maps(run: Run, scale: ScaleGraph, images: np.ndarray) -> np.ndarray:
    """Local and global maps on the common scale, N×D×2×56×56."""
    stacks = []
    for start in range(0, len(images), BATCH):
        raw = run(images[start : start + BATCH])
        local, global_, *_ = scale(*(torch.from_numpy(raw[name]) for name in RAW_OUTPUTS))
        stacks.append(torch.stack([local, global_], dim=2).numpy())
    return np.concatenate(stacks)

"""A network as a graph in ONNX, layer by layer: N×3×256×256 float32 → its output, for any N.

Written by hand, as PyTorch's exporter takes seconds for what these few kinds of layers take milliseconds.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor, nn

from dfsc.geometry import MAP_SIZE, PADDED_MAP_SIZE
from dfsc.models.networks import AutoEncoder

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 18
# What every version of onnxruntime and OpenVINO that has the opset reads.
IR_VERSION = 9
INPUT, OUTPUT = "image", "output"


def onnx_graph(network: nn.Module) -> "ModelProto":
    """A PDN, a part of one or an auto-encoder in float32, as it computes outside of training."""
    from onnx import TensorProto, helper

    graph = _Graph()
    last = graph.autoencoder(network) if isinstance(network, AutoEncoder) else graph.layers(INPUT, network.children())
    graph.node("Identity", [last], output=OUTPUT)
    channels = next(layer.in_channels for layer in network.modules() if isinstance(layer, nn.Conv2d))
    shapes: dict[str, list[str | int | None]] = {
        INPUT: ["images", channels, "height", "width"],
        OUTPUT: ["images", "channels", "rows", "columns"],
    }
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    whole = helper.make_graph(graph.nodes, "network", ends[:1], ends[1:], graph.constants)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


class _Graph:
    """Nodes in their order and constants; each method adds some and gives the name of their output."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def autoencoder(self, network: AutoEncoder) -> str:
        x = self.layers(INPUT, network.encoder)
        for edge, convolution in zip(network.DECODER_SIZES, network.decoder, strict=True):
            x = self.layers(self._enlarged(x, edge), (convolution, nn.ReLU()))
        if not network.padded:
            return self.layers(self._enlarged(x, MAP_SIZE), network.head)
        return self._inner(self.layers(self._enlarged(x, PADDED_MAP_SIZE), network.head))

    def layers(self, x: str, layers: Iterable[nn.Module]) -> str:
        for layer in layers:
            x = self._layer(x, layer)
        return x

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output or name], name=name, **attributes))
        return output or name

    def _layer(self, x: str, layer: nn.Module) -> str:
        if isinstance(layer, nn.Conv2d):
            pads, strides = [int(edge) for edge in layer.padding] * 2, list(layer.stride)
            kernel, bias = self._constant(layer.weight), self._constant(layer.bias)
            return self.node("Conv", [x, kernel, bias], pads=pads, strides=strides)
        if isinstance(layer, nn.AvgPool2d):
            return self.node("AveragePool", [x], kernel_shape=[layer.kernel_size] * 2, strides=[layer.stride] * 2)
        assert isinstance(layer, nn.ReLU), "networks consist of these three kinds of layers"
        return self.node("Relu", [x])

    def _enlarged(self, x: str, edge: int) -> str:
        """Bilinear between the cells' centres, as dfsc.machine.enlarged does it."""
        # With `axes` for the two edges alone onnxruntime breaks down on quantised graphs.
        images_and_channels = self.node("Shape", [x], start=0, end=2)
        sizes = self.node("Concat", [images_and_channels, self._constant(np.array([edge] * 2, np.int64))], axis=0)
        return self.node("Resize", [x, "", "", sizes], mode="linear")

    def _inner(self, x: str) -> str:
        ring = (PADDED_MAP_SIZE - MAP_SIZE) // 2
        ends = ([ring, ring], [PADDED_MAP_SIZE - ring] * 2, [2, 3])
        return self.node("Slice", [x, *(self._constant(np.array(one, np.int64)) for one in ends)])

    def _constant(self, values: Tensor | np.ndarray | None) -> str:
        from onnx import numpy_helper

        array = values.detach().numpy() if isinstance(values, Tensor) else values
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

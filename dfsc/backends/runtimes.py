"""Which runtime computes the networks of an inspection: torch, or onnxruntime or OpenVINO where they are installed.

Only a network's forward is replaced; what comes before it and what follows from its output stays as it is.
"""

import os
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.backends.layers import INPUT, onnx_graph
from dfsc.errors import CheckpointError, DeviceError
from dfsc.machine import dtype_name
from dfsc.models.detector import for_inference, stem_and_body

TORCH, ONNXRUNTIME, OPENVINO = BACKENDS = ("torch", "onnxruntime", "openvino")
VARIABLE = "DFSC_BACKEND"
TITLES = {ONNXRUNTIME: "onnxruntime", OPENVINO: "OpenVINO"}
# OpenVINO's names; onnxruntime computes in float32 alone on a processor.
HINTS = {torch.float32: "f32", torch.bfloat16: "bf16"}

# From N×C×H×W to a network's output, float32 both.
Run = Callable[[np.ndarray], np.ndarray]


def chosen_backend(name: str | None, device: torch.device) -> str:
    """One of BACKENDS; for None what DFSC_BACKEND says, or torch, and torch on a GPU.

    Raises:
        DeviceError: for another name, and for one that is named although it does not compute on the device.
        CheckpointError: for one that is not installed.
    """
    wished = name or os.environ.get(VARIABLE, "").strip() or TORCH
    if wished not in BACKENDS:
        raise DeviceError(f'"{wished:.40}" is no backend; name {", ".join(BACKENDS[:-1])} or {BACKENDS[-1]}.')
    if wished != TORCH and device.type != "cpu":
        if name:
            raise DeviceError(f"{TITLES[wished]} computes on the processor here, not on {device}; add --device cpu.")
        return TORCH
    if wished != TORCH:
        needed("onnx", wished)
    return wished


def needed(*packages: str) -> None:
    """Raise CheckpointError where a package of the extra `export` is not installed."""
    for package in packages:
        if find_spec(package) is None:
            raise CheckpointError(f'{package} is not installed here; `pip install "dfsc-inspector[export]"` adds it.')


def arithmetic_of(backend: str, dtype: torch.dtype) -> torch.dtype:
    """The arithmetic in which a backend computes where torch would in `dtype`."""
    return torch.float32 if backend == ONNXRUNTIME else dtype


def arithmetic_name(backend: str, dtype: torch.dtype) -> str:
    """That in words: "float32" or "bfloat16", and whose where it is not torch's."""
    name = dtype_name(arithmetic_of(backend, dtype))
    return name if backend == TORCH else f"{name} ({TITLES[backend]})"


def ready(network: nn.Module, backend: str, dtype: torch.dtype) -> nn.Module:
    """A network made ready for a backend, for as many threads as torch has: N×3×256×256 → its output, float32.

    torch's is frozen in place and may give another dtype (see for_inference).
    """
    if backend == TORCH:
        return for_inference(network, dtype)
    if backend == ONNXRUNTIME:
        return Compiled(_onnxruntime(_serialised(network)))
    stem, body = stem_and_body(network) if dtype is torch.bfloat16 else (nn.Identity(), network)
    before = stem if isinstance(stem, nn.Identity) else Compiled(_openvino(_serialised(stem), HINTS[torch.float32]))
    return nn.Sequential(before, Compiled(_openvino(_serialised(body), HINTS[dtype])))


class Compiled(nn.Module):
    """A network in another runtime, which holds its weights."""

    def __init__(self, run: Run):
        super().__init__()
        self._run = run

    def forward(self, image: Tensor) -> Tensor:
        return torch.from_numpy(self._run(image.contiguous().numpy()))


def _serialised(network: nn.Module) -> bytes:
    return onnx_graph(network).SerializeToString()


def session_of(graph: bytes | str) -> Any:
    """A graph or its file in onnxruntime, on the processor with as many threads as torch has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that wait busily take twice the processor time, from whoever else is there.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _onnxruntime(graph: bytes) -> Run:
    session = session_of(graph)
    return lambda image: session.run(None, {INPUT: image})[0]


def _openvino(graph: bytes, precision: str) -> Run:
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = _core().compile_model(_core().read_model(graph), "CPU", settings)
    # One request's memory instead of one for each thread of a server.
    alone = Lock()

    def run(image: np.ndarray) -> np.ndarray:
        with alone:
            return compiled(image)[0]

    return run


@cache
def _core() -> Any:
    import openvino

    return openvino.Core()

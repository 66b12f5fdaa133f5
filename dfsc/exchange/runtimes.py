"""Exported files in the runtime that they are for: images in, a dictionary of arrays out."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from dfsc.backends.runtimes import needed, session_of
from dfsc.exchange.graph import OUTPUTS

if TYPE_CHECKING:
    from onnx import ModelProto

# Images uint8 N×256×256×3 → what dfsc.exchange.graph.OUTPUTS names.
Run = Callable[[np.ndarray], dict[str, np.ndarray]]


def opened(file: Path) -> tuple[Run, str]:
    """An exported file made ready, and the name of its runtime.

    Raises:
        CheckpointError: where its runtime is not installed.
    """
    if file.suffix == ".onnx":
        return onnx_session(str(file)), "onnxruntime"
    return (_openvino(file), "OpenVINO") if file.suffix == ".xml" else (_torchscript(file), "TorchScript")


def onnx_session(model: "str | ModelProto") -> Run:
    """A file or a model in onnxruntime, on the processor."""
    needed("onnxruntime")
    session = session_of(model if isinstance(model, str) else model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return lambda images: dict(zip(names, session.run(None, {"images": images}), strict=True))


def _openvino(file: Path) -> Run:
    needed("openvino")
    import openvino

    # Where a processor has bfloat16, OpenVINO would compute float32 networks in it.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = openvino.compile_model(str(file), "CPU", settings)

    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = compiled(images)
        return {name: outputs[name] for name in OUTPUTS}

    return run


def _torchscript(file: Path) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = torch.jit.load(str(file), map_location="cpu")

    @torch.inference_mode()
    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = graph(torch.from_numpy(np.ascontiguousarray(images)))
        return {name: output.numpy() for name, output in zip(OUTPUTS, outputs, strict=True)}

    return run

"""Detectors as one file for other runtimes: ONNX, OpenVINO's pair of .xml and .bin, or TorchScript.

A file has everything from the resized photograph to the verdict (see dfsc.exchange.graph), and a note on what it is:
ONNX in its metadata, OpenVINO in its run-time information, TorchScript as an extra file, each called "dfsc".
"""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.backends.runtimes import needed
from dfsc.errors import CheckpointError
from dfsc.exchange.graph import OUTPUTS, RAW_OUTPUTS, VERDICTS, InspectionGraph, RawGraph, ScaleGraph
from dfsc.files import replacing
from dfsc.geometry import INPUT_SIZE, MAP_SIZE
from dfsc.models.detector import Detector
from dfsc.models.methods import METHODS, method_title
from dfsc.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

ENDINGS = {"onnx": ".onnx", "openvino": ".xml", "torchscript": ".pt"}
PRECISIONS = ("float32", "float16", "int8")
EXPORT_FORMAT, NOTE = "dfsc-export-1", "dfsc"
OPSET = 18
INPUT = "images"
# Kernels, which are halved; smaller tensors are not worth a cast.
LEAST_HALVED = 256
SCALE = "scale_"


@dataclass(frozen=True)
class Wish:
    """What to export.

    Attributes:
        kind: a key of ENDINGS.
        precision: one of PRECISIONS: float16 stores kernels in it and computes in float32, int8 computes in it.
        local_weight, rejected_good: as for Inspection.judged.

    Raises:
        CheckpointError: for what there is not.
    """

    kind: str = "onnx"
    precision: str = "float32"
    local_weight: float = 0.5
    rejected_good: int = 0

    def __post_init__(self) -> None:
        if self.kind == "torchscript" and self.precision != "float32":
            raise CheckpointError("TorchScript is exported in float32 only; choose onnx or openvino for less.")
        if not 0 <= self.local_weight <= 1:
            raise CheckpointError(f"The weight of the local map is from 0 to 1, not {self.local_weight:g}.")


def export(detectors: Sequence[Detector], file: Path, wish: Wish, good: np.ndarray | None = None) -> None:
    """Write detectors to a file; detectors with the same teacher share it there too.

    Args:
        good: photographs of good parts, uint8 N×256×256×3, which int8 is fitted to and its limits with.

    Raises:
        CheckpointError: where a package is missing, a name does not end as its format's, or int8 has no photographs.
    """
    if file.suffix != ENDINGS[wish.kind]:
        raise CheckpointError(f"A file of format {wish.kind} ends in {ENDINGS[wish.kind]}, not {file.name[-20:]}.")
    _check_whole(detectors)
    fewest = min(detector.calibration.count for detector in detectors)
    if not 0 <= wish.rejected_good < fewest:
        raise CheckpointError(f"Of {fewest} held-out good parts 0 to {fewest - 1} can be rejected.")
    raw = RawGraph(detectors).eval()
    scale = ScaleGraph(detectors, wish.local_weight, wish.rejected_good).eval()
    if wish.kind == "torchscript":
        _write_torchscript(InspectionGraph(raw, scale), file, _note(detectors, wish, scale))
        return
    needed("onnx", "onnxscript")
    networks = _onnx(raw, (_images(),), [INPUT], RAW_OUTPUTS)
    if wish.precision == "int8":
        networks, scale = _in_int8(networks, detectors, wish, scale, good)
    # Two tensors, as one would be taken for a graph in which both inputs are the same.
    raw_maps = _raw(len(detectors)), _raw(len(detectors))
    model = _joined(networks, _onnx(scale, raw_maps, RAW_OUTPUTS, OUTPUTS))
    if wish.precision == "float16":
        _halve(model)
    write = {"onnx": _write_onnx, "openvino": _write_openvino}[wish.kind]
    write(model, file, _note(detectors, wish, scale))


def _check_whole(detectors: Sequence[Detector]) -> None:
    """Raise CheckpointError for detectors that see a photograph in tiles, or only a region of it."""
    for detector in detectors:
        if detector.config.tiles or detector.calibration.region:
            seen = "in tiles" if detector.config.tiles else "only in a region"
            raise CheckpointError(f"{detector.config.name} sees a photograph {seen}, which can't be exported.")


def _in_int8(
    networks: "ModelProto", detectors: Sequence[Detector], wish: Wish, scale: ScaleGraph, good: np.ndarray | None
) -> "tuple[ModelProto, ScaleGraph]":
    if good is None or not len(good):
        raise CheckpointError("int8 is fitted to photographs of good parts; name their folder with --good.")
    from dfsc.exchange.quantising import correction, quantised

    small = quantised(networks, good)
    shifts, rise = correction(networks, small, scale, good)
    return small, ScaleGraph(detectors, wish.local_weight, wish.rejected_good, shifts, rise).eval()


def _note(detectors: Sequence[Detector], wish: Wish, scale: ScaleGraph) -> str:
    """What the file is, as JSON."""
    return json.dumps(
        {
            "format": EXPORT_FORMAT,
            "library_version": __version__,
            "precision": wish.precision,
            "input": f"{INPUT}: RGB uint8 N×{INPUT_SIZE}×{INPUT_SIZE}×3, resized by {detectors[0].config.resize_rule}",
            "outputs": list(OUTPUTS),
            "verdicts": list(VERDICTS),
            "local_weight": wish.local_weight,
            "rejected_good": wish.rejected_good,
            "detectors": [
                {
                    "product": detector.config.product,
                    "method": detector.config.method,
                    "title": method_title(detector.config),
                    "weights_digest": detector.weights_digest,
                    "teacher_digest": detector.teacher.digest,
                    "limit": float(limit),
                    "foreign": METHODS[detector.config.method].foreign,
                    "usable": detector.config.usable,
                }
                for detector, limit in zip(detectors, scale.limits, strict=True)
            ],
        },
        ensure_ascii=False,
    )


def _images() -> Tensor:
    """Two, as one would be taken for a number that never changes."""
    return torch.zeros(2, INPUT_SIZE, INPUT_SIZE, 3, dtype=torch.uint8)


def _raw(detectors: int) -> Tensor:
    return torch.ones(2, detectors, MAP_SIZE, MAP_SIZE)


def _onnx(graph: nn.Module, inputs: tuple[Tensor, ...], names: Sequence[str], outputs: Sequence[str]) -> "ModelProto":
    """A graph in ONNX, for any number of images."""
    batch = torch.export.Dim("batch")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of tracing caches, whose content is constant
        graph(*inputs)
        program = torch.onnx.export(
            graph,
            inputs,
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=list(names),
            output_names=list(outputs),
            dynamic_shapes=tuple({0: batch} for _ in inputs),
        )
    assert program is not None, "the exporter gives one where no file is named"
    return program.model_proto


def _joined(networks: "ModelProto", scale: "ModelProto") -> "ModelProto":
    """Both graphs as one, the second's inner names with a prefix."""
    from onnx import checker, compose

    apart = compose.add_prefix(scale, SCALE, rename_inputs=False, rename_outputs=False)
    whole = compose.merge_models(networks, apart, io_map=[(name, name) for name in RAW_OUTPUTS])
    checker.check_model(whole)
    return whole


def _halve(model: "ModelProto") -> None:
    """Store the networks' kernels in float16, with a cast before their use; a runtime takes that out when it loads."""
    from onnx import TensorProto, helper, numpy_helper

    for kernel in list(model.graph.initializer):
        values = numpy_helper.to_array(kernel)
        if kernel.data_type != TensorProto.FLOAT or values.size < LEAST_HALVED or kernel.name.startswith(SCALE):
            continue
        half = f"{kernel.name}_half"
        model.graph.initializer.remove(kernel)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), half))
        model.graph.node.insert(0, helper.make_node("Cast", [half], [kernel.name], to=TensorProto.FLOAT))


def _write_onnx(model: "ModelProto", file: Path, note: str) -> None:
    from onnx import helper, save

    helper.set_model_props(model, {NOTE: note})
    with replacing(file) as unfinished:
        save(model, str(unfinished))


def _write_openvino(model: "ModelProto", file: Path, note: str) -> None:
    needed("openvino")
    import onnx
    import openvino

    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        onnx.save(model, f"{folder}/model.onnx")
        converted = openvino.convert_model(f"{folder}/model.onnx")
    converted.set_rt_info(note, NOTE)
    openvino.save_model(converted, str(file), compress_to_fp16=False)


def _write_torchscript(graph: InspectionGraph, file: Path, note: str) -> None:
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # that it is deprecated, which the documentation says
        traced = torch.jit.trace(graph.requires_grad_(False), (_images(),), check_trace=False)
        with replacing(file) as unfinished:
            torch.jit.save(traced, str(unfinished), _extra_files={NOTE: note})

"""Which arithmetic a processor is faster in, measured: that it multiplies bfloat16 does not mean that it does so fast.

Measured on the convolutions that the networks spend their time in, for inference and for training apart, in a tenth of
a second each. What was found is kept in the user's cache folder for this processor, number of threads and version of
torch.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

import torch
from torch import nn
from torch.func import functional_call

from dfsc.errors import DFSCError
from dfsc.files import cache_folder, read_json, replacing

Purpose = Literal["inference", "training"]
VARIABLE = "DFSC_ARITHMETIC"
NAMES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
SECONDS, LEAST_TURNS = 0.1, 3
# float32 is exact, so bfloat16 has to bring something.
WORTH = 0.95
# A quarter of an image, as a PDN of size demo has it after its first layer.
CHANNELS, EDGE = 64, 61


def demanded() -> torch.dtype | None:
    """DFSC_ARITHMETIC; raises DFSCError for anything but float32 and bfloat16."""
    text = os.environ.get(VARIABLE, "").strip()
    if text and text not in NAMES:
        raise DFSCError(f'{VARIABLE} is "{text}", but it has to be float32 or bfloat16.')
    return NAMES.get(text)


@cache
def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for matrix products in bfloat16; without them there is nothing to try."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(unit, False) for unit in ("avx512_bf16", "amx_bf16"))


def faster(purpose: Purpose) -> torch.dtype:
    """The faster one on this processor with the threads that it computes on now."""
    return _faster(purpose, torch.get_num_threads()) if multiplies_bfloat16() else torch.float32


@cache
def _faster(purpose: Purpose, threads: int) -> torch.dtype:
    file, key = cache_folder() / "arithmetic.json", f"{_processor()}, {threads} threads, torch {torch.__version__}"
    known = _read(file)
    found = known.get(key, {}).get(purpose)
    if found not in NAMES:
        found = _measured(purpose)
        known[key] = known.get(key, {}) | {purpose: found}
        with suppress(OSError), replacing(file) as unfinished:  # without a place to keep it, each process measures
            unfinished.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return NAMES[found]


def _read(file: Path) -> dict[str, dict[str, str]]:
    with suppress(OSError, ValueError):
        known = read_json(file)
        if isinstance(known, dict) and all(isinstance(found, dict) for found in known.values()):
            return known
    return {}


def _processor() -> str:
    """What tells this processor from others, in words."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0].splitlines()
        told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "model name" in told:
            return " ".join(told.get(name, "") for name in ("model name", "cpu family", "model", "stepping")).strip()
    return platform.processor() or platform.machine()


def _measured(purpose: Purpose) -> str:
    """The name of the faster arithmetic, whatever the caller is about to do with torch's modes and generators."""
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        body, x = _body(), torch.randn(1, CHANNELS, EDGE, EDGE)
        return _faster_of({name: _way(body, x, dtype, purpose) for name, dtype in NAMES.items()})


def _faster_of(ways: dict[str, Callable[[], object]]) -> str:
    """Both take turns, and of each the fastest counts, as others may be at work."""
    for way in ways.values():  # the first time takes longer
        way()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS or len(taken["bfloat16"]) < LEAST_TURNS:
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - started)
    return "bfloat16" if min(taken["bfloat16"]) < WORTH * min(taken["float32"]) else "float32"


def _body() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(CHANNELS, 2 * CHANNELS, 4),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(2 * CHANNELS, 2 * CHANNELS, 3),
        nn.ReLU(),
        nn.Conv2d(2 * CHANNELS, 6 * CHANNELS, 4),
    ).to(memory_format=torch.channels_last)


def _way(body: nn.Sequential, x: torch.Tensor, dtype: torch.dtype, purpose: Purpose) -> Callable[[], object]:
    x = x.contiguous(memory_format=torch.channels_last).to(dtype)
    parameters = dict(body.named_parameters())

    def inferred() -> object:
        with torch.inference_mode():
            return functional_call(body, cast, (x,))

    def trained() -> object:
        output = functional_call(body, {name: p.to(dtype) for name, p in parameters.items()}, (x,))
        return torch.autograd.grad(output.float().square().mean(), list(parameters.values()))

    cast = {name: p.detach().to(dtype) for name, p in parameters.items()}
    return inferred if purpose == "inference" else trained

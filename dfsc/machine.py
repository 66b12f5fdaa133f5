"""The machine at hand: its device, the arithmetic and the memory layout that pay there, its threads, its memory.

Every other module is handed a device and asks here for all that depends on it.
"""

import ctypes
import gc
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from copy import deepcopy
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dfsc import arithmetic
from dfsc.arithmetic import Purpose
from dfsc.errors import DeviceError

CPU = torch.device("cpu")
VARIABLE = "DFSC_DEVICE"
# Images at a time where a device is only busy with many, and which share of its free memory a training may fill.
GPU_BATCH, GPU_SHARE = 32, 0.5
# A divisor of what a training's last good state is as old as at most.
GPU_PATIENCE = 10

Device = str | torch.device

_wished: ContextVar[torch.dtype | None] = ContextVar("wished", default=None)


def chosen(device: Device | None = None) -> torch.device:
    """The device to compute on.

    Args:
        device: "auto" (CUDA, else Apple's MPS, else the processor), "cpu", "cuda", "cuda:N" or "mps"; None for what
            DFSC_DEVICE says, which is "auto" where it says nothing.

    Raises:
        DeviceError: for one that is not there, and for another name.
    """
    name = str(device or os.environ.get(VARIABLE, "").strip() or "auto")
    if not re.fullmatch(r"auto|cpu(:0)?|cuda(:\d{1,3})?|mps", name, re.ASCII):
        raise DeviceError(f'"{name}" is no device; name auto, cpu, cuda, cuda:N or mps.')
    if name == "auto":
        name = "cuda" if _gpus() else "mps" if _has_mps() else "cpu"
    if name.startswith("cuda"):
        return torch.device("cuda", _gpu(name))
    if name == "mps" and not _has_mps():
        raise DeviceError("PyTorch finds no Apple GPU (MPS) here; name another device, such as auto or cpu.")
    return torch.device(name)


def _gpu(name: str) -> int:
    count = _gpus()
    number = int(name.partition(":")[2] or 0)
    if not count:
        raise DeviceError("PyTorch finds no CUDA GPU here; name another device, such as auto or cpu.")
    if number >= count:
        raise DeviceError(f"There is no {name} here; the last GPU is cuda:{count - 1}.")
    return number


def _gpus() -> int:
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def described(device: torch.device) -> str:
    """A device in words, e.g. "NVIDIA H100 (cuda:0)" or "the processor with 2 threads"."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({device})"
    if device.type == "mps":
        return "Apple's GPU (mps)"
    threads = torch.get_num_threads()
    return f"the processor with {threads} thread{'s' if threads > 1 else ''}"


def dtype_for(purpose: Purpose, device: torch.device = CPU) -> torch.dtype:
    """float32 or bfloat16, whichever is faster there; DFSC_ARITHMETIC decides it otherwise."""
    if demanded := arithmetic.demanded():
        return demanded
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    return arithmetic.faster(purpose) if device.type == "cpu" else torch.float32


def dtype_name(dtype: torch.dtype) -> str:
    """An arithmetic in words: "float32" or "bfloat16"."""
    return str(dtype).removeprefix("torch.")


def fast_arithmetic(device: torch.device = CPU, enabled: bool = True) -> AbstractContextManager:
    """Autocast to bfloat16 where training in it pays, plain float32 elsewhere."""
    fast = enabled and (_wished.get() or dtype_for("training", device)) is torch.bfloat16
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast)


@contextmanager
def in_arithmetic(dtype: torch.dtype) -> Iterator[None]:
    """All that would be fast_arithmetic in this one."""
    before = _wished.set(dtype)
    try:
        yield
    finally:
        _wished.reset(before)


def plain_arithmetic() -> AbstractContextManager:
    """Float32 in all that would be fast_arithmetic."""
    return in_arithmetic(torch.float32)


def exact_arithmetic(device: torch.device) -> AbstractContextManager:
    """Float32 as processors have it: no TF32 in a GPU's convolutions, which keeps ten bits of a factor."""
    return _cudnn(allow_tf32=False) if device.type == "cuda" else nullcontext()


def repeatable(device: torch.device) -> AbstractContextManager:
    """The same numbers each time, where a device would otherwise choose by speed or add up in any order."""
    return _cudnn(deterministic=True) if device.type == "cuda" else nullcontext()


def _cudnn(**changed: bool) -> AbstractContextManager:
    names = ("enabled", "benchmark", "deterministic", "allow_tf32")
    return torch.backends.cudnn.flags(**{name: getattr(torch.backends.cudnn, name) for name in names} | changed)


def layout(device: torch.device) -> torch.memory_format:
    """The memory layout in which convolutions are fastest."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def wait_for(device: torch.device) -> None:
    """Until all that was asked of a device is done, for whoever looks at the clock."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def batch(device: torch.device, on_processor: int) -> int:
    """How many images to look at at a time: a processor gains nothing by more, a GPU much."""
    return on_processor if device.type == "cpu" else max(on_processor, GPU_BATCH)


def room(device: torch.device, on_processor: int) -> int:
    """How many bytes may be kept on a device; on a processor, so many."""
    if device.type != "cuda":
        return on_processor
    free, _ = torch.cuda.mem_get_info(device)
    return int(GPU_SHARE * free)


def gpu_share(device: Device | None, workers: int) -> float:
    """Which share of a GPU each of several workers has, 0 where they are told to compute on something else."""
    named = str(device or os.environ.get(VARIABLE, "").strip() or "auto")
    return 1 / workers if named.startswith(("auto", "cuda")) else 0.0


def uploaded(array: np.ndarray, device: torch.device) -> Tensor:
    """An array's copy on a device."""
    tensor = torch.from_numpy(np.array(array))
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def together(images: Sequence[np.ndarray | Tensor]) -> np.ndarray | Tensor:
    """Stacks of images, all of them in the processor's memory or on a device, as one."""
    on_a_device = [stack for stack in images if isinstance(stack, Tensor)]
    return torch.cat(on_a_device) if on_a_device else np.concatenate(images)


def ranked(values: Tensor, rank: int) -> Tensor:
    """The value at a rank, 1 the smallest, of each row: N×units → N×1, not differentiable."""
    values = values.detach()
    if values.device.type == "cpu":
        # numpy finds it about ten times as fast as torch does on a processor.
        ordered = np.partition(values.float().numpy(), rank - 1, axis=1)
        return torch.from_numpy(ordered[:, rank - 1 : rank]).to(values)
    return _ranked_by_topk(values, rank)


def _ranked_by_topk(values: Tensor, rank: int) -> Tensor:
    """On a GPU all of its cores look for the highest of a long row, but kthvalue's rows have a few each."""
    above = values.shape[1] - rank + 1
    if rank <= above:
        return values.topk(rank, dim=1, largest=False, sorted=False).values.amax(dim=1, keepdim=True)
    return values.topk(above, dim=1, sorted=False).values.amin(dim=1, keepdim=True)


def on(device: torch.device, network: nn.Module) -> nn.Module:
    """A network's copy on another device than the processor; on that itself."""
    return network if device.type == "cpu" else deepcopy(network).to(device)


def precise(number: Tensor) -> Tensor:
    """A number (0-d) in float64, where the device has that."""
    return number if number.device.type == "mps" else number.double()


def patience(device: torch.device) -> int:
    """How many steps of a training may go by before their numbers are looked at, for which a GPU has to be waited."""
    return 1 if device.type == "cpu" else GPU_PATIENCE


def looked_at(logged: list[dict[str, Tensor | float]]) -> list[dict[str, float]]:
    """Numbers (0-d) by name as Python's; a GPU is waited for once."""
    there = [value for values in logged for value in values.values() if isinstance(value, Tensor)]
    away = bool(there) and there[0].device.type != "cpu"
    here = iter(torch.stack([value.float() for value in there]).tolist() if away else there)
    return [
        {name: float(next(here) if isinstance(value, Tensor) else value) for name, value in values.items()}
        for values in logged
    ]


def enlarged(maps: Tensor, edge: int) -> Tensor:
    """N×C×h×w → N×C×edge×edge, bilinear between the cells' centres.

    On a GPU two products of matrices, as torch's own gradient adds up there in another order each time.
    """
    if maps.device.type != "cuda":
        return F.interpolate(maps, size=(edge, edge), mode="bilinear", align_corners=False)
    return _enlarged_by_products(maps, edge)


def _enlarged_by_products(maps: Tensor, edge: int) -> Tensor:
    rows, columns = (_weights(size, edge, maps.device) for size in maps.shape[2:])
    with torch.autocast(maps.device.type, enabled=False):
        enlarged = rows @ maps.float() @ columns.T
    return enlarged.to(maps.dtype).contiguous(memory_format=layout(maps.device))


@cache
def _weights(size: int, edge: int, device: torch.device) -> Tensor:
    """What each of `edge` values takes of each of `size`, edge×size."""
    with torch.inference_mode(False), torch.no_grad():
        identity = torch.eye(size)[None]
        return F.interpolate(identity, size=edge, mode="linear", align_corners=False)[0].T.contiguous().to(device)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from torch's global generators as seeded; afterwards the processor's is where the caller had it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def give_back() -> None:
    """Free unreachable objects and return free memory to the system, where the C library is glibc; else it keeps it.

    Without it, a process grew by some 100 MB with each training of the page: glibc keeps freed blocks of a few
    megabytes for itself, and they come back scattered between others that live longer.
    """
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)


def _compute_on_one_thread() -> None:
    """In a forked process: OpenMP's threads are not there, and whoever shared work with them would wait for ever."""
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_compute_on_one_thread)

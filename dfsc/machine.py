"""The machine at hand: what arithmetic pays on it, what its threads must not do, memory given back to it."""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache

import torch

_plain: ContextVar[bool] = ContextVar("plain", default=False)


@cache
def multiplies_bfloat16() -> bool:
    """Whether matrix products in bfloat16 are done in hardware, so that they pay (measured: about twice as fast)."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(unit, False) for unit in ("avx512_bf16", "amx_bf16"))


def fast_arithmetic(enabled: bool = True) -> AbstractContextManager:
    """Autocast to bfloat16 where that pays, plain float32 elsewhere."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled and multiplies_bfloat16() and not _plain.get())


@contextmanager
def plain_arithmetic() -> Iterator[None]:
    """Float32 in all that would be fast_arithmetic: what a processor without bfloat16 does."""
    before = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(before)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from torch's global generator as seeded; afterwards it is where the caller had it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def give_back() -> None:
    """Free unreachable objects and return free memory to the system, where the C library is glibc; else it keeps it.

    Without it, a process grew by some 100 MB with each training of the page: glibc keeps freed blocks of a few
    megabytes for itself, and they come back scattered between others that live longer.
    """
    gc.collect()
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)


def _compute_on_one_thread() -> None:
    """In a forked process: OpenMP's threads are not there, and whoever shared work with them would wait for ever."""
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_compute_on_one_thread)

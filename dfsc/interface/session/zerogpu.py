"""Where the page computes: on its machine's own device, or on a GPU on loan.

GPUs are lent on ZeroGPU hardware, where the package `spaces` is at home, and nowhere else. A Space of that kind refuses
to start unless some function asks for its GPU, which is there while that function runs; a training takes too long for
it. Not tried on such hardware: there was none at hand. Elsewhere the decorator does nothing, by the package's own word,
and without the package it is not there.
"""

import os
from collections.abc import Callable

import torch

from dfsc.backends.runtimes import arithmetic_name, chosen_backend
from dfsc.machine import chosen, described, dtype_for

try:
    import spaces
except ImportError:
    spaces = None


def on_gpu(function: Callable) -> Callable:
    """Lend a function a GPU while it runs."""
    return spaces.GPU(function) if spaces else function


def lent_device() -> torch.device:
    """Where to compute inside such a function."""
    return chosen()


def own_device() -> torch.device:
    """Where to compute everywhere else; raises DeviceError where DFSC_DEVICE names what is not there."""
    return chosen("cpu") if _is_lent() else chosen()


def inspecting_place() -> str:
    """Where the page inspects and in which arithmetic, in words."""
    if _is_lent():
        return "a GPU that is lent for each inspection"
    device = own_device()
    backend = chosen_backend(None, device)
    return f"{described(device)}, in {arithmetic_name(backend, dtype_for('inference', device))}"


def training_place() -> str:
    """Where the page trains, in words."""
    return described(own_device())


def _is_lent() -> bool:
    return bool(spaces) and os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")

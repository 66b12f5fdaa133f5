"""A GPU on loan: on ZeroGPU hardware, where the package `spaces` is at home, and nowhere else.

A Space of that kind refuses to start unless some function asks for its GPU. Not tried on such hardware: there was none
at hand. Elsewhere the decorator does nothing, by the package's own word, and without the package it is not there.
"""

from collections.abc import Callable

import torch

try:
    import spaces
except ImportError:
    spaces = None


def on_gpu(function: Callable) -> Callable:
    """Lend a function a GPU while it runs."""
    return spaces.GPU(function) if spaces else function


def device() -> str:
    """Where to compute inside such a function."""
    return "cuda" if spaces and torch.cuda.is_available() else "cpu"

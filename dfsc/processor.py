"""What the processor at hand can do, looked up once at run time."""

from contextlib import AbstractContextManager
from functools import cache

import torch


@cache
def multiplies_bfloat16() -> bool:
    """Whether matrix products in bfloat16 are done in hardware, so that they pay (measured: about twice as fast)."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(unit, False) for unit in ("avx512_bf16", "amx_bf16"))


def fast_arithmetic(enabled: bool = True) -> AbstractContextManager:
    """Autocast to bfloat16 where that pays, plain float32 elsewhere."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled and multiplies_bfloat16())

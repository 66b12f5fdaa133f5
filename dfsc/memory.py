"""Memory that nobody uses any more, given back to the system."""

import ctypes
import gc
import sys


def give_back() -> None:
    """Free unreachable objects and return free memory to the system, where the C library is glibc; else it keeps it.

    Without it, a process grew by some 100 MB with each training of the page: glibc keeps freed blocks of a few
    megabytes for itself, and they come back scattered between others that live longer.
    """
    gc.collect()
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)

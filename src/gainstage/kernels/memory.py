"""How the C library treats memory that large tensors leave behind."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of glibc's malloc.h


def keep_freed_memory() -> None:
    """Let glibc reuse the memory of freed tensors, in this process and for good.

    By default each tensor above some hundred kilobytes comes fresh from the kernel, which zeroes it first:
    a tenth to a half of the time of a render. The price is a process that keeps its peak. Other C libraries
    are left as they are.
    """
    if sys.platform == "linux" and hasattr(allocator := ctypes.CDLL(None), "mallopt"):
        allocator.mallopt(_TRIM_THRESHOLD, 1 << 30)
        allocator.mallopt(_MMAP_THRESHOLD, 1 << 25)

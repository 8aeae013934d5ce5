"""How much memory a call takes: the largest resident memory while it runs, above that before.

Measured in a process of its own, whose allocator may be told to give back at once what is freed: else the
memory that an earlier call has left lying about would hide what this one takes. Linux only.
"""

import ctypes
import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PROMPT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "2"}


def measure(run: Callable[[], object]) -> int:
    """Bytes that a warm call takes at most beyond what was there before."""
    run()
    before = start_watch()
    run()
    return peak_bytes() - before


def start_watch() -> int:
    """Give back what is free, forget the peak so far, and say how many bytes are resident."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    _CLEAR.write_text("5")  # resets VmHWM to what is resident now
    return _read("VmRSS")


def peak_bytes() -> int:
    """The largest resident memory since `start_watch`."""
    return _read("VmHWM")


def numbers_of_child(module: str, *arguments: str, prompt: bool) -> list[float]:
    """Run a module in a process of its own and read the numbers that it prints last.

    Args:
        module: to run.
        arguments: for its command line.
        prompt: give back memory at once when it is freed; that takes time, so nothing may be timed.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | (_PROMPT if prompt else {}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(word) for word in done.stdout.splitlines()[-1].split()]


def _read(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024

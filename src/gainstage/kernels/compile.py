"""Compiling the CPU kernels: one decorator, cached on disk, and one line on stderr when it has to compile.

numba compiles at the first call and keeps the machine code beside the source (or in the user's cache folder),
so a user needs no compiler and waits only once.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core import event

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# 'contract' lets multiply and add fuse, 'nsz' forgets the sign of zero. Nothing else: 'fast' would assume
# that no NaN exists (one bad row could then spoil others), reorder sums, and is slower here.
_FASTMATH = {"contract", "nsz"}


_SHARED = sorted(Path(__file__).parent.glob("*.py"))


def stamp_of(source: Path) -> tuple[float, int]:
    """The date of the newest file that a kernel may contain, and the size of all: its own and those here."""
    files = [path.stat() for path in {*_SHARED, source.resolve()}]
    return max(file.st_mtime for file in files), sum(file.st_size for file in files)


def kernel(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Compile a loop to machine code that runs without the interpreter lock."""
    make = partial(numba.njit, nogil=True, fastmath=_FASTMATH)
    try:
        compiled: Any = make(cache=True)(function)
    except RuntimeError:  # nowhere to write, neither beside the source nor in the user's cache folder
        return cast(Callable[Arguments, Result], make()(function))
    # numba takes a cached kernel for fresh while the file that it stands in is unchanged. But kernels contain
    # each other across files, so after an update of one file others would go on with its old code: date each
    # by all.
    if hasattr(compiled, "_cache"):  # with NUMBA_DISABLE_JIT=1 it is the plain function
        compiled._cache._cache_file._source_stamp = stamp_of(Path(function.__code__.co_filename))
    return cast(Callable[Arguments, Result], compiled)


class _Announcement(event.Listener):
    """Says once, before the first compilation of a process, why the user waits."""

    def __init__(self) -> None:
        self.said = False

    def on_start(self, event: Any) -> None:
        name = getattr(event.data.get("dispatcher"), "__module__", "")
        if not self.said and name.startswith("gainstage."):
            self.said = True
            print(
                "gainstage: compiling its audio kernels, once on this machine (some seconds) …",
                file=sys.stderr,
            )

    def on_end(self, event: Any) -> None:
        del event


event.register("numba:compile", _Announcement())  # type: ignore[no-untyped-call]

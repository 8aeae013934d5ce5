"""A folder of results that is whole or as it was before."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = ".gainstage-partial-"


@contextmanager
def staged_folder(out: Path) -> Iterator[Path]:
    """A folder beside the results to write into; what was written moves to `out` when the block ends well.

    Each file appears whole or not at all; on any exception nothing is left, not even `out` if it is new.
    What a killed process left behind is removed by the next one.

    Args:
        out: the folder of the results; it is made if it is not there.

    Raises:
        ValueError: `out` is a file, or cannot be made or written.
    """
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; give a folder for the results")
    is_new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        _remove_stale(out)
        partial = out / f"{_PREFIX}{os.getpid()}"
        partial.mkdir()
    except OSError as error:
        raise ValueError(f"{out} cannot be written: {error.strerror or error}; give another --out") from None
    try:
        yield partial
        for path in sorted(partial.glob("[!.]*")):  # hidden files served the work only
            if path.is_dir():
                shutil.rmtree(out / path.name, ignore_errors=True)
            path.replace(out / path.name)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if is_new and not any(out.iterdir()):
            out.rmdir()
        raise
    shutil.rmtree(partial, ignore_errors=True)


def _remove_stale(out: Path) -> None:
    """Remove what processes that are no more have left."""
    for left in out.glob(f"{_PREFIX}*"):
        pid = left.name.removeprefix(_PREFIX)
        if pid.isdecimal() and not _is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

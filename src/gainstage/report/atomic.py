"""Files that are there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which gets its name at the end of the `with` block.

    It is written beside its place and renamed, so that a reader sees the old file or the new one; if the
    block ends with an exception of any kind, nothing is left of it.

    Raises:
        OSError: it cannot be written; the error names `path`.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=".writing-", suffix=".part", dir=path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        mask = os.umask(0)
        os.umask(mask)
        partial.chmod(0o666 & ~mask)  # mkstemp lets only the owner read
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)

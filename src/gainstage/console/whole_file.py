"""Text files that are whole or not there."""

import os
from pathlib import Path


def write_whole(target: Path, text: str) -> None:
    """Write a file beside, then rename it.

    Raises:
        OSError: the place cannot be written.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)

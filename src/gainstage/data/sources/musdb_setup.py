"""What MUSDB18 and MUSDB18-HQ share: names of files, order of streams, and the songs for validation."""

from pathlib import Path
from typing import Any

from gainstage.data.manifest import Split

LICENCE = "educational use only; parts CC BY-NC-SA"


def musdb_setup(root: Path) -> dict[str, Any]:
    """The layout as the package `musdb` has it.

    Raises:
        ValueError: `musdb` cannot be used, for it wants ffmpeg.
    """
    try:
        import musdb
    except (ImportError, RuntimeError) as error:
        raise ValueError(f"MUSDB18 is read through the package musdb, which fails: {error}") from error
    setup: dict[str, Any] = musdb.DB(root=str(root), is_wav=True, subsets=[]).setup
    return setup


def split_of(name: str, subset: str, setup: dict[str, Any]) -> Split:
    """The official split of a song: 86, 14 and 50 songs."""
    if subset == "train":
        return "validation" if name in setup["validation_tracks"] else "train"
    return "test"

"""What was measured of song folders, kept in a file, so that the next start does not hear them again."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import final

from pydantic import ValidationError

from gainstage.data.manifest import Song, manifest_line

_VERSION = 1
"""Raised whenever scanning would find something else in the same files."""


@final
class ScanCache:
    """Manifest rows by folder, each good for as long as sizes and times of the folder's files are the same.

    Lines are appended as songs are heard, so a scan that was killed goes on where it was. A line that cannot
    be read, or a place that cannot be written, costs time and nothing else.

    Args:
        root: of the data.
        folder: where to keep the file; in the root itself if not given.
    """

    def __init__(self, root: Path, *, folder: Path | None = None) -> None:
        key = hashlib.blake2b(str(root.resolve()).encode(), digest_size=6).hexdigest()
        self._path = folder / f"scan-{key}.jsonl" if folder else root / ".gainstage-scan.jsonl"
        self._lock = threading.Lock()
        self._lines = self._read()

    def song(self, folder: Path, files: list[Path], scan: Callable[[], Song]) -> Song:
        """The row of a folder: the one that is kept if the files are as they were, else a new one.

        Args:
            folder: the song's.
            files: all that the row depends on.
            scan: hears the folder.
        """
        place = str(folder.resolve())
        stamp = _stamp(folder, files)
        kept = self._lines.get(place)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        song = scan()
        self._append(place, stamp, song)
        return song

    def _append(self, place: str, stamp: str, song: Song) -> None:
        line = json.dumps({"stamp": stamp, "folder": place, "song": json.loads(manifest_line(song))})
        with self._lock, contextlib.suppress(OSError):  # a root that cannot be written is scanned every time
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"\n{line}")  # in front, so that what a kill cut off spoils one line only

    def _read(self) -> dict[str, tuple[str, Song]]:
        lines: dict[str, tuple[str, Song]] = {}
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return lines
        for line in text.split("\n"):
            with contextlib.suppress(ValueError, KeyError, TypeError, ValidationError):
                kept = json.loads(line)
                lines[kept["folder"]] = kept["stamp"], Song.model_validate(kept["song"])
        return lines


def _stamp(folder: Path, files: list[Path]) -> str:
    rows = [f"{_VERSION}"]
    for path in sorted(files):
        about = path.stat()
        rows.append(f"{path.relative_to(folder).as_posix()} {about.st_size} {about.st_mtime_ns}")
    return hashlib.blake2b("\n".join(rows).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()

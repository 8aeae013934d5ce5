"""What a preparation came to for one song, kept beside its audio, so that it is done once."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from gainstage.data.manifest import Song
from gainstage.data.sources.listing import Fault, SongFiles
from gainstage.data.wav_file import float_file_bytes

_VERSION = 2
"""Raised whenever the same files would come to something else."""


class SongRecord(BaseModel):
    """A song that was heard.

    Args:
        stamp: of files and settings; another one means that it has to be heard again.
        name, group: of the song; see `SongFiles`.
        song: its row; None if nothing of it can be used, for `faults` then say why.
        official_split: whether the set itself says which split it belongs to.
        faults: what was found.
        left_out: files of which nothing is in the row, and why.
        power: name of a track → mean power in third octaves; the mix is `""`.
        seconds: of the longest file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stamp: str
    name: str
    group: str
    song: Song | None
    official_split: bool
    faults: tuple[Fault, ...]
    left_out: tuple[tuple[str, str], ...]
    power: dict[str, tuple[float, ...]]
    seconds: float


def song_folder(out: Path, group: str) -> Path:
    """The folder in which a song is kept, readable and unique."""
    plain = re.sub(r"[^\w .-]+", "_", group).strip(" .")[:60] or "song"
    return out / "songs" / f"{plain}-{_hash(group, 4)}"


def record_path(out: Path, group: str, name: str) -> Path:
    """The record of a song."""
    return song_folder(out, group) / f"{_hash(name, 8)}.json"


def stamp_of(root: Path, song: SongFiles, settings: Sequence[object]) -> str:
    """What a record depends on: settings, what the set says of the song, sizes and times of its files.

    Raises:
        OSError: never for a file that cannot be read; that counts as one of no size.
    """
    rows = [f"{_VERSION}", *map(repr, settings), repr(song).replace(str(root), "")]
    paths = [track.path for track in (*song.tracks, *([song.mix] if song.mix else []))]
    for path in sorted({*paths, *song.about}):
        try:
            about = path.stat()
            rows.append(f"{about.st_size} {about.st_mtime_ns}")
        except OSError as error:
            rows.append(f"{error.errno}")
    return hashlib.blake2b("\n".join(rows).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def write_record(path: Path, record: SongRecord) -> None:
    """Write a record; it is there whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    document = record.model_dump() | {"faults": [asdict(fault) for fault in record.faults]}
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(json.dumps(document, sort_keys=True, ensure_ascii=False), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_record(path: Path) -> SongRecord | None:
    """A record whose audio is all there; None if there is none."""
    try:
        record = SongRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return record if all(_is_there(path.parent, record.song)) else None


def _is_there(folder: Path, song: Song | None) -> list[bool]:
    if song is None:
        return []
    files = [*song.tracks, *([song.mix] if song.mix else [])]
    sizes = [float_file_bytes(file.num_samples, channels=file.channels) for file in files]
    there = [_size(folder / file.file) == size for file, size in zip(files, sizes, strict=True)]
    return [*there, *([(folder / song.session).is_file()] if song.session else [])]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _hash(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=size).hexdigest()

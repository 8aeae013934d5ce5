"""Items of shards, from a disk or from object storage, in any order."""

import hashlib
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any, final

import numpy as np
from pydantic import ValidationError

from gainstage.data.audio_error import AudioFileError
from gainstage.data.audio_file import Block
from gainstage.data.manifest import AudioRef, Song
from gainstage.data.shards.contents import AUDIO_SAMPLES, VERSION, Contents, audio_span, places
from gainstage.data.shards.library import litdata, refusing

_KEPT = 24  # items at hand: an excerpt's pieces are asked for by one track after the other


@final
class ShardReader:
    """The items of shards by number, and the audio of songs in them (a `SongAudio`).

    Each process opens them for itself; a copy in another process begins with nothing at hand. What comes
    from object storage comes by one request an item.

    Args:
        root: a folder, or an address that litdata streams from (`s3://…`, `gs://…`).
        cache: a folder for what is kept of object storage.

    Raises:
        ValueError: litdata is missing, there are no shards, or not such ones.
    """

    def __init__(self, root: str, cache: Path) -> None:
        self.root, self._cache = root, cache / "shards"
        self._opened: Any = None
        self._at_hand: OrderedDict[int, memoryview] = OrderedDict()
        self.contents = self._contents()
        self._audio, _ = places(self.contents)

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_opened": None, "_at_hand": OrderedDict()}

    def item(self, index: int) -> memoryview:
        """An item's bytes.

        Raises:
            ValueError: it cannot be read.
        """
        if index in self._at_hand:
            self._at_hand.move_to_end(index)
            return self._at_hand[index]
        try:
            found = memoryview(self._shards()[index])
        except (OSError, RuntimeError, IndexError) as error:
            raise ValueError(f"item {index} of the shards {self.root} cannot be read: {error}") from error
        self._at_hand[index] = found
        if len(self._at_hand) > _KEPT:
            self._at_hand.popitem(last=False)
        return found

    def add(
        self, song: Song, audio: AudioRef, into: Block, *, start: int, gain: float, sample_rate: int
    ) -> None:
        """Add an excerpt; see `gainstage.data.song_audio.SongAudio`."""
        place = self._audio.get(audio.content_hash)
        if place is None:
            raise AudioFileError(f"'{audio.file}' of '{song.name}' is not in the shards {self.root}")
        if sample_rate != audio.sample_rate:
            raise AudioFileError(
                f"the shards {self.root} hold '{song.name}' at {audio.sample_rate} Hz, {sample_rate} Hz are "
                f"asked for: run `gainstage prepare` with sample_rate={sample_rate} and write them again"
            )
        position, end = max(start, 0), min(start + into.shape[1], audio.num_samples)
        while position < end:
            piece, within = divmod(position, AUDIO_SAMPLES)
            offset, count = audio_span(place.group, place.row, piece)
            item = self.item(place.first + piece)
            values = np.frombuffer(item, "<f4", count * audio.channels, offset).reshape(-1, audio.channels)
            part = values[within : within + end - position]
            first = position - start
            into[:, first : first + len(part)] += (part * np.float32(gain)).T
            position += len(part)

    def _shards(self) -> Any:
        if self._opened is None:
            library = litdata()
            try:
                self._opened = library.StreamingDataset(
                    self.root, cache_dir=str(self._cache), serializers=refusing()
                )
            except (OSError, RuntimeError, ValueError) as error:
                raise ValueError(f"there are no shards in {self.root}: {error}") from error
        return self._opened

    def _contents(self) -> Contents:
        try:
            contents = Contents.model_validate_json(bytes(self.item(0)))
        except ValidationError as error:
            raise ValueError(
                f"{self.root} holds no songs of gainstage; write shards with `gainstage shards`"
            ) from error
        if contents.version != VERSION:
            raise ValueError(
                f"the shards {self.root} are of version {contents.version}, this gainstage reads {VERSION}; "
                "write them again"
            )
        return contents


def shard_songs(root: str, cache: Path) -> list[Song]:
    """The songs in shards; their sessions are laid out in the cache, and their folders are there.

    Raises:
        ValueError: there are no shards.
        OSError: the cache cannot be written.
    """
    contents = ShardReader(root, cache).contents
    home = cache / "shards" / "songs" / hashlib.sha256(root.encode()).hexdigest()[:16]
    return [_laid_out(song, contents.sessions.get(song.name), home) for song in contents.songs]


def _laid_out(song: Song, session: str | None, home: Path) -> Song:
    folder = (home / hashlib.sha256(song.folder.encode()).hexdigest()[:16]).resolve()
    if session is not None:
        path = folder / song.session
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != session:
            partial = path.with_name(f".{path.name}.{os.getpid()}.part")
            partial.write_text(session, encoding="utf-8")
            partial.replace(path)
    return song.model_copy(update={"folder": str(folder)})

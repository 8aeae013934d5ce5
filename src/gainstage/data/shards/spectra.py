"""The spectra that shards hold."""

from collections.abc import Iterable
from typing import final

import numpy as np
from numpy.typing import NDArray

from gainstage.data.manifest import Song, Track
from gainstage.data.shards.contents import FRAMES, Place, heard_span, places
from gainstage.data.shards.reader import ShardReader
from gainstage.data.spectra import Passage, Progress, levels_of, passage


@final
class ShardSpectra:
    """Spectra of songs in shards (a `SongSpectra`).

    Args:
        shards: the reader, which may be shared.
        front_id: of the network's front end.

    Raises:
        ValueError: the shards hold what another front end hears.
    """

    def __init__(self, shards: ShardReader, *, front_id: str) -> None:
        front = shards.contents.front
        if front.front_id != front_id:
            raise ValueError(
                f"the shards {shards.root} hold spectra of another front end than this encoder's; write them "
                "again with the same encoder"
            )
        self.hop, self.front_rate = front.hop, front.front_rate
        self._front, self._shards = front, shards
        _, self._places = places(shards.contents)

    def prepare(self, songs: Iterable[Song], *, progress: Progress | None = None, threads: int = 2) -> None:
        """Nothing is left to compute.

        Raises:
            ValueError: a track is not in the shards.
        """
        del progress, threads
        for song in songs:
            for track in song.tracks:
                self._place(track)

    def read(self, tracks: Iterable[Track], *, start: int = 0, frames: int | None = None) -> Passage:
        """The spectra of tracks from a frame on; all there are if `frames` is not given."""
        parts = [self._read(self._place(track), start, frames) for track in tracks]
        return passage(parts, planes=self._front.planes, bands=self._front.bands)

    def levels(self, tracks: Iterable[Track]) -> NDArray[np.float16]:
        """The loudest band of the first plane of whole tracks. Shape: (tracks, frames)."""
        return levels_of([self._levels(self._place(track)) for track in tracks])

    def _place(self, track: Track) -> Place:
        if (place := self._places.get(track.content_hash)) is None:
            raise ValueError(f"the spectra of '{track.name}' are not in the shards {self._shards.root}")
        return place

    def _read(self, place: Place, start: int, frames: int | None) -> NDArray[np.float16]:
        heard = place.group.heard[place.row]
        end = heard.frames if frames is None else min(start + frames, heard.frames)
        parts = [np.zeros((heard.planes, self._front.bands, 0), np.float16)]
        while start < end:
            piece, within = divmod(start, FRAMES)
            offset, count = heard_span(place.group, place.row, piece, self._front.bands)
            shape = heard.planes, self._front.bands, count
            item = self._shards.item(place.first + piece)
            values = np.frombuffer(item, "<f2", int(np.prod(shape)), offset).reshape(shape)
            parts.append(values[..., within : within + end - start])
            start += parts[-1].shape[-1]
        return np.concatenate(parts, axis=-1)

    def _levels(self, place: Place) -> NDArray[np.float16]:
        group, row = place.group, place.row
        offset = 2 * sum(track.frames for track in group.heard[:row])
        item = self._shards.item(place.first + group.heard_pieces)
        return np.frombuffer(item, "<f2", group.heard[row].frames, offset)

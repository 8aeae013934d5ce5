"""What an encoder's front end hears of every track, kept on disk: computed once, read by every epoch.

Spectra of a staged track do not depend on the song it stands in, so they are kept by the hash of its audio
and the identity of the front end: a stem that changes gets a new file, songs that share one share it.
"""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainstage.data.audio_file import probe
from gainstage.data.hearing import hear
from gainstage.data.manifest import Song, Track
from gainstage.data.staging import trim_db

Front = Callable[[Tensor], Tensor]
"""(rows, 2, samples) → (rows, planes, bands, frames); frame i is centred on sample i·hop; silence gives 0."""

Progress = Callable[[str, int, int], None]

_CHUNK_HOPS = 512
_REACH = 8192  # no window reaches further from its centre
_SMALL_BYTES = 1 << 20  # below that, reading a file whole is faster than mapping it


@dataclass(frozen=True)
class Passage:
    """Spectra of some tracks over the same passage.

    Shape: spectra (tracks, planes, bands, frames), float16; frames behind a track's end are 0.
    """

    spectra: Tensor
    num_frames: int


class SongSpectra(Protocol):
    """Where a data set has the spectra of its songs from; see `SpectraCache` for what each does."""

    hop: int
    front_rate: int

    def prepare(self, songs: Iterable[Song], *, progress: Progress | None = None, threads: int = 2) -> None:
        """Compute what is not there yet."""

    def read(self, tracks: Iterable[Track], *, start: int = 0, frames: int | None = None) -> Passage:
        """The spectra of tracks from a frame on."""

    def levels(self, tracks: Iterable[Track]) -> NDArray[np.float16]:
        """The loudest band of the first plane of whole tracks."""


def num_frames(spectra: SongSpectra, seconds: float) -> int:
    """Frames of a signal of this length."""
    return int(seconds * spectra.front_rate / spectra.hop + 1e-6) + 1


def passage(parts: Sequence[NDArray[np.float16]], *, planes: int, bands: int) -> Passage:
    """Spectra of tracks one above the other, zeros where a track has fewer planes or frames."""
    longest = max(part.shape[-1] for part in parts)
    spectra = np.zeros((len(parts), planes, bands, longest), np.float16)
    for row, part in zip(spectra, parts, strict=True):
        row[: len(part), :, : part.shape[-1]] = part
    return Passage(torch.from_numpy(spectra), longest)


def levels_of(parts: Sequence[NDArray[np.float16]]) -> NDArray[np.float16]:
    """Levels of tracks one above the other, 0 behind a track's end."""
    levels = np.zeros((len(parts), max(map(len, parts))), np.float16)
    for row, part in zip(levels, parts, strict=True):
        row[: len(part)] = part
    return levels


@final
class SpectraCache:
    """Spectra of staged tracks on disk, float16.

    Tracks that are mono, or sound so, are kept as the first plane only (the mid), if the front end says
    nothing about them in the others.

    Args:
        folder: where to keep them; made if need be.
        front: the front end; it is heard by `prepare` only, so workers that load data never run it.
        front_id: changes whenever the front end would give other numbers.
        hop: samples between frames.
        front_rate: the front end's sample rate in Hz.
    """

    def __init__(self, folder: Path, front: Front, *, front_id: str, hop: int, front_rate: int) -> None:
        self.folder = Path(folder) / front_id
        self.hop, self.front_rate = hop, front_rate
        self._front: Front | None = front
        with torch.no_grad():
            self.planes, self.bands = front(torch.zeros(1, 2, 2 * hop)).shape[1:3]

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_front": None}

    def prepare(self, songs: Iterable[Song], *, progress: Progress | None = None, threads: int = 2) -> None:
        """Compute what is not there yet.

        Args:
            songs: with folders that can be opened from here.
            progress: told "hearing tracks", how many are done, and of how many.
            threads: tracks that are heard at the same time.

        Raises:
            ValueError: a stem is not what the manifest says it is.
            AudioFileError: a stem cannot be read.
        """
        tracks = {track.content_hash: (song, track) for song in songs for track in song.tracks}
        missing = [pair for key, pair in tracks.items() if not self._path(key).exists()]
        done = len(tracks) - len(missing)
        with ThreadPoolExecutor(threads) as pool:
            futures = [pool.submit(self._compute, *pair) for pair in missing]
            try:
                for future in as_completed(futures):
                    future.result()
                    done += 1
                    if progress is not None:
                        progress("hearing tracks", done, len(tracks))
            finally:
                for future in futures:
                    future.cancel()

    def read(self, tracks: Iterable[Track], *, start: int = 0, frames: int | None = None) -> Passage:
        """The spectra of tracks from a frame on; all there are if `frames` is not given.

        Raises:
            ValueError: a track was not prepared.
        """
        stop = None if frames is None else start + frames
        parts = [self.open(track)[..., start:stop] for track in tracks]
        return passage(parts, planes=self.planes, bands=self.bands)

    def levels(self, tracks: Iterable[Track]) -> NDArray[np.float16]:
        """The loudest band of the first plane of whole tracks; the other planes are not read.

        Shape: (tracks, frames); 0 behind a track's end

        Raises:
            ValueError: a track was not prepared.
        """
        return levels_of([self.open(track)[0].max(0) for track in tracks])

    def open(self, track: Track) -> NDArray[np.float16]:
        """What is kept of a track, to be read in parts.

        Shape: (1 or all planes, bands, frames)

        Raises:
            ValueError: it was not prepared.
        """
        path = self._path(track.content_hash)
        try:
            is_small = path.stat().st_size < _SMALL_BYTES
            stored: NDArray[np.float16] = np.load(
                path, mmap_mode=None if is_small else "r", allow_pickle=False
            )
        except (OSError, ValueError) as error:
            raise ValueError(
                f"the spectra of '{track.name}' are not in {self.folder}; prepare the songs again"
            ) from error
        return stored

    def _path(self, content_hash: str) -> Path:
        return self.folder / content_hash[:2] / f"{content_hash}.npy"

    def _compute(self, song: Song, track: Track) -> None:
        assert self._front is not None, "a cache that came from another process only reads"
        path = song.path_of(track)
        front, gain = self._front, 10.0 ** (trim_db(track) / 20.0)

        def listen(channels: int, sample_rate: int) -> "_Frames":
            del channels, sample_rate
            return _Frames(front, gain, self.hop)

        heard = hear(probe(path), sample_rate=self.front_rate, listen=listen)
        if heard.content_hash != track.content_hash:
            raise ValueError(
                f"{path} was changed since it was scanned: the manifest describes another recording; "
                "scan the songs again"
            )
        spectra = heard.listener.result()
        target = self._path(track.content_hash)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            with partial.open("wb") as file:
                np.save(file, spectra, allow_pickle=False)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


class _Frames:
    """Frames of a track that comes in blocks, in memory that grows by the frames alone.

    The front end hears chunks of `_CHUNK_HOPS` hops with so much around them that no window is cut.
    """

    def __init__(self, front: Front, gain: float, hop: int) -> None:
        self._front, self._gain, self._hop = front, gain, hop
        self._margin = -(-_REACH // hop)  # hops round a chunk
        self._blocks: list[Tensor] = []
        self._first = -self._margin * hop  # sample at which the audio that is kept begins
        self._kept = torch.zeros(2, self._margin * hop)
        self._waiting = 0
        self._done = 0  # frames
        self._num_samples = 0
        self._frames: list[NDArray[np.float16]] = []

    def hear(self, block: Tensor) -> None:
        self._blocks.append((block * self._gain).expand(2, -1))
        self._waiting += block.shape[-1]
        self._num_samples += block.shape[-1]
        if self._waiting >= _CHUNK_HOPS * self._hop:
            self._advance(last=False)

    def result(self) -> NDArray[np.float16]:
        """Shape (planes, bands, frames); only the first plane if the others say nothing."""
        self._advance(last=True)
        whole = np.concatenate(self._frames, axis=-1)
        return whole[:1] if not whole[1:].any() else whole

    @torch.no_grad()
    def _advance(self, *, last: bool) -> None:
        """Hear all frames whose surroundings are there; at the end silence surrounds them."""
        parts = [self._kept, *self._blocks]
        if last:
            parts.append(torch.zeros(2, (self._margin + 1) * self._hop))
        audio = torch.cat(parts, dim=-1)
        self._blocks, self._waiting = [], 0
        heard = self._first + audio.shape[-1]  # audio is known up to here
        ready = heard // self._hop - self._margin  # frames whose window ends before that
        if last:
            ready = self._num_samples // self._hop + 1
        for first in range(self._done, ready, _CHUNK_HOPS):
            count = min(_CHUNK_HOPS, ready - first)
            begin = (first - self._margin) * self._hop - self._first
            length = (count - 1 + 2 * self._margin) * self._hop
            frames = self._front(audio[None, :, begin : begin + length])[0]
            kept = frames[..., self._margin : self._margin + count]
            self._frames.append(kept.to(torch.float16).numpy().copy())
        self._done = max(ready, self._done)
        keep_from = (self._done - self._margin) * self._hop
        self._kept = audio[:, max(keep_from - self._first, 0) :].clone()
        self._first = max(keep_from, self._first)

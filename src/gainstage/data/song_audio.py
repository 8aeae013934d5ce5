"""Excerpts of songs' audio, added where an item holds them."""

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Protocol, final

import numpy as np
import soundfile
from numpy.typing import NDArray

from gainstage.data.audio_error import AudioFileError
from gainstage.data.audio_file import CHUNK, AudioReader, Block, check_finite, damaged, open_audio
from gainstage.data.manifest import AudioRef, Song
from gainstage.data.wav_file import HEADER_BYTES, float_file_bytes, float_header

_CURE = "it was changed since: scan or prepare the songs again"

Placed = Iterator[tuple[int, NDArray[np.float32]]]
"""Samples as they lie in files, (samples, channels), and where each of the blocks belongs in an excerpt."""


class SongAudio(Protocol):
    """Where a data set has its audio from."""

    def add(
        self, song: Song, audio: AudioRef, into: Block, *, start: int, gain: float, sample_rate: int
    ) -> None:
        """Add an excerpt of a track or mix; before its start and behind its end there is silence.

        Args:
            song: whose audio it is.
            audio: a track or the mix; one that is mono goes to both channels.
            into: what it is added to.
            start: first sample, at `sample_rate`; may lie before 0 or behind the end.
            gain: factor.
            sample_rate: in Hz; other audio is resampled.

        Shape: into (2, samples)

        Raises:
            AudioFileError: it cannot be read, or is not what the manifest says it is.
        """


@final
class FileAudio:
    """The files of songs.

    What `gainstage prepare` wrote is read as it lies on disk, anything else through a decoder, and where the
    rate is another one, through the resampler, with the same samples. A file that has changed since its row
    of the manifest was written is refused as far as that is seen without hearing all of it: by its length,
    rate and channels.
    """

    def add(
        self, song: Song, audio: AudioRef, into: Block, *, start: int, gain: float, sample_rate: int
    ) -> None:
        """Add an excerpt; see `SongAudio`."""
        path = song.path_of(audio)
        factor = np.float32(gain)
        for first, block in _blocks(path, audio, start, into.shape[1], sample_rate):
            block *= factor
            into[:, first : first + len(block)] += block.T


def _blocks(path: Path, audio: AudioRef, start: int, length: int, sample_rate: int) -> Placed:
    """What there is of an excerpt; the caller may change a block, and is done with it before the next."""
    try:
        with path.open("rb", buffering=0) as file:
            said = float_header(file.read(HEADER_BYTES))
            if said is not None and (said.channels, said.sample_rate) == (audio.channels, sample_rate):
                if file.seek(0, os.SEEK_END) < float_file_bytes(said.num_samples, channels=said.channels):
                    raise AudioFileError(f"{path} was cut short; {_CURE}")
                if (said.num_samples, said.sample_rate) != (audio.num_samples, audio.sample_rate):
                    raise _changed(path, audio, said.num_samples, said.sample_rate)
                yield from _as_they_lie(file, path, audio, start, length)
                return
    except OSError as error:
        raise AudioFileError(f"{path} cannot be opened: {error.strerror or error}") from error
    if sample_rate == audio.sample_rate:
        yield from _decoded(path, audio, start, length)
    else:
        yield from _resampled(path, audio, start, length, sample_rate)


def _check_same(path: Path, audio: AudioRef, num_samples: int, sample_rate: int) -> None:
    """A decoder may promise more than it can give, so that the row says fewer; never the other way round."""
    if num_samples < audio.num_samples or sample_rate != audio.sample_rate:
        raise _changed(path, audio, num_samples, sample_rate)


def _changed(path: Path, audio: AudioRef, num_samples: int, sample_rate: int) -> AudioFileError:
    return AudioFileError(
        f"{path} has {num_samples} samples at {sample_rate} Hz, where the manifest says "
        f"{audio.num_samples} at {audio.sample_rate} Hz; {_CURE}"
    )


def _as_they_lie(file: FileIO, path: Path, audio: AudioRef, start: int, length: int) -> Placed:
    """Samples of a file that `WavWriter` wrote, through a buffer that stays in the processor's cache."""
    position, end = max(start, 0), min(start + length, audio.num_samples)
    if position >= end:
        return
    file.seek(float_file_bytes(position, channels=audio.channels))
    buffer = np.empty((min(CHUNK, end - position), audio.channels), "<f4")
    while position < end:
        block = buffer[: end - position]
        if not _fill(file, block.data.cast("B")):
            raise AudioFileError(f"{path} was cut short; {_CURE}")
        check_finite(block, path, audio.sample_rate, position)
        yield position - start, block
        position += len(block)


def _fill(file: FileIO, bytes_: memoryview) -> bool:
    """Read until there is no more room; false if the file ends before."""
    while bytes_:
        if not (count := file.readinto(bytes_)):
            return False
        bytes_ = bytes_[count:]
    return True


def _decoded(path: Path, audio: AudioRef, start: int, length: int) -> Placed:
    """Samples at the file's rate, decoded in one piece."""
    position = max(start, 0)
    with open_audio(path) as file:
        _check_same(path, audio, file.frames, file.samplerate)
        if file.channels < audio.channels:
            raise AudioFileError(f"{path} has 1 channel, where the manifest says 2; {_CURE}")
        missing = min(start + length, audio.num_samples) - position
        if missing <= 0:
            return
        try:
            file.seek(position)
            frames = file.read(missing, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise damaged(path, position / audio.sample_rate, error) from error
    check_finite(frames, path, audio.sample_rate, position)
    if len(frames) < missing:
        raise AudioFileError(f"{path} was cut short; {_CURE}")
    yield position - start, _as_channels(frames, path, audio)


def _as_channels(frames: Block, path: Path, audio: AudioRef) -> Block:
    if frames.shape[1] > audio.channels and not np.array_equal(frames[:, 0], frames[:, 1]):
        raise AudioFileError(f"{path} cannot be read as mono: its two channels differ")
    return frames[:, : audio.channels]


def _resampled(path: Path, audio: AudioRef, start: int, length: int, sample_rate: int) -> Placed:
    position = max(start, 0)
    with AudioReader(path, sample_rate=sample_rate, channels=audio.channels) as reader:
        _check_same(path, audio, reader.info.num_samples, reader.info.sample_rate)
        if position < min(reader.num_samples, start + length):
            reader.seek(position)
            yield position - start, reader.read(start + length - position).T

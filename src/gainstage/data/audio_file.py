"""Audio files: what they hold, and their samples at any rate, block by block, in bounded memory."""

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import numpy as np
import soundfile
from numpy.typing import NDArray

from gainstage.data.audio_error import AudioFileError
from gainstage.data.content_hash import ContentHash
from gainstage.data.header import promised_samples
from gainstage.data.wav_file import WavWriter, write_wav
from gainstage.dsp.resampling import StreamResampler, resampled_length

__all__ = [
    "AUDIO_SUFFIXES",
    "AudioFileError",
    "AudioInfo",
    "AudioReader",
    "WavWriter",
    "check_finite",
    "damaged",
    "native_blocks",
    "open_audio",
    "probe",
    "resampled",
    "write_wav",
]

AUDIO_SUFFIXES = frozenset(
    {".wav", ".wave", ".bwf", ".rf64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc"}
)
"""Suffixes, in lower case, of the files that are read."""

CHUNK = 1 << 15
"""Samples read at a time. Fixed, so that how a caller cuts his blocks changes nothing."""

_PRE_ROLL_SECONDS = 0.25  # far longer than the resampler's filter
_LONGEST_PERIOD = 4096  # samples after which input and output coincide; 640 at most between common rates

Block = NDArray[np.float32]
"""Audio as it streams: (channels, samples)."""


@dataclass(frozen=True)
class AudioInfo:
    """What a file says about itself.

    Args:
        path: where it lies.
        channels: 1 or 2.
        sample_rate: in Hz.
        num_samples: per channel, at `sample_rate`, as far as can be told without decoding.
        promised_samples: what the header promises; more than `num_samples` if the file was cut short.
    """

    path: Path
    channels: int
    sample_rate: int
    num_samples: int
    promised_samples: int


def probe(path: Path) -> AudioInfo:
    """Read the header of an audio file.

    Raises:
        AudioFileError: the file cannot be opened, is empty, is not audio, or has more than two channels.
    """
    with open_audio(path) as file:
        channels, rate, length = file.channels, file.samplerate, file.frames
    if channels > 2:
        raise AudioFileError(f"{path} has {channels} channels; split it into mono or stereo files")
    return AudioInfo(path, channels, rate, length, max(length, promised_samples(path) or 0))


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]  # it has no types
    """A file that is read onwards.

    A plain SoundFile seeks, after every read, to where it already is. That costs time, and the MP3 decoder
    then loses what its next frame leans on: blocks began with garbage of up to half of full scale.
    """

    def seekable(self) -> bool:
        return False


def open_audio(path: Path) -> Any:
    """A file as libsndfile opens it, to be read onwards from where it is put.

    Raises:
        AudioFileError: it cannot be opened, is empty, or is not audio.
    """
    try:
        with path.open("rb") as file:  # plain errors of the system, which libsndfile hides
            if not file.read(1):
                raise AudioFileError(f"{path} is empty (0 bytes); export it again")
        return _ForwardFile(os.fsencode(path) if os.name == "posix" else path)  # also names of no alphabet
    except OSError as error:
        raise AudioFileError(f"{path} cannot be opened: {error.strerror or error}") from error
    except soundfile.LibsndfileError as error:
        raise AudioFileError(
            f"{path} is not audio that can be read ({_reason(error)}); export it again"
        ) from error


def _reason(error: Any) -> str:
    reason: str = error.error_string.rstrip(". ").removeprefix("Error : ")
    return reason[:1].lower() + reason[1:]


def native_blocks(info: AudioInfo, *, start: int = 0) -> Iterator[Block]:
    """The samples of a file as they are in it, in blocks of at most `CHUNK`.

    A file that ends early or is damaged further on gives what comes before.

    Args:
        info: the file, as `probe` found it.
        start: first sample, at the file's rate.

    Raises:
        AudioFileError: nothing can be decoded, or a sample is not finite.
    """
    with open_audio(info.path) as file:
        position = start
        try:
            file.seek(min(start, file.frames))
            while len(frames := file.read(CHUNK, dtype="float32", always_2d=True)):
                check_finite(frames, info.path, info.sample_rate, position)
                yield np.ascontiguousarray(frames.T)
                position += len(frames)
        except soundfile.LibsndfileError as error:
            if position == start:
                raise damaged(info.path, start / info.sample_rate, error) from error


def damaged(path: Path, seconds: float, error: soundfile.LibsndfileError) -> AudioFileError:
    """What to say of a file of which nothing can be decoded from some time on."""
    return AudioFileError(f"{path} is damaged at {seconds:.1f} s ({_reason(error)}); export it again")


def check_finite(frames: Block, path: Path, sample_rate: int, position: int) -> None:
    """Refuse samples that are no numbers.

    Args:
        frames: as they come from a file.
        path, sample_rate: of the file.
        position: the first sample's.

    Shape: frames (samples, channels)

    Raises:
        AudioFileError: names file, sample, time and channel.
    """
    finite = np.isfinite(frames)
    if finite.all():
        return
    row, channel = np.argwhere(~finite)[0]
    kind = "NaN" if np.isnan(frames[row, channel]) else "infinite"
    first = position + int(row)
    raise AudioFileError(
        f"{path}: sample {first} ({first / sample_rate:.3f} s, channel {channel + 1}) is {kind}; "
        "export the file again"
    )


@final
class AudioReader:
    """Reads a file from front to back, or on from any position, at the rate that is asked for.

    Two passes over a file give the same bits, whatever the lengths of the reads. A pass that starts further
    on at another rate than the file's agrees with a pass from the front to −120 dB. Memory does not grow with
    the length of the file.

    Args:
        path: the file.
        sample_rate: in Hz; the file's own by default.
        channels: 1 reads a file whose two channels are equal as mono; the file's own number by default.
        hashed: also work out what `content_hash` gives.

    Raises:
        AudioFileError: the file cannot be read, or has fewer channels than are asked for.
    """

    def __init__(
        self,
        path: Path,
        *,
        sample_rate: int | None = None,
        channels: int | None = None,
        hashed: bool = False,
    ) -> None:
        self.info = probe(path)
        self.sample_rate = sample_rate or self.info.sample_rate
        self.channels = channels or self.info.channels
        if not 1 <= self.channels <= self.info.channels:
            raise AudioFileError(
                f"{path} has {self.info.channels} channel(s), {self.channels} were asked for"
            )
        self.num_samples = resampled_length(
            self.info.num_samples, from_rate=self.info.sample_rate, to_rate=self.sample_rate
        )
        self._hash = ContentHash(self.channels, self.info.sample_rate) if hashed else None
        self._rest = np.zeros((self.channels, 0), np.float32)
        self._blocks = self._converted(0)

    def content_hash(self) -> str:
        """The hash of the recording, for which what is left of the file is read. Nothing more may follow.

        Raises:
            ValueError: the reader was not made to hash, or was moved.
        """
        if self._hash is None:
            raise ValueError(f"{self.info.path} was not read from front to back with hashed=True")
        for _ in self._blocks:
            pass
        return self._hash.hexdigest()

    def seek(self, start: int) -> None:
        """Go on reading from sample `start` (at `sample_rate`)."""
        if start < 0:
            raise ValueError(f"cannot read {self.info.path} from sample {start}: there is none before 0")
        self._blocks.close()
        self._hash = None
        self._rest = np.zeros((self.channels, 0), np.float32)
        self._blocks = self._converted(start)

    def read(self, num_samples: int) -> Block:
        """The next samples; fewer at the end of the file, none after it.

        Returns:
            An array of its own, which the caller may change.

        Shape: (channels, samples)

        Raises:
            AudioFileError: the file is damaged here, or read as mono and its channels differ.
        """
        parts, missing = [], num_samples
        while missing > 0:
            if not self._rest.shape[-1]:
                block = next(self._blocks, None)
                if block is None:
                    break
                self._rest = block
            parts.append(self._rest[:, :missing])
            self._rest = self._rest[:, missing:]
            missing -= parts[-1].shape[-1]
        return np.concatenate(parts, axis=1) if parts else np.zeros((self.channels, 0), np.float32)

    def blocks(self, num_samples: int = CHUNK) -> Iterator[Block]:
        """All that is left, in blocks of `num_samples`; the last may be shorter."""
        while (block := self.read(num_samples)).shape[-1]:
            yield block

    def close(self) -> None:
        """Close the file."""
        self._blocks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _converted(self, start: int) -> Generator[Block, None, None]:
        """Blocks from sample `start` on, at the rate that was asked for.

        The resampler starts where an input and an output sample coincide, a pre-roll before `start`, so that
        its phase is the same as in a pass from the front.
        """
        rate = self.info.sample_rate
        common = gcd(rate, self.sample_rate)
        period_in, period_out = rate // common, self.sample_rate // common
        if period_in == period_out:
            yield from self._as_channels(native_blocks(self.info, start=start))
            return
        periods = max(start // period_out - int(_PRE_ROLL_SECONDS * rate) // period_in, 0)
        if period_in > _LONGEST_PERIOD:
            periods = 0  # soxr's phase drifts a little at such ratios: start where the whole pass does
        skip = start - periods * period_out
        native = self._as_channels(native_blocks(self.info, start=periods * period_in))
        for block in resampled(native, from_rate=rate, to_rate=self.sample_rate, channels=self.channels):
            yield block[:, skip:]
            skip = max(skip - block.shape[-1], 0)

    def _as_channels(self, blocks: Iterator[Block]) -> Iterator[Block]:
        for block in blocks:
            if self.channels < len(block) and not np.array_equal(block[0], block[1]):
                raise AudioFileError(f"{self.info.path} cannot be read as mono: its two channels differ")
            if self._hash is not None:
                self._hash.update(block[: self.channels])
            yield block[: self.channels]


def resampled(blocks: Iterator[Block], *, from_rate: int, to_rate: int, channels: int) -> Iterator[Block]:
    """Blocks at one rate → blocks at another; empty ones are left out."""
    if from_rate == to_rate:
        yield from blocks
        return
    resampler = StreamResampler(from_rate=from_rate, to_rate=to_rate, channels=channels)
    for block in blocks:
        if (ready := resampler.push(block)).shape[-1]:
            yield ready
    if (rest := resampler.flush()).shape[-1]:
        yield rest

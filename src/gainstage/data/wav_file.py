"""32-bit float WAV files out: whole or not at all, the same bytes for the same samples, of any length.

The header is written here and not by libsndfile, because that one adds a chunk with the time of day, cannot
grow from WAV into RF64 past 4 GiB, and hides why a write failed.
"""

import contextlib
import os
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from gainstage.data.audio_error import AudioFileError

HEADER_BYTES = 12 + 8 + 28 + 8 + 18 + 8 + 4 + 8  # RIFF, JUNK or ds64, fmt, fact, data
"""Where the samples begin in a file that `WavWriter` wrote."""

_LARGEST_WAV = 0xFFFFFFFF
_FLOAT = 3


def wav_header(num_samples: int, *, sample_rate: int, channels: int) -> bytes:
    """The header of a 32-bit float WAV file; RF64 if the file passes 4 GiB.

    Both have the same length (the WAV keeps the room of RF64's `ds64` as `JUNK`), so a writer need not know
    how long the file will be.

    References: EBU Tech 3306 (RF64), section 3.3.
    """
    data_bytes = num_samples * channels * 4
    riff_bytes = HEADER_BYTES - 8 + data_bytes
    is_long = riff_bytes > _LARGEST_WAV
    short = _LARGEST_WAV if is_long else None
    sizes = struct.pack("<QQQI", riff_bytes, data_bytes, num_samples, 0) if is_long else bytes(28)
    frame_bytes = channels * 4
    return b"".join(
        (
            struct.pack("<4sI4s", b"RF64" if is_long else b"RIFF", short or riff_bytes, b"WAVE"),
            struct.pack("<4sI", b"ds64" if is_long else b"JUNK", 28) + sizes,
            struct.pack("<4sIHH", b"fmt ", 18, _FLOAT, channels),
            struct.pack("<IIHHH", sample_rate, sample_rate * frame_bytes, frame_bytes, 32, 0),
            struct.pack("<4sII", b"fact", 4, short or num_samples),
            struct.pack("<4sI", b"data", short or data_bytes),
        )
    )


@dataclass(frozen=True)
class FloatHeader:
    """What a file of `WavWriter` says about itself: samples are per channel, the rate is in Hz."""

    channels: int
    sample_rate: int
    num_samples: int


def float_header(head: bytes) -> FloatHeader | None:
    """What a header says that `wav_header` made; None if it did not, for elsewhere other chunks may follow.

    Args:
        head: the first `HEADER_BYTES` of a file.
    """
    if len(head) != HEADER_BYTES or not head.startswith((b"RIFF", b"RF64")):
        return None
    channels, sample_rate = struct.unpack_from("<HI", head, 12 + 8 + 28 + 8 + 2)
    is_long = head.startswith(b"RF64")
    (data_bytes,) = struct.unpack_from(*(("<Q", head, 12 + 8 + 8) if is_long else ("<I", head, 90)))
    num_samples = data_bytes // (4 * channels) if channels else 0
    try:
        ours = wav_header(num_samples, sample_rate=sample_rate, channels=channels)
    except struct.error:  # numbers that no header has room for
        return None
    return FloatHeader(channels, sample_rate, num_samples) if channels in (1, 2) and head == ours else None


@final
class WavWriter:
    """Writes a WAV file block by block; it appears under its name only when it is whole.

    The blocks go to a file beside it, which is renamed at the end of the `with` block and removed if that
    ends with an exception of any kind.

    Args:
        path: the file to write; one that is there is replaced.
        sample_rate: in Hz.
        channels: rows of each block.

    Raises:
        AudioFileError: the file cannot be written, in a sentence that says why.
    """

    def __init__(self, path: Path, *, sample_rate: int, channels: int) -> None:
        self._path = path
        self._sample_rate = sample_rate
        self.channels = channels
        self._num_samples = 0

    def __enter__(self) -> Self:
        try:
            handle, name = tempfile.mkstemp(prefix=".writing-", suffix=".part", dir=self._path.parent)
        except OSError as error:
            raise self._failure(error) from error
        self._file, self._partial = os.fdopen(handle, "wb"), Path(name)
        self._file.seek(HEADER_BYTES)  # the header follows when the length is known
        return self

    def write(self, block: NDArray[np.floating]) -> None:
        """Append a block.

        Shape: (channels, samples)
        """
        if block.ndim != 2 or len(block) != self.channels:
            raise ValueError(
                f"a block of {self.channels} channel(s) is wanted, got an array of shape {block.shape}"
            )
        try:
            self._file.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
        except OSError as error:
            raise self._failure(error) from error
        self._num_samples += block.shape[1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._abandon()

    def _finish(self) -> None:
        try:
            self._file.seek(0)
            self._file.write(
                wav_header(self._num_samples, sample_rate=self._sample_rate, channels=self.channels)
            )
            self._file.close()
            mask = os.umask(0)
            os.umask(mask)
            self._partial.chmod(0o666 & ~mask)  # mkstemp lets only the owner read
            self._partial.replace(self._path)
        except OSError as error:
            raise self._failure(error) from error

    def _abandon(self) -> None:
        with contextlib.suppress(OSError):  # what was still to be flushed is not wanted any more
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def _failure(self, error: OSError) -> AudioFileError:
        return AudioFileError(f"{self._path} cannot be written: {error.strerror or error}")


def write_wav(path: Path, audio: NDArray[np.floating], *, sample_rate: int) -> None:
    """Write a whole signal as a 32-bit float WAV file.

    Shape: audio (channels, samples)

    Raises:
        AudioFileError: the file cannot be written; nothing is left behind.
    """
    with WavWriter(path, sample_rate=sample_rate, channels=len(audio)) as writer:
        writer.write(audio)


def float_samples(path: Path, start: int, length: int, *, channels: int) -> NDArray[np.float32]:
    """Part of a file that `WavWriter` wrote, without a decoder between; zeros where the file has no samples.

    Args:
        path: the file.
        start: first sample; below 0 there is silence.
        length: how many.
        channels: of the file.

    Shape: (channels, length)

    Raises:
        OSError: the file cannot be read.
    """
    part = np.zeros((length, channels), np.float32)
    first, skipped = max(start, 0), max(-start, 0)
    if skipped < length:
        offset = HEADER_BYTES + 4 * channels * first
        found = np.fromfile(path, "<f4", (length - skipped) * channels, offset=offset)
        rows = found[: len(found) // channels * channels].reshape(-1, channels)
        part[skipped : skipped + len(rows)] = rows
    return part.T


def float_file_bytes(num_samples: int, *, channels: int) -> int:
    """The size of a file that `WavWriter` wrote."""
    return HEADER_BYTES + 4 * num_samples * channels

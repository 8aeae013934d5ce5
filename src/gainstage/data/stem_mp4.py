"""Streams of a `.stem.mp4`: several pieces of audio in one file, decoded by ffmpeg, block by block.

stempeg says what streams there are. Its own reader holds a whole song in memory, so the streams are decoded
through the package on which it stands.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from gainstage.data.audio_error import AudioFileError
from gainstage.data.audio_file import CHUNK, AudioInfo, Block


def probe_stream(path: Path, stream: int) -> AudioInfo:
    """What a stream says about itself.

    Args:
        path: the file.
        stream: which of its audio streams, from 0.

    Raises:
        AudioFileError: the file cannot be read, has no such stream, or one of more than two channels; or
            there is no ffmpeg.
    """
    try:
        with path.open("rb") as file:
            is_empty = not file.read(1)
        state = path.stat()
    except OSError as error:
        raise AudioFileError(f"{path} cannot be opened: {error.strerror or error}") from error
    if is_empty:
        raise AudioFileError(f"{path} is empty (0 bytes); unpack it again")
    about = _streams_of(path, state.st_size, state.st_mtime_ns)
    if about is None:
        raise AudioFileError(f"{path} is no audio that ffmpeg can read; unpack it again")
    if not 0 <= stream < about.nb_audio_streams:
        raise AudioFileError(f"{path} has {about.nb_audio_streams} streams, stream {stream} was wanted")
    channels, rate = about.channels(stream), about.sample_rate(stream)
    if channels > 2:
        raise AudioFileError(f"{path}: stream {stream} has {channels} channels; 1 or 2 are wanted")
    seconds = float(about.audio_streams[stream].get("duration", 0.0))
    length = round(seconds * rate)
    return AudioInfo(path, channels, rate, length, length)


def stream_blocks(stream: int) -> Callable[[AudioInfo], Iterator[Block]]:
    """A decoder of one stream, for `gainstage.data.hearing.hear`.

    Raises:
        AudioFileError: when it is used: nothing can be decoded.
    """

    def blocks(info: AudioInfo) -> Iterator[Block]:
        ffmpeg, _ = _packages()
        process = (
            ffmpeg.input(str(info.path))
            .output("pipe:", format="f32le", map=f"0:a:{stream}", ar=info.sample_rate, ac=info.channels)
            .global_args("-loglevel", "quiet", "-nostdin")
            .run_async(pipe_stdout=True)
        )
        size, count = 4 * info.channels * CHUNK, 0
        try:
            while data := process.stdout.read(size):
                frames = np.frombuffer(data[: len(data) // (4 * info.channels) * 4 * info.channels], "<f4")
                count += len(frames)
                yield np.ascontiguousarray(frames.reshape(-1, info.channels).T)
        finally:
            process.stdout.close()
            process.kill()
            process.wait()
        if not count:
            raise AudioFileError(f"{info.path}: stream {stream} cannot be decoded; unpack it again")

    return blocks


@lru_cache(maxsize=4)
def _streams_of(path: Path, size: int, changed: int) -> Any:
    """What stempeg says of a file, asked once and not for each of its streams; None if it cannot be read."""
    del size, changed
    ffmpeg, stempeg = _packages()
    try:
        return stempeg.Info(str(path))
    except (ffmpeg.Error, KeyError, ValueError):
        return None


def _packages() -> tuple[Any, Any]:
    try:
        import ffmpeg
        import stempeg
    except (ImportError, RuntimeError) as error:
        raise AudioFileError(f"stem.mp4 files are read by stempeg, which fails: {error}") from error
    return ffmpeg, stempeg

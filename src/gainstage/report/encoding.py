"""Audio as a `data:` address that a browser plays."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import soundfile
from numpy.typing import NDArray

Block = NDArray[np.floating]
"""(channels, samples)"""


@dataclass(frozen=True)
class Codec:
    """A way to encode audio that browsers play.

    Args:
        name: as a person knows it.
        file_format, subtype: as libsndfile calls them.
        media_type: as browsers call it.
        bytes_per_s: at most, of a mono and of a stereo signal.
        levels: libsndfile's compression level of a mono and of a stereo signal.
    """

    name: str
    file_format: str
    subtype: str
    media_type: str
    bytes_per_s: tuple[int, int]
    levels: tuple[float, float]


# libsndfile's bit rate of MP3 is 320 kbit/s at level 0 and 32 at level 1, straight between: 64 and 112 here.
MP3 = Codec("MP3", "MP3", "MPEG_LAYER_III", "audio/mpeg", (8_000, 14_000), (256 / 288, 208 / 288))
VORBIS = Codec("Ogg Vorbis", "OGG", "VORBIS", "audio/ogg", (14_000, 22_000), (0.7, 0.7))
FLAC = Codec("FLAC", "FLAC", "PCM_16", "audio/flac", (96_000, 192_000), (0.5, 0.5))


@cache
def codec() -> Codec:
    """The first of MP3 (every browser plays it), Vorbis and FLAC that this build of libsndfile can write."""
    for candidate in (MP3, VORBIS):
        formats = soundfile.available_formats()
        if candidate.file_format in formats and candidate.subtype in soundfile.available_subtypes(
            candidate.file_format
        ):
            return candidate
    return FLAC


def playable_rate(sample_rate: int) -> int:
    """The rate to encode at, 44.1 or 48 kHz, which all codecs and browsers know."""
    return 44_100 if sample_rate % 11_025 == 0 else 48_000


def encode(blocks: Iterator[Block], *, sample_rate: int, channels: int, how: Codec) -> str:
    """Encode blocks of audio as they come.

    Args:
        blocks: the audio, at a `playable_rate`.
        sample_rate: its rate in Hz.
        channels: 1 or 2.
        how: the codec.

    Returns:
        A `data:` address, a third longer than the encoded audio.
    """
    buffer = io.BytesIO()
    mode = "CONSTANT" if how is MP3 else None  # players find a position in it without reading all before
    with soundfile.SoundFile(
        buffer,
        "w",
        sample_rate,
        channels,
        format=how.file_format,
        subtype=how.subtype,
        compression_level=how.levels[channels - 1],
        bitrate_mode=mode,
    ) as file:
        for block in blocks:
            file.write(block.T)
    return f"data:{how.media_type};base64,{base64.b64encode(buffer.getbuffer()).decode('ascii')}"

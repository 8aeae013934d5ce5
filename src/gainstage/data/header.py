"""How many samples the header of a file promises, so that a file that was cut short is noticed.

libsndfile quietly corrects the length of a WAV or AIFF file to what is there. FLAC and MP3 keep the promised
length in their header and fail while decoding; Ogg promises nothing.
"""

import struct
from pathlib import Path
from typing import BinaryIO

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN = 0x7FFFF000  # sizes from here on are written by programs that stream and cannot know


def promised_samples(path: Path) -> int | None:
    """Samples per channel that a WAV, RF64 or AIFF header promises; None if it does not say.

    Args:
        path: a file of any kind.
    """
    with path.open("rb") as file:
        start = file.read(12)
        kind, form = start[:4], start[8:]
        if kind in (b"RIFF", b"RF64") and form == b"WAVE":
            return _promised_by_wave(file)
        if kind == b"FORM" and form in (b"AIFF", b"AIFC"):
            return _promised_by_aiff(file)
    return None


def _promised_by_wave(file: BinaryIO) -> int | None:
    bytes_per_frame, long_size = 0, None
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            size = size if long_size is None else long_size
            unknown = long_size is None and (size >= _UNKNOWN or size == 0)
            return None if unknown or not bytes_per_frame else size // bytes_per_frame
        body = file.read(min(size, 64))
        if name == b"ds64" and len(body) >= 16:
            (long_size,) = struct.unpack("<Q", body[8:16])
        if name == b"fmt " and len(body) >= 16:
            codec, _, _, _, frame = struct.unpack("<HHIIH", body[:14])
            bytes_per_frame = frame if codec in (_PCM, _FLOAT, _EXTENSIBLE) else 0
        file.seek(size - len(body) + size % 2, 1)
    return None


def _promised_by_aiff(file: BinaryIO) -> int | None:
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack(">4sI", head)
        body = file.read(min(size, 64))
        if name == b"COMM" and len(body) >= 6:
            _, num_frames = struct.unpack(">hI", body[:6])
            return int(num_frames)
        file.seek(size - len(body) + size % 2, 1)
    return None

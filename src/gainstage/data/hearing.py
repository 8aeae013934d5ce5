"""One pass over an audio file in which everybody listens who wants to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from gainstage.data.audio_error import AudioFileError
from gainstage.data.audio_file import AudioInfo, Block, native_blocks, resampled
from gainstage.data.content_hash import ContentHash


class Listener(Protocol):
    """Whoever hears a track block by block: a loudness meter, features, or several of them."""

    def hear(self, block: Tensor) -> None:
        """Take the next block.

        Shape: (channels, samples); lengths vary.
        """


Hearer = TypeVar("Hearer", bound=Listener)


@dataclass(frozen=True)
class Heard(Generic[Hearer]):
    """What one pass over a file found out.

    Args:
        channels: 1 if the file is mono or its two channels are equal, else 2.
        num_samples: per channel, at the file's rate, that could be decoded.
        peak_amplitude: largest absolute sample; 1 is full scale.
        offset: largest mean of a channel; 0 unless there is direct current in it.
        content_hash: of rate, channels and samples; equal for equal audio in any container.
        listener: who heard it all.
    """

    channels: int
    num_samples: int
    peak_amplitude: float
    offset: float
    content_hash: str
    listener: Hearer


class _ChannelsDiffer(Exception):
    pass


def hear(
    info: AudioInfo,
    *,
    sample_rate: int,
    listen: Callable[[int, int], Hearer],
    blocks: Callable[[AudioInfo], Iterator[Block]] = native_blocks,
) -> Heard[Hearer]:
    """Stream a file once.

    Listeners must know whether a track is mono before they hear it, but that the channels of a file are equal
    is certain only at its end. So a stereo file is taken for mono until the first sample that says otherwise;
    then a new listener starts at the front. That sample mostly comes within the first block of sound.

    Args:
        info: the file, as `probe` found it.
        sample_rate: the console's rate in Hz, at which listeners hear.
        listen: makes a listener from the number of channels (1 or 2) and `sample_rate`.
        blocks: decodes it from the front.

    Raises:
        AudioFileError: nothing can be decoded, or a sample is not finite.
    """
    if info.channels == 2:
        try:
            return _hear_as(1, info, sample_rate, listen, blocks)
        except _ChannelsDiffer:
            pass
    return _hear_as(info.channels, info, sample_rate, listen, blocks)


def _hear_as(
    channels: int,
    info: AudioInfo,
    sample_rate: int,
    listen: Callable[[int, int], Hearer],
    blocks: Callable[[AudioInfo], Iterator[Block]],
) -> Heard[Hearer]:
    measure = _Measure(channels, info.sample_rate)
    listener = listen(channels, sample_rate)
    native = measure.tap(blocks(info))
    for block in resampled(native, from_rate=info.sample_rate, to_rate=sample_rate, channels=channels):
        listener.hear(torch.from_numpy(block))
    if not measure.num_samples and info.num_samples:
        raise AudioFileError(f"{info.path} holds no sample that can be decoded; export it again")
    return measure.heard(listener)


def hear_audio(audio: Block, *, sample_rate: int, listen: Callable[[int, int], Hearer]) -> Heard[Hearer]:
    """What `hear` would find out of a file with these samples.

    Args:
        audio: the samples as they are read from the file.
        sample_rate: of the file and of the console, in Hz.
        listen: makes a listener from the number of channels (1 or 2) and `sample_rate`.

    Shape: audio (1 or 2, samples)
    """
    channels = 1 if np.array_equal(audio[0], audio[-1]) else 2
    measure, listener = _Measure(channels, sample_rate), listen(channels, sample_rate)
    for block in measure.tap(iter([audio])):
        listener.hear(torch.from_numpy(block))
    return measure.heard(listener)


class _Measure:
    def __init__(self, channels: int, sample_rate: int) -> None:
        self.channels = channels
        self.num_samples = 0
        self.peak_amplitude = 0.0
        self.sums = np.zeros(channels)
        self.hash = ContentHash(channels, sample_rate)

    def tap(self, blocks: Iterator[Block]) -> Iterator[Block]:
        for block in blocks:
            if self.channels < len(block) and not np.array_equal(block[0], block[1]):
                raise _ChannelsDiffer
            kept = np.ascontiguousarray(block[: self.channels]) + np.float32(0.0)  # −0.0 becomes 0.0
            self.num_samples += kept.shape[1]
            self.peak_amplitude = max(self.peak_amplitude, float(np.abs(kept).max(initial=0.0)))
            self.sums += kept.sum(axis=1, dtype=np.float64)
            self.hash.update(kept)
            yield kept

    def heard(self, listener: Hearer) -> Heard[Hearer]:
        offset = float(np.abs(self.sums).max()) / max(self.num_samples, 1)
        return Heard(
            self.channels, self.num_samples, self.peak_amplitude, offset, self.hash.hexdigest(), listener
        )

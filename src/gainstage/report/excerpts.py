"""Which part of a recording to let people hear, and reading that part in blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gainstage.data.audio_file import AudioReader
from gainstage.dsp.resampling import resample
from gainstage.report.encoding import Block, playable_rate
from gainstage.report.measured import Audio, Clip

_BLOCK = 1 << 15
_FADE_S = 0.02
_ENVELOPE_S = 0.5


@dataclass(frozen=True)
class Region:
    """A part of a clip's source, in seconds; `is_cut` if the source goes on before or behind it."""

    start_s: float
    end_s: float
    is_cut: bool = False

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


def describe(clip: Clip) -> tuple[Region, int]:
    """The whole of a clip, and its channels.

    Raises:
        AudioFileError: the file cannot be read.
        ValueError: samples are not mono or stereo.
    """
    if isinstance(clip.source, Audio):
        samples = _as_rows(clip.source)
        seconds, channels = samples.shape[1] / clip.source.sample_rate, len(samples)
    else:
        with AudioReader(clip.source) as reader:
            seconds, channels = reader.num_samples / reader.sample_rate, reader.channels
    start_s = min(max(clip.start_s, 0.0), seconds)
    end_s = seconds if clip.end_s is None else min(clip.end_s, seconds)
    return Region(start_s, max(end_s, start_s), is_cut=start_s > 0.0 or end_s < seconds), channels


def excerpt(clip: Clip, whole: Region, seconds: float) -> Region:
    """A region of at most so many seconds around the clip's focus, or else around its loudest passage."""
    if whole.seconds <= seconds:
        return whole
    focus_s = _loudest_s(clip, whole, seconds) if clip.focus_s is None else clip.focus_s
    start_s = min(max(focus_s - seconds / 2, whole.start_s), whole.end_s - seconds)
    return Region(start_s, start_s + seconds, is_cut=True)


def _loudest_s(clip: Clip, whole: Region, seconds: float) -> float:
    """The middle of the window with the most energy, what lies near its middle counting most."""
    rate = _rate(clip)
    length = max(round(_ENVELOPE_S * rate), 1)
    energy = np.array([float(np.square(b, dtype=np.float64).sum()) for b in _read(clip, whole, rate, length)])
    window = max(round(seconds / _ENVELOPE_S), 1)
    if len(energy) <= window:
        return (whole.start_s + whole.end_s) / 2
    weighted = np.convolve(energy, np.hanning(window + 2)[1:-1], mode="valid")
    return whole.start_s + (int(np.argmax(weighted)) + window / 2) * _ENVELOPE_S


def survey(clip: Clip, region: Region) -> tuple[float, int]:
    """The largest sample of a region without its sign, and its channels: 1 if both are the same."""
    peak, channels = 0.0, 1
    for block in _read(clip, region, _rate(clip), _BLOCK):
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        channels = 1 if channels == 1 and np.array_equal(block[0], block[-1]) else 2
    return peak, channels


def playable_blocks(clip: Clip, region: Region, *, gain: float, channels: int) -> tuple[Iterator[Block], int]:
    """A region at a rate that browsers play, with a gain, faded where it is cut out of something longer.

    Args:
        clip: the audio.
        region: the part of it.
        gain: a factor.
        channels: how many are wanted; 1 gives the first.

    Returns:
        The blocks, and their rate in Hz.
    """
    rate = playable_rate(_rate(clip))
    blocks = _read(clip, region, rate, _BLOCK)
    fade = round(_FADE_S * rate) if region.is_cut else 0
    wanted = (block[:channels] for block in blocks)
    return _shaped(wanted, round(region.seconds * rate), gain, fade), rate


def _shaped(blocks: Iterator[Block], total: int, gain: float, fade: int) -> Iterator[Block]:
    position = 0
    for block in blocks:
        n = np.arange(position, position + block.shape[1])
        position += block.shape[1]
        envelope = np.full(len(n), gain, np.float32)
        if fade:
            envelope *= np.clip(np.minimum(n, total - 1 - n) / fade, 0.0, 1.0).astype(np.float32)
        yield block * envelope


def _rate(clip: Clip) -> int:
    if isinstance(clip.source, Audio):
        return clip.source.sample_rate
    with AudioReader(clip.source) as reader:
        return reader.sample_rate


def _read(clip: Clip, region: Region, rate: int, length: int) -> Iterator[Block]:
    """A region in blocks of so many samples, at a rate; what is not a number becomes silence."""
    total = round(region.seconds * rate)
    if isinstance(clip.source, Audio):
        samples = _resampled(clip.source, rate)
        first = round(region.start_s * rate)
        for at in range(first, min(first + total, samples.shape[1]), length):
            yield samples[:, at : min(at + length, first + total)]
        return
    with AudioReader(clip.source, sample_rate=rate) as reader:
        reader.seek(round(region.start_s * rate))
        while total > 0 and (block := reader.read(min(length, total))).shape[1]:
            total -= block.shape[1]
            yield block


def _resampled(audio: Audio, rate: int) -> NDArray[np.float32]:
    samples = np.nan_to_num(_as_rows(audio), nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    if audio.sample_rate == rate:
        return samples
    converted: NDArray[np.float32] = resample(
        torch.from_numpy(samples), from_rate=audio.sample_rate, to_rate=rate
    ).numpy()
    return converted


def _as_rows(audio: Audio) -> Block:
    samples = np.atleast_2d(audio.samples)
    if samples.ndim != 2 or len(samples) > 2:
        raise ValueError(f"audio to play must be (1 or 2 channels, samples), got shape {audio.samples.shape}")
    return samples

"""One pass over a track: it is decoded, measured, and written as 32-bit float."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainstage.data.audio_file import AudioInfo, AudioReader, Block, native_blocks, probe
from gainstage.data.hearing import hear
from gainstage.data.sources.listing import TrackFile
from gainstage.data.stem_mp4 import probe_stream, stream_blocks
from gainstage.data.wav_file import WavWriter
from gainstage.dsp.gain_staging import stage_meter
from gainstage.dsp.gating import ABSOLUTE_GATE_LUFS
from gainstage.dsp.meter import LoudnessMeter
from gainstage.dsp.spectrum import band_matrix

_FRAME = 4096
_CLIPPED_RUN = 3  # so many equal samples at the top are no peak of music
_NEAR_FULL = 0.98

BANDS_PER_OCTAVE = 3


@dataclass(frozen=True, eq=False)
class Inspected:
    """What a pass over a track found.

    Args:
        path: the float file.
        info: what the file that was read says of itself.
        channels: 1 if mono, also where a stereo file holds the same twice.
        sample_rate: of the float file, in Hz.
        num_samples: per channel.
        peak_amplitude: largest absolute sample.
        content_hash: of the float file's samples; see `gainstage.data.hearing`.
        staging_lufs: loudness that gain staging goes by; None = nothing to hear.
        integrated_lufs: loudness after BS.1770; None = nothing above −70 LUFS.
        offset: largest mean of a channel.
        clipped: runs of three or more equal samples at the peak, near full scale.
        correlation: of left and right, −1 … 1; 1 for mono, 0 where one is silent.
        side_db: energy of L − R over that of L + R.
        weaker_db: the weaker channel's level under the stronger one's.
        power: mean power in third octaves, as `gainstage.report.measured.Spectrum` wants it.
    """

    path: Path
    info: AudioInfo
    channels: int
    sample_rate: int
    num_samples: int
    peak_amplitude: float
    content_hash: str
    staging_lufs: float | None
    integrated_lufs: float | None
    offset: float
    clipped: int
    correlation: float
    side_db: float
    weaker_db: float
    power: tuple[float, ...]

    @property
    def file_name(self) -> str:
        """What the float file is called in a prepared set."""
        return f"{self.content_hash}.wav"

    def audio_row(self) -> dict[str, Any]:
        """What a manifest says of the float file itself."""
        return {
            "file": self.file_name,
            "channels": self.channels,
            "sample_rate": self.sample_rate,
            "num_samples": self.num_samples,
            "peak_amplitude": self.peak_amplitude,
            "content_hash": self.content_hash,
        }


def inspect(track: TrackFile, into: Path) -> Inspected:
    """Decode a track into a float file and say what is in it. The track's own file is only read.

    Args:
        track: the file, or the stream of one.
        into: the float file to write.

    Raises:
        AudioFileError: it cannot be read, or a sample is not finite.
    """
    if track.stream is None:
        return _inspected(probe(track.path), into, native_blocks)
    return _inspected(probe_stream(track.path, track.stream), into, stream_blocks(track.stream))


def at_rate(inspected: Inspected, sample_rate: int, into: Path) -> Inspected:
    """The same track at another rate; what was found in the original file stands."""
    with AudioReader(inspected.path, sample_rate=sample_rate) as audio:
        return rewritten(inspected, audio.blocks(), sample_rate, into)


def rewritten(inspected: Inspected, blocks: Iterator[Block], sample_rate: int, into: Path) -> Inspected:
    """A track whose samples were changed: measured anew, but for what tells of the original file."""
    with WavWriter(
        into.with_suffix(".part.wav"), sample_rate=sample_rate, channels=inspected.channels
    ) as wav:
        for block in blocks:
            wav.write(block)
    written = into.with_suffix(".part.wav")
    try:
        found = _inspected(probe(written), into, native_blocks)
    finally:
        written.unlink(missing_ok=True)
    kept = {name: getattr(inspected, name) for name in ("info", "clipped", "offset")}
    return Inspected(**(found.__dict__ | kept))


def _inspected(info: AudioInfo, into: Path, blocks: Callable[[AudioInfo], Iterator[Block]]) -> Inspected:
    recorders: list[_Recorder] = []

    def listen(channels: int, sample_rate: int) -> "_Recorder":
        for earlier in recorders:  # it took the file for mono
            earlier.abandon()
        recorders.append(_Recorder(into, channels, sample_rate))
        return recorders[-1]

    try:
        heard = hear(info, sample_rate=info.sample_rate, listen=listen, blocks=blocks)
        recorders[-1].finish()
    except BaseException:
        for recorder in recorders:
            recorder.abandon()
        raise
    recorder = recorders[-1]
    staging = stage_meter(recorder.meter)[0]
    integrated = float(recorder.meter.integrated_lufs[0])
    return Inspected(
        path=into,
        info=info,
        channels=heard.channels,
        sample_rate=info.sample_rate,
        num_samples=heard.num_samples,
        peak_amplitude=heard.peak_amplitude,
        content_hash=heard.content_hash,
        staging_lufs=staging.loudness_lufs,
        integrated_lufs=integrated if integrated > ABSOLUTE_GATE_LUFS else None,
        offset=heard.offset,
        clipped=recorder.clipped,
        **recorder.stereo(),
        power=tuple(recorder.power()),
    )


@final
class _Recorder:
    """Hears a track at its own rate, and writes what it hears."""

    def __init__(self, into: Path, channels: int, sample_rate: int) -> None:
        self.meter = LoudnessMeter(1, channels, sample_rate=sample_rate, dual_mono=True, true_peak=False)
        self.clipped = 0
        self._products = np.zeros(3)  # L², R², L·R
        self._writer = WavWriter(into, sample_rate=sample_rate, channels=channels)
        self._writer.__enter__()
        self._is_open = True
        self._bands = band_matrix(_FRAME // 2 + 1, sample_rate / _FRAME, BANDS_PER_OCTAVE)
        self._window = np.hanning(_FRAME).astype(np.float32)
        self._power, self._frames = np.zeros(len(self._bands)), 0

    def hear(self, block: Tensor) -> None:
        self.meter.update(block[None])
        audio = block.numpy()
        self._writer.write(audio)
        self.clipped += sum(_clipped_runs(row) for row in audio)
        left, right = audio[0].astype(np.float64), audio[-1].astype(np.float64)
        self._products += (left @ left, right @ right, left @ right)
        self._hear_spectrum(audio)

    def finish(self) -> None:
        self._is_open = False
        self._writer.__exit__(None, None, None)

    def abandon(self) -> None:
        if self._is_open:
            self._is_open = False
            self._writer.__exit__(KeyboardInterrupt, None, None)

    def stereo(self) -> dict[str, float]:
        """Correlation and the levels of side and weaker channel, in dB."""
        left, right, both = self._products
        side, middle = left + right - 2.0 * both, left + right + 2.0 * both
        return {
            "correlation": float(both / np.sqrt(left * right))
            if left * right > 0.0
            else float(left == right),
            "side_db": _ratio_db(side, middle),
            "weaker_db": _ratio_db(min(left, right), max(left, right)),
        }

    def power(self) -> NDArray[np.float64]:
        """Mean power in third octaves."""
        return self._power / max(self._frames, 1)

    def _hear_spectrum(self, audio: NDArray[np.float32]) -> None:
        count = audio.shape[1] // _FRAME
        if count:
            frames = audio[:, : count * _FRAME].reshape(len(audio), count, _FRAME) * self._window
            spectrum = torch.fft.rfft(torch.from_numpy(frames)).abs().square().mean(0).double().numpy()
            self._power += self._bands @ spectrum.sum(0) / (_FRAME / 2) ** 2
            self._frames += count


def _clipped_runs(row: NDArray[np.float32]) -> int:
    """Runs of equal samples at the block's own peak; a run that a block's end cuts may be missed."""
    top = float(np.abs(row).max(initial=0.0))
    if top < _NEAR_FULL:
        return 0
    at_top = np.concatenate([[0], (np.abs(row) >= top).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(at_top))
    return int((edges[1::2] - edges[::2] >= _CLIPPED_RUN).sum())


def _ratio_db(part: float, whole: float) -> float:
    if not whole > 0.0:
        return -120.0
    return max(10.0 * float(np.log10(max(part / whole, 1e-12))), -120.0)

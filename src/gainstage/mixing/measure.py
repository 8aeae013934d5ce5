"""Meters on everything that a mix consists of, while it is rendered."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gainstage.dsp.meter import LoudnessMeter
from gainstage.dsp.spectrum import band_matrix
from gainstage.dsp.stereo import BAND_EDGES_HZ, StereoImage, StereoMeter
from gainstage.report.measured import Clip, Programme, Series, Spectrum, StereoBand

_HOP_S = 0.1
_BANDS_PER_OCTAVE = 3
_SOUND = 1e-6  # power; −60 dBFS
_HEARD = 1e-6  # amplitude; −120 dBFS


class ProgrammeMeter:
    """Loudness, peaks, spectrum and stereo image of rows of two-channel signals.

    Args:
        rows: how many signals are measured side by side.
        sample_rate: in Hz.
    """

    def __init__(self, rows: int, *, sample_rate: int) -> None:
        self.loudness = LoudnessMeter(rows, 2, sample_rate=sample_rate)
        self._stereo = StereoMeter(rows, sample_rate=sample_rate)
        self._image: StereoImage | None = None

    def update(self, block: Tensor) -> None:
        """Measure the next block. Shape: (rows, 2, samples)."""
        self.loudness.update(block)
        self._stereo.update(block)

    @property
    def image(self) -> StereoImage:
        """Spectrum and stereo image of all that was measured; nothing more may follow."""
        self._image = self._image or self._stereo.result()
        return self._image

    def spectrum(self, row: int) -> Spectrum:
        """The long-term spectrum of one signal."""
        image = self.image
        bands = band_matrix(len(image.frequencies_hz), image.frequencies_hz[1], _BANDS_PER_OCTAVE)
        return Spectrum(bands @ image.power[row], _BANDS_PER_OCTAVE)

    def programme(self, row: int, *, name: str, clip: Path | None = None) -> Programme:
        """Everything about one signal, as reports want it."""
        meter, image = self.loudness, self.image
        bands = zip(
            BAND_EDGES_HZ[:-1],
            BAND_EDGES_HZ[1:],
            image.band_width[row],
            image.band_correlation[row],
            strict=True,
        )
        return Programme(
            name=name,
            integrated_lufs=loudness_or_silence(float(meter.integrated_lufs[row])),
            range_lu=float(meter.loudness_range_lu[row]),
            true_peak_db=float(meter.true_peak_dbtp[row]),
            width=float(image.width[row]),
            correlation=float(image.correlation[row]),
            momentary_lufs=_series(meter.momentary_lufs[row], 0.4),
            short_term_lufs=_series(meter.short_term_lufs[row], 3.0),
            spectrum=self.spectrum(row),
            bands=tuple(StereoBand(*(float(value) for value in band)) for band in bands),
            clip=Clip(clip) if clip else None,
        )


class ReductionMeter:
    """How far each compressor turns down: level out against level in, every 10 ms, while there is sound.

    Make-up gain and a parallel mix are part of it, as they are part of what is heard.

    Args:
        sample_rate: in Hz.
    """

    def __init__(self, *, sample_rate: int) -> None:
        self._window = round(0.01 * sample_rate)
        self._sums: dict[tuple[str, int], tuple[float, int, float]] = {}  # total dB, windows, largest dB

    def __call__(self, section: str, processor: str, strips: Tensor, dry: Tensor, wet: Tensor) -> None:
        """Hear a processor; a `Meter` of the console."""
        if processor != "compressor" or dry.shape[-1] < self._window:
            return
        whole = dry.shape[-1] // self._window * self._window
        before, after = (
            audio[..., :whole].unflatten(-1, (-1, self._window)).square().mean((1, 3)) for audio in (dry, wet)
        )
        sounding = before > _SOUND
        ratio = torch.where(sounding, before / after.clamp(min=1e-20), torch.ones_like(before))
        reduction_db = 10.0 * torch.log10(ratio)
        for i, strip in enumerate(strips.tolist()):
            total, count, largest = self._sums.get((section, strip), (0.0, 0, 0.0))
            total += float(reduction_db[i].sum())
            self._sums[section, strip] = (
                total,
                count + int(sounding[i].sum()),
                max(largest, float(reduction_db[i].amax())),
            )

    def mean_and_max_db(self, section: str, strip: int) -> tuple[float, float]:
        """Mean and largest gain reduction of a strip's compressor in dB; NaN if it was not heard."""
        total, count, largest = self._sums.get((section, strip), (0.0, 0, 0.0))
        return (total / count, largest) if count else (float("nan"), float("nan"))


class LimitingMeter:
    """The largest momentary gain reduction of the master's limiter: what comes out against what went in.

    Sample by sample, so that no peak is averaged away; what is below −120 dBFS does not count.

    Args:
        latency_samples: how late the limiter is.
    """

    def __init__(self, latency_samples: int) -> None:
        self.largest_db = 0.0
        self._past = torch.zeros(1, 2, latency_samples)

    def __call__(self, section: str, processor: str, strips: Tensor, dry: Tensor, wet: Tensor) -> None:
        """Hear a processor; a `Meter` of the console."""
        del strips
        if (section, processor) != ("master", "limiter"):
            return
        heard = torch.cat([self._past.to(dry.dtype), dry], dim=-1)
        now = heard[..., : dry.shape[-1]].abs()
        self._past = heard[..., dry.shape[-1] :].clone()
        ratio = torch.where(now > _HEARD, now / wet.abs().clamp(min=1e-12), torch.ones_like(now))
        self.largest_db = max(self.largest_db, 20.0 * float(torch.log10(ratio.amax())))


def loudness_or_silence(lufs: float) -> float:
    """−∞ for what the meter calls silence (nothing above −70 LUFS)."""
    return lufs if lufs > -70.0 else float("-inf")


def _series(values: Tensor, window_s: float) -> Series:
    return Series(window_s + _HOP_S * np.arange(values.numel()), values.numpy())

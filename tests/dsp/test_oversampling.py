import math

import numpy as np
import pytest
import torch

from gainstage.dsp.oversampling import HALF_TAPS, REACH, downsample, interpolator, upsample

every_factor = pytest.mark.parametrize("factor", [2, 4, 8])


def slow_interpolator(factor: int) -> np.ndarray:
    """From numpy's own window, with the taps of each phase scaled to a sum of 1."""
    taps = np.sinc(np.arange(-HALF_TAPS * factor, HALF_TAPS * factor + 1) / factor)
    taps *= np.kaiser(2 * HALF_TAPS * factor + 1, 8.0)
    for phase in range(factor):
        taps[phase::factor] /= taps[phase::factor].sum()
    return taps


@every_factor
@pytest.mark.parametrize("samples", [0, 1, 31, 32, 33, 100])
def test_up_is_zero_stuffing_and_convolution(factor: int, samples: int) -> None:
    audio = torch.randn(2, samples + REACH, dtype=torch.float64)
    stuffed = np.zeros((2, factor * (samples + REACH)))
    stuffed[:, ::factor] = audio
    taps = slow_interpolator(factor)
    out = upsample(audio, factor)
    assert out.shape == (2, samples * factor)
    for row in range(2):
        truth = np.convolve(stuffed[row], taps)[HALF_TAPS * factor :]  # centred
        start = (HALF_TAPS - 1) * factor
        assert np.allclose(out[row], truth[start : start + samples * factor], atol=1e-12)


@every_factor
@pytest.mark.parametrize("samples", [0, 1, 31, 32, 33, 100])
def test_down_is_convolution_and_decimation(factor: int, samples: int) -> None:
    audio = torch.randn(2, (samples + REACH) * factor, dtype=torch.float64)
    taps = slow_interpolator(factor) / factor
    out = downsample(audio, factor)
    assert out.shape == (2, samples)
    for row in range(2):
        truth = np.convolve(audio[row], taps)[HALF_TAPS * factor :][::factor]
        assert np.allclose(out[row], truth[HALF_TAPS : HALF_TAPS + samples], atol=1e-12)


@every_factor
def test_pass_and_stop_band_are_as_documented(factor: int) -> None:
    """At 44.1 kHz: flat to .001 dB up to 20 kHz, and 82 dB down from 24.1 kHz."""
    taps = interpolator(factor).numpy() / factor
    frequencies_hz = np.linspace(0.0, 22_050.0 * factor, 20_001)
    place = np.arange(len(taps)) - len(taps) // 2
    gain = np.cos(2.0 * np.pi / (44_100 * factor) * frequencies_hz[:, None] * place) @ taps
    level_db = 20.0 * np.log10(np.abs(gain) + 1e-15)
    assert np.abs(level_db[frequencies_hz <= 20_000.0]).max() <= 0.001
    assert level_db[frequencies_hz >= 24_100.0].max() <= -82.0


@every_factor
def test_there_and_back_is_the_signal(factor: int) -> None:
    time = torch.arange(4000, dtype=torch.float64) / 44_100
    tone = torch.sin(2.0 * math.pi * 15_000.0 * time)[None]
    out = downsample(upsample(tone, factor), factor)
    assert torch.allclose(out, tone[:, REACH:-REACH], atol=2e-4)


def test_float32_is_exact_to_its_rounding() -> None:
    audio = torch.randn(2, 2000)
    error = upsample(audio, 4).double() - upsample(audio.double(), 4)
    assert float(error.abs().max()) < 1e-5

"""Sample-rate conversion against sines that are known at any rate."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainstage.dsp.resampling import StreamResampler, resample, resampled_length

RATES = [(48_000, 44_100), (44_100, 48_000), (8_000, 44_100), (192_000, 44_100), (44_100, 16_000)]


def _sine(frequency_hz: float, sample_rate: int, num_samples: int) -> Tensor:
    return torch.sin(
        2 * torch.pi * frequency_hz * torch.arange(num_samples, dtype=torch.float64) / sample_rate
    )


def _stream(audio: NDArray[np.float32], from_rate: int, to_rate: int, cuts: list[int]) -> NDArray[np.float32]:
    resampler = StreamResampler(from_rate=from_rate, to_rate=to_rate, channels=len(audio))
    parts = [resampler.push(part) for part in np.split(audio, cuts, axis=1)]
    return np.concatenate([*parts, resampler.flush()], axis=1)


def _error_db(estimate: Tensor, truth: Tensor) -> float:
    """Relative error away from the ends, where the filter sees silence."""
    edge = len(truth) // 4
    error = (estimate - truth)[edge:-edge].square().sum() / truth[edge:-edge].square().sum()
    return 10 * float(torch.log10(error))


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_resample_keeps_a_sine_in_place(from_rate: int, to_rate: int) -> None:
    frequency_hz = 0.35 * min(from_rate, to_rate)
    converted = resample(_sine(frequency_hz, from_rate, from_rate), from_rate=from_rate, to_rate=to_rate)
    assert _error_db(converted, _sine(frequency_hz, to_rate, to_rate)) < -150


@pytest.mark.parametrize(("fraction", "limit_db"), [(0.02, -145), (0.35, -78)])  # droop: .001 dB at .35
@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_streamed_resampling_keeps_a_sine_in_place(
    from_rate: int, to_rate: int, fraction: float, limit_db: float
) -> None:
    frequency_hz = fraction * min(from_rate, to_rate)
    audio = _sine(frequency_hz, from_rate, from_rate).float().numpy()[None]
    converted = torch.from_numpy(_stream(audio, from_rate, to_rate, [1000, 1001, 30_000]))[0].double()
    assert _error_db(converted, _sine(frequency_hz, to_rate, to_rate)) < limit_db


def test_what_lies_above_the_new_nyquist_frequency_is_gone() -> None:
    tone = _sine(15_000, 48_000, 48_000)
    converted = resample(tone, from_rate=48_000, to_rate=24_000)
    streamed = _stream(tone.float().numpy()[None], 48_000, 24_000, [])
    assert converted[2000:-2000].abs().max() < 1e-4
    assert np.abs(streamed[:, 2000:-2000]).max() < 1e-6


def test_how_a_stream_is_cut_changes_no_bit() -> None:
    audio = np.random.default_rng(1).standard_normal((2, 50_000)).astype(np.float32)
    whole = _stream(audio, 48_000, 44_100, [])
    cut = _stream(audio, 48_000, 44_100, [1, 2, 500, 501, 8192, 33_333, 49_999])
    assert np.array_equal(whole, cut)


@pytest.mark.parametrize("num_samples", [0, 1, 2, 5, 161, 1000])
@pytest.mark.parametrize(("from_rate", "to_rate"), [*RATES, (44_100, 48_001), (96_000, 44_100)])
def test_streams_have_the_length_that_was_promised(num_samples: int, from_rate: int, to_rate: int) -> None:
    audio = np.ones((1, num_samples), np.float32)
    expected = resampled_length(num_samples, from_rate=from_rate, to_rate=to_rate)
    assert abs(expected - num_samples * to_rate / from_rate) <= 0.5
    assert _stream(audio, from_rate, to_rate, []).shape == (1, expected)
    if to_rate != 48_001:
        converted = resample(torch.from_numpy(audio), from_rate=from_rate, to_rate=to_rate)
        assert converted.shape == (1, expected)


def test_gradient_is_exact() -> None:
    audio = torch.randn(2, 40, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: resample(x, from_rate=3, to_rate=2), audio)


def test_rows_do_not_mix() -> None:
    audio = torch.randn(3, 2, 4000)
    together = resample(audio, from_rate=48_000, to_rate=44_100)
    for row, single in zip(together, audio, strict=True):
        torch.testing.assert_close(row, resample(single, from_rate=48_000, to_rate=44_100), rtol=0, atol=1e-6)


def test_equal_rates_change_nothing() -> None:
    audio = torch.randn(2, 100)
    assert resample(audio, from_rate=44_100, to_rate=44_100) is audio


def test_rates_that_cannot_be_converted_are_refused() -> None:
    with pytest.raises(ValueError, match="must be positive, got 0"):
        resample(torch.zeros(1, 8), from_rate=0, to_rate=44_100)
    with pytest.raises(ValueError, match="44100 → 48001 Hz has no small ratio"):
        resample(torch.zeros(1, 8), from_rate=44_100, to_rate=48_001)

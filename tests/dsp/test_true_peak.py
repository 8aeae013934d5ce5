"""True peak against the EBU's signals, ffmpeg, a long interpolation and the filter that BS.1770 prints."""

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy.signal import resample
from torch import Tensor

from gainstage.dsp import true_peak
from gainstage.dsp.true_peak import phase_taps, sample_peak_db, true_peak_db
from tests import ebu

# BS.1770-4, Annex 2: the first two phases in units of 1/8192; the others are these backwards.
ANNEX_2 = (
    np.array(
        [
            [14, 90, -161, 272, -487, 1125, 7964, -838, 390, -218, 122, -68],
            [-239, 240, -424, 730, -1364, 3810, 6388, -1641, 832, -477, 271, -155],
        ]
    )
    / 8192
)
ANNEX_2_RIPPLE_DB = 0.25


def noise(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return 0.2 * torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(5))


def db(amplitude: float) -> float:
    return 20.0 * math.log10(amplitude)


@pytest.mark.parametrize("case", ebu.SINES)
def test_ebu_sines(case: str) -> None:
    period, amplitude, phase, expected_db = ebu.SINES[case]
    found = float(true_peak_db(torch.from_numpy(ebu.sine(period, amplitude, phase)), sample_rate=48000))
    assert expected_db - ebu.BELOW_DB < found < expected_db + ebu.ABOVE_DB
    assert found == pytest.approx(db(amplitude), abs=0.02)


@pytest.mark.parametrize("case", ebu.BURST_OFFSETS)
def test_ebu_bursts(case: str) -> None:
    audio = ebu.burst(ebu.BURST_OFFSETS[case])
    found = float(true_peak_db(torch.from_numpy(audio), sample_rate=48000))
    assert -ebu.BELOW_DB < found < ebu.ABOVE_DB
    waveform = resample(audio[0], 64 * audio.shape[1])
    assert found == pytest.approx(db(np.abs(waveform).max()), abs=0.06)


@pytest.mark.parametrize("sample_rate", [44100, 48000])
def test_agrees_with_ffmpeg(sample_rate: int, tmp_path: Path) -> None:
    for seed in range(3):
        audio = np.random.default_rng(seed).standard_normal((2, sample_rate))
        audio = resample(
            resample(audio, sample_rate // 2, axis=1), sample_rate, axis=1
        )  # nothing at the very top
        audio /= np.abs(audio).max()
        theirs = ebu.ffmpeg_reading(audio, sample_rate, tmp_path).true_peak_db
        assert float(true_peak_db(torch.from_numpy(audio), sample_rate=sample_rate)) == pytest.approx(
            theirs, abs=0.1
        )


def test_real_mixes_agree_with_ffmpeg(shared_data: Path, tmp_path: Path) -> None:
    for song in ("lmms-demos/Skiessi-C64", "musdb-samples/MusicDelta_80sRock", "trackswitch/default"):
        samples, sample_rate = soundfile.read(shared_data / song / "mix.flac", always_2d=True)
        audio = samples[: len(samples) // 4410 * 4410].T / np.abs(samples).max()  # what ffmpeg hears of it
        theirs = ebu.ffmpeg_reading(audio, sample_rate, tmp_path).true_peak_db
        ours = float(true_peak_db(torch.from_numpy(audio.copy()), sample_rate=sample_rate))
        assert ours == pytest.approx(theirs, abs=0.1), song


def test_agrees_with_the_printed_filter_within_its_ripple() -> None:
    taps = np.concatenate([ANNEX_2, ANNEX_2[::-1, ::-1]])
    for seed in range(5):
        audio = np.random.default_rng(seed).standard_normal(5000)
        audio = resample(resample(audio, 3000), 5000)
        printed = max(np.abs(np.convolve(audio, phase)).max() for phase in taps)
        ours = float(true_peak_db(torch.from_numpy(audio)[None], sample_rate=48000))
        assert db(printed) - ANNEX_2_RIPPLE_DB < ours < db(printed) + ANNEX_2_RIPPLE_DB


@pytest.mark.parametrize(
    ("sample_rate", "factor"), [(8000, 4), (44100, 4), (48000, 4), (88200, 2), (96000, 2)]
)
def test_interpolator_is_flat_to_20_khz(sample_rate: int, factor: int) -> None:
    taps = phase_taps(sample_rate).numpy()
    assert taps.shape == (factor, true_peak.TAPS)
    cycles = np.linspace(0, min(20000 / sample_rate, 20000 / 44100), 300)
    at = np.arange(true_peak.TAPS) - true_peak.HALF_TAPS + 1
    for phase, row in enumerate(taps):
        response = (row * np.exp(2j * np.pi * cycles[:, None] * (at - phase / factor))).sum(-1)
        assert np.abs(20 * np.log10(np.abs(response))).max() < 0.03
        assert np.abs(np.angle(response)).max() < 0.003


def test_at_192_khz_the_samples_are_enough() -> None:
    audio = noise(2, 3000)
    assert float(true_peak_db(audio, sample_rate=192_000)) == float(sample_peak_db(audio))


def test_is_never_below_the_sample_peak() -> None:
    for audio in (noise(2, 5000), torch.eye(1, 100).double(), torch.ones(1, 1), torch.full((2, 300), -0.7)):
        for sample_rate in (44100, 96000):
            assert float(true_peak_db(audio, sample_rate=sample_rate) - sample_peak_db(audio)) > -1e-6


def test_hears_the_edges() -> None:
    """A square edge overshoots before the first and after the last sample as it does inside."""
    inside = torch.nn.functional.pad(torch.ones(1, 200, dtype=torch.float64), (100, 100))
    outside = torch.ones(1, 200, dtype=torch.float64)
    ours = float(true_peak_db(outside, sample_rate=48000))
    assert ours == pytest.approx(float(true_peak_db(inside, sample_rate=48000)), abs=1e-12)
    assert ours > 0.5


@pytest.mark.parametrize("sample_rate", [48000, 96000, 192000])
def test_gradient_equals_finite_differences(sample_rate: int) -> None:
    audio = noise(2, 2, 60).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: true_peak_db(x, sample_rate=sample_rate), audio)
    assert torch.autograd.gradcheck(sample_peak_db, audio)


def test_gradient_says_what_a_fader_does() -> None:
    audio = noise(3, 2, 20_000).requires_grad_()
    true_peak_db(audio, sample_rate=44100).sum().backward()
    assert audio.grad is not None
    per_item = (audio.grad * audio).detach().sum((-2, -1))
    torch.testing.assert_close(per_item, torch.full_like(per_item, 20 / math.log(10)))
    assert ((audio.grad != 0).sum((-2, -1)) <= true_peak.TAPS).all()


def test_pieces_of_the_search_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    audio = noise(3, 2, 1000)
    whole = true_peak_db(audio, sample_rate=44100)
    for values in (1, 4 * 6, 4 * 6 * 7, 4 * 6 * 1046):
        monkeypatch.setattr(true_peak, "CHUNK_VALUES", values)
        torch.testing.assert_close(true_peak_db(audio, sample_rate=44100), whole, rtol=0, atol=0)


def test_batch_equals_singles() -> None:
    audio = noise(2, 3, 2, 500, dtype=torch.float32)
    audio[1, 1] = 0
    together = true_peak_db(audio, sample_rate=44100)
    alone = torch.stack([torch.stack([true_peak_db(x, sample_rate=44100) for x in row]) for row in audio])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("num_samples", [0, 1, 100])
def test_silence_and_short_signals_are_finite(num_samples: int) -> None:
    for level in (0.0, 0.5):
        audio = torch.full((1, 2, num_samples), level, requires_grad=True)
        peaks = torch.cat([true_peak_db(audio, sample_rate=44100), sample_peak_db(audio)])
        heard = num_samples > 0 and level > 0
        assert (peaks.detach() > -7).all() if heard else (peaks.detach() == pytest.approx(-200))
        peaks.sum().backward()
        assert audio.grad is not None
        assert audio.grad.isfinite().all()
        assert bool((audio.grad != 0).any()) == heard

"""Loudness against the EBU's signals, pyloudnorm and ffmpeg; its gradient against its own laws."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
import torch
from torch import Tensor

from gainstage.dsp.loudness import (
    hop_length,
    integrated_loudness,
    loudness_range,
    maximum_momentary_loudness,
    maximum_short_term_loudness,
    momentary_loudness,
    momentary_power,
    short_term_loudness,
)
from tests import ebu

ALL = [
    integrated_loudness,
    loudness_range,
    maximum_momentary_loudness,
    maximum_short_term_loudness,
    momentary_loudness,
    short_term_loudness,
]
Measure = Callable[..., Tensor]


def measured(measure: Measure, parts: ebu.Tones, sample_rate: int = 48000) -> Tensor:
    return measure(torch.from_numpy(ebu.tones(parts, sample_rate)), sample_rate=sample_rate)


def noise(*shape: int, seed: int = 1) -> Tensor:
    """Noise that swells and fades, so that every gate has something to do."""
    generator = torch.Generator().manual_seed(seed)
    swell = torch.sin(torch.linspace(0, 9, shape[-1], dtype=torch.float64)) ** 4 + 1e-3
    return 0.3 * swell * torch.randn(*shape, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("case", ebu.INTEGRATED)
@pytest.mark.parametrize("sample_rate", [44100, 48000])
def test_ebu_integrated(case: str, sample_rate: int) -> None:
    parts, expected_lufs = ebu.INTEGRATED[case]
    assert float(measured(integrated_loudness, parts, sample_rate)) == pytest.approx(expected_lufs, abs=0.1)


@pytest.mark.parametrize("level_db", [-23, -33])
def test_ebu_steady_tone_reads_the_same_on_every_time_scale(level_db: float) -> None:
    for measure in (momentary_loudness, short_term_loudness):
        series = measured(measure, [(20, level_db)])
        assert (series - level_db).abs().max() < 0.1


@pytest.mark.parametrize("case", ebu.RANGE)
def test_ebu_loudness_range(case: str) -> None:
    parts, expected_lu = ebu.RANGE[case]
    assert float(measured(loudness_range, parts)) == pytest.approx(expected_lu, abs=0.1)


def test_ebu_9_and_12_stay_constant() -> None:
    short_term = measured(short_term_loudness, ebu.CONSTANT_SHORT_TERM)
    momentary = measured(momentary_loudness, ebu.CONSTANT_MOMENTARY)
    assert (short_term + 23).abs().max() < 0.1
    assert (momentary[6:] + 23).abs().max() < 0.1  # a block that ends at 1 s is number 6


def test_ebu_10_and_13_find_the_maximum_wherever_it_starts() -> None:
    for parts in ebu.MAXIMUM_SHORT_TERM:
        assert float(measured(maximum_short_term_loudness, parts)) == pytest.approx(-23, abs=0.1)
    for parts in ebu.MAXIMUM_MOMENTARY:
        assert float(measured(maximum_momentary_loudness, parts)) == pytest.approx(-23, abs=0.1)


def test_ebu_11_and_14_follow_a_running_signal() -> None:
    for measure, parts in (
        (maximum_short_term_loudness, ebu.LIVE_SHORT_TERM),
        (maximum_momentary_loudness, ebu.LIVE_MOMENTARY),
    ):
        seconds = sum(s for s, _ in parts[0])
        audio = torch.from_numpy(ebu.tones([tone for part in parts for tone in part]))
        # What each part heard, with as much of what came before as its window can still hold.
        size = round(seconds * 48000)
        for i in range(20):
            heard = audio[:, max(i - 1, 0) * size : (i + 1) * size]
            assert float(measure(heard, sample_rate=48000)) == pytest.approx(-38 + i, abs=0.1)


@pytest.mark.parametrize("sample_rate", [44100, 48000, 96000])
def test_full_scale_sine_in_one_channel_reads_minus_three(sample_rate: int) -> None:
    """BS.1770-4, Annex 1: a 997 Hz sine of 0 dBFS in one front channel reads −3.01 LKFS."""
    sine = torch.sin(2 * math.pi * 997 * torch.arange(5 * sample_rate, dtype=torch.float64) / sample_rate)
    in_left = torch.stack([sine, torch.zeros_like(sine)])
    assert float(integrated_loudness(sine[None], sample_rate=sample_rate)) == pytest.approx(-3.01, abs=0.01)
    assert float(integrated_loudness(in_left, sample_rate=sample_rate)) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate", [22050, 44100, 48000, 96000])
def test_integrated_agrees_with_pyloudnorm(channels: int, sample_rate: int) -> None:
    audio = noise(channels, 8 * sample_rate)
    theirs = pyloudnorm.Meter(sample_rate).integrated_loudness(audio.numpy().T)
    assert float(integrated_loudness(audio, sample_rate=sample_rate)) == pytest.approx(theirs, abs=0.1)


@pytest.mark.parametrize("sample_rate", [22050, 44100, 48000, 96000])
def test_series_agree_with_ffmpeg(sample_rate: int, tmp_path: Path) -> None:
    audio = noise(2, 12 * sample_rate)
    assert_agrees(audio, ebu.ffmpeg_reading(audio.numpy(), sample_rate, tmp_path), sample_rate)


@pytest.mark.parametrize("case", ebu.RANGE)
def test_loudness_range_agrees_with_ffmpeg(case: str, tmp_path: Path) -> None:
    # On levels that stand still: on slopes ffmpeg's percentiles are one rank off the listing of Tech 3342.
    audio = ebu.tones(ebu.RANGE[case][0], 44100)
    ours = loudness_range(torch.from_numpy(audio), sample_rate=44100)
    assert float(ours) == pytest.approx(ebu.ffmpeg_reading(audio, 44100, tmp_path).range_lu, abs=0.1)


def assert_agrees(audio: Tensor, theirs: ebu.FfmpegReading, sample_rate: int) -> None:
    integrated = float(integrated_loudness(audio, sample_rate=sample_rate))
    assert integrated == pytest.approx(theirs.integrated_lufs, abs=0.1)
    # ffmpeg also reports the windows that are not yet full: 3 of them at the start, or 29.
    assert_series_agrees(momentary_loudness(audio, sample_rate=sample_rate), theirs.momentary_lufs[3:])
    assert_series_agrees(short_term_loudness(audio, sample_rate=sample_rate), theirs.short_term_lufs[29:])


def assert_series_agrees(ours: Tensor, theirs: ebu.Audio) -> None:
    assert len(ours) == len(theirs)
    audible = theirs > -90
    assert np.abs(ours.numpy() - theirs)[audible].max() < 0.1
    assert (ours.numpy()[~audible] < -89).all()


def test_real_songs_agree_with_pyloudnorm_and_ffmpeg(shared_data: Path, tmp_path: Path) -> None:
    songs = (
        "lmms-demos/CapDan-ReggaeTry",
        "musdb-samples/EastonEllises_Falcon69",
        "mdn-webaudio/multi-track",
    )
    files = [f for song in songs for f in sorted((shared_data / song).glob("**/*.flac"))[:3]]
    assert len(files) == 9
    for file in files:
        samples, sample_rate = soundfile.read(file, always_2d=True)
        audio = torch.from_numpy(samples.T.copy())
        theirs = pyloudnorm.Meter(sample_rate).integrated_loudness(samples)
        ours = float(integrated_loudness(audio, sample_rate=sample_rate))
        assert ours == pytest.approx(max(theirs, -70.0), abs=0.1), file
        reading = ebu.ffmpeg_reading(samples.T, sample_rate, tmp_path)
        assert_agrees(audio, reading, sample_rate)
        range_lu = float(loudness_range(audio, sample_rate=sample_rate))
        assert range_lu == pytest.approx(reading.range_lu, abs=0.1), file


@pytest.mark.parametrize("measure", ALL)
def test_gradient_equals_finite_differences(measure: Measure) -> None:
    audio = noise(2, 5 * 4000).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: measure(x, sample_rate=4000), audio, fast_mode=True, atol=1e-6, rtol=1e-4
    )


def test_gradient_says_what_a_fader_does() -> None:
    """L(g·x) = L(x) + 20·log10(g), so that ⟨x, ∇L⟩ = 20/ln 10 dB whatever the gates let through."""
    audio = noise(3, 2, 4 * 44100).requires_grad_()
    integrated_loudness(audio, sample_rate=44100).sum().backward()
    assert audio.grad is not None
    per_item = (audio.grad * audio).detach().sum((-2, -1))
    torch.testing.assert_close(per_item, torch.full_like(per_item, 20 / math.log(10)), rtol=1e-9, atol=0)


def test_gated_blocks_have_no_gradient() -> None:
    loud, quiet = noise(2, 44100), 1e-3 * noise(2, 44100)
    audio = torch.cat([loud, quiet], dim=-1).requires_grad_()
    integrated_loudness(audio, sample_rate=44100).backward()
    assert audio.grad is not None
    assert audio.grad[:, 44100 + 4 * 4410 :].abs().max() == 0
    assert audio.grad[:, :44100].abs().max() > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_silence_is_finite_and_so_is_its_gradient(dtype: torch.dtype) -> None:
    audio = noise(3, 2, 4 * 44100).to(dtype)
    audio[1] = 0
    audio.requires_grad_()
    values = [measure(audio, sample_rate=44100) for measure in ALL]
    integrated, range_lu, *others = [value.detach() for value in values]
    assert float(integrated[1]) == -70.0
    assert float(range_lu[1]) == 0.0
    assert all(value[1].max() == pytest.approx(-120) for value in others)
    torch.stack([value.sum() for value in values]).sum().backward()
    assert audio.grad is not None
    assert audio.grad.isfinite().all()
    assert audio.grad[1].abs().max() == 0


@pytest.mark.parametrize("num_samples", [0, 1, 4409, 4 * 4410 - 1])
def test_shorter_than_a_block(num_samples: int) -> None:
    audio = torch.full((2, num_samples), 0.5, requires_grad=True)
    assert integrated_loudness(audio, sample_rate=44100).item() == -70.0
    assert loudness_range(audio, sample_rate=44100).item() == 0.0
    assert maximum_momentary_loudness(audio, sample_rate=44100).item() == pytest.approx(-120)
    assert momentary_loudness(audio, sample_rate=44100).shape == (0,)
    sum(measure(audio, sample_rate=44100).sum() for measure in ALL).backward()
    assert audio.grad is not None
    assert audio.grad.isfinite().all()


@pytest.mark.parametrize(("sample_rate", "hop"), [(44100, 4410), (22050, 2205), (11025, 1103), (8000, 800)])
def test_blocks_begin_every_hundred_milliseconds(sample_rate: int, hop: int) -> None:
    """A click lies in the four blocks that cover it; each has its energy over 400 ms."""
    assert hop_length(sample_rate) == hop
    audio = torch.zeros(1, 10 * hop - 1, dtype=torch.float64)
    audio[0, 4 * hop] = 1.0
    power = momentary_power(audio, sample_rate=sample_rate)
    assert power.shape == (6,)
    heard = power > 0.5 * power.max()
    assert heard.tolist() == [False, True, True, True, True, False]


def test_batch_equals_singles() -> None:
    audio = noise(2, 3, 2, 4 * 44100)
    audio[0, 1] *= 1e-3
    audio[1, 2] = 0
    for measure in ALL:
        together = measure(audio, sample_rate=44100)
        alone = torch.stack([torch.stack([measure(x, sample_rate=44100) for x in row]) for row in audio])
        torch.testing.assert_close(together, alone, rtol=0, atol=1e-9)


def test_mono_counts_once_unless_it_plays_on_both_sides() -> None:
    mono = noise(1, 4 * 44100)
    twice = mono.expand(2, -1)
    for measure in ALL:
        as_dual = measure(mono, sample_rate=44100, dual_mono=True)
        torch.testing.assert_close(as_dual, measure(twice, sample_rate=44100), rtol=0, atol=1e-9)
        torch.testing.assert_close(
            as_dual, measure(twice, sample_rate=44100, dual_mono=True), rtol=0, atol=1e-9
        )
    once = integrated_loudness(mono, sample_rate=44100)
    both = integrated_loudness(mono, sample_rate=44100, dual_mono=True)
    assert float(both - once) == pytest.approx(10 * math.log10(2), abs=1e-9)


def test_single_precision_costs_nothing_audible() -> None:
    """DC at full scale under a quiet tone: what float32 filters would lose."""
    t = torch.arange(6 * 44100, dtype=torch.float64) / 44100
    audio = (0.9 + 0.001 * torch.sin(2 * math.pi * 30 * t)).expand(2, -1)
    exact = momentary_loudness(audio, sample_rate=44100)[10:]
    single = momentary_loudness(audio.float(), sample_rate=44100)[10:]
    assert single.dtype == torch.float64
    assert (exact - single).abs().max() < 0.001


def test_refuses_transposed_audio() -> None:
    with pytest.raises(ValueError, match="got 44100 channels; is the audio transposed"):
        integrated_loudness(torch.zeros(44100, 2), sample_rate=44100)

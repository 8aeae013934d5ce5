"""Gain staging: −23 LUFS while a track plays, whatever it does in its pauses."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gainstage.dsp.gain_staging import GainStaging, active_loudness, stage, stage_audio, stage_meter
from gainstage.dsp.gating import lufs_to_power
from gainstage.dsp.loudness import integrated_loudness
from gainstage.dsp.meter import LoudnessMeter

RATE = 44100


def tone(seconds: float, level_db: float, channels: int = 2) -> Tensor:
    t = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return (10 ** (level_db / 20) * torch.sin(2 * math.pi * 1000 * t)).expand(channels, -1)


def blocks(*parts: tuple[int, float]) -> Tensor:
    """Powers of so many blocks at so many LUFS."""
    return torch.cat([torch.full((n,), lufs_to_power(lufs), dtype=torch.float64) for n, lufs in parts])


@pytest.mark.parametrize("level_db", [-60.0, -23.0, -6.0, 0.0])
def test_brings_a_track_to_minus_23(level_db: float) -> None:
    audio = tone(3, level_db)
    staged = stage_audio(audio, sample_rate=RATE)
    assert staged.rule == "loudness"
    assert staged.loudness_lufs == pytest.approx(level_db, abs=0.1)
    after = audio * 10 ** (staged.trim_db / 20)
    assert float(integrated_loudness(after, sample_rate=RATE)) == pytest.approx(-23, abs=0.01)


def test_mono_and_dual_mono_get_the_same_trim() -> None:
    mono, dual = tone(3, -30, channels=1), tone(3, -30, channels=2)
    assert stage_audio(mono, sample_rate=RATE).trim_db == pytest.approx(
        stage_audio(dual, sample_rate=RATE).trim_db, abs=1e-9
    )


def test_bleed_of_a_sparse_track_does_not_count() -> None:
    """A tenth of the time at −20 LUFS, else bleed 25 LU below: as loud as where it plays."""
    assert active_loudness(blocks((900, -45), (100, -20))) == pytest.approx(-20)
    assert active_loudness(blocks((100, -20))) == pytest.approx(-20)


def test_the_few_loud_blocks_of_a_sparse_track_count() -> None:
    """Four blocks in a hundred lie above the 95th percentile: without them the bleed would be trimmed up."""
    power = blocks((960, -40), (40, -10))
    expected = 10 * math.log10(0.96 * 10 ** (-40 / 10) + 0.04 * 10 ** (-10 / 10))
    assert active_loudness(power) == pytest.approx(expected, abs=1e-9)


def test_blocks_within_ten_lu_of_the_percentile_are_averaged_in_power() -> None:
    power = blocks((50, -29.9), (50, -20), (50, -30.1), (50, -80))
    expected = 10 * math.log10((10 ** (-29.9 / 10) + 10 ** (-20 / 10)) / 2)
    assert active_loudness(power) == pytest.approx(expected, abs=1e-9)


def test_digital_silence_does_not_move_the_percentile() -> None:
    playing = blocks((30, -20), (30, -26))
    with_pauses = torch.cat([playing, torch.zeros(5000, dtype=torch.float64)])
    assert active_loudness(with_pauses) == pytest.approx(active_loudness(playing))


@pytest.mark.parametrize("level_db", [-math.inf, -75.0])
@pytest.mark.parametrize("seconds", [0.0, 0.1, 3.0])
def test_silence_is_left_alone(seconds: float, level_db: float) -> None:
    assert stage_audio(tone(seconds, level_db), sample_rate=RATE) == GainStaging(None, "silence", 0.0)


def test_too_short_to_measure_goes_by_its_peak() -> None:
    click = torch.zeros(1, 4000)
    click[0, 100] = -0.5
    staged = stage_audio(click, sample_rate=RATE)
    assert (staged.rule, staged.loudness_lufs) == ("peak", None)
    assert staged.trim_db == pytest.approx(-12 - 20 * math.log10(0.5), abs=1e-5)


@pytest.mark.parametrize(
    ("power", "peak_db", "trim_db"),
    [
        (blocks((10, -69.9)), -60.0, 46.9),
        (blocks((10, 50.0)), 60.0, -60.0),
        (blocks((0, -23)), -69.0, 48.0),
        (blocks((0, -23)), 60.0, -60.0),
    ],
)
def test_trims_stay_in_their_range(power: Tensor, peak_db: float, trim_db: float) -> None:
    assert stage(power, peak_db=peak_db).trim_db == pytest.approx(trim_db, abs=1e-6)


def test_full_scale_dc_is_silence() -> None:
    """DC is nothing to the ear, so the click at its start is all there is to measure."""
    staged = stage_audio(torch.ones(1, 20 * RATE), sample_rate=RATE)
    assert np.isfinite(staged.trim_db)
    assert staged.trim_db < 24


@pytest.mark.parametrize("dual_mono", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_meter_says_the_same_as_the_audio(channels: int, dual_mono: bool) -> None:
    generator = torch.Generator().manual_seed(2)
    levels = torch.tensor([1.0, 0.1, 0.001, 0.0])[:, None, None]
    lengths = [5 * RATE, 2 * RATE + 17, 10_000, 3 * RATE]
    audio = 0.3 * levels * torch.randn(4, channels, 5 * RATE, generator=generator)
    meter = LoudnessMeter(4, channels, sample_rate=RATE, dual_mono=dual_mono)
    for row, length in enumerate(lengths):
        audio[row, :, length:] = 0
    for block in audio.split(30_000, dim=-1):
        meter.update(block)
    alone = [stage_audio(row[:, :n], sample_rate=RATE) for row, n in zip(audio, lengths, strict=True)]
    for found, expected in zip(stage_meter(meter, num_samples=lengths), alone, strict=True):
        assert found.rule == expected.rule
        assert found.trim_db == pytest.approx(expected.trim_db, abs=1e-6)
    assert [x.rule for x in alone] == ["loudness", "loudness", "peak", "silence"]
    assert stage_meter(meter)[0] == stage_meter(meter, num_samples=[5 * RATE] * 4)[0]

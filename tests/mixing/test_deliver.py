"""Delivery: the loudness asked for, as far as the true peak allows; and the meters behind the report."""

import numpy as np
import pytest
import torch

from gainstage.dsp.loudness import integrated_loudness
from gainstage.dsp.meter import LoudnessMeter
from gainstage.mixing.deliver import deliver
from gainstage.mixing.measure import ReductionMeter

RATE = 48000


def meter(audio: torch.Tensor) -> LoudnessMeter:
    heard = LoudnessMeter(1, 2, sample_rate=RATE)
    heard.update(audio[None])
    return heard


def tone(seconds: float, amplitude: float) -> torch.Tensor:
    t = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return (amplitude * torch.sin(2 * torch.pi * 997 * t)).expand(2, -1)


@pytest.mark.parametrize("target", [-40.0, -23.0, -14.0])
def test_reaches_the_loudness_asked_for(target: float) -> None:
    # a long fade lies across both gates, so what is counted depends on the gain
    audio = torch.cat(
        [tone(4, 0.05), tone(12, 0.05) * torch.logspace(0, -4, 12 * RATE, dtype=torch.float64)], 1
    )
    done = deliver(meter(audio), target_lufs=target)
    gained = audio * 10 ** (done.output_gain_db / 20)
    assert float(integrated_loudness(gained, sample_rate=RATE)) == pytest.approx(target, abs=0.02)
    assert done.loudness_lufs == pytest.approx(target, abs=0.02)


def test_stops_at_the_ceiling_and_says_so() -> None:
    audio = tone(3, 0.01)
    audio = audio.clone()
    audio[:, RATE] = 0.5  # one click
    done = deliver(meter(audio), target_lufs=-14)
    assert done.true_peak_dbtp == pytest.approx(-1, abs=0.02)
    assert "instead of the -14 LUFS asked for: its true peak stands at -1 dBTP" in done.sentence


def test_gain_ends_where_its_range_ends() -> None:
    done = deliver(meter(tone(3, 1e-3)), target_lufs=0)
    assert done.output_gain_db == 48
    assert "48 dB" in done.sentence


def test_silence_is_left_alone_and_the_very_short_is_brought_to_its_peak() -> None:
    assert deliver(meter(torch.zeros(2, RATE)), target_lufs=-20).output_gain_db == 0
    short = deliver(meter(tone(0.2, 0.1)), target_lufs=-20)
    assert short.true_peak_dbtp == pytest.approx(-1, abs=0.02)
    assert "Shorter than 400 ms" in short.sentence


def test_gain_reduction_is_level_in_over_level_out_while_there_is_sound() -> None:
    heard = ReductionMeter(sample_rate=RATE)
    dry = torch.cat([tone(1, 0.5), torch.zeros(2, RATE)], 1)[None].repeat(2, 1, 1)
    wet = dry.clone()
    wet[0, :, : RATE // 2] *= 10 ** (-6 / 20)
    heard("tracks", "compressor", torch.tensor([4, 7]), dry, wet)
    heard("tracks", "equaliser", torch.tensor([4, 7]), dry, 0.1 * wet)
    assert heard.mean_and_max_db("tracks", 4) == pytest.approx((3, 6), abs=0.01)
    assert heard.mean_and_max_db("tracks", 7) == pytest.approx((0, 0), abs=1e-6)
    assert np.isnan(heard.mean_and_max_db("master", 0)).all()

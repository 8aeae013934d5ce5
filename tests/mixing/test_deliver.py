"""Delivery: the loudness asked for, as far as the true peak allows; and the meters behind the report."""

import numpy as np
import pytest
import torch

from gainstage.dsp.loudness import integrated_loudness
from gainstage.dsp.meter import LoudnessMeter
from gainstage.mixing.deliver import Limited, broken_promise, deliver
from gainstage.mixing.measure import ReductionMeter
from gainstage.processors.limiter import Limiter

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


def limiter(audio: torch.Tensor, *, leak_db: float = 0.0) -> Limited:
    """The console's limiter behind a gain; it may let through more than it says."""

    def render(gain_db: float, ceiling_db: float) -> LoudnessMeter:
        effect, dry = Limiter(), audio[None] * 10 ** ((gain_db) / 20)
        state = effect.initial_state(1, 2, sample_rate=RATE, device=dry.device)
        controls = torch.tensor([[[ceiling_db + leak_db, 100.0]]], dtype=torch.float64)
        wet, _ = effect.render(dry, controls, state, sample_rate=RATE)
        return meter(wet[0])

    return render


def drums(seconds: float) -> torch.Tensor:
    """Four thumps a second, the first of four far louder than the others."""
    t = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    thumps = torch.sin(2 * torch.pi * 70 * (t % 0.25)) * torch.exp(-30 * (t % 0.25))
    return torch.where(t % 1 < 0.25, 0.2, 0.05) * thumps.expand(2, -1) + 0.01 * tone(seconds, 1.0)


@pytest.mark.parametrize("leak_db", [0.0, 0.3], ids=["true", "leaky"])
def test_the_limiter_makes_up_what_the_peaks_forbid(leak_db: float) -> None:
    """The target is reached at −1 dBTP, also by a limiter that lets .3 dB through."""
    audio = drums(6)
    unlimited = deliver(meter(audio), target_lufs=0)
    target = unlimited.loudness_lufs + 3
    effect = limiter(audio, leak_db=leak_db)
    done = deliver(meter(audio), target_lufs=target, limited=effect, max_limiting_db=7)
    assert done.ceiling_dbtp is not None
    heard = limiter(audio, leak_db=leak_db)(done.output_gain_db, done.ceiling_dbtp)
    assert float(heard.integrated_lufs[0]) == pytest.approx(target, abs=0.1)
    assert float(heard.true_peak_dbtp[0]) <= -1.0
    assert 3.0 < done.limiting_db < 7.0
    assert "limited by up to" in done.sentence


def test_stops_where_limiting_would_go_too_far_and_says_so() -> None:
    audio = drums(6)
    done = deliver(meter(audio), target_lufs=-5, limited=limiter(audio), max_limiting_db=4)
    assert done.limiting_db == pytest.approx(4, abs=0.1)
    assert done.loudness_lufs < -6
    assert "instead of the -5 LUFS asked for: more would take over 4 dB of limiting" in done.sentence


def test_no_limiting_is_done_where_none_is_wanted_or_needed() -> None:
    audio = drums(6)
    forbidden = deliver(meter(audio), target_lufs=-5, limited=limiter(audio), max_limiting_db=0)
    assert forbidden.ceiling_dbtp is None
    assert "its true peak stands at -1 dBTP" in forbidden.sentence
    needless = deliver(meter(audio), target_lufs=-40, limited=limiter(audio))
    assert (needless.ceiling_dbtp, needless.limiting_db) == (None, 0.0)


def test_gain_ends_where_its_range_ends() -> None:
    done = deliver(meter(tone(3, 1e-3)), target_lufs=0)
    assert done.output_gain_db == 48
    assert "48 dB" in done.sentence


def test_silence_is_left_alone_and_what_has_no_loudness_is_brought_to_its_peak() -> None:
    silent = deliver(meter(torch.zeros(2, RATE)), target_lufs=-20)
    assert (silent.output_gain_db, "silent" in silent.sentence) == (0, True)
    faint = deliver(meter(tone(2, 1e-4)), target_lufs=-20)  # -80 dBFS
    assert faint.output_gain_db == 48
    assert "Nothing in it lies above -70 LUFS" in faint.sentence
    ticks = torch.zeros(2, 20 * RATE, dtype=torch.float64)
    ticks[:, ::RATE] = 0.004
    loud_enough = deliver(meter(ticks), target_lufs=-20)
    assert loud_enough.true_peak_dbtp == pytest.approx(-1, abs=0.02)
    assert "brought to -1.0 dBTP" in loud_enough.sentence
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


def test_what_limiting_is_said_to_take_is_what_it_takes() -> None:
    """The largest momentary reduction, from the audio in and out of the limiter."""
    audio = drums(6)
    done = deliver(meter(audio), target_lufs=-11, limited=limiter(audio))
    assert done.ceiling_dbtp is not None
    gained = audio * 10 ** (done.output_gain_db / 20)
    processor = Limiter()
    controls = torch.tensor([[[done.ceiling_dbtp, 100.0]]], dtype=torch.float64)
    state = processor.initial_state(1, 2, sample_rate=RATE, device=torch.device("cpu"))
    late = processor.latency_samples(RATE)
    padded = torch.nn.functional.pad(gained, (0, late))[None]
    out = processor.render(padded, controls, state, sample_rate=RATE)[0][0, :, late:]
    loud = gained.abs() > 0.1
    reduction_db = 20 * torch.log10(gained[loud].abs() / out[loud].abs())
    assert done.limiting_db > 3.0
    assert float(reduction_db.max()) == pytest.approx(done.limiting_db, abs=0.25)


@pytest.mark.parametrize(("change_db", "said"), [(0.0, False), (0.2, True)])
def test_a_file_that_measures_otherwise_is_said(change_db: float, said: bool) -> None:
    audio = tone(3, 0.05)
    done = deliver(meter(audio), target_lufs=-20)
    final = audio * 10 ** ((done.output_gain_db + change_db) / 20)
    told = broken_promise(done, meter(final))
    assert bool(told) is said
    assert all("mix.wav measures -19.80 LUFS" in sentence for sentence in told)

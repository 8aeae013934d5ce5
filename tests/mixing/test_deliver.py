"""Delivery: the loudness asked for, as far as the true peak allows; and the meters behind the report."""

import numpy as np
import pytest
import torch

from gainstage.dsp.loudness import integrated_loudness
from gainstage.dsp.meter import LoudnessMeter
from gainstage.mixing.deliver import Limited, Trial, check_delivery, deliver
from gainstage.mixing.measure import LimitingMeter, ReductionMeter
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

    def render(gain_db: float, ceiling_db: float) -> Trial:
        effect, dry = Limiter(), audio[None] * 10 ** ((gain_db) / 20)
        state = effect.initial_state(1, 2, sample_rate=RATE, device=dry.device)
        controls = torch.tensor([[[ceiling_db + leak_db, 100.0]]], dtype=torch.float64)
        wet, _ = effect.render(dry, controls, state, sample_rate=RATE)
        limiting = LimitingMeter(effect.latency_samples(RATE))
        for a in range(0, wet.shape[-1], 10_000):  # a meter hears blocks
            part = slice(a, a + 10_000)
            limiting("master", "limiter", torch.tensor([0]), dry[..., part], wet[..., part])
        return Trial(meter(wet[0]), limiting.largest_db)

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
    heard = limiter(audio, leak_db=leak_db)(done.output_gain_db, done.ceiling_dbtp).meter
    assert float(heard.integrated_lufs[0]) == pytest.approx(target, abs=0.1)
    assert float(heard.true_peak_dbtp[0]) <= -1.0
    assert 3.0 < done.limiting_db < 7.0
    assert "limited by up to" in done.sentence


def test_stops_where_limiting_would_go_too_far_and_says_so() -> None:
    audio = drums(6)
    done = deliver(meter(audio), target_lufs=-5, limited=limiter(audio), max_limiting_db=4)
    assert done.limiting_db == pytest.approx(4, abs=0.02)
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


@pytest.mark.parametrize("look_ahead_ms", [0.1, 3.0, 15.0])
def test_the_largest_reduction_is_what_the_highest_peak_is_too_high_by(look_ahead_ms: float) -> None:
    """The law that delivery goes by, measured on what comes out of the limiter against what went in."""
    audio, ceiling_db = 8.0 * drums(3), -1.0
    effect = Limiter(look_ahead_ms=look_ahead_ms)
    state = effect.initial_state(1, 2, sample_rate=RATE, device=audio.device)
    controls = torch.tensor([[[ceiling_db, 40.0]]], dtype=torch.float64)
    late = effect.latency_samples(RATE)
    padded = torch.nn.functional.pad(audio, (0, late))
    wet, _ = effect.render(padded[None], controls, state, sample_rate=RATE)
    in_time, dry = wet[0, :, late:], audio
    loud = dry.abs() > 1e-4
    reduction_db = 20 * torch.log10((dry[loud] / in_time[loud]).abs())
    expected = float(meter(audio).true_peak_dbtp[0]) - ceiling_db
    assert expected > 3
    assert float(reduction_db.max()) == pytest.approx(expected, abs=0.02)
    heard = LimitingMeter(late)
    heard("master", "limiter", torch.tensor([0]), padded[None], wet)
    assert heard.largest_db == pytest.approx(float(reduction_db.max()), abs=1e-6)


def test_limiting_is_kept_below_its_largest_also_where_the_ceiling_had_to_be_lowered() -> None:
    audio = drums(3)
    done = deliver(meter(audio), target_lufs=-5, limited=limiter(audio, leak_db=0.3), max_limiting_db=4)
    assert done.limiting_db == pytest.approx(4, abs=0.02)
    assert done.true_peak_dbtp <= -1.0


def test_a_gain_that_ends_before_the_limiting_does_is_what_is_named() -> None:
    audio = 0.03 * drums(3)
    done = deliver(meter(audio), target_lufs=-5, limited=limiter(audio), max_limiting_db=24)
    assert done.output_gain_db == pytest.approx(48)
    assert "the output gain ends at 48 dB" in done.sentence


def test_digital_silence_is_left_alone() -> None:
    for seconds in (0.2, 2.0):
        done = deliver(meter(torch.zeros(2, round(seconds * RATE))), target_lufs=-20)
        assert (done.output_gain_db, done.loudness_lufs) == (0.0, float("-inf"))
        assert "digital silence; its level was left as it is" in done.sentence


def test_what_has_no_loudness_is_brought_to_its_peak() -> None:
    short = deliver(meter(tone(0.2, 0.1)), target_lufs=-20)
    assert short.true_peak_dbtp == pytest.approx(-1, abs=0.02)
    assert short.sentence == "Shorter than 400 ms, so it has no loudness: brought to -1.0 dBTP."
    quiet = 10 ** (-4) * tone(1.0, 1.0) * torch.exp(-2000 * (torch.arange(RATE) / RATE))  # a click
    done = deliver(meter(quiet), target_lufs=-20)
    assert done.output_gain_db == 48.0
    assert done.sentence.startswith("Nothing in the mix is above −70 LUFS, so it has no loudness: brought to")
    assert "where the output gain ends (48 dB)" in done.sentence
    louder = deliver(meter(100 * quiet), target_lufs=-20)
    assert louder.true_peak_dbtp == pytest.approx(-1, abs=0.02)
    gained = 100 * quiet * 10 ** (louder.output_gain_db / 20)
    assert louder.loudness_lufs == pytest.approx(float(meter(gained).integrated_lufs[0]), abs=0.01)


def test_a_mix_that_is_not_what_was_promised_is_said() -> None:
    audio = drums(3)
    done = deliver(meter(audio), target_lufs=-30)
    gained = audio * 10 ** (done.output_gain_db / 20)
    assert check_delivery(done, meter(gained)) == []
    (sentence,) = check_delivery(done, meter(gained * 10 ** (0.06 / 20)))
    assert "not the -30.00 LUFS" in sentence
    spike = gained.clone()
    spike[:, RATE] = 0.95
    (sentence,) = check_delivery(done, meter(spike))
    assert "dBTP" in sentence
    silence = deliver(meter(torch.zeros(2, RATE)), target_lufs=-20)
    assert check_delivery(silence, meter(torch.zeros(2, RATE))) == []
    assert len(check_delivery(silence, meter(gained))) == 1


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

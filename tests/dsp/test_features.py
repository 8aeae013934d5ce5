"""What is heard in one track: each feature against a sound whose answer is known, and the laws they keep."""

import numpy as np
import pytest
import torch
from torch import Tensor

from gainstage.dsp.features import FeatureMeter, TrackFeatures

RATE = 44100


def features(audio: Tensor, sample_rate: int = RATE) -> TrackFeatures:
    meter = FeatureMeter(audio.shape[0], sample_rate=sample_rate)
    meter.update(audio)
    return meter.result()


def sine(hz: float, seconds: float, amplitude: float = 0.1) -> Tensor:
    time = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return (amplitude * torch.sin(2.0 * torch.pi * hz * time)).float()[None]


def noise(seconds: float, seed: int = 0, channels: int = 1) -> Tensor:
    return 0.1 * torch.randn(channels, round(seconds * RATE), generator=torch.Generator().manual_seed(seed))


def pulses(per_second: float, seconds: float, decay_ms: float = 30.0) -> Tensor:
    time = torch.arange(round(seconds * RATE)) / RATE
    return noise(seconds) * torch.exp(-1000.0 * (time % (1.0 / per_second)) / decay_ms)


def as_numbers(found: TrackFeatures) -> np.ndarray:
    arrays = [
        found.spectrum_db,
        found.band_activity,
        found.momentary_lufs,
        found.active,
        found.frame_power.ravel(),
    ]
    peaks = [value for peak in found.resonances for value in (peak.frequency_hz, peak.prominence_db, peak.q)]
    return np.concatenate([list(found.scalars().values()), peaks, *arrays])


@pytest.mark.parametrize("channels", [1, 2])
def test_any_cut_of_the_audio_gives_the_same_features(channels: int) -> None:
    audio = pulses(2.3, 5.17).expand(channels, -1) * noise(5.17, 1, channels).abs()
    meter = FeatureMeter(channels, sample_rate=RATE)
    for piece in audio.split([1, 0, 17, 4409, 4411, 17_640, 30_000, audio.shape[1] - 56_478], dim=1):
        meter.update(piece)
    np.testing.assert_allclose(as_numbers(meter.result()), as_numbers(features(audio)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("gain_db", [-12.0, 7.3, 12.0])
def test_the_recorded_level_changes_only_levels_and_trim(gain_db: float) -> None:
    audio = torch.cat([pulses(2.0, 3.0), torch.zeros(1, RATE), 0.3 * noise(2.0)], dim=1)
    quiet, loud = features(audio), features(audio * 10.0 ** (gain_db / 20.0))
    before, after = quiet.scalars(), loud.scalars()
    for name in ("loudness_lufs", "peak_dbfs"):
        assert after.pop(name) == pytest.approx(before.pop(name) + gain_db, abs=1e-3)
    assert after.pop("trim_db") == pytest.approx(before.pop("trim_db") - gain_db, abs=1e-3)
    assert after == pytest.approx(before, rel=1e-4, abs=1e-4)
    np.testing.assert_allclose(loud.spectrum_db, quiet.spectrum_db, atol=1e-3)
    np.testing.assert_array_equal(loud.active, quiet.active)


def test_a_result_may_be_read_in_between_and_again() -> None:
    audio, meter = noise(2.5), FeatureMeter(1, sample_rate=RATE)
    meter.update(audio[:, :60_000])
    np.testing.assert_array_equal(as_numbers(meter.result()), as_numbers(meter.result()))
    meter.update(audio[:, 60_000:])
    np.testing.assert_allclose(as_numbers(meter.result()), as_numbers(features(audio)), rtol=1e-6, atol=1e-6)


def test_staged_tracks_have_the_loudness_they_are_staged_to() -> None:
    found = features(noise(5.0, channels=2))
    assert found.loudness_lufs + found.trim_db == pytest.approx(-23.0, abs=1e-9)
    assert found.momentary_lufs[5] == pytest.approx(-23.0, abs=0.3)


def test_crest_of_a_sine_is_3_db_and_silence_around_it_does_not_count() -> None:
    framed = torch.cat([torch.zeros(1, 2 * RATE), sine(1000.0, 4.0), torch.zeros(1, 2 * RATE)], dim=1)
    assert features(framed).crest_db == pytest.approx(3.01, abs=0.02)


def test_crest_counts_the_peak() -> None:
    audio = sine(1000.0, 4.0)
    audio[0, 50_000] = 1.0  # twenty decibels above the sine
    assert features(audio).crest_db == pytest.approx(23.01, abs=0.1)


def test_loudness_range_is_the_step_between_two_passages_and_rests_are_no_dynamics() -> None:
    loud, rest = sine(1000.0, 10.0), torch.zeros(1, 10 * RATE)
    quiet = 0.5 * loud
    assert features(torch.cat([loud, quiet], dim=1)).loudness_range_lu == pytest.approx(6.02, abs=0.2)
    assert features(torch.cat([loud, rest, loud, rest], dim=1)).loudness_range_lu < 0.5
    assert features(loud).loudness_range_lu == pytest.approx(0.0, abs=1e-4)


def test_activity_is_the_share_of_time_within_20_lu() -> None:
    parts = [noise(4.0), torch.zeros(1, 8 * RATE), 0.03 * noise(4.0)]  # the last one lies 30 dB below
    assert features(torch.cat(parts, dim=1)).activity == pytest.approx(0.25, abs=0.04)


def test_noise_floor_is_what_remains_between_the_notes() -> None:
    audio = torch.cat([noise(5.0), 0.01 * noise(5.0, 1)], dim=1)
    assert features(audio).noise_floor_lu == pytest.approx(-40.0, abs=1.0)


@pytest.mark.parametrize("hz", [100.0, 1000.0, 8000.0])
def test_a_sine_has_its_centroid_roll_off_and_band_at_its_frequency(hz: float) -> None:
    fade = torch.linspace(0.0, 1.0, RATE // 2)
    audio = sine(hz, 4.0)  # faded, since the click of a hard cut has a spectrum of its own
    audio[:, : RATE // 2] *= fade
    audio[:, -RATE // 2 :] *= fade.flip(0)
    found = features(audio)
    assert found.centroid_hz == pytest.approx(hz, rel=0.02)
    assert found.rolloff_hz == pytest.approx(hz, rel=0.1)
    assert int(found.spectrum_db.argmax()) == round(3 * np.log2(hz / 1000.0)) + 17
    assert found.begins_hz == pytest.approx(hz, rel=0.15)


def test_white_noise_is_flat_and_leans_three_db_an_octave_in_bands() -> None:
    found = features(noise(10.0))
    assert found.centroid_hz == pytest.approx(10_010.0, rel=0.01)  # mean of 20 Hz … 20 kHz
    assert found.rolloff_hz == pytest.approx(0.85 * 19_980.0 + 20.0, rel=0.01)
    assert found.flatness_db == pytest.approx(0.0, abs=0.1)
    assert found.tilt_db_per_octave == pytest.approx(3.01, abs=0.1)
    assert found.sibilance_db == pytest.approx(10.0 * np.log10((11220 - 4467) / (4467 - 282)), abs=0.7)


def test_band_powers_are_powers_of_the_staged_track() -> None:
    found = features(noise(10.0))
    staged_dbfs = 20.0 * np.log10(0.1) + found.trim_db
    inside = 10.0 * np.log10((20_000.0 * 2 ** (1 / 6) - 20.0) / (RATE / 2.0))
    total_db = 10.0 * np.log10(np.sum(10.0 ** (found.spectrum_db / 10.0)))
    assert total_db == pytest.approx(staged_dbfs + min(inside, 0.0), abs=0.1)
    assert found.rms_dbfs == pytest.approx(staged_dbfs, abs=0.05)


def test_energy_below_100_hz() -> None:
    audio = sine(50.0, 5.0) + sine(500.0, 5.0)
    assert features(audio).low_100_db == pytest.approx(-3.01, abs=0.1)
    assert features(audio).low_60_db == pytest.approx(-3.01, abs=0.2)
    assert features(sine(80.0, 5.0) + sine(500.0, 5.0)).low_60_db < -20.0


def test_width_and_imbalance_follow_their_definitions() -> None:
    left, right = noise(4.0, 1), noise(4.0, 2)
    assert features(torch.cat([left, left])).width == pytest.approx(0.0, abs=1e-12)
    assert features(torch.cat([left, -left])).width > 1e6
    assert features(torch.cat([left, right])).width == pytest.approx(1.0, rel=0.02)
    side = features(torch.cat([left, 2.0 * right]))
    assert side.imbalance == pytest.approx((4.0 - 1.0) / (4.0 + 1.0), abs=0.01)
    assert features(left).width == features(left).imbalance == 0.0


def test_mono_and_dual_mono_sound_alike() -> None:
    audio = pulses(3.0, 5.0)
    mono, dual = features(audio).scalars(), features(audio.expand(2, -1)).scalars()
    assert mono == pytest.approx(dual, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("per_second", [1.0, 3.0, 8.0])
def test_onsets_are_counted(per_second: float) -> None:
    found = features(pulses(per_second, 8.0))
    assert found.onset_density_hz == pytest.approx(per_second, rel=0.1)


def test_long_rests_do_not_thin_out_a_part() -> None:
    audio = torch.cat([pulses(4.0, 6.0), torch.zeros(1, 20 * RATE)], dim=1)
    assert features(audio).onset_density_hz == pytest.approx(4.0, rel=0.2)


def test_legato_has_no_onsets_and_a_deep_bass_is_one_note() -> None:
    chirps = torch.cat([sine(hz, 0.5) for hz in (300.0, 400.0, 350.0, 500.0)], dim=1)
    assert features(chirps).onset_density_hz <= 0.5  # the first note alone
    assert features(sine(41.0, 5.0)).onset_density_hz <= 0.2


def test_sharp_attacks_are_sharper_than_soft_ones_and_short_sounds_decay_faster() -> None:
    time = torch.arange(8 * RATE) / RATE % 0.5
    soft = noise(8.0) * (time / 0.06).clamp(max=1.0) * torch.exp(-time / 0.15)
    assert features(pulses(2.0, 8.0)).attack_sharpness_db > features(soft).attack_sharpness_db + 5.0
    slow, fast = features(pulses(2.0, 8.0, decay_ms=150.0)), features(pulses(2.0, 8.0, decay_ms=60.0))
    assert slow.decay_db_per_s == pytest.approx(8.686 / 0.15, rel=0.3)
    assert fast.decay_db_per_s > slow.decay_db_per_s + 15.0


def test_a_resonance_is_found_where_it_stands() -> None:
    from scipy.signal import lfilter

    hz, q, gain_db = 300.0, 8.0, 12.0
    amplitude, omega = 10.0 ** (gain_db / 40.0), 2.0 * np.pi * hz / RATE
    alpha = np.sin(omega) / (2.0 * q)
    b = [1.0 + alpha * amplitude, -2.0 * np.cos(omega), 1.0 - alpha * amplitude]
    a = [1.0 + alpha / amplitude, -2.0 * np.cos(omega), 1.0 - alpha / amplitude]
    ringing = torch.from_numpy(lfilter(b, a, noise(20.0).double().numpy()))
    found = features(ringing).resonances
    assert found[0].frequency_hz == pytest.approx(hz, rel=0.03)
    assert 7.0 < found[0].prominence_db < 13.0
    assert 4.0 < found[0].q < 20.0
    assert all(peak.prominence_db < found[0].prominence_db - 4.0 for peak in found[1:])
    plain = features(noise(20.0)).resonances
    assert all(peak.prominence_db < 4.0 for peak in plain)


def test_notes_that_come_and_go_stand_out_less_than_a_standing_peak() -> None:
    bed = 0.05 * noise(8.0)
    melody = torch.cat([sine(hz, 1.0, 0.02) for hz in (300, 340, 400, 450, 510, 570, 640, 720)], dim=1)
    standing = features(bed + sine(300.0, 8.0, 0.02)).resonances[0]
    moving = features(bed + melody).resonances
    assert standing.prominence_db > max([peak.prominence_db for peak in moving], default=0.0) + 5.0


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
def test_the_sample_rate_does_not_change_what_is_heard(sample_rate: int) -> None:
    time = torch.arange(4 * sample_rate, dtype=torch.float64) / sample_rate
    audio = (torch.sin(2 * torch.pi * 440.0 * time) * torch.exp(-8.0 * (time % 0.5)))[None]
    at_44 = torch.arange(4 * RATE, dtype=torch.float64) / RATE
    reference = features((torch.sin(2 * torch.pi * 440.0 * at_44) * torch.exp(-8.0 * (at_44 % 0.5)))[None])
    found = features(audio, sample_rate)
    assert found.loudness_lufs == pytest.approx(reference.loudness_lufs, abs=0.05)
    assert found.crest_db == pytest.approx(reference.crest_db, abs=0.1)
    assert found.onset_density_hz == pytest.approx(reference.onset_density_hz)
    assert found.begins_hz == pytest.approx(reference.begins_hz, rel=0.02)


@pytest.mark.parametrize(
    "audio",
    [
        torch.zeros(1, 0),
        torch.zeros(2, 1),
        torch.zeros(1, 3 * RATE),
        torch.ones(2, 3 * RATE),
        torch.full((1, 100), 0.5),
        torch.cat([torch.ones(1, 1), torch.zeros(1, RATE)], dim=1),
        torch.sign(sine(60.0, 2.0)),
        1e-30 * noise(2.0),
    ],
    ids=["empty", "one sample", "silence", "dc", "2 ms", "click", "square", "denormal"],
)
def test_nasty_audio_gives_finite_features(audio: Tensor) -> None:
    found = features(audio)
    assert np.isfinite(as_numbers(found)).all()
    assert -60.0 <= found.trim_db <= 48.0
    if not audio.abs().max().item() > 1e-4 if audio.numel() else True:
        assert found.is_silent
        assert found.trim_db == 0.0
        assert found.activity == 0.0


def test_a_sound_shorter_than_400_ms_is_staged_by_its_peak() -> None:
    found = features(sine(1000.0, 0.1, amplitude=0.5))
    assert not found.is_silent
    assert found.trim_db == pytest.approx(-12.0 - 20.0 * np.log10(0.5), abs=1e-3)
    assert found.seconds == pytest.approx(0.1)


def test_wrong_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or 2 channels, got 3"):
        FeatureMeter(3, sample_rate=RATE)
    with pytest.raises(ValueError, match=r"channels=2, samples.*\(1, 5\)"):
        FeatureMeter(2, sample_rate=RATE).update(torch.zeros(1, 5))

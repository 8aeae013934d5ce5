"""The loops and filters that make sound: against scipy, closed forms and the pitch asked for."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt, sosfreqz

from gainstage.data.synthetic.recurrences import (
    HOP,
    add_modes,
    add_unison,
    num_controls,
    pluck_string,
)
from gainstage.data.synthetic.resonators import glottis, resonate, sweep_lowpass
from gainstage.data.synthetic.sound import (
    add_at,
    adsr,
    bell,
    cycle,
    equalised,
    harmonics,
    passing,
    rolled_off,
    room_for,
    saturate,
    shelf,
    vibrato,
    white,
)

RATE = 44100
Array = NDArray[np.float64]


def noise(num_samples: int = 4000) -> Array:
    return np.random.default_rng(0).standard_normal(num_samples)


def response_db(sections: Array, frequency_hz: float) -> float:
    _, response = sosfreqz(sections, [2.0 * np.pi * frequency_hz / RATE])
    return 20.0 * float(np.log10(np.abs(response[0])))


def strongest_hz(audio: Array) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 8 * len(audio)))
    return float(np.argmax(spectrum)) * RATE / (8 * len(audio))


@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("cutoff_hz", [30.0, 1000.0, 15000.0])
def test_passing_is_butterworth(kind: str, order: int, cutoff_hz: float) -> None:
    _, ours = sosfreqz(passing(RATE, kind, cutoff_hz, order=order), 512)
    _, theirs = sosfreqz(butter(order, cutoff_hz, kind, fs=RATE, output="sos"), 512)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_band_is_a_high_pass_and_a_low_pass_and_edges_are_kept_below_nyquist() -> None:
    band = passing(RATE, "bandpass", (300.0, 60000.0))
    assert response_db(band, 300.0) == pytest.approx(-3.01, abs=0.05)
    assert response_db(band, 3000.0) == pytest.approx(0.0, abs=0.1)
    assert response_db(band, 30.0) < -35.0


def test_a_bell_has_its_gain_at_its_centre_and_none_far_away() -> None:
    peak = bell(RATE, 1000.0, 7.0, 3.0)
    assert response_db(peak, 1000.0) == pytest.approx(7.0, abs=1e-6)
    assert abs(response_db(peak, 30.0)) < 0.1
    assert abs(response_db(peak, 18000.0)) < 0.1


def test_a_shelf_turns_up_one_side_and_down_the_other() -> None:
    tilt = shelf(RATE, 1500.0, 8.0)
    assert response_db(tilt, 5.0) == pytest.approx(-4.0, abs=0.05)
    assert response_db(tilt, 1500.0) == pytest.approx(0.0, abs=1e-6)
    assert response_db(tilt, 22000.0) == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_sections_in_series_equal_scipy(count: int) -> None:
    chain = [bell(RATE, 200.0 * (k + 1), 5.0, 2.0) for k in range(count)]
    audio = np.stack([noise(), noise()[::-1]])
    np.testing.assert_allclose(equalised(audio, *chain), sosfilt(np.concatenate(chain), audio), atol=1e-10)


def test_saturation_is_tanh_for_slow_signals_and_odd() -> None:
    slow = 0.9 * np.sin(2.0 * np.pi * 40.0 * np.arange(RATE) / RATE)
    expected = np.tanh(3.0 * slow) / np.tanh(3.0)
    np.testing.assert_allclose(saturate(slow, 3.0)[1:], 0.5 * (expected[1:] + expected[:-1]), atol=2e-5)
    np.testing.assert_allclose(saturate(-slow, 3.0), -saturate(slow, 3.0), atol=1e-12)
    assert np.isfinite(saturate(np.zeros(8), 100.0)).all()


def test_saturation_does_not_hear_its_blocks() -> None:
    audio = noise(50000)
    whole = saturate(audio, 2.0)
    np.testing.assert_array_equal(whole[1001:], saturate(audio[1000:], 2.0)[1:])
    np.testing.assert_array_equal(saturate(np.stack([audio, -audio]), 2.0)[1], -whole)


def test_saturation_aliases_less_than_tanh() -> None:
    # 5 kHz driven hard: its 7th harmonic folds to 9.1 kHz.
    sine = np.sin(2.0 * np.pi * 5000.0 * np.arange(RATE) / RATE)
    folded = [np.abs(np.fft.rfft(audio))[9100] for audio in (saturate(sine, 8.0), np.tanh(8.0 * sine))]
    assert folded[0] < 0.5 * folded[1]


@pytest.mark.parametrize("frequency_hz", [41.2, 110.0, 329.63, 987.77])
@pytest.mark.parametrize("damping", [0.05, 0.3, 0.5])
def test_a_plucked_string_is_in_tune_and_dies_in_the_time_asked_for(
    frequency_hz: float, damping: float
) -> None:
    out = np.zeros(2 * RATE)
    period = RATE / frequency_hz
    pluck = np.random.default_rng(1).uniform(-1.0, 1.0, int(period) + 1)
    feedback = 10.0 ** (-3.0 / (1.5 * frequency_hz))
    pluck_string(out, 100, len(out) - 100, pluck, period, damping, feedback, 1.0)
    assert (out[:100] == 0.0).all()
    near = out[RATE // 2 : RATE // 2 + RATE // 2]
    spectrum = np.abs(np.fft.rfft(near * np.hanning(len(near)), 16 * len(near)))
    hertz = np.arange(len(spectrum)) * RATE / (16 * len(near))
    inside = np.abs(np.log2(np.maximum(hertz, 1.0) / frequency_hz)) < 0.3
    found_hz = hertz[inside][np.argmax(spectrum[inside])]
    assert abs(1200.0 * np.log2(found_hz / frequency_hz)) < 4.0
    early, late = (np.sqrt(np.mean(out[a : a + 8820] ** 2)) for a in (4410, 4410 + RATE))
    assert 20.0 * np.log10(late / early) < -36.0  # 40 dB a second from feedback alone


def test_modes_are_decaying_sines() -> None:
    out = np.ones(3000)
    radians, amplitudes, phases = np.array([0.1, 0.35]), np.array([1.0, 0.5]), np.array([0.3, 1.0])
    decays = np.array([0.999, 0.998])
    add_modes(out, 500, 2000, radians, decays, amplitudes, phases)
    n = np.arange(2000.0)
    expected = (
        amplitudes[:, None] * decays[:, None] ** n * np.sin(np.outer(radians, n) + phases[:, None])
    ).sum(0)
    np.testing.assert_allclose(out[500:2500], 1.0 + expected, atol=1e-4)
    assert (out[:500] == 1.0).all()
    assert (out[2500:] == 1.0).all()


def test_a_mode_stops_only_when_it_cannot_be_heard() -> None:
    whole, cut = np.zeros(2000), np.zeros(2000)
    arguments = np.array([0.2]), np.array([0.98]), np.array([1.0]), np.array([0.0])
    add_modes(whole, 0, 2000, *arguments)
    n = np.arange(2000.0)
    cut = 0.98**n * np.sin(0.2 * n)
    assert np.abs(whole - cut).max() < 1.1e-5
    assert (whole[900:] == 0.0).all()


def unison(frequency_hz: float, table: Array, size: int = RATE, **changes: Array) -> Array:
    controls = num_controls(size)
    out = np.zeros((1, size))
    inputs = {
        "blend": np.zeros(controls),
        "steps": np.array([frequency_hz / RATE]),
        "phases": np.zeros(1),
        "gains": np.ones((1, 1)),
        "pitch": np.ones(controls),
        "level": np.ones(controls),
    } | changes
    add_unison(out, 0, size, np.stack([table, table]), *inputs.values())
    return out[0]


def test_an_oscillator_reads_its_table_at_its_pitch() -> None:
    time = np.arange(RATE) / RATE
    out = unison(441.0, cycle(harmonics("sine", 441.0, RATE)))
    np.testing.assert_allclose(out, np.sin(2.0 * np.pi * 441.0 * time), atol=2e-5)


@pytest.mark.parametrize("shape", ["saw", "pulse", "triangle"])
def test_no_wave_aliases(shape: str) -> None:
    out = unison(2093.0, cycle(harmonics(shape, 2093.0, RATE, pulse=0.3)))
    spectrum = np.abs(np.fft.rfft(out * np.hanning(RATE)))
    hertz = np.arange(len(spectrum)).astype(float)
    off_pitch = np.abs(hertz / 2093.0 - np.round(hertz / 2093.0)) * 2093.0 > 12.0
    assert spectrum[off_pitch].max() < 10.0 ** (-70.0 / 20.0) * spectrum.max()


def test_blend_goes_from_the_first_table_to_the_second() -> None:
    dark, bright = cycle(np.array([1.0])), cycle(np.array([0.0, 1.0]))
    size, controls = 4410, num_controls(4410)
    ends = []
    for amount in (0.0, 1.0):
        out = np.zeros((2, size))
        add_unison(
            out, 0, size, np.stack([dark, bright]), np.full(controls, amount), np.array([0.01]), np.zeros(1),
            np.array([[1.0], [0.5]]), np.ones(controls), np.ones(controls),
        )  # fmt: skip
        np.testing.assert_allclose(out[1], 0.5 * out[0])
        ends.append(strongest_hz(out[0]))
    assert ends == pytest.approx([441.0, 882.0], abs=3.0)


def test_levels_run_straight_between_control_points() -> None:
    level = np.linspace(0.0, 1.0, num_controls(RATE))
    flat = np.array([1.0, 1.0])  # a table of one value: the output is the level
    out = unison(100.0, flat, level=level)
    expected = np.interp(np.arange(RATE), np.arange(len(level)) * HOP, level)
    np.testing.assert_allclose(out, expected, atol=1e-12)


def test_a_swept_filter_that_stands_still_is_a_second_order_low_pass() -> None:
    audio = noise()
    cutoff = np.full(num_controls(len(audio)), np.tan(np.pi * 1200.0 / RATE))
    swept = audio.copy()
    sweep_lowpass(swept, cutoff, np.sqrt(0.5))
    expected = sosfilt(butter(2, 1200.0, fs=RATE, output="sos"), audio)
    np.testing.assert_allclose(swept, expected, atol=1e-9)


def test_a_swept_filter_stays_stable_from_end_to_end() -> None:
    audio = noise(3 * RATE)
    course = 20.0 * 900.0 ** (0.5 + 0.5 * np.sin(np.arange(num_controls(len(audio))) / 9.0))
    sweep_lowpass(audio, np.tan(np.pi * course / RATE), 10.0)
    assert np.abs(audio).max() < 100.0


def test_a_tract_that_stands_still_equals_its_filters_in_series() -> None:
    audio = noise()
    sections = np.array([[0.2, 1.5, -0.7], [0.1, 1.2, -0.3]])
    moving = np.tile(sections, (num_controls(len(audio)), 1, 1))
    out = audio.copy()
    resonate(out, moving)
    expected = audio
    for a, b, c in sections:
        expected = lfilter([a], [1.0, -b, -c], expected)
    np.testing.assert_allclose(out, expected, atol=1e-10)


def test_the_glottis_sounds_at_its_pitch_and_breathes_only_when_told() -> None:
    controls = num_controls(RATE)
    table = np.stack([cycle(harmonics("saw", 220.0, RATE))])
    choice, step = np.zeros(controls, dtype=np.int64), np.full(controls, 220.0 / RATE)
    dry, airy = np.zeros(RATE), np.zeros(RATE)
    hiss = noise(RATE)
    glottis(table, choice, step, np.zeros(controls), hiss, dry)
    glottis(table, choice, step, np.full(controls, 0.5), hiss, airy)
    assert strongest_hz(dry) == pytest.approx(220.0, abs=0.5)
    assert np.corrcoef(airy - dry, hiss)[0, 1] > 0.8


def test_an_envelope_rises_holds_and_lets_go() -> None:
    curve = adsr(RATE, RATE, attack_s=0.1, decay_s=0.05, sustain=0.5, held_s=0.6, release_s=0.02)
    time = np.arange(len(curve)) * HOP / RATE
    at = lambda seconds: float(np.interp(seconds, time, curve))  # noqa: E731
    assert curve[0] == 0.0
    assert curve[-1] == 0.0
    assert at(0.05) == pytest.approx(0.5, abs=0.01)
    assert at(0.1) == pytest.approx(1.0, abs=0.02)
    assert at(0.55) == pytest.approx(0.5, abs=0.01)
    assert at(0.72) < 0.01


def test_vibrato_swings_by_its_cents_after_its_delay() -> None:
    cents = 1200.0 * np.log2(
        vibrato(3 * RATE, RATE, np.random.default_rng(0), cents=30.0, rate_hz=5.0, delay_s=1.0)
    )
    at = RATE // HOP
    assert np.abs(cents[: int(0.9 * at)]).max() < 4.0
    assert 26.0 < np.abs(cents[2 * at :]).max() < 34.0


def test_a_roll_off_halves_power_at_its_corner() -> None:
    ones = np.ones(20)
    rolled = rolled_off(ones, 100.0, 500.0)
    assert 20.0 * np.log10(rolled[4]) == pytest.approx(-3.01, abs=0.01)
    assert 20.0 * np.log10(rolled[19] / rolled[9]) == pytest.approx(-11.8, abs=0.4)


def test_white_noise_has_unit_power_and_no_offset() -> None:
    audio = white(np.random.default_rng(0), 2, RATE)
    assert audio.shape == (2, RATE)
    assert np.std(audio) == pytest.approx(1.0, abs=0.01)
    assert abs(audio.mean()) < 0.01


def test_sounds_beyond_the_end_are_cut() -> None:
    out = np.zeros((2, 10))
    add_at(out, 7, np.ones((2, 5)), 0.5)
    add_at(out, 12, np.ones((2, 5)))
    assert out.sum() == 3.0
    assert room_for(0.5, 1.0, 10, 12) == (5, 7)
    assert room_for(2.0, 1.0, 10, 12)[1] == 0

"""Delay, drift and polarity are found in noise; what unrelated signals give is not believed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gainstage.dsp.alignment import Alignment, find_alignment, reader
from gainstage.dsp.realign import realigned, realigned_length

RATE = 44_100
Array = NDArray[np.float64]


def strokes(places: Array, *, seed: int) -> Array:
    """A signal that is known between its samples: 40 short tones a second, at any places in samples."""
    rng = np.random.default_rng(seed)
    signal = np.zeros(len(places))
    for centre in rng.uniform(0.0, 10.0 * RATE, 400):
        frequency, phase, width = rng.uniform(60, 9000), rng.uniform(0, 6.3), rng.uniform(0.002, 0.02) * RATE
        near = slice(*np.searchsorted(places, (centre - 8 * width, centre + 8 * width)))
        swell = np.exp(-(((places[near] - centre) / width) ** 2))
        signal[near] += swell * np.sin(2 * np.pi * frequency * places[near] / RATE + phase)
    return signal


def delayed(audio: Array, delay: float) -> Array:
    """Another way than ours: a turn of all phases."""
    size = 2 * len(audio)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size) * delay)
    return np.fft.irfft(np.fft.rfft(audio, size) * turn, size)[: len(audio)]


@pytest.mark.parametrize("delay", [0.0, 0.37, -1234.56, 40_000.25])
@pytest.mark.parametrize(("noise_db", "error"), [(-20.0, 0.01), (10.0, 0.05)])
def test_a_fractional_delay_is_found_in_noise(delay: float, noise_db: float, error: float) -> None:
    rng = np.random.default_rng(1)
    track = rng.standard_normal(8 * RATE)
    mix = delayed(track, delay) + 10 ** (noise_db / 20) * rng.standard_normal(len(track))
    found = find_alignment(
        reader(track), reader(mix), num_samples=len(track), sample_rate=RATE, most_seconds=1.0
    )
    assert found.confidence > 0.999
    assert not found.is_inverted
    middle = 4 * RATE
    assert found.position(middle) - middle == pytest.approx(delay, abs=error)


@pytest.mark.parametrize(("delay", "drift_ppm"), [(310.4, 35.0), (-77.7, -120.0)])
def test_drift_is_found_beside_other_instruments(delay: float, drift_ppm: float) -> None:
    n = np.arange(10 * RATE, dtype=np.float64)
    track = strokes(n, seed=0)
    heard = strokes((n - delay) / (1 + 1e-6 * drift_ppm), seed=0)
    others = strokes(n, seed=5) + 0.01 * np.random.default_rng(2).standard_normal(len(n))
    found = find_alignment(
        reader(track),
        reader(-0.5 * heard + 0.5 * others),
        num_samples=len(n),
        sample_rate=RATE,
        most_seconds=0.5,
    )
    assert found.confidence > 0.999
    assert found.is_inverted
    assert found.drift_ppm == pytest.approx(drift_ppm, abs=0.5)
    assert found.position(5 * RATE) == pytest.approx(5 * RATE * (1 + 1e-6 * drift_ppm) + delay, abs=0.1)


def test_a_place_to_look_at_makes_a_small_search_enough() -> None:
    rng = np.random.default_rng(3)
    track = rng.standard_normal(4 * RATE)
    mix = np.concatenate([np.zeros(2 * RATE), track]) + rng.standard_normal(6 * RATE)
    near = Alignment(delay_samples=2.0 * RATE + 30)
    found = find_alignment(
        reader(track), reader(mix), num_samples=len(track), sample_rate=RATE, most_seconds=0.01, near=near
    )
    assert found.position(2 * RATE) == pytest.approx(4 * RATE, abs=0.1)
    assert found.confidence > 0.99


@pytest.mark.parametrize("delay", [0.0, 1.5])
def test_music_that_repeats_itself_is_found_where_all_of_it_is(delay: float) -> None:
    """A loop of .75 s repeats to the bit; only a voice over it tells one bar from another."""
    rng = np.random.default_rng(4)
    track = np.tile(0.3 * rng.standard_normal(3 * RATE // 4), 8) + 2.0 * strokes(
        np.arange(6.0 * RATE), seed=8
    )
    mix = np.concatenate([np.zeros(round(delay * RATE)), track])
    found = find_alignment(reader(track), reader(mix), num_samples=len(track), sample_rate=RATE)
    assert found.delay_samples == pytest.approx(delay * RATE, abs=0.01)
    assert found.likeness > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_unrelated_signals_are_not_believed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    track, mix = rng.standard_normal((2, 6 * RATE))
    found = find_alignment(reader(track), reader(mix), num_samples=len(track), sample_rate=RATE)
    assert found.confidence < 0.5


def test_silence_and_a_track_of_no_length_have_no_place() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE)
    for track, mix in (
        (np.zeros(RATE), noise),
        (noise, np.zeros(RATE)),
        (np.zeros(0), noise),
        (noise[:50], noise),
    ):
        found = find_alignment(reader(track), reader(mix), num_samples=len(track), sample_rate=RATE)
        assert found.confidence == 0.0
        assert np.isfinite([found.delay_samples, found.drift_ppm]).all()


@pytest.mark.parametrize(
    "alignment", [Alignment(12.34, 0.0), Alignment(-500.5, 80.0), Alignment(7.25, -150.0)]
)
def test_what_is_moved_lies_where_the_mix_holds_it(alignment: Alignment) -> None:
    n = np.arange(2 * RATE, dtype=np.float64)
    track = strokes(n, seed=3)
    moved = np.concatenate(list(realigned(reader(track), len(track), alignment)))
    assert len(moved) == realigned_length(len(track), alignment)
    t = np.arange(len(moved), dtype=np.float64)
    wanted = strokes((t - alignment.delay_samples) / (1 + 1e-6 * alignment.drift_ppm), seed=3)
    inside = slice(1000, len(moved) - 1000)  # at the ends the track is cut, the strokes are not
    error = np.abs(moved - wanted)[inside].max() / np.abs(wanted).max()
    assert 20 * np.log10(error) < -90


def test_a_whole_delay_is_exact_and_what_lies_before_the_start_is_cut() -> None:
    track = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    later = np.concatenate(list(realigned(reader(track), 1000, Alignment(300.0))))
    assert np.array_equal(later, np.concatenate([np.zeros(300, np.float32), track]))
    earlier = np.concatenate(list(realigned(reader(track), 1000, Alignment(-300.0))))
    assert np.array_equal(earlier, track[300:])
    assert list(realigned(reader(track), 1000, Alignment(-1000.0))) == []

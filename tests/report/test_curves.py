"""The curves that are drawn, against scipy and a slow recursion of nothing but the formula."""

import numpy as np
import pytest
from scipy import signal

from gainstage.report.curves import compressed_db, filters_of, response_db
from gainstage.report.settings import Band, Compressor, Effect, Equaliser, Pass

RATE = 48_000
FREQUENCIES = np.geomspace(20, 20_000, 60)


def test_a_butterworth_high_pass_is_scipys() -> None:
    corner_hz = 120.0
    sos = signal.butter(2, corner_hz, "highpass", fs=RATE, output="sos")
    wanted = 20 * np.log10(np.abs(signal.freqz_sos(sos, FREQUENCIES, fs=RATE)[1]))
    got = response_db([Pass("high_pass", corner_hz, np.sqrt(0.5))], FREQUENCIES, sample_rate=RATE)
    np.testing.assert_allclose(got, wanted, atol=1e-5)


@pytest.mark.parametrize("gain_db", [-9.0, 6.0])
def test_bands_reach_their_gain_and_add_up(gain_db: float) -> None:
    bell, low = Band("peak", 1000.0, gain_db, 2.0), Band("low_shelf", 100.0, gain_db, 0.7)
    high = Band("high_shelf", 8000.0, gain_db, 0.7)
    assert response_db([bell], np.array([1000.0]), sample_rate=RATE) == pytest.approx(gain_db, abs=1e-6)
    for shelf in (low, high):
        at_corner = response_db([shelf], np.array([shelf.frequency_hz]), sample_rate=RATE)
        assert at_corner == pytest.approx(gain_db / 2, abs=1e-6)
    assert response_db([low], np.array([1.0]), sample_rate=RATE) == pytest.approx(gain_db, abs=0.01)
    assert response_db([high], np.array([23_999.0]), sample_rate=RATE) == pytest.approx(gain_db, abs=0.01)
    together = response_db([bell, low, high], FREQUENCIES, sample_rate=RATE)
    apart = sum(response_db([band], FREQUENCIES, sample_rate=RATE) for band in (bell, low, high))
    np.testing.assert_allclose(together, apart, atol=1e-6)


def test_half_of_a_filter_is_halfway_to_the_dry_signal() -> None:
    far_below = np.array([1.0])
    assert response_db(
        [Pass("high_pass", 1000.0, 0.7, amount=0.5)], far_below, sample_rate=RATE
    ) == pytest.approx(20 * np.log10(0.5), abs=0.01)


def test_only_filters_of_a_chain_count() -> None:
    corner, bell = Pass("low_pass", 5000.0, 0.7), Band("peak", 1000.0, 3.0, 1.0)
    chain = (corner, Effect("Gate"), Equaliser((bell,)), Compressor(-20.0, 2.0, 10.0, 100.0))
    assert filters_of(chain) == [corner, bell]
    assert not response_db([], FREQUENCIES, sample_rate=RATE).any()


def test_static_curve_by_its_law() -> None:
    compressor = Compressor(-20.0, 4.0, 10.0, 100.0, knee_db=6.0, makeup_db=3.0)
    levels = np.array([-60.0, -23.0, -20.0, -17.0, -4.0])
    wanted = levels + 3.0 - 0.75 * np.array([0, 0, 3**2 / 12, 3, 16])
    np.testing.assert_allclose(compressed_db(compressor, levels), wanted, atol=1e-5)


def test_static_curve_of_a_parallel_compressor_lies_between() -> None:
    levels = np.array([-4.0])
    wet = compressed_db(Compressor(-20.0, 4.0, 1.0, 10.0), levels)
    half = compressed_db(Compressor(-20.0, 4.0, 1.0, 10.0, mix=0.5), levels)
    assert half == pytest.approx(20 * np.log10((10 ** (wet / 20) + 10 ** (levels / 20)) / 2), abs=1e-4)

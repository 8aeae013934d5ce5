"""K-weighting: the table of the standard at 48 kHz, the same response at other rates."""

import numpy as np
import pytest
import torch
from scipy.signal import freqz

from gainstage.dsp.k_weighting import TABLE, initial_state, k_weight, k_weighting


def response_db(sample_rate: int, frequencies_hz: np.ndarray) -> np.ndarray:
    total = np.zeros(len(frequencies_hz))
    for b0, b1, b2, a1, a2 in k_weighting(sample_rate).tolist():
        _, h = freqz([b0, b1, b2], [1.0, a1, a2], worN=frequencies_hz, fs=sample_rate)
        total += 20.0 * np.log10(np.abs(h))
    return total


def test_is_the_table_of_the_standard_at_48_khz() -> None:
    table = torch.tensor([[*b, *a[1:]] for b, a in TABLE], dtype=torch.float64)
    torch.testing.assert_close(k_weighting(48000), table, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("sample_rate", "within_db"), [(44100, 0.02), (96000, 0.05), (192000, 0.06)])
def test_hears_the_same_at_other_rates(sample_rate: int, within_db: float) -> None:
    frequencies_hz = np.geomspace(20, 8000, 100)
    difference = response_db(sample_rate, frequencies_hz) - response_db(48000, frequencies_hz)
    assert np.abs(difference).max() < within_db


def test_refuses_rates_below_its_corner() -> None:
    with pytest.raises(ValueError, match="4000 Hz or more, got 3000"):
        k_weighting(3000)


def test_nothing_in_nothing_out() -> None:
    state = initial_state(2, 1)
    out, after = k_weight(torch.zeros(2, 1, 0), state, sample_rate=44100)
    assert out.shape == (2, 1, 0)
    assert after is state

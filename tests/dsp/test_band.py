import math

import pytest
import torch
from scipy.signal import butter, sosfilt

from gainstage.dsp.band import cut, sharpen
from gainstage.dsp.biquad import frequency_response

RATE = 48_000
FREQUENCIES_HZ = torch.logspace(1.0, math.log10(23_900.0), 200, dtype=torch.float64)
EDGES = ((1000.0, 0.0), (0.0, 4000.0), (1000.0, 4000.0), (20.0, 20_000.0))

every_band = pytest.mark.parametrize(("low_hz", "high_hz"), EDGES)


@every_band
def test_is_scipys_filter_of_the_first_order(low_hz: float, high_hz: float) -> None:
    kind = "bandpass" if low_hz and high_hz else "highpass" if low_hz else "lowpass"
    edges_hz = [hz for hz in (low_hz, high_hz) if hz]
    sos = butter(1, edges_hz if len(edges_hz) == 2 else edges_hz[0], kind, fs=RATE, output="sos")
    ours = cut(low_hz, high_hz, RATE)[0].tolist()
    impulse = [1.0] + [0.0] * 999
    ours_out = sosfilt([[*ours[:3], 1.0, *ours[3:]]], impulse)
    assert torch.allclose(torch.tensor(ours_out), torch.tensor(sosfilt(sos, impulse)), rtol=0.0, atol=1e-12)


@every_band
@pytest.mark.parametrize("gain", [0.0, 0.1, 0.5, 4.0])
def test_a_gain_on_the_part_never_leaves_the_range_between_one_and_itself(
    low_hz: float, high_hz: float, gain: float
) -> None:
    part = frequency_response(cut(low_hz, high_hz, RATE), FREQUENCIES_HZ, RATE)
    whole = (1.0 + (gain - 1.0) * part).abs()
    assert float(whole.min()) >= min(gain, 1.0) - 1e-9
    assert float(whole.max()) <= max(gain, 1.0) + 1e-9


@every_band
def test_what_is_heard_has_a_section_an_edge_3_db_down_there(low_hz: float, high_hz: float) -> None:
    sections = sharpen(low_hz, high_hz, RATE)
    corners_hz = [hz for hz in (low_hz, high_hz) if hz]
    assert sections.shape == (len(corners_hz), 5)
    for section, hz in zip(sections, corners_hz, strict=True):
        gains = frequency_response(section[None], torch.tensor([hz]), RATE).abs()
        assert math.isclose(float(gains[0]), 0.5**0.5, rel_tol=1e-9)


def test_an_edge_beyond_half_the_rate_is_clamped() -> None:
    assert cut(100.0, 20_000.0, 16_000).isfinite().all()
    assert torch.equal(cut(0.0, 20_000.0, 16_000), cut(0.0, 9_000.0, 16_000))

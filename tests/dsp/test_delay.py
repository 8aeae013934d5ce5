import math

import pytest
import scipy.signal
import torch

from gainstage.dsp.delay import damping_pole, echo_seconds, note_ms


@pytest.mark.parametrize(
    ("tempo_bpm", "division", "expected_ms"),
    [
        (120.0, "1/4", 500.0),
        (120.0, "1/8", 250.0),
        (120.0, "1/8.", 375.0),
        (120.0, "1/4t", 1000.0 / 3.0),
        (90.0, "1/16", 60_000.0 / 90.0 / 4.0),
        (60.0, "3/16", 750.0),
        (240.0, "1/1", 1000.0),
    ],
)
def test_notes_last_as_long_as_the_tempo_says(tempo_bpm: float, division: str, expected_ms: float) -> None:
    assert note_ms(tempo_bpm, division) == pytest.approx(expected_ms, rel=1e-12)


@pytest.mark.parametrize("division", ["", "1/3", "8", "1/8..", "1/8T", "0/4", "1 / 8", "1/8.t", "-1/8"])
def test_names_a_division_that_it_cannot_read(division: str) -> None:
    with pytest.raises(ValueError, match=r"division is .*; write a part of a whole note"):
        note_ms(120.0, division)


@pytest.mark.parametrize("tempo_bpm", [0.0, -120.0, math.nan, math.inf])
def test_names_a_tempo_that_is_none(tempo_bpm: float) -> None:
    with pytest.raises(ValueError, match="tempo_bpm"):
        note_ms(tempo_bpm, "1/8")


@pytest.mark.parametrize("sample_rate", [8000, 44_100, 192_000])
@pytest.mark.parametrize("frequency_hz", [20.0, 1000.0, 3000.0, 20_000.0])
def test_damping_is_3_db_down_at_its_corner(frequency_hz: float, sample_rate: int) -> None:
    pole = damping_pole(torch.tensor(frequency_hz), sample_rate).item()
    corner = min(frequency_hz, 0.475 * sample_rate)
    _, response = scipy.signal.freqz([1.0 - pole], [1.0, -pole], worN=[0.0, corner], fs=sample_rate)
    assert 0.0 < pole < 1.0
    assert abs(response[0]) == pytest.approx(1.0, rel=1e-9)
    assert abs(response[1]) == pytest.approx(0.5**0.5, rel=1e-9)


def test_echoes_end_with_the_last_above_minus_60_db() -> None:
    time_s, feedback = torch.tensor([0.5, 0.25, 0.25, 0.1]), torch.tensor([0.0, 0.5, 0.1, 1e-4])
    assert echo_seconds(time_s, feedback).tolist() == pytest.approx([0.5, 0.25 * 10, 0.25 * 4, 0.1])

"""Curves: straight on the parameter's own scale, still outside their knots."""

import pytest
import torch

from gainstage.console.curve import Curve, grid_times_s
from gainstage.processors import Parameter, Scale

GAIN = Parameter("gain_db", "dB", -60, 12, 0, 0, "level")
FREQUENCY = Parameter("frequency_hz", "Hz", 20, 20000, 1000, 1000, "pitch", scale=Scale.LOG)
RATIO = Parameter("ratio", "", 1, 20, 1, 1.5, "slope", scale=Scale.RATIO)


def curve(times: list[float], values: list[float]) -> Curve:
    return Curve(torch.tensor(times), torch.tensor([[values]], dtype=torch.float64))


@pytest.mark.parametrize(
    ("parameter", "ends", "middle"),
    [(GAIN, [-12, 0], -6), (FREQUENCY, [100, 10000], 1000), (RATIO, [1, 4], 1 / (1 - 0.375))],
)
def test_is_straight_on_the_scale_of_the_parameter(
    parameter: Parameter, ends: list[float], middle: float
) -> None:
    at = curve([0.0, 2.0], ends).at(torch.tensor([[1.0]]), parameter)
    assert at.item() == pytest.approx(middle, rel=1e-12)


def test_stands_still_outside_its_knots() -> None:
    at = curve([1.0, 2.0], [-6, -3]).at(torch.tensor([[0.0, 1.0, 2.0, 9.0]]), GAIN)
    assert at.flatten().tolist() == [-6, -6, -3, -3]


def test_two_knots_at_one_time_are_a_step() -> None:
    at = curve([0.0, 1.0, 1.0, 2.0], [0, 0, -12, -12]).at(torch.tensor([[0.999, 1.0, 1.5]]), GAIN)
    assert at.flatten().tolist() == [0, -12, -12]


@pytest.mark.parametrize("parameter", [GAIN, FREQUENCY, RATIO])
@pytest.mark.parametrize("seconds", [0.8, 2.5, 9.0])
def test_the_mean_is_that_of_all_points_on_the_scale_of_the_parameter(
    parameter: Parameter, seconds: float
) -> None:
    """Over a song that ends before a step, behind it, and behind the last knot."""
    moving = curve(
        [0.3, 1.0, 1.0, 3.0], [parameter.high, 1.0 + parameter.low, parameter.high / 2, parameter.high]
    )
    middles = (torch.arange(200_000, dtype=torch.float64) + 0.5) * seconds / 200_000
    points = parameter.straighten(moving.at(middles[None], parameter))
    expected = parameter.unstraighten(points.mean())
    assert moving.mean(seconds, parameter).item() == pytest.approx(float(expected), rel=1e-4)


def test_the_mean_over_no_time_is_where_the_curve_begins() -> None:
    assert curve([0.3, 1.0], [-6.0, 0.0]).mean(0.0, GAIN).item() == -6.0


def test_a_flat_curve_is_exactly_the_number() -> None:
    at = curve([0.0, 0.7, 1.9], [437.1] * 3).at(torch.linspace(0, 3, 50)[None], FREQUENCY)
    assert torch.allclose(at, torch.full_like(at, 437.1), rtol=1e-15, atol=0)


def test_gradient_reaches_the_knots() -> None:
    values = torch.tensor([[[-6.0, -3.0, 0.0]]], dtype=torch.float64, requires_grad=True)
    times = torch.tensor([0.0, 1.0, 3.0])
    query = torch.tensor([[0.2, 0.9, 2.5]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda v: Curve(times, v).at(query, GAIN), values)


def test_each_song_has_its_own_place_in_time() -> None:
    times = grid_times_s(torch.tensor([0, 44100 * 64 + 10]), 3, 44100)
    assert times[0].tolist() == pytest.approx([0, 64 / 44100, 128 / 44100])
    assert times[1, 0].item() == pytest.approx(64.0)

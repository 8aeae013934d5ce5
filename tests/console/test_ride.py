"""Rides: where they lead, what they cost, and that a gradient finds them."""

from dataclasses import replace

import pytest
import torch

from gainstage.console.console import Console
from gainstage.console.ride import Ride, knot_times
from gainstage.console.spec import ConsoleSpec
from gainstage.processors.equaliser import Equaliser
from gainstage.processors.fader import Fader
from gainstage.processors.reverb import Reverb

RATE = 44_100
GAIN = Fader.table[0]
FREQUENCY = next(row for row in Equaliser.table if row.name == "peak_2_frequency_hz")


@pytest.mark.parametrize(
    ("given", "times"),
    [
        ({"duration_s": 9.0}, [0, 4, 8, 12]),
        ({"duration_s": 8.0}, [0, 4, 8]),
        ({"duration_s": 4.1, "tempo_bpm": 120.0}, [0, 2, 4, 6]),
        ({"duration_s": 1.0, "tempo_bpm": 120.0, "beats": 1}, [0, 0.5, 1]),
        ({"duration_s": 0.0}, [0, 4]),
    ],
)
def test_knots_lie_on_bars_or_seconds_and_cover_the_song(given: dict[str, float], times: list[float]) -> None:
    assert knot_times(**given).tolist() == times  # type: ignore[arg-type]


def test_a_step_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="the step must be longer than 0"):
        knot_times(3.0, every_s=0.0)


def test_offsets_count_on_the_parameters_own_scale() -> None:
    times = knot_times(8.0)
    offsets = torch.tensor([[[0.0, -6.0, 3.0]]]).double()
    assert Ride(times, offsets).curve(torch.tensor([[-2.0]]), GAIN).values.tolist() == [[[-2, -8, 1]]]
    octaves = Ride(times, offsets / 6.0 * torch.log(torch.tensor(2.0)).double())
    hz = octaves.curve(torch.tensor([[700.0]]), FREQUENCY).values[0, 0]
    assert hz.tolist() == pytest.approx([700, 350, 700 * 2**0.5])


def test_the_ends_of_the_range_hold_and_let_go_again() -> None:
    offsets = torch.tensor([[[-99.0, 99.0]]], dtype=torch.float64, requires_grad=True)
    curve = Ride(knot_times(1.0), offsets).curve(torch.tensor([[0.0]]), GAIN)
    assert curve.values.tolist() == [[[GAIN.low, GAIN.high]]]
    curve.values.sum().backward()
    assert offsets.grad is not None
    assert offsets.grad.tolist() == [[[1, 1]]]


def test_what_is_static_cannot_be_ridden() -> None:
    row = next(r for r in Reverb.table if r.name == "pre_delay_ms")
    with pytest.raises(ValueError, match="pre_delay_ms is one number for the whole song"):
        Ride(knot_times(1.0), torch.zeros(1, 1, 2)).curve(torch.zeros(1, 1), row)


def test_the_prior_likes_rest_then_lines_then_nothing() -> None:
    times = knot_times(16.0)

    def cost(*offsets: float) -> float:
        return float(Ride(times, torch.tensor([[offsets]])).restlessness(GAIN))

    assert cost(0, 0, 0, 0, 0) == 0.0
    assert 0.0 < cost(0, 1, 2, 3, 4) < cost(0, 4, 0, 4, 0)
    assert cost(0, 4, 0, 4, 0) > 3.0 * cost(0, 4, 4, 4, 0)
    assert cost(2, 2, 2, 2, 2) > 0.0


def test_a_gradient_finds_the_ride_of_a_fader() -> None:
    """The lead comes up by 9 dB in the second half; the fit hears the mix alone."""
    desk = Console(ConsoleSpec.model_validate({"tracks": ["fader"]}))
    seconds, neutral = 0.8, desk.neutral(batch=1, tracks=2)
    tracks = 0.1 * torch.randn(1, 2, 2, round(seconds * RATE), dtype=torch.float64)
    times = knot_times(seconds, every_s=0.2)
    truth = torch.tensor([[[0.0, 0.0, 0.0, 0.0, 0.0], [-9.0, -9.0, -9.0, 0.0, 0.0]]], dtype=torch.float64)
    offsets = torch.zeros_like(truth, requires_grad=True)

    def mix(ridden: torch.Tensor) -> torch.Tensor:
        curve = Ride(times, ridden).curve(neutral.values["tracks"][..., 0], GAIN)
        parameters = replace(neutral, curves={("tracks", "fader.gain_db"): curve})
        return desk.render(tracks, parameters, sample_rate=RATE).mix

    target = mix(truth)
    optimiser = torch.optim.Adam([offsets], lr=0.5)
    for _ in range(60):
        optimiser.zero_grad()
        loss = (mix(offsets) - target).square().mean() / target.square().mean()
        (loss + 1e-3 * Ride(times, offsets).restlessness(GAIN).mean()).backward()
        optimiser.step()
    assert float((offsets.detach() - truth).abs().max()) < 1.0

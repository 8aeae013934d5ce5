import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from gainstage.dsp.fractional_delay import interpolator
from gainstage.processors.delay import Delay

RATE = 44_100
SLOW = 4000  # Hz: the shortest delay is 80 samples here, so short signals go round the loop


def controls(time_ms: float, feedback: float, damping_hz: float, mix: float) -> Tensor:
    return torch.tensor([[[time_ms, feedback, damping_hz, mix]]], dtype=torch.float64)


def render(audio: Tensor, settings: Tensor, *, ping_pong: bool = False, rate: int = RATE) -> Tensor:
    effect = Delay(ping_pong=ping_pong)
    state = effect.initial_state(len(audio), audio.shape[1], sample_rate=rate, device=audio.device)
    return effect.render(audio, settings, state, sample_rate=rate)[0]


def impulse(samples: int) -> Tensor:
    audio = torch.zeros(1, 2, samples, dtype=torch.float64)
    audio[..., 0] = 1.0
    return audio


def test_one_echo_is_the_input_later() -> None:
    audio = torch.randn(1, 2, 5000)
    out = render(audio, controls(20.0, 0.0, 1000.0, 1.0))
    assert float(out[..., :882].abs().max()) < 1e-15
    assert torch.allclose(out[..., 882:], audio[..., :-882], atol=1e-6)


def test_each_echo_is_the_one_before_damped_and_weaker() -> None:
    """Against scipy's one-pole with poles of its own design."""
    out = render(impulse(4 * 882), controls(20.0, 0.7, 5000.0, 1.0))[0, 0].numpy()
    cosine = np.cos(2.0 * np.pi * 5000.0 / RATE)
    pole = (2.0 - cosine) - np.sqrt((2.0 - cosine) ** 2 - 1.0)
    second = scipy.signal.lfilter([0.7 * (1.0 - pole)], [1.0, -pole], out[882 : 2 * 882])
    third = scipy.signal.lfilter([0.7 * (1.0 - pole)], [1.0, -pole], second)
    assert out[882] == pytest.approx(1.0)
    assert np.allclose(out[2 * 882 : 3 * 882], second, atol=1e-12)
    assert np.allclose(out[3 * 882 :], third, atol=1e-12)


def test_ping_pong_goes_left_right_left() -> None:
    audio = impulse(4 * 882)
    audio[0, 1] *= 0.5
    out = render(audio, controls(20.0, 0.5, 20_000.0, 1.0), ping_pong=True)
    sums = out.unflatten(-1, (4, 882)).sum(-1)[0]
    assert torch.allclose(
        sums[0], torch.tensor([0.0, 0.75, 0.0, 0.75 * 0.25], dtype=torch.float64), atol=1e-12
    )
    assert torch.allclose(sums[1], torch.tensor([0.0, 0.0, 0.75 * 0.5, 0.0], dtype=torch.float64), atol=1e-12)


def test_ping_pong_leaves_one_channel_alone() -> None:
    audio, settings = torch.randn(2, 1, 4000), controls(25.0, 0.8, 5000.0, 0.5).expand(2, 1, 4)
    assert torch.equal(render(audio, settings, ping_pong=True), render(audio, settings))


def test_a_time_between_samples_delays_by_it() -> None:
    """The phase of a tone that has gone round once."""
    time = torch.arange(5000, dtype=torch.float64) / RATE
    tone = torch.sin(2.0 * torch.pi * 3000.0 * time)[None, None]
    out = render(tone, controls(30.303, 0.0, 20_000.0, 1.0))
    expected = torch.sin(2.0 * torch.pi * 3000.0 * (time - 0.030303))
    assert torch.allclose(out[0, 0, 2000:], expected[2000:], atol=2e-3)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("ping_pong", [False, True])
def test_gradients_go_through_the_loop(channels: int, ping_pong: bool) -> None:
    """To audio, time, and moving feedback, damping and mix, three echoes deep."""
    samples, offset, effect = 280, 40, Delay(ping_pong=ping_pong)
    audio = torch.randn(1, channels, samples, dtype=torch.float64, requires_grad=True)
    low = torch.tensor([20.1, 0.2, 1000.0, 0.2], dtype=torch.float64)
    high = torch.tensor([20.1, 0.9, 1800.0, 0.9], dtype=torch.float64)
    points = low + (high - low) * torch.rand(1, 6, 4, dtype=torch.float64)
    state = effect.initial_state(1, channels, sample_rate=SLOW, device=audio.device)

    def run(audio: Tensor, points: Tensor) -> Tensor:
        return effect.render(audio, points, state, sample_rate=SLOW, offset=offset)[0]

    assert torch.autograd.gradcheck(run, (audio, points.requires_grad_()), atol=1e-6, rtol=1e-4)


def test_the_loop_is_stable_at_its_strongest_everywhere() -> None:
    """The interpolator is above 0 dB at some frequencies: with feedback .95 the loop must stay below."""
    fractions = torch.linspace(0.0, 1.0, 101, dtype=torch.float64)
    _, taps = interpolator(100.0 + fractions)
    loudest = torch.fft.rfft(taps, 4096).abs().max()
    assert 0.95 * float(loudest) < 0.97
    audio = torch.cat([torch.randn(1, 2, 20_000), torch.zeros(1, 2, 200_000)], -1)
    out = render(audio, controls(20.01, 0.95, 20_000.0, 1.0), ping_pong=True)
    levels = out.unflatten(-1, (22, -1)).square().sum((0, 1, 3))[2:]
    assert (levels.diff() < 0.0).all()


def test_tail_lasts_until_the_echoes_are_60_db_down() -> None:
    settings = controls(50.0, 0.5, 20_000.0, 1.0)
    end = round(Delay().tail_seconds(settings) * RATE)
    out = render(impulse(2 * RATE), settings)[0, 0].unfold(0, 200, 200).sum(-1)  # damping smears, a sum stays
    assert float(out[end // 200 + 1 :].abs().max()) <= 1e-3
    assert float(out[: end // 200 + 1].abs()[-20:].max()) > 1e-3
    assert Delay().tail_seconds(controls(50.0, 0.5, 20_000.0, 0.0)) == 0.0
    assert Delay().tail_seconds(controls(1000.0, 0.95, 20_000.0, 0.1)) == 135.0


def test_refuses_a_sample_rate_that_is_too_low() -> None:
    with pytest.raises(ValueError, match="higher sample rate"):
        render(torch.zeros(1, 1, 10), controls(20.0, 0.5, 1000.0, 1.0), rate=3000)

import math

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from gainstage.processors.low_pass import LowPass

RATE = 44_100
EFFECT = LowPass()


def render(audio: Tensor, frequency_hz: float, amount: float, *, rate: int = RATE) -> Tensor:
    controls = torch.tensor([[[frequency_hz, 0.5**0.5, amount]]], dtype=torch.float64)
    state = EFFECT.initial_state(1, audio.shape[1], sample_rate=rate, device=audio.device)
    return EFFECT.render(audio, controls, state, sample_rate=rate)[0]


def test_is_a_butterworth_low_pass() -> None:
    audio = torch.randn(1, 2, 5000)
    out = render(audio, 3000.0, 1.0)
    sos = scipy.signal.butter(2, 3000.0, "lowpass", fs=RATE, output="sos")
    assert np.allclose(out[0].numpy(), scipy.signal.sosfilt(sos, audio[0].double().numpy()), atol=1e-6)


def test_half_the_amount_is_half_dry_half_filtered() -> None:
    audio = torch.randn(1, 1, 5000, dtype=torch.float64)
    filtered, half = (render(audio, 2000.0, amount) for amount in (1.0, 0.5))
    assert torch.allclose(half, 0.5 * (audio + filtered), atol=1e-12)


def test_leaves_a_constant_and_takes_half_the_rate_away() -> None:
    ones, alternating = torch.ones(1, 1, 5000), torch.ones(1, 1, 5000).cumprod(-1)
    alternating[..., 1::2] = -1.0
    assert torch.allclose(render(ones, 1000.0, 1.0)[..., -1000:], torch.ones(1), atol=1e-5)
    assert float(render(alternating, 20_000.0, 1.0)[..., -1000:].abs().max()) < 1e-5


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_a_corner_beyond_the_rate_is_clamped(rate: int) -> None:
    """The highest corner at a rate is .475 of it, wherever above the setting lies."""
    time = torch.arange(rate, dtype=torch.float64) / rate
    corner_hz = min(20_000.0, 0.475 * rate)
    tone = torch.sin(2.0 * math.pi * corner_hz * time)[None, None]
    out = render(tone, 20_000.0, 1.0, rate=rate)
    rms = float(out[..., rate // 2 :].square().mean().sqrt() / tone[..., rate // 2 :].square().mean().sqrt())
    assert math.isclose(20.0 * math.log10(rms), -3.01, abs_tol=0.02)

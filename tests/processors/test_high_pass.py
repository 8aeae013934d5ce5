import math

import numpy as np
import scipy.signal
import torch

from gainstage.processors.high_pass import HighPass
from gainstage.processors.processor import State

RATE = 44_100
EFFECT = HighPass()


def silence(rows: int, channels: int) -> State:
    return EFFECT.initial_state(rows, channels, sample_rate=RATE, device=torch.device("cpu"))


def settings(frequency_hz: float, amount: float) -> torch.Tensor:
    return torch.tensor([[[frequency_hz, 0.5**0.5, amount]]], dtype=torch.float64)


def test_is_a_butterworth_high_pass() -> None:
    audio = torch.randn(1, 2, 5000)
    out, _ = EFFECT.render(audio, settings(120.0, 1.0), silence(1, 2), sample_rate=RATE)
    sos = scipy.signal.butter(2, 120.0, "highpass", fs=RATE, output="sos")
    assert np.allclose(out[0].numpy(), scipy.signal.sosfilt(sos, audio[0].double().numpy()), atol=1e-6)


def test_half_the_amount_is_half_dry_half_filtered() -> None:
    audio = torch.randn(1, 1, 5000, dtype=torch.float64)
    filtered, half = (
        EFFECT.render(audio, settings(300.0, amount), silence(1, 1), sample_rate=RATE)[0]
        for amount in (1.0, 0.5)
    )
    assert torch.allclose(half, 0.5 * (audio + filtered), atol=1e-12)


def test_takes_a_constant_away() -> None:
    out, _ = EFFECT.render(torch.ones(1, 1, RATE), settings(20.0, 1.0), silence(1, 1), sample_rate=RATE)
    assert float(out[..., -100:].abs().max()) < 1e-6


def test_tail_is_as_long_as_the_ringing() -> None:
    impulse = torch.zeros(1, 1, RATE)
    impulse[..., 0] = 1.0
    controls = settings(40.0, 1.0)
    out, _ = EFFECT.render(impulse, controls, silence(1, 1), sample_rate=RATE)
    ringing = out[0, 0, 1:].abs()
    end = round(EFFECT.tail_seconds(controls) * RATE)
    assert float(ringing[end:].max()) <= 1e-3 * float(ringing.max())
    assert float(ringing[end // 2 :].max()) > 1e-3 * float(ringing.max())
    assert EFFECT.tail_seconds(settings(40.0, 0.0)) == 0.0


def test_frequency_is_met_at_every_sample_rate() -> None:
    for rate in (8000, 44_100, 192_000):
        time = torch.arange(rate, dtype=torch.float64) / rate
        tone = torch.sin(2.0 * math.pi * 100.0 * time)[None, None]
        out, _ = EFFECT.render(tone, settings(100.0, 1.0), silence(1, 1), sample_rate=rate)
        level_db = 20.0 * math.log10(float(out[..., rate // 2 :].abs().max()))
        assert math.isclose(level_db, -3.01, abs_tol=0.02)

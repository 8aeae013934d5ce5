import math

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from gainstage.processors.width import Width

RATE = 44_100
EFFECT = Width()


def controls(width: float, mono_below_hz: float = 100.0, mono_amount: float = 0.0) -> Tensor:
    return torch.tensor([[[width, mono_below_hz, mono_amount]]], dtype=torch.float64)


def render(audio: Tensor, settings: Tensor) -> Tensor:
    state = EFFECT.initial_state(1, audio.shape[1], sample_rate=RATE, device=audio.device)
    return EFFECT.render(audio, settings, state, sample_rate=RATE)[0]


def mid_and_side(audio: Tensor) -> tuple[Tensor, Tensor]:
    return 0.5 * (audio[:, 0] + audio[:, 1]), 0.5 * (audio[:, 0] - audio[:, 1])


def test_no_width_gives_equal_channels() -> None:
    out = render(torch.randn(1, 2, 5000), controls(0.0))
    assert torch.allclose(out[:, 0], out[:, 1], rtol=0.0, atol=1e-6)
    double = render(torch.randn(1, 2, 5000, dtype=torch.float64), controls(0.0, 100.0, 1.0))
    assert torch.allclose(double[:, 0], double[:, 1], rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("width", [0.0, 0.5, 1.0, 2.0])
def test_scales_the_side_and_leaves_the_mid(width: float) -> None:
    audio = torch.randn(1, 2, 5000, dtype=torch.float64)
    (mid, side), (mid_out, side_out) = mid_and_side(audio), mid_and_side(render(audio, controls(width)))
    assert torch.allclose(mid_out, mid, atol=1e-14)
    assert torch.allclose(side_out, width * side, atol=1e-14)


def test_mono_below_is_a_butterworth_high_pass_on_the_side() -> None:
    audio = torch.randn(1, 2, 5000, dtype=torch.float64)
    mid, side = mid_and_side(audio)
    mid_out, side_out = mid_and_side(render(audio, controls(1.5, 150.0, 1.0)))
    sos = scipy.signal.butter(2, 150.0, "highpass", fs=RATE, output="sos")
    assert torch.allclose(mid_out, mid, atol=1e-14)
    assert np.allclose(side_out[0].numpy(), 1.5 * scipy.signal.sosfilt(sos, side[0].numpy()), atol=1e-9)


def test_mono_below_takes_away_a_low_tone_out_of_phase_and_leaves_one_in_phase() -> None:
    tone = torch.sin(2.0 * math.pi * 30.0 / RATE * torch.arange(2 * RATE, dtype=torch.float64))
    out_of_phase = render(torch.stack([tone, -tone])[None], controls(1.0, 300.0, 1.0))
    in_phase = render(torch.stack([tone, tone])[None], controls(1.0, 300.0, 1.0))
    assert -40.5 <= 20.0 * math.log10(float(out_of_phase[..., RATE:].abs().max())) <= -39.5
    assert torch.equal(in_phase[0, 0], tone)


def test_one_channel_passes_with_its_state() -> None:
    audio = torch.randn(2, 1, 100)
    state = {"side": torch.randn(2, 1, 1, 2, dtype=torch.float64)}
    out, after = EFFECT.render(audio, controls(2.0, 500.0, 1.0), state, sample_rate=RATE)
    assert torch.equal(out, audio)
    assert torch.equal(after["side"], state["side"])


def test_tail_lasts_only_where_the_filter_rings() -> None:
    assert EFFECT.tail_seconds(controls(1.0)) == 0.0
    assert EFFECT.tail_seconds(controls(0.0, 20.0, 1.0)) == 0.0
    assert 0.05 < EFFECT.tail_seconds(controls(1.0, 20.0, 1.0)) < 0.1

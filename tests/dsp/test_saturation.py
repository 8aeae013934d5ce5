import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gainstage.dsp.oversampling import HALF_TAPS, REACH, downsample, upsample
from gainstage.dsp.saturation import HISTORY, level_compensation, soft_clip, soft_clip_oversampled


def plain(audio: Tensor, factor: int) -> Tensor:
    """The same chain, with torch's own derivatives."""
    return downsample(soft_clip(upsample(audio.flatten(0, -2), factor)), factor).unflatten(
        0, audio.shape[:-1]
    )


@pytest.mark.parametrize("drive_db", [-200.0, -60.0, 0.0, 12.0, 24.0, 80.0])
def test_compensation_keeps_the_level_of_a_sine(drive_db: float) -> None:
    drive = torch.tensor(10.0 ** (drive_db / 20.0), dtype=torch.float64, requires_grad=True)
    sine = 0.25 * torch.sin(2.0 * math.pi * (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000)
    gain = level_compensation(drive)
    power = (gain * soft_clip(drive * sine)).square().mean().detach()
    assert math.isclose(power.item(), 0.25**2 / 2.0, rel_tol=1e-6)
    (gradient,) = torch.autograd.grad(gain, drive)
    s = math.sqrt(1.0 + (0.25 * drive.item()) ** 2)
    slope = gain.item() * (
        (0.25**2 * drive.item()) * (2.0 * s + 1.0) / (2.0 * s**2 * (s + 1.0)) - 1.0 / drive.item()
    )
    assert math.isclose(gradient.item(), slope, rel_tol=1e-9)


def test_compensation_at_small_drive_is_its_limit_to_the_last_digits() -> None:
    """c·d → 1 + 3/16·(d·a)²; the formula with 1 − 1/s would have no digit left."""
    drive = torch.tensor([1e-3, 1e-6, 1e-12], dtype=torch.float64)
    expected = 1.0 + 3.0 / 16.0 * 2.0 * (0.25 * drive).square()
    assert torch.allclose(level_compensation(drive) * drive, expected, rtol=1e-14, atol=0.0)


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("samples", [0, 1, 40])
def test_gradients_agree_with_finite_differences(factor: int, samples: int) -> None:
    audio = torch.randn(2, HISTORY + samples, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: soft_clip_oversampled(a, factor), audio)


@pytest.mark.parametrize("shape", [(3, 2, 500), (17, 300), (1, 1, 17_000)])
def test_pieces_are_the_plain_chain(shape: tuple[int, ...]) -> None:
    """More rows and samples than are computed at once, with the gradient."""
    audio = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    out, truth = soft_clip_oversampled(audio, 4), plain(audio, 4)
    weights = torch.randn_like(truth)
    grads = [torch.autograd.grad(y, audio, weights)[0] for y in (out, truth)]
    assert torch.allclose(out, truth, atol=1e-12)
    assert torch.allclose(grads[0], grads[1], atol=1e-12)


def test_agrees_with_a_slow_high_rate() -> None:
    """Zero-stuffing, np.convolve, the curve, np.convolve, every fourth sample."""
    audio = 3.0 * torch.randn(1, HISTORY + 500, dtype=torch.float64)
    taps = np.sinc(np.arange(-HALF_TAPS * 4, HALF_TAPS * 4 + 1) / 4) * np.kaiser(HALF_TAPS * 8 + 1, 8.0)
    for phase in range(4):
        taps[phase::4] /= taps[phase::4].sum()
    high = np.zeros(4 * audio.shape[1])
    high[::4] = audio[0]
    high = np.convolve(high, taps, "same")
    low = np.convolve(high / np.sqrt(1.0 + high**2), taps / 4.0, "same")[::4]
    assert np.allclose(soft_clip_oversampled(audio, 4)[0], low[REACH:-REACH], atol=1e-12)


def test_second_derivatives_are_exact() -> None:
    audio = torch.randn(1, HISTORY + 5, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(1, 5, dtype=torch.float64)
    found, truth = (
        torch.autograd.grad(y, audio, weights, create_graph=True)[0].square().sum()
        for y in (soft_clip_oversampled(audio, 2), plain(audio, 2))
    )
    second, expected = (torch.autograd.grad(g, audio)[0] for g in (found, truth))
    assert torch.allclose(second, expected, atol=1e-12)


def test_keeps_its_input_alone_for_the_gradient() -> None:
    audio = torch.randn(1, HISTORY + 1000, requires_grad=True)
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        soft_clip_oversampled(audio, 8)
    assert kept == [audio.numel()]

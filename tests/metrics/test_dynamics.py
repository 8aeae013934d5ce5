"""Level over time against slow float64 recursions and signals whose numbers are known."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from torch import Tensor

from gainstage.metrics.dynamics import (
    crest_db,
    dynamic_spread_db,
    mldr,
    peak_to_short_term_db,
    rms_dbfs,
)

RATE = 8000


def noise(seconds: float = 4.0, seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(2, round(seconds * RATE), generator=torch.Generator().manual_seed(seed))


def reference_mldr(x: np.ndarray, y: np.ndarray) -> float:
    """By the definition, with scipy's filter."""
    total = 0.0
    for fast_s, slow_s in ((0.05, 1.0), (0.1, 2.0)):
        ranges = []
        for signal in (x, y):
            power = np.maximum(signal.astype(np.float64) ** 2, 1e-8)
            keep = [math.exp(-1 / (s * RATE)) for s in (fast_s, slow_s)]
            fast, slow = (np.log(lfilter([1 - a], [1, -a], power)) for a in keep)
            ahead = round((slow_s - fast_s) / 2 * RATE)
            ranges.append([fast[n] - slow[n + ahead] for n in range(len(power) - ahead)])
        total += float(np.abs(np.subtract(*ranges)).mean())
    return total


def test_mldr_is_its_definition() -> None:
    x = noise()[0] * torch.linspace(0, 1, 4 * RATE)
    y = noise(seed=1)[0]
    assert mldr(x[None], y[None], sample_rate=RATE).item() == pytest.approx(
        reference_mldr(x.numpy(), y.numpy()), rel=1e-6
    )


def test_mldr_hears_dynamics_and_not_level() -> None:
    x = noise()
    assert mldr(x, x, sample_rate=RATE).tolist() == [0.0, 0.0]
    assert mldr(0.5 * x, x, sample_rate=RATE).max() < 1e-3  # but for the floor
    gated = x * (torch.arange(x.shape[1]) // 2000 % 2)
    assert mldr(gated, x, sample_rate=RATE).min() > 0.5
    with pytest.raises(ValueError, match="at least 1 s, got 7999 samples"):
        mldr(x[:, :7999], x[:, :7999], sample_rate=RATE)


def test_crest_and_level_of_sine_and_square() -> None:
    phase = 2 * math.pi * 100 * torch.arange(2 * RATE) / RATE
    sine, square = 0.5 * torch.sin(phase), 0.5 * torch.sign(torch.sin(phase + 1e-3))
    assert crest_db(torch.stack([sine, sine])).item() == pytest.approx(3.0103, abs=1e-3)
    assert crest_db(torch.stack([square, square])).item() == pytest.approx(0.0, abs=1e-3)
    assert rms_dbfs(torch.stack([square, 0 * square])).item() == pytest.approx(-9.03, abs=0.01)
    assert crest_db(torch.zeros(2, 100)).item() == 0.0


def test_dynamic_spread_of_two_levels_is_half_their_distance_and_pauses_do_not_count() -> None:
    steady = torch.ones(2, 100 * 4096)
    steps = steady.clone()
    steps[:, 50 * 4096 :] *= 0.1  # 20 dB: every frame is 10 dB from the mean
    assert dynamic_spread_db(steady[None]).item() == pytest.approx(0.0, abs=1e-9)
    assert dynamic_spread_db(steps[None]).item() == pytest.approx(10.0, rel=0.02)
    with_rest = torch.cat([steps, torch.zeros(2, 50 * 4096)], dim=1)
    both = dynamic_spread_db(torch.stack([with_rest, torch.nn.functional.pad(steady, (0, 50 * 4096))]))
    assert both[0].item() == pytest.approx(10.0, rel=0.03)
    assert both[1].item() == pytest.approx(0.0, abs=0.2)  # but for the frames on the edge


def test_psr_of_a_sine_is_its_peak_over_its_loudness_and_the_median_ignores_one_click() -> None:
    rate = 48000
    sine = 0.5 * torch.sin(2 * math.pi * 997 * torch.arange(10 * rate) / rate)
    mix = torch.stack([sine, sine])[None]
    # a full-scale sine in both channels is −0.01 LUFS (−3.01 + 3.01): peak −6.02 over −6.03
    assert peak_to_short_term_db(mix, sample_rate=rate).item() == pytest.approx(0.0, abs=0.05)
    clicked = mix.clone()
    clicked[..., 9 * rate + 40_000] = 1.0
    assert peak_to_short_term_db(clicked, sample_rate=rate).item() == pytest.approx(0.0, abs=0.05)
    assert math.isnan(peak_to_short_term_db(mix[..., : 2 * rate], sample_rate=rate).item())
    assert math.isnan(peak_to_short_term_db(0 * mix, sample_rate=rate).item())

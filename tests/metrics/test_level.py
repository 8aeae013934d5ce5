"""One loudness for all, true peaks as the meter's, widths whose value is known."""

import math

import pyloudnorm
import pytest
import torch
from torch import Tensor

from gainstage.dsp.true_peak import true_peak_db
from gainstage.metrics.level import is_dual_mono, levelled, true_peak_of_mix, width_db

RATE = 44100


def noise(samples: int = 2 * RATE, seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


def test_all_are_brought_to_minus_20_lufs_by_an_outside_meter() -> None:
    mixes = torch.stack([noise(), 0.03 * noise(seed=1).cumsum(-1).diff(prepend=torch.zeros(2, 1))])
    found = levelled(mixes, sample_rate=RATE)
    meter = pyloudnorm.Meter(RATE)
    for before, after, loudness in zip(mixes, found.audio, found.loudness_lufs, strict=True):
        assert meter.integrated_loudness(after.T.double().numpy()) == pytest.approx(-20.0, abs=0.05)
        assert meter.integrated_loudness(before.T.double().numpy()) == pytest.approx(
            float(loudness), abs=0.05
        )


def test_silence_stays_silent() -> None:
    found = levelled(torch.zeros(1, 2, RATE), sample_rate=RATE)
    assert not found.audio.any()
    assert found.loudness_lufs.item() == -70.0
    assert found.true_peak_dbtp.item() == -200.0


@pytest.mark.parametrize("kind", ["noise", "loud end", "between samples", "short", "silence"])
def test_the_fast_true_peak_is_the_true_peak(kind: str) -> None:
    time = torch.arange(5000) / RATE
    mix = {
        "noise": noise(20_001),
        "loud end": noise(20_001) * torch.linspace(0, 1, 20_001) ** 8,
        "between samples": torch.stack(2 * [torch.sin(2 * math.pi * (RATE / 4) * time + math.pi / 4)]),
        "short": noise(3),
        "silence": torch.zeros(2, 100),
    }[kind]
    exact = true_peak_db(mix, sample_rate=RATE).item()
    assert true_peak_of_mix(mix, sample_rate=RATE).item() == pytest.approx(exact, abs=1e-4)


def test_width_of_known_signals_and_at_any_level() -> None:
    one, other = noise(seed=3), noise(seed=4)[0]
    mono = one[:1].expand(2, -1)
    assert width_db(torch.stack([one[0], other])).item() == pytest.approx(0.0, abs=0.2)  # unrelated
    assert width_db(mono).item() == pytest.approx(-60.0, abs=0.01)
    assert width_db(mono * torch.tensor([[1.0], [-1.0]])).item() == pytest.approx(60.0, abs=0.01)
    half = torch.stack([one[0], 0.5 * one[0]])  # S = .5, M = 1.5 → (1/3)²
    assert width_db(half).item() == pytest.approx(20 * math.log10(1 / 3), abs=1e-3)
    assert width_db(1e-3 * half).item() == pytest.approx(width_db(half).item(), abs=1e-4)
    assert math.isfinite(width_db(torch.zeros(2, 10)).item())


def test_dual_mono_is_what_has_no_side() -> None:
    mono = noise()[:1].expand(2, -1)
    barely = mono + 10.0 ** (-50 / 20) * noise(seed=5)
    assert is_dual_mono(torch.stack([mono, barely, torch.zeros_like(mono)])).tolist() == [True, False, True]

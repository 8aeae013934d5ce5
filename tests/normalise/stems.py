"""Stems whose treatment is known."""

import torch
from torch import Tensor

from gainstage.normalise import EffectStatistics, Learner, StemMeter, StemSounds

RATE = 44_100
SECONDS = 4
ENVELOPE = torch.exp(-torch.arange(RATE // 4) / (0.05 * RATE)) + 0.02
"""Of each burst of `pulses`."""

__all__ = ["ENVELOPE", "RATE", "heard", "pulses", "statistics"]


def pulses(seed: int = 0, *, channels: int = 1, side: float = 0.3) -> Tensor:
    """Decaying bursts of noise, four a second, of uneven strength. Shape: (2, samples)."""
    draw = torch.Generator().manual_seed(seed)
    strength = 10.0 ** (-torch.rand(4 * SECONDS, 1, generator=draw) * 6.0 / 20.0)
    mid, wide = (
        (strength * ENVELOPE * torch.randn(4 * SECONDS, RATE // 4, generator=draw)).flatten() * 0.1
        for _ in range(2)
    )
    wide = wide * side if channels == 2 else torch.zeros_like(wide)
    return torch.stack([mid + wide, mid - wide])


def heard(stems: Tensor, *, rate: int = RATE) -> StemSounds:
    meter = StemMeter(len(stems), sample_rate=rate)
    meter.update(stems)
    return meter.result()


def statistics(role: str = "snare", *, count: int = 6, channels: int = 2) -> EffectStatistics:
    """Of some untreated stems of one role."""
    learner = Learner()
    stems = torch.stack([pulses(100 + i, channels=channels) for i in range(count)])
    learner.add(heard(stems), [role] * count)
    return learner.statistics(source="pulses")

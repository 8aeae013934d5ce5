"""From powers of blocks to loudness: the gates of BS.1770 and the percentiles of EBU Tech 3342.

Every function takes mean powers z (summed over channels, K-weighted), so that a meter that kept only those
gives the same number as the whole signal. Gates are piecewise constant: which blocks count has no gradient,
the blocks that do count carry all of it.
"""

import math

import torch
from torch import Tensor

OFFSET_DB = -0.691  # makes a 997 Hz sine of 0 dBFS in one channel read −3.01 LUFS
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0
FLOOR_LUFS = -120.0


def lufs_to_power(lufs: float) -> float:
    """The mean power that reads as this loudness: 10^((LUFS + .691)/10)."""
    return math.pow(10.0, (lufs - OFFSET_DB) / 10.0)


def power_to_lufs(power: Tensor) -> Tensor:
    """Loudness of mean powers: −.691 + 10·log10(z).

    Below −120 LUFS (quieter than the noise of any recording) it reads −120 and has no gradient, so that
    silence is a number and its gradient is finite.
    """
    return OFFSET_DB + 10.0 * torch.log10(power.clamp(min=lufs_to_power(FLOOR_LUFS)))


def integrated_from_power(momentary_power: Tensor) -> Tensor:
    """Gated loudness of a series of 400 ms blocks.

    Args:
        momentary_power: mean power of the blocks, 100 ms apart.

    Returns:
        LUFS; exactly −70, the absolute gate, with no gradient, where no block is louder than that.

    Shape: (..., blocks) → (...)

    References:
        ITU-R BS.1770-4, Annex 1, equations 3 to 7.
    """
    audible = momentary_power > lufs_to_power(ABSOLUTE_GATE_LUFS)
    threshold = _gated_mean(momentary_power, audible) * 10.0 ** (RELATIVE_GATE_LU / 10.0)
    counted = audible & (momentary_power > threshold.unsqueeze(-1))
    mean = _gated_mean(momentary_power, counted)
    silence = torch.full_like(mean, lufs_to_power(ABSOLUTE_GATE_LUFS))
    return power_to_lufs(torch.where(counted.any(-1), mean, silence))


def range_from_power(short_term_power: Tensor) -> Tensor:
    """Loudness range: how far the loud (95 %) and the quiet (10 %) three-second windows lie apart.

    Args:
        short_term_power: mean power of 3 s windows, 100 ms apart.

    Returns:
        LU; 0 where no window is above −70 LUFS.

    Shape: (..., windows) → (...)

    References:
        EBU Tech 3342, whose listing takes the nearest rank.
    """
    audible = short_term_power > lufs_to_power(ABSOLUTE_GATE_LUFS)
    threshold = _gated_mean(short_term_power, audible) * 10.0 ** (RANGE_GATE_LU / 10.0)
    counted = audible & (short_term_power > threshold.unsqueeze(-1))
    loudness = power_to_lufs(short_term_power)
    return percentile(loudness, counted, 0.95) - percentile(loudness, counted, 0.10)


def percentile(values: Tensor, counted: Tensor, fraction: float) -> Tensor:
    """Nearest-rank percentile of those values that count.

    Args:
        values: any finite numbers.
        counted: which of them count, boolean.
        fraction: 0 (smallest) … 1 (largest).

    Returns:
        The value; 0 where none counts.

    Shape: (..., n), (..., n) → (...)
    """
    if values.shape[-1] == 0:
        return values.sum(-1)
    order = torch.where(counted, values.detach(), math.inf).argsort(dim=-1)
    count = counted.sum(-1)
    rank = ((count - 1).clamp(min=0) * fraction + 0.5).floor().long().unsqueeze(-1)
    picked = values.gather(-1, order.gather(-1, rank)).squeeze(-1)
    return torch.where(count > 0, picked, torch.zeros_like(picked))


def _gated_mean(power: Tensor, counted: Tensor) -> Tensor:
    total = torch.where(counted, power, torch.zeros_like(power)).sum(-1)
    return total / counted.sum(-1).clamp(min=1)

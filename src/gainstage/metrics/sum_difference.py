"""The MR-STFT preset `sum_difference` against a target whose spectra are kept: equal, at half the work."""

import torch
from torch import Tensor

from gainstage.losses.mrstft import PRESETS, convergence
from gainstage.losses.spectrogram import power_spectrogram

_PRESET = PRESETS["sum_difference"]

Spectra = list[tuple[Tensor, Tensor]]
"""Magnitudes and their logarithms, a pair a resolution."""


def mid_side_spectra(audio: Tensor) -> Spectra:
    """What the preset compares: M = L + R and S = L − R at every resolution.

    Shape: (batch, 2, samples) → (batch, 2, bins, frames) each
    """
    signals = torch.stack([audio[:, 0] + audio[:, 1], audio[:, 0] - audio[:, 1]], dim=1)
    found = []
    for fft_size, hop, window in zip(_PRESET.fft_sizes, _PRESET.hops, _PRESET.windows, strict=True):
        power = power_spectrogram(signals, fft_size=fft_size, hop=hop, window=window)
        magnitude = power.clamp_(min=_PRESET.floor).sqrt_()
        found.append((magnitude, magnitude.log()))
    return found


def mid_side_distances(estimate: Spectra, target: Spectra) -> Tensor:
    """The loss of M and of S; the mean of both is `MultiResolutionSTFT("sum_difference")`.

    Shape: → (batch, 2)
    """
    parts = [
        _PRESET.convergence * convergence(x, y) + _PRESET.log * (log_y - log_x).abs().mean((-2, -1))
        for (x, log_x), (y, log_y) in zip(estimate, target, strict=True)
    ]
    return torch.stack(parts).mean(0)

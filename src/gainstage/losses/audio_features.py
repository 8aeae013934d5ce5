"""The audio-feature (AF) loss: level, crest factor, stereo width, balance and Bark spectrum of a mix."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from gainstage.losses.spectrogram import power_spectrogram

FFT_SIZE, HOP, BANDS = 32768, 8192, 24
SIDE_FLOOR_DB = -60.0
WEIGHTS = {"rms": 0.1, "crest": 0.001, "width": 1.0, "imbalance": 1.0, "bark": 0.1}


@dataclass(frozen=True)
class AudioFeatures:
    """The features of stereo signals.

    Shape: rms and crest (batch, 2), width and imbalance (batch,), bark (batch, 2, 24): mid and side.
    """

    rms: Tensor
    crest: Tensor
    width: Tensor
    imbalance: Tensor
    bark: Tensor


class AudioFeatureLoss:
    """AF = Σ w·MSE of features of the whole signal. It is deaf to when anything happens.

    The side of a dual-mono signal is silent, and the log of silence would swamp everything else; here the
    side's Bark bands are floored at −60 dB relative to the mid's, in estimate and target alike.

    Args:
        sample_rate: in Hz.
        weights: of each feature; those of the paper by default.

    References: Vanka, Steinmetz, Rolland, Reiss, Fazekas, "Diff-MST: Differentiable mixing style transfer",
        ISMIR 2024, section 3.3.
    """

    def __init__(self, *, sample_rate: int, weights: dict[str, float] | None = None) -> None:
        self.sample_rate = sample_rate
        self.weights = WEIGHTS if weights is None else weights

    def __call__(self, estimate: Tensor, target: Tensor) -> Tensor:
        """The loss of each item. Shape: (batch, 2, samples) twice → (batch,)."""
        return torch.stack(list(self.parts(estimate, target).values())).sum(0)

    def parts(self, estimate: Tensor, target: Tensor) -> dict[str, Tensor]:
        """The weighted error of each feature by name. Shape: (batch, 2, samples) twice → (batch,) each."""
        x, y = self.features(estimate), self.features(target)
        return {
            name: weight * (getattr(x, name) - getattr(y, name)).square().flatten(1).mean(1)
            for name, weight in self.weights.items()
        }

    def features(self, audio: Tensor) -> AudioFeatures:
        """The features of stereo signals. Shape: (batch, 2, samples)."""
        energy = audio.square().mean(-1)  # (batch, 2)
        rms = energy.clamp(min=1e-8).sqrt()
        peak = audio.abs().amax(-1).clamp(min=1e-8)
        mid, side = audio[:, 0] + audio[:, 1], audio[:, 0] - audio[:, 1]
        return AudioFeatures(
            rms=rms,
            crest=20.0 * torch.log10(peak / rms),
            width=(side.square().mean(-1) / mid.square().mean(-1).clamp(min=1e-8))[:, None],
            imbalance=((energy[:, 1] - energy[:, 0]) / (energy[:, 1] + energy[:, 0]).clamp(min=1e-8))[
                :, None
            ],
            bark=self._bark(torch.stack([mid, side], dim=1)),
        )

    def _bark(self, mid_side: Tensor) -> Tensor:
        """Log of the Bark bands of the mean magnitudes. Shape (batch, 2, samples) → (batch, 2, 24)."""
        short = FFT_SIZE // 2 + 1 - mid_side.shape[-1]
        padded = torch.nn.functional.pad(mid_side, (0, max(short, 0)))
        power = power_spectrogram(padded, fft_size=FFT_SIZE, hop=HOP, window=FFT_SIZE)
        magnitude = power.clamp(min=1e-16).sqrt().mean(-1)
        bands = magnitude @ bark_bank(FFT_SIZE, BANDS, self.sample_rate).T.to(magnitude)
        mid, side = bands.unbind(1)
        side = torch.maximum(side, 10.0 ** (SIDE_FLOOR_DB / 20.0) * mid)
        return torch.log(torch.stack([mid, side], dim=1) + 1e-8)


@lru_cache(maxsize=8)
def bark_bank(fft_size: int, bands: int, sample_rate: int) -> Tensor:
    """Triangular filters, evenly spaced in Bark from 20 Hz to 20 kHz.

    Shape: (bands, bins), float32.

    References: Traunmüller, "Analytical expressions for the tonotopic sensory scale", JASA 88, 1990, eq. 6.
    """
    low, high = (26.81 * f / (1960.0 + f) - 0.53 for f in (20.0, 20000.0))
    edges = torch.linspace(low, high, bands + 2, dtype=torch.float64)
    edges_hz = 1960.0 * (edges + 0.53) / (26.28 - edges)
    frequencies = torch.arange(fft_size // 2 + 1, dtype=torch.float64) * (sample_rate / fft_size)
    rising = (frequencies - edges_hz[:-2, None]) / (edges_hz[1:-1] - edges_hz[:-2])[:, None]
    falling = (edges_hz[2:, None] - frequencies) / (edges_hz[2:] - edges_hz[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0.0).float()

"""The long-term spectrum and the stereo image of signals that come block by block."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FFT_SIZE = 8192
BAND_EDGES_HZ = (20.0, 120.0, 500.0, 2000.0, 8000.0, 20000.0)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StereoImage:
    """What a two-channel signal is in the long run.

    Args:
        frequencies_hz: centres of the bins, shape (bins,).
        power: mean of both channels' power a bin, Hann window, shape (rows, bins).
        left, right, cross: power of the channels and the real part of their product, the same.
        width: energy of L − R over energy of L + R, shape (rows,).
        correlation: of left and right, −1 … 1, NaN where silent, shape (rows,).
        band_width, band_correlation: the same between the edges `BAND_EDGES_HZ`, shape (rows, bands).
    """

    frequencies_hz: Array
    power: Array
    left: Array
    right: Array
    cross: Array
    width: Array
    correlation: Array
    band_width: Array
    band_correlation: Array


class StereoMeter:
    """Measures rows of two-channel signals in memory that does not grow with their length.

    Frames of 8192 samples follow each other without overlap; the last is filled with silence. How the signal
    is cut into blocks changes nothing.

    Args:
        rows: how many signals are measured side by side.
        sample_rate: in Hz.
    """

    def __init__(self, rows: int, *, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._window = torch.hann_window(FFT_SIZE, periodic=False)
        self._pending = torch.zeros(rows, 2, 0)
        bins = FFT_SIZE // 2 + 1
        self._left = torch.zeros(rows, bins, dtype=torch.float64)
        self._right = torch.zeros_like(self._left)
        self._cross = torch.zeros_like(self._left)
        self._frames = 0

    def update(self, block: Tensor) -> None:
        """Measure more of the signals. Shape: (rows, 2, samples)."""
        audio = torch.cat([self._pending, block.float()], dim=-1)
        whole = audio.shape[-1] // FFT_SIZE * FFT_SIZE
        self._pending = audio[..., whole:].clone()
        if whole:
            self._measure(audio[..., :whole])

    def result(self) -> StereoImage:
        """The image of all that was measured; nothing more may follow."""
        if self._pending.shape[-1] or not self._frames:
            self.update(torch.zeros(*self._pending.shape[:2], FFT_SIZE - self._pending.shape[-1]))
        left, right, cross = (
            np.asarray(x / self._frames, dtype=np.float64) for x in (self._left, self._right, self._cross)
        )
        frequencies_hz: Array = np.arange(left.shape[-1], dtype=np.float64) * (self._sample_rate / FFT_SIZE)
        edges = np.searchsorted(frequencies_hz, BAND_EDGES_HZ)
        bands = [
            _image(left[:, a:b].sum(-1), right[:, a:b].sum(-1), cross[:, a:b].sum(-1))
            for a, b in pairwise(edges)
        ]
        width, correlation = _image(left.sum(-1), right.sum(-1), cross.sum(-1))
        return StereoImage(
            frequencies_hz,
            (left + right) / 2,
            left,
            right,
            cross,
            width,
            correlation,
            np.stack([band[0] for band in bands], axis=-1),
            np.stack([band[1] for band in bands], axis=-1),
        )

    def _measure(self, audio: Tensor) -> None:
        frames = audio.unflatten(-1, (-1, FFT_SIZE)) * self._window  # (rows, 2, frames, FFT_SIZE)
        spectra = torch.fft.rfft(frames)
        left, right = spectra[:, 0], spectra[:, 1]
        scale = 1.0 / float(self._window.square().sum()) / (FFT_SIZE / 2)
        self._left += scale * left.abs().square().sum(1)
        self._right += scale * right.abs().square().sum(1)
        self._cross += scale * (left * right.conj()).real.sum(1)
        self._frames += frames.shape[2]


def _image(left: Array, right: Array, cross: Array) -> tuple[Array, Array]:
    """Width and correlation from the energies of left, right and their product.

    |L − R|² = L² + R² − 2 LR and |L + R|² = L² + R² + 2 LR, so the sums say it without a second transform.
    """
    total = left + right
    width = (total - 2 * cross).clip(min=0) / (total + 2 * cross).clip(min=1e-12 * total + 1e-30)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(left * right > 0, cross / np.sqrt(left * right), np.nan)
    return width, correlation

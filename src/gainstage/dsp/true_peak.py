"""True peak: the highest level of the waveform between its samples.

BS.1770-4, Annex 2, asks for at least 192 kHz: four times the rate at 44.1 and 48 kHz, twice at 88.2 and 96
kHz, the samples themselves from 160 kHz on. The twelve taps a phase that the annex prints as an example err
by up to .24 dB (two of its phases pass 0 Hz at −.24 dB). We keep its polyphase form with 48 taps a phase
instead,

    h_p[k] = sinc(k − p/4) · Kaiser((k − p/4)/24, β = 5),   k = −23 … 24,   p = 0 … 3,

each phase scaled to pass 0 Hz at 0 dB: within .023 dB up to 20 kHz at 44.1 kHz. Phase 0 is the samples
themselves, so a true peak is never below the sample peak. Before and after the signal there is silence.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import pad

HALF_TAPS = 24
TAPS = 2 * HALF_TAPS
KAISER_BETA = 5.0
FLOOR_DB = -200.0
CHUNK_VALUES = 1 << 19


def oversampling(sample_rate: int) -> int:
    """By how much true peaks are oversampled at this rate: 4, 2 or 1."""
    if sample_rate >= 160_000:
        return 1
    return 2 if sample_rate >= 80_000 else 4


def true_peak_db(audio: Tensor, *, sample_rate: int) -> Tensor:
    """The highest level between the samples, over all channels.

    Only the samples around that one point have a gradient, as with any maximum. The search keeps no gradient
    and runs in pieces, so that memory does not grow with the oversampled signal.

    Args:
        audio: any number of channels.
        sample_rate: in Hz; it decides the oversampling.

    Returns:
        dBTP, float64; −200 with no gradient for silence.

    Shape: (..., channels, samples) → (...)

    References:
        ITU-R BS.1770-4, Annex 2.
    """
    leading, (channels, num_samples) = audio.shape[:-2], audio.shape[-2:]
    signals = audio.reshape(leading.numel() * channels, num_samples)
    if num_samples == 0:
        return amplitude_to_db(signals.double().sum(-1)).reshape(*leading, channels).amax(-1)
    taps = phase_taps(sample_rate).to(audio.device)
    start, phase = _locate(signals.detach(), taps)
    reach = start.unsqueeze(-1) + torch.arange(TAPS, device=audio.device) - (TAPS - 1)
    inside = (reach >= 0) & (reach < num_samples)
    window = signals.gather(-1, reach.clamp(0, num_samples - 1)) * inside
    value = (window.double() * taps[phase]).sum(-1).abs()
    return amplitude_to_db(value).reshape(*leading, channels).amax(-1)


def sample_peak_db(audio: Tensor) -> Tensor:
    """The largest sample, over all channels.

    Returns:
        dBFS, float64; −200 with no gradient for silence.

    Shape: (..., channels, samples) → (...)
    """
    return amplitude_to_db(pad(audio, (0, 1)).abs().amax((-2, -1)).double())


def amplitude_to_db(amplitude: Tensor) -> Tensor:
    """20·log10, not below −200 dB, where the gradient is 0."""
    return 20.0 * torch.log10(amplitude.clamp(min=10.0 ** (FLOOR_DB / 20.0)))


def phase_taps(sample_rate: int) -> Tensor:
    """The interpolator's taps for every point between two samples, the first sample itself included.

    Shape: → (oversampling, 48), float64
    """
    return _phase_taps(oversampling(sample_rate)).clone()


@lru_cache
def _phase_taps(factor: int) -> Tensor:
    fraction = torch.arange(factor, dtype=torch.float64).unsqueeze(-1) / factor
    distance = torch.arange(-HALF_TAPS + 1, HALF_TAPS + 1, dtype=torch.float64) - fraction
    inside = (1.0 - (distance / HALF_TAPS) ** 2).clamp(min=0.0)
    taps = torch.sinc(distance) * torch.i0(KAISER_BETA * inside.sqrt()) / torch.i0(torch.tensor(KAISER_BETA))
    return taps / taps.sum(-1, keepdim=True)


def interpolate(signals: Tensor, taps: Tensor) -> Tensor:
    """The values at and after the 24th sample of every window of 48.

    Shape: (signals, samples ≥ 48), (phases, 48) → (signals, samples − 47, phases)
    """
    return signals.unfold(-1, TAPS, 1) @ taps.to(signals.dtype).T


def highest(signals: Tensor, taps: Tensor) -> Tensor:
    """The largest magnitude that `interpolate` finds, in pieces; zero where there is no window.

    Shape: (signals, samples), (phases, 48) → (signals)
    """
    best = signals.new_zeros(signals.shape[0])
    for piece, _ in _pieces(signals, len(taps)):
        best = torch.maximum(best, interpolate(piece, taps).abs_().amax((-2, -1)))
    return best


def _locate(signals: Tensor, taps: Tensor) -> tuple[Tensor, Tensor]:
    """Where each signal is highest: the number of its window (the first ends at sample 0) and the phase."""
    best = signals.new_full((signals.shape[0],), -math.inf)
    index = torch.zeros(signals.shape[0], dtype=torch.long, device=signals.device)
    for piece, first in _pieces(pad(signals, (TAPS - 1, TAPS - 1)), len(taps)):
        value, found = interpolate(piece, taps).abs_().flatten(1).max(-1)
        better = value > best
        best = torch.where(better, value, best)
        index = torch.where(better, found + first * len(taps), index)
    return index // len(taps), index % len(taps)


def _pieces(signals: Tensor, phases: int) -> list[tuple[Tensor, int]]:
    """Views that together hold every window once, each with the number of its first window."""
    windows = max(signals.shape[-1] - TAPS + 1, 0)
    size = max(CHUNK_VALUES // (phases * max(signals.shape[0], 1)), 1)
    return [(signals[:, at : at + size + TAPS - 1], at) for at in range(0, windows, size)]

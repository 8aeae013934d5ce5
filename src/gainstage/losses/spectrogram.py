"""Magnitude spectra of signals, and the weightings and filter banks that losses put on them."""

import warnings
from functools import lru_cache

import torch
from torch import Tensor

from gainstage.dsp.torchaudio_import import functional


def power_spectrogram(audio: Tensor, *, fft_size: int, hop: int, window: int) -> Tensor:
    """|X|² of overlapping Hann frames, centred on multiples of the hop, the ends reflected.

    Args:
        audio: the signal; longer than half an FFT.
        fft_size: samples of a transform.
        hop: samples between frames.
        window: samples of the Hann window, at most `fft_size`.

    Shape: (..., samples) → (..., bins, frames).

    Raises:
        ValueError: the signal is too short to be reflected.
    """
    if audio.shape[-1] <= fft_size // 2:
        raise ValueError(
            f"a signal of {audio.shape[-1]} samples is too short for an FFT of {fft_size}: "
            f"give at least {fft_size // 2 + 1} samples"
        )
    weights = torch.hann_window(window, dtype=audio.dtype, device=audio.device)
    flat = audio.reshape(-1, audio.shape[-1])
    spectrum = torch.stft(
        flat, fft_size, hop, window, weights, center=True, pad_mode="reflect", return_complex=True
    )
    power = spectrum.real.square() + spectrum.imag.square()
    return power.reshape(*audio.shape[:-1], *power.shape[-2:])


def a_weighting_db(frequencies_hz: Tensor) -> Tensor:
    """A-weighting of IEC 61672-1 in dB (0 dB at 1 kHz); 0 Hz gets −∞ floored at −200 dB.

    Shape: any → the same.
    """
    f2 = frequencies_hz.double().square()
    gain = (12194.0**2 * f2.square()) / (
        (f2 + 20.6**2) * torch.sqrt((f2 + 107.7**2) * (f2 + 737.9**2)) * (f2 + 12194.0**2)
    )
    return (20.0 * torch.log10(gain.clamp(min=1e-10)) + 2.0).clamp(min=-200.0)


@lru_cache(maxsize=32)
def mel_bank(fft_size: int, bands: int, sample_rate: int) -> Tensor:
    """Slaney mel filters over the bins of an FFT; bands that hold no bin are left out.

    Shape: (bands, bins), float32.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "At least one mel filterbank")  # we leave those out ourselves
        bank: Tensor = functional.melscale_fbanks(
            fft_size // 2 + 1, 0.0, sample_rate / 2, bands, sample_rate, norm="slaney", mel_scale="slaney"
        ).T
    return bank[bank.sum(1) > 0].contiguous()

"""Mixes at one loudness, and how loud and how wide they are."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.dsp.gating import ABSOLUTE_GATE_LUFS
from gainstage.dsp.loudness import integrated_loudness
from gainstage.dsp.true_peak import TAPS, amplitude_to_db, highest, phase_taps

COMPARED_LUFS = -20.0
DUAL_MONO_DB = -60.0
_PIECE = 256


@dataclass(frozen=True)
class Levelled:
    """Mixes at −20 LUFS, and what they were.

    Args:
        audio: at −20 LUFS; silence as it was.
        loudness_lufs: before; exactly −70 for what is silent or shorter than 400 ms.
        true_peak_dbtp: before.

    Shape: audio (batch, 2, samples), the others (batch,).
    """

    audio: Tensor
    loudness_lufs: Tensor
    true_peak_dbtp: Tensor


def levelled(audio: Tensor, *, sample_rate: int) -> Levelled:
    """Bring mixes to −20 LUFS, where all of them are compared.

    The same pair of mixes scores 2.40 at −14 LUFS and 2.10 at −30, through the floor of the logs.

    Args:
        audio: stereo mixes.
        sample_rate: in Hz.

    Shape: (batch, 2, samples).
    """
    loudness = integrated_loudness(audio, sample_rate=sample_rate)
    silent = loudness <= ABSOLUTE_GATE_LUFS
    gain_db = torch.where(silent, 0.0, COMPARED_LUFS - loudness)
    gain = (10.0 ** (gain_db / 20.0)).to(audio.dtype)
    peak = torch.stack([true_peak_of_mix(mix, sample_rate=sample_rate) for mix in audio])
    return Levelled(audio * gain[:, None, None], loudness, peak)


def true_peak_of_mix(mix: Tensor, *, sample_rate: int) -> Tensor:
    """`dsp.true_peak.true_peak_db` of one mix, many times as fast and without a gradient.

    Between samples no value is larger than the largest sample around it times Σ|h| of the interpolator. So
    only pieces that hold a sample within that factor of the whole mix's largest can hold the true peak; in
    music those are few.

    Args:
        mix: any number of channels.
        sample_rate: in Hz.

    Shape: (channels, samples) → (), float64
    """
    taps = phase_taps(sample_rate)
    around = TAPS - 1
    padded = pad(mix.detach(), (around, around + _PIECE))  # the last piece is whole
    pieces = padded.unfold(-1, _PIECE + around, _PIECE).flatten(0, 1)
    largest = pieces.abs().amax(-1)
    counted = largest * float(taps.abs().sum(-1).max()) >= largest.max()
    return amplitude_to_db(highest(pieces[counted], taps).amax().double())


def width_db(audio: Tensor) -> Tensor:
    """Energy of S = L − R over the energy of M = L + R, not below −60 dB and not above +60.

    Unrelated channels of equal level give 0 dB. It does not depend on level.

    Shape: (..., 2, samples) → (...)
    """
    mid = (audio[..., 0, :] + audio[..., 1, :]).square().mean(-1).double()
    side = (audio[..., 0, :] - audio[..., 1, :]).square().mean(-1).double()
    least = (mid + side) * 10.0 ** (DUAL_MONO_DB / 10.0) + 1e-20
    return (10.0 * torch.log10((side + least) / (mid + least))).clamp(DUAL_MONO_DB, -DUAL_MONO_DB)


def is_dual_mono(audio: Tensor) -> Tensor:
    """Whether left and right are so alike that S, at −60 dB or less against M, means nothing.

    Silence is dual mono.

    Shape: (..., 2, samples) → (...), boolean
    """
    mid = (audio[..., 0, :] + audio[..., 1, :]).square().mean(-1)
    side = (audio[..., 0, :] - audio[..., 1, :]).square().mean(-1)
    alike: Tensor = side <= mid * 10.0 ** (DUAL_MONO_DB / 10.0)
    return alike

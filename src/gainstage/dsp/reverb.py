"""Impulse responses of a room from its decay times: seeded noise in octaves, each fading at its own rate.

    h(t) = fade(t) · Σ_b  g_b · √(1 − e^(−2α_b)) · n_b(t) · e^(−α_b t),   α_b = ln 1000 / (T60_b · rate in Hz)

n_b is white noise of power 1 through the octave filter of band b; the bands sum to the noise. The root makes
Σ_t e^(−2α t) = 1: a longer decay is longer, not louder, and with all gains at 0 dB a steady signal keeps its
power. (That is the expected power: a low band in a short room has few independent samples and a realisation
differs by some dB, as rooms do.) The fade takes each response to exactly zero at its own −60 dB point, so
that it does not depend on what else is in a batch.

The two channels have independent noise: the left input excites the left response, the right one the right.

References:
    J. A. Moorer, "About this reverberation business", Computer Music Journal 3(2), 1979 (decaying noise).
    J.-M. Jot, L. Cerveau, O. Warusfel, "Analysis and synthesis of room reverberation based on a statistical
    time-frequency model", AES 103rd Convention, 1997 (decay per band).
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from gainstage.dsp.fractional_delay import DELAY_TAPS, delay_rows
from gainstage.dsp.octaves import TILE, octave_noise
from gainstage.kernels import decay
from gainstage.kernels.decay import STEP

_FADE = 0.05  # share of the response over which it is faded, −57 … −60 dB


def num_response_samples(t60_s: float, pre_delay_s: float, *, sample_rate: int) -> int:
    """How many taps a response has at most: its −60 dB point, its pre-delay and the interpolator."""
    decay = -(-math.ceil(t60_s * sample_rate) // STEP) * STEP
    return decay + math.ceil(pre_delay_s * sample_rate) + 1 + DELAY_TAPS


def decaying_noise(
    t60_s: Tensor, gain_db: Tensor, *, seed: int, sample_rate: int, channels: int, dtype: torch.dtype
) -> Tensor:
    """The response without pre-delay (formula at the head of this file), as long as the longest decay.

    Args:
        t60_s: time in which a band decays by 60 dB, in seconds.
        gain_db: level of a band.
        seed: of the noise.
        sample_rate: in Hz.
        channels: 1 (the left one) or 2.
        dtype: of the response; the envelopes are designed in float64.

    Shape: t60_s and gain_db (rows, bands) → (rows, channels, taps)
    """
    t60_s, gain_db = t60_s.double(), gain_db.double()
    rate = math.log(1000.0) / (t60_s * sample_rate)  # α, nepers a sample
    level = gain_db * (math.log(10.0) / 20.0) + 0.5 * torch.log(-torch.expm1(-2.0 * rate))
    end = t60_s.amax(-1) * sample_rate
    taps = -(-math.ceil(float(end.detach().nan_to_num().amax())) // STEP) * STEP
    noise = _Decay.apply(level, rate, seed, sample_rate, channels, taps, dtype)  # type: ignore[no-untyped-call]
    time = torch.arange(taps, dtype=dtype, device=rate.device)
    faded: Tensor = noise * _fade(time / end.to(dtype)[:, None])[:, None]
    return faded


def reverb_response(
    t60_s: Tensor,
    gain_db: Tensor,
    pre_delay_s: Tensor,
    *,
    seed: int,
    sample_rate: int,
    channels: int = 2,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Impulse responses of rooms, differentiable in all that describes them.

    Args:
        t60_s: time in which each octave band decays by 60 dB, in seconds.
        gain_db: level of each band.
        pre_delay_s: silence before the response, in seconds; not rounded to samples.
        seed: 0 … 2^64 − 1; another seed is another room of the same kind.
        sample_rate: in Hz.
        channels: 2, or 1 for the left one alone.
        dtype: of the response.

    Shape: t60_s and gain_db (rows, 8), pre_delay_s (rows,) → (rows, channels, taps)
    """
    response = decaying_noise(
        t60_s, gain_db, seed=seed, sample_rate=sample_rate, channels=channels, dtype=dtype
    )
    delay_samples = pre_delay_s * sample_rate
    length = response.shape[-1] + math.ceil(float(delay_samples.detach().nan_to_num().amax())) + DELAY_TAPS
    return delay_rows(response, delay_samples, length=length)


class _Decay(torch.autograd.Function):
    """Σ_b e^(level_b − rate_b·t) · n_b(t), without a tensor of rows × bands × channels × time in either pass.

    With t = 64·i + j the envelope is an outer product of two short exponentials. For the gradient g and
    q = Σ_c g·n_b·envelope: ∂level_b = Σ_t q and ∂rate_b = −Σ_t t·q.
    """

    @staticmethod
    def forward(
        ctx: Any,
        level: Tensor,
        rate: Tensor,
        seed: int,
        sample_rate: int,
        channels: int,
        taps: int,
        dtype: torch.dtype,
    ) -> Tensor:
        ctx.save_for_backward(level, rate)
        ctx.noise = seed, sample_rate
        result = level.new_empty((len(level), channels, taps), dtype=dtype)
        for noise, first in _tiles(taps, ctx.noise, result):
            part = result[..., first : first + TILE]
            part.copy_(decay.mixed(noise, *_envelopes(level, rate, first, part.shape[-1]), channels))
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        level, rate = ctx.saved_tensors
        gradient = gradient.contiguous()
        to_level, to_rate = torch.zeros_like(level), torch.zeros_like(rate)
        for noise, first in _tiles(gradient.shape[-1], ctx.noise, gradient):
            steps = min(TILE, gradient.shape[-1] - first)
            coarse, fine = _envelopes(level, rate, first, steps)
            more = decay.gradients(gradient, noise, coarse, fine, first)
            to_level, to_rate = to_level + more[0], to_rate + more[1]
        return to_level, to_rate, None, None, None, None, None


def _tiles(taps: int, noise: tuple[int, int], like: Tensor) -> Iterator[tuple[Tensor, int]]:
    """The tiles of a response: their noise (bands, 2, TILE), and the first sample."""
    seed, sample_rate = noise
    for first in range(0, taps, TILE):
        index = first // TILE
        yield (
            octave_noise(index, seed=seed, sample_rate=sample_rate, device=like.device, dtype=like.dtype),
            first,
        )


def _envelopes(level: Tensor, rate: Tensor, first: int, samples: int) -> tuple[Tensor, Tensor]:
    """e^(level − rate·64i) and e^(−rate·j), whose product is the envelope at 64i + j; float64."""
    coarse = torch.arange(first, first + samples, STEP, dtype=torch.float64, device=rate.device)
    fine = torch.arange(STEP, dtype=torch.float64, device=rate.device)
    return torch.exp(level[..., None] - rate[..., None] * coarse), torch.exp(-rate[..., None] * fine)


def _fade(place: Tensor) -> Tensor:
    """1 down to exactly 0 at place 1, with the slope 0 at both ends."""
    x = ((place - (1.0 - _FADE)) / _FADE).clamp(0.0, 1.0)
    return 1.0 - x * x * (3.0 - 2.0 * x)

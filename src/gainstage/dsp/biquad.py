"""Second-order filters by the RBJ cookbook: coefficients that are differentiable in frequency, gain and Q.

With ω = 2π·f/sample_rate and α = sin ω / 2Q the cookbook gives numerators b and denominators a. Here the
numerators are written as b = a + e, with e worked out by hand: e has the factor A − 1 (A = 10^(gain_db/40)),
so at 0 dB a filter is the identity to the bit, and the gradients to its frequency and Q are zero there to the
bit. 1 − cos ω is 2·sin²(ω/2), which keeps its digits at low frequencies. All in float64: designing in float32
costs a 30 Hz band 80 dB.
"""

import math

import torch
from torch import Tensor

HIGHEST = 0.475
"""Frequencies are clamped to this part of the sample rate; nearer to half of it filters collapse."""


def high_pass(frequency_hz: Tensor, q: Tensor, sample_rate: int) -> Tensor:
    """Second-order high-pass, 12 dB per octave below `frequency_hz`.

    Args:
        frequency_hz: where the gain is `q` (−3 dB for q = 1/√2).
        q: resonance at the corner; from about 0.7 on there is a bump.

    Shape: frequency_hz and q (...) → coefficients (..., 5): b0, b1, b2, a1, a2.

    References:
        Bristow-Johnson: Cookbook formulae for audio equalizer biquad filter coefficients, HPF.
    """
    sin, dip = _angle(frequency_hz, sample_rate)
    alpha = sin / (2.0 * q)
    a0, a1, a2 = 1.0 + alpha, 2.0 * dip - 2.0, 1.0 - alpha
    return _stack(a0, a1, a2, -(0.5 * dip + alpha), -dip, alpha - 0.5 * dip)


def low_pass(frequency_hz: Tensor, q: Tensor, sample_rate: int) -> Tensor:
    """Second-order low-pass, 12 dB per octave above `frequency_hz`; arguments as for `high_pass`."""
    sin, dip = _angle(frequency_hz, sample_rate)
    alpha = sin / (2.0 * q)
    a0, a1, a2 = 1.0 + alpha, 2.0 * dip - 2.0, 1.0 - alpha
    return _stack(a0, a1, a2, 0.5 * dip - a0, 2.0 - dip, 0.5 * dip - a2)


def low_shelf(frequency_hz: Tensor, gain_db: Tensor, q: Tensor, sample_rate: int) -> Tensor:
    """A shelf that lifts or lowers everything below `frequency_hz`.

    Args:
        frequency_hz: the middle of the slope, where half of `gain_db` is reached.
        gain_db: level at 0 Hz.
        q: steepness; 1/√2 is the steepest without a bump.

    Shape: all (...) → coefficients (..., 5).

    References:
        Bristow-Johnson: Cookbook formulae for audio equalizer biquad filter coefficients, lowShelf, in its Q
        form.
    """
    sin, dip = _angle(frequency_hz, sample_rate)
    root, lift = _amplitude(gain_db)
    width, plus = root * sin / q, 2.0 + lift  # 2·√A·α and A + 1
    a0 = plus + lift * (1.0 - dip) + width
    a1 = -2.0 * (lift + plus * (1.0 - dip))
    return _stack(a0, a1, a0 - 2.0 * width, *_shelf_change(lift, plus * dip, width, 2.0))


def high_shelf(frequency_hz: Tensor, gain_db: Tensor, q: Tensor, sample_rate: int) -> Tensor:
    """A shelf that lifts or lowers everything above `frequency_hz`; arguments as for `low_shelf`."""
    sin, dip = _angle(frequency_hz, sample_rate)
    root, lift = _amplitude(gain_db)
    width, plus = root * sin / q, 2.0 + lift
    a0 = plus - lift * (1.0 - dip) + width
    a1 = 2.0 * (lift - plus * (1.0 - dip))
    return _stack(a0, a1, a0 - 2.0 * width, *_shelf_change(lift, plus * (2.0 - dip), width, -2.0))


def peak(frequency_hz: Tensor, gain_db: Tensor, q: Tensor, sample_rate: int) -> Tensor:
    """A bell around `frequency_hz`.

    Args:
        frequency_hz: its centre.
        gain_db: level at the centre.
        q: centre over width, measured where half of `gain_db` is reached; the same for boosts and cuts.

    Shape: all (...) → coefficients (..., 5).

    References:
        Bristow-Johnson: Cookbook formulae for audio equalizer biquad filter coefficients, peakingEQ.
    """
    sin, dip = _angle(frequency_hz, sample_rate)
    root, lift = _amplitude(gain_db)
    alpha, amplitude = sin / (2.0 * q), root * root
    narrow = alpha / amplitude
    change = lift * (2.0 + lift) * narrow  # α·(A − 1/A)
    turn = (2.0 * dip - 2.0).expand_as(change)
    return _stack(1.0 + narrow, turn, 1.0 - narrow, change, torch.zeros_like(change), -change)


def blend(coefficients: Tensor, amount: Tensor) -> Tensor:
    """The filter in parallel with the dry signal, as one filter: dry + amount·(filtered − dry).

    Args:
        coefficients: a filter.
        amount: 0 is the dry signal, to the bit; 1 the filter.

    Shape: coefficients (..., 5), amount (...) → (..., 5).
    """
    b0, b1, b2, a1, a2 = coefficients.unbind(-1)
    dry = torch.ones_like(b0), a1, a2
    mixed = (a + amount * (b - a) for a, b in zip(dry, (b0, b1, b2), strict=True))
    return torch.stack([*mixed, a1, a2], -1)


def frequency_response(coefficients: Tensor, frequencies_hz: Tensor, sample_rate: int) -> Tensor:
    """The complex response of a cascade.

    Shape: coefficients (..., sections, 5), frequencies_hz (frequencies,) → (..., frequencies), complex128.
    """
    delay = torch.exp(-2j * math.pi / sample_rate * frequencies_hz.double())
    b0, b1, b2, a1, a2 = coefficients.unsqueeze(-1).unbind(-2)
    return ((b0 + delay * (b1 + delay * b2)) / (1.0 + delay * (a1 + delay * a2))).prod(-2)


def ring_seconds(frequency_hz: Tensor, q: Tensor) -> Tensor:
    """How long a resonance of this Q takes to fall by 60 dB (below q = ½: its slower pole)."""
    spread = 0.5 / q
    decay = spread - (spread.square() - 1.0).clamp(min=0.0).sqrt()
    return math.log(1000.0) / (2.0 * math.pi * frequency_hz * decay)


def _angle(frequency_hz: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """sin ω and 1 − cos ω."""
    half = math.pi / sample_rate * frequency_hz.double().clamp(max=HIGHEST * sample_rate)
    return torch.sin(2.0 * half), 2.0 * torch.sin(half).square()


def _amplitude(gain_db: Tensor) -> tuple[Tensor, Tensor]:
    """√A and A − 1 with A = 10^(gain_db/40)."""
    log = math.log(10.0) / 40.0 * gain_db.double()
    return torch.exp(0.5 * log), torch.expm1(log)


def _shelf_change(lift: Tensor, height: Tensor, width: Tensor, sign: float) -> tuple[Tensor, Tensor, Tensor]:
    return lift * (height + width), sign * lift * height, lift * (height - width)


def _stack(a0: Tensor, a1: Tensor, a2: Tensor, e0: Tensor, e1: Tensor, e2: Tensor) -> Tensor:
    """b = a + e, all divided by a0."""
    a1, a2 = a1 / a0, a2 / a0
    return torch.stack([1.0 + e0 / a0, a1 + e1 / a0, a2 + e2 / a0, a1, a2], -1)

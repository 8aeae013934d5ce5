"""K-weighting, the filter in front of every loudness meter, at any sample rate.

BS.1770 gives its two biquads as numbers for 48 kHz and asks that other rates have the same frequency
response. So we go back to the analogue prototype behind those numbers and forward again at the rate at hand:

    z⁻¹ = (1 − s)/(1 + s),  s = j·tan(π f/fs)

turns c₀ + c₁z⁻¹ + c₂z⁻² into A₂s² + A₁s + A₀ with A₂ = c₀ − c₁ + c₂, A₁ = 2(c₀ − c₂), A₀ = c₀ + c₁ + c₂. A
section turns over where A₀ = A₂·K² in its denominator, K = tan(π f₀/48000); at another rate K' = tan(π
f₀/fs), so s is scaled by K/K'. The gains at 0 Hz and at the top of the band are kept exactly.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from gainstage.kernels.biquad import biquad_cascade

TABLE_RATE = 48000
LOWEST_RATE = 4000
SECTIONS = 2

# BS.1770-4, Annex 1, tables 1 and 2: [b0 b1 b2] and [1 a1 a2] of the shelf (the head) and the high-pass
# ("RLB").
TABLE = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)

Polynomial = tuple[float, float, float]


def k_weighting(sample_rate: int) -> Tensor:
    """The two biquads of K-weighting, [b0 b1 b2 a1 a2] each.

    Args:
        sample_rate: in Hz, at least 4000: the shelf turns over at 1682 Hz.

    Returns:
        At 48 kHz the table of the standard, to its last digit.

    Shape: → (2, 5), float64

    Raises:
        ValueError: the rate is too low for the shelf.

    References:
        ITU-R BS.1770-4, Annex 1, § "K-weighting".
    """
    if sample_rate < LOWEST_RATE:
        raise ValueError(
            f"loudness needs a sample rate of {LOWEST_RATE} Hz or more, got {sample_rate}; "
            "resample the audio first"
        )
    return torch.tensor(_sections(sample_rate), dtype=torch.float64)


@lru_cache
def _sections(sample_rate: int) -> list[tuple[float, ...]]:
    sections: list[tuple[float, ...]] = []
    for numerator, denominator in TABLE:
        analogue = _to_analogue(denominator)
        corner = math.sqrt(analogue[2] / analogue[0])  # K = tan(π f₀/48000)
        corner_hz = math.atan(corner) * TABLE_RATE / math.pi
        stretch = corner / math.tan(math.pi * corner_hz / sample_rate)
        b = _to_digital(_to_analogue(numerator), stretch)
        a = _to_digital(analogue, stretch)
        sections.append((b[0] / a[0], b[1] / a[0], b[2] / a[0], a[1] / a[0], a[2] / a[0]))
    return sections


def _to_analogue(c: Polynomial) -> Polynomial:
    return c[0] - c[1] + c[2], 2.0 * (c[0] - c[2]), c[0] + c[1] + c[2]


def _to_digital(analogue: Polynomial, stretch: float) -> Polynomial:
    a2, a1, a0 = analogue[0] * stretch**2, analogue[1] * stretch, analogue[2]
    return a2 + a1 + a0, 2.0 * (a0 - a2), a2 - a1 + a0


def initial_state(rows: int, channels: int, *, device: torch.device | None = None) -> Tensor:
    """The state of the filters after endless silence.

    Shape: → (rows, channels, 2, 2), float64
    """
    return torch.zeros(rows, channels, SECTIONS, 2, dtype=torch.float64, device=device)


def k_weight(audio: Tensor, state: Tensor, *, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Weight audio as the ear does: +4 dB above 2 kHz, nothing below 40 Hz.

    Args:
        audio: the signal, float32 or float64; the filters' states are float64 either way.
        state: `initial_state`, or what the previous call returned.
        sample_rate: in Hz.

    Returns:
        The weighted audio and the state for the next call.

    Shape: audio (rows, channels, samples), state (rows, channels, 2, 2) → the same
    """
    if audio.shape[-1] == 0:
        return audio, state
    coefficients = k_weighting(sample_rate).to(audio.device).expand(audio.shape[0], 1, SECTIONS, 5)
    return biquad_cascade(audio, coefficients, state)

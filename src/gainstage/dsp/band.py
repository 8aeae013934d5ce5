"""The part of the audio in a band, cut so that a gain on it is a shelf or a bell on the whole.

With W = tan(π·f/sample_rate) for the lower and upper edge, the part is

    B(s) = s / (s + W₁)                          no upper edge
           W₂ / (s + W₂)                         no lower edge
           (W₂ − W₁)·s / (s² + (W₂ − W₁)·s + W₁·W₂)

and the rest is the audio less the part: both sum to the audio by definition. Under a gain g on the part the
whole is 1 + (g − 1)·B: a first-order shelf, or a bell, between 1 and g everywhere and without a bump beside
the band. Steeper filters cannot do that: part and rest are out of phase then, so the rest bulges by a decibel
or two beside the edge and keeps most of what should go.
"""

import math

import torch
from torch import Tensor

from gainstage.dsp.biquad import HIGHEST, high_pass, low_pass

_FLAT = 0.5**0.5


def cut(low_hz: float, high_hz: float, sample_rate: int) -> Tensor:
    """The filter that cuts out a band; its edges lie 3 dB down, its slopes fall 6 dB an octave.

    Args:
        low_hz: lower edge; 0 for none.
        high_hz: upper edge, above the lower; 0 for none. One of the two must be given.
        sample_rate: in Hz.

    Shape: coefficients (1, 5), float64: one section.

    References:
        Zölzer (editor): DAFX, Digital Audio Effects. 2nd edition, 2011, section 2.3 (shelves and peaks from
        a direct path and a filter).
    """
    low, high = (math.tan(math.pi * min(hz / sample_rate, HIGHEST)) for hz in (low_hz, high_hz))
    if not high_hz:
        b, a0, a1, a2 = (1.0, -1.0, 0.0), 1.0 + low, low - 1.0, 0.0
    elif not low_hz:
        b, a0, a1, a2 = (high, high, 0.0), 1.0 + high, high - 1.0, 0.0
    else:
        width, centre = high - low, high * low
        b, a0, a1, a2 = (width, 0.0, -width), 1.0 + width + centre, 2.0 * (centre - 1.0), 1.0 - width + centre
    return torch.tensor([[*b, a1, a2]], dtype=torch.float64) / a0


def sharpen(low_hz: float, high_hz: float, sample_rate: int) -> Tensor:
    """A Butterworth filter at each edge, 12 dB an octave, for a detector to hear the band and little else.

    Arguments as for `cut`. Shape: coefficients (1 or 2, 5), float64: a section an edge.
    """
    corners = [(design, hz) for design, hz in ((high_pass, low_hz), (low_pass, high_hz)) if hz]
    q = torch.tensor(_FLAT, dtype=torch.float64)
    return torch.stack([design(torch.full_like(q, hz), q, sample_rate) for design, hz in corners])

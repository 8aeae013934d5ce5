"""Panning of mono signals by a law, and balance of stereo signals.

With x the nearness of a channel (left: 1 − position, right: 1 + position; 0 far side, 1 centre, 2 near side),
a law is a function g with g(0) = 0 and g(1) = 1: silence at the far side, 0 dB at the centre. What remains
for the near side is its choice:

    sine      √2·sin(xπ/4)                        +3 dB   constant power
    linear    x                                   +6 dB   constant amplitude of the mono sum
    -4.5dB    √(linear · sine)                    +4.5 dB between the two
    ardour    (x/2)(s·x/2 + 1 − s) / 10^(−3/20)   +3 dB   s = 2 − 4·10^(−3/20): a parabola near the sine law
"""

import math
from typing import Literal

import torch
from torch import Tensor

PanLaw = Literal["sine", "linear", "-4.5dB", "ardour"]
_ARDOUR_SCALE = 2.0 - 4.0 * 10.0 ** (-3.0 / 20.0)


def pan_gains(position: Tensor, *, law: PanLaw = "sine") -> Tensor:
    """Gains of the two channels that place a mono signal.

    All laws give exactly 1 in both channels at the centre, so a panner at rest changes nothing. Every law has
    a finite gradient over the whole range, both ends included.

    Args:
        position: −1 (left) … +1 (right).
        law: the curve between the sides (see the head of this file).

    Returns:
        Amplitude factors, left then right.

    Shape: any → (2, *any)
    """
    return _law_gain(torch.stack((1.0 - position, 1.0 + position)), law)


def balance_gains(position: Tensor) -> Tensor:
    """Gains of the two channels that balance a stereo signal: the near one stays at 0 dB for every law.

    The far channel falls linearly in amplitude, 1 − |position|. That has a kink at the centre; the gradient
    there is the mean of its two sides (−½ left, +½ right), so that an optimiser can leave it either way.

    Args:
        position: −1 (left) … +1 (right).

    Shape: any → (2, *any), left then right
    """
    nearness = torch.stack((1.0 - position, 1.0 + position))
    return torch.minimum(nearness, torch.ones_like(nearness))  # halves the gradient where both are 1


def _law_gain(nearness: Tensor, law: PanLaw) -> Tensor:
    if law == "linear":
        return nearness
    # Divided by the same operation at the centre, so that the centre is 1 to the last bit on every device.
    centre = torch.ones_like(nearness)
    if law == "ardour":
        return _ardour_parabola(nearness) / _ardour_parabola(centre)
    if law == "sine":
        return torch.sin(nearness * (math.pi / 4.0)) / torch.sin(centre * (math.pi / 4.0))
    # √(x · sin(xπ/4)) has slope 0/0 at x = 0 for autograd; by sin(xπ/4) = (xπ/4)·sinc(x/4) x leaves the root
    return nearness * torch.sqrt(torch.sinc(nearness / 4.0) / torch.sinc(centre / 4.0))


def _ardour_parabola(nearness: Tensor) -> Tensor:
    near = 0.5 * nearness
    return near * (_ARDOUR_SCALE * near + (1.0 - _ARDOUR_SCALE))

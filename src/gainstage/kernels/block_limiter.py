"""The limiter of `kernels/limiter.py` in plain torch operations: for any device, and as a cross-check.

Peaks, maxima and averages look at a fixed stretch of signal each. Only the release has a memory without end,
and it is an associative scan: a sample does s ↦ max(c, a·s + b), and two such steps are one of the same form.
So blocks of samples are worked out side by side, and only the states at their borders depend on each other.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import conv1d, max_pool1d, pad

from gainstage.kernels.block import BLOCK, between_points
from gainstage.kernels.limiter_cpu import CEILING, INAUDIBLE_DB, RELEASE

_FLOOR = 1e-20

Map = tuple[Tensor, Tensor, Tensor]
"""c, a and b of s ↦ max(c, a·s + b)."""


def limit(
    audio: Tensor,
    controls: Tensor,
    wanted: Tensor,
    reduction: Tensor,
    *,
    taps: Tensor,
    window: Tensor,
    offset: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """What `gainstage.kernels.limiter.limit` computes, differentiable any number of times.

    Slower, and with gradients it keeps some thirty intermediate signals.
    """
    look_ahead, num_taps = window.shape[0] - 1, taps.shape[1]
    past = max(look_ahead + num_taps // 2, num_taps - 1)
    num_samples = audio.shape[2] - past
    if num_samples == 0:
        return audio[..., past:].clone(), wanted.clone(), reduction.clone()
    c = between_points(controls, num_samples, offset)
    heard = audio[..., past + 1 - num_taps :].double()
    phases = conv1d(heard.flatten(0, 1).unsqueeze(1), taps.unsqueeze(1)).abs()
    peaks = phases.nan_to_num(nan=0.0).view(len(audio), -1, num_samples).amax(1)
    power = peaks.square()
    over = 10.0 * torch.log10(torch.where(power < _FLOOR, _FLOOR, power)) - c[..., CEILING]
    over = torch.where((over > 0.0) & over.isfinite(), over, 0.0)

    wanted = torch.cat([wanted, over], 1)
    highest = max_pool1d(wanted.unsqueeze(1), look_ahead + 1, stride=1).squeeze(1)
    falling = _release(highest, c[..., RELEASE].expand_as(highest), reduction[:, -1])
    reduction = torch.cat([reduction, falling], 1)
    averaged = conv1d(reduction.unsqueeze(1), window.view(1, 1, -1))
    averaged = torch.where(averaged < INAUDIBLE_DB, 0.0, averaged)
    start = past - look_ahead - num_taps // 2
    out = audio[..., start : start + num_samples] * torch.exp(-math.log(10.0) / 20.0 * averaged)
    return out.to(audio.dtype), wanted[:, num_samples:].clone(), reduction[:, num_samples:].clone()


def _release(target: Tensor, coefficient: Tensor, before: Tensor) -> Tensor:
    """s[n] = max(target, a·s[n−1] + (1 − a)·target).

    Shape: target and coefficient (rows, samples), before (rows,) → (rows, samples).
    """
    short = -target.shape[1] % BLOCK
    c, a, b = (
        pad(part, (0, short)).view(len(target), -1, BLOCK)
        for part in (target, coefficient, (1.0 - coefficient) * target)
    )
    maps = _compose((c, a, b))
    borders = _compose((maps[0][..., -1], maps[1][..., -1], maps[2][..., -1]))
    after = _apply(borders, before.unsqueeze(1))
    starts = torch.cat([before.unsqueeze(1), after[:, :-1]], 1)
    return _apply(maps, starts.unsqueeze(2)).flatten(1)[:, : target.shape[1]]


def _compose(maps: Map) -> Map:
    """Each step's map after all before it, by doubling along the last dimension (Hillis and Steele).

    max(c₂, a₂·max(c₁, a₁·s + b₁) + b₂) = max(max(c₂, a₂·c₁ + b₂), a₂·a₁·s + a₂·b₁ + b₂), since a₂ ≥ 0.
    """
    c, a, b = maps
    reach = 1
    while reach < c.shape[-1]:
        c2, a2, b2 = c[..., reach:], a[..., reach:], b[..., reach:]
        c1, a1, b1 = c[..., :-reach], a[..., :-reach], b[..., :-reach]
        c = torch.cat([c[..., :reach], torch.maximum(c2, a2 * c1 + b2)], -1)
        a, b = torch.cat([a[..., :reach], a2 * a1], -1), torch.cat([b[..., :reach], a2 * b1 + b2], -1)
        reach *= 2
    return c, a, b


def _apply(maps: Map, states: Tensor) -> Tensor:
    c, a, b = maps
    return torch.maximum(c, a * states + b)

"""The compressor of `kernels/compressor.py` in plain torch operations: for any device, and as a cross-check.

Everything is pointwise but the branching smoother s[n] = g + a·(s[n−1] − g), whose coefficient depends on
whether g > s[n−1]. With the branches guessed it is linear, so all states follow from one scan; the states
tell which guesses were wrong; correct them and repeat. Each round settles at least the first wrong sample and
all before it, so the loop ends at the exact answer; on music after some five rounds. Gradients need only the
last round.
"""

import math

import torch
from torch import Tensor

from gainstage.kernels.block import between_points, scan
from gainstage.kernels.compressor_cpu import ATTACK, KNEE, MAKEUP, MIX, RELEASE, SLOPE, THRESHOLD

_FLOOR = 1e-20
_NARROW = 1e-30


def compress(
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    state: Tensor,
    *,
    detector: str,
    rms_coefficient: float,
    offset: int = 0,
) -> tuple[Tensor, Tensor]:
    """What `gainstage.kernels.compressor.compress` computes, differentiable any number of times."""
    if audio.shape[-1] == 0:
        return audio.clone(), state.clone()
    c = between_points(controls, audio.shape[-1], offset)
    squares = (audio if key is None else key).double().square()
    smoothed, mean_square = state.unbind(1)
    if detector == "rms":
        mean = squares.mean(1)
        power = _one_pole(mean, torch.full_like(mean, rms_coefficient), mean_square)
        mean_square = power[:, -1]
    else:
        power = squares.amax(1)
    level_db = 10.0 * torch.log10(torch.where(power < _FLOOR, _FLOOR, power))
    wanted = c[..., SLOPE] * bend(level_db - c[..., THRESHOLD], c[..., KNEE])
    reduction = _smooth(wanted, c[..., ATTACK], c[..., RELEASE], smoothed)
    wet = torch.exp(math.log(10.0) / 20.0 * (c[..., MAKEUP] - reduction))
    gain = 1.0 + c[..., MIX] * (wet - 1.0)
    out = (audio * gain.unsqueeze(1)).to(audio.dtype)
    return out, torch.stack([reduction[:, -1], mean_square], 1)


def bend(over_db: Tensor, knee_db: Tensor) -> Tensor:
    """How much of an overshoot counts: none below the knee, all above, a parabola inside; finite at 0."""
    half = 0.5 * knee_db
    inside = torch.minimum((over_db + half).clamp(min=0.0), knee_db)
    return 0.5 * inside * (inside / knee_db.clamp(min=_NARROW)) + (over_db - half).clamp(min=0.0)


def _one_pole(target: Tensor, coefficient: Tensor, before: Tensor) -> Tensor:
    """s[n] = target + coefficient·(s[n−1] − target)."""
    matrices = coefficient.expand_as(target)[..., None, None]
    return scan(matrices, ((1.0 - coefficient) * target).unsqueeze(-1), before.unsqueeze(-1)).squeeze(-1)


def _smooth(target: Tensor, attack: Tensor, release: Tensor, before: Tensor) -> Tensor:
    with torch.no_grad():
        previous = torch.cat([before.unsqueeze(1), target[:, :-1]], 1)
        rising = target > previous
        for _ in range(target.shape[1] + 1):
            states = _one_pole(target, torch.where(rising, attack, release), before)
            now = target > torch.cat([before.unsqueeze(1), states[:, :-1]], 1)
            if torch.equal(now, rising):
                break
            rising = now
    return _one_pole(target, torch.where(rising, attack, release), before)

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
from torch.nn.functional import pad

from gainstage.kernels.block import BLOCK, between_points, scan
from gainstage.kernels.compressor_cpu import ATTACK, KNEE, MAKEUP, MIX, RELEASE, SLOPE, THRESHOLD

_FLOOR = 1e-20
_NARROW = 1e-30
_SETTLED = 1e-12  # of the largest state; what is left is rounding


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
    attack, release = c[..., ATTACK].expand_as(wanted), c[..., RELEASE].expand_as(wanted)
    reduction = _smooth(wanted, attack, release, smoothed)
    wet = torch.exp(math.log(10.0) / 20.0 * (c[..., MAKEUP] - reduction))
    gain = 1.0 + c[..., MIX] * (wet - 1.0)
    out = (audio * gain.unsqueeze(1)).to(audio.dtype)
    return out, torch.stack([reduction[:, -1], mean_square], 1)


def bend(over_db: Tensor, knee_db: Tensor) -> Tensor:
    """How much of an overshoot counts: none below the knee, all above, a parabola inside; finite at 0."""
    half = 0.5 * knee_db
    inside = torch.minimum((over_db + half).clamp(min=0.0), knee_db)
    beyond = over_db - half
    ratio = torch.where(beyond > 0.0, 1.0, inside / knee_db.clamp(min=_NARROW))  # or ∂knee is wrong at 0
    return 0.5 * inside * ratio + beyond.clamp(min=0.0)


def _one_pole(target: Tensor, coefficient: Tensor, before: Tensor) -> Tensor:
    """s[n] = target + coefficient·(s[n−1] − target).

    Shape: target and coefficient (rows, samples), before (rows,) → (rows, samples).
    """
    g, a = _blocks(target, 0.0), _blocks(coefficient, 1.0)
    s, reached = torch.zeros_like(g[0]), []
    for i in range(BLOCK):
        s = g[i] + a[i] * (s - g[i])
        reached.append(s)
    decay = torch.cumprod(a, 0)
    starts = _starts(decay[-1], s, before)
    states = torch.stack(reached) + decay * starts
    return states.permute(1, 2, 0).flatten(1)[:, : target.shape[1]]


def _smooth(target: Tensor, attack: Tensor, release: Tensor, before: Tensor) -> Tensor:
    """The branching smoother; shapes as for `_one_pole`."""
    with torch.no_grad():
        rising = _branches(_blocks(target, 0.0), _blocks(attack, 1.0), _blocks(release, 1.0), before)
        rising = rising.permute(1, 2, 0).flatten(1)[:, : target.shape[1]]
    return _one_pole(target, torch.where(rising, attack, release), before)


def _branches(g: Tensor, attack: Tensor, release: Tensor, before: Tensor) -> Tensor:
    """Whether g > s[n−1], for every sample in its block."""
    starts = torch.cat([before.unsqueeze(1), g[-1, :, :-1]], 1)
    while True:
        s, slope, rising = starts, torch.ones_like(starts), []
        for i in range(BLOCK):
            rising.append(g[i] > s)
            a = torch.where(rising[-1], attack[i], release[i])
            s, slope = g[i] + a * (s - g[i]), slope * a
        better = _starts(slope, s - slope * starts, before)
        moved = (better - starts).nan_to_num(0.0).abs().max()
        if moved <= _SETTLED * (1.0 + better.nan_to_num(0.0).abs().max()):
            return torch.stack(rising)
        starts = better


def _blocks(signal: Tensor, beyond: float) -> Tensor:
    """(rows, samples) → (BLOCK, rows, blocks), filled up with `beyond`."""
    short = -signal.shape[1] % BLOCK
    return pad(signal, (0, short), value=beyond).view(len(signal), -1, BLOCK).permute(2, 0, 1).contiguous()


def _starts(slope: Tensor, gained: Tensor, before: Tensor) -> Tensor:
    """The state at the start of each block, each ending at slope·start + gained; (rows, blocks)."""
    ends = scan(slope[..., None, None], gained.unsqueeze(-1), before.unsqueeze(-1)).squeeze(-1)
    return torch.cat([before.unsqueeze(1), ends[:, :-1]], 1)

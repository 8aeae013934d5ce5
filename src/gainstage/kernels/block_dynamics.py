"""Compressor and gate of `kernels/dynamics.py` in plain torch operations: for any device, as a cross-check.

Everything is pointwise but the hold, which asks when the level was last at the threshold (a running maximum),
and the branching smoother s[n] = g + a·(s[n−1] − g), whose coefficient depends on whether g > s[n−1]. With
the branches guessed it is linear, so all states follow from one scan; the states tell which guesses were
wrong; correct them and repeat. Each round settles at least the first wrong sample and all before it, so the
loop ends at the exact answer; on music after some five rounds. Gradients need only the last round.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.kernels.block import BLOCK, between_points, scan
from gainstage.kernels.dynamics_laws import (
    FALL,
    FLOOR,
    HELD,
    KNEE,
    MAKEUP,
    MEAN,
    MIX,
    RANGE,
    REDUCTION,
    RISE,
    SLOPE,
    THRESHOLD,
)

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
    """What `gainstage.kernels.dynamics.compress` computes, differentiable any number of times."""
    if audio.shape[-1] == 0:
        return audio.clone(), state.clone()
    c = between_points(controls, audio.shape[-1], offset)
    level_db, mean = _level(audio if key is None else key, detector, rms_coefficient, state[:, MEAN])
    wanted = c[..., SLOPE] * bend(level_db - c[..., THRESHOLD], c[..., KNEE])
    out, reduction = _turn_down(audio, wanted, c, state[:, REDUCTION])
    return out, torch.stack([reduction, mean, state[:, HELD].detach()], 1)


def expand(
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    state: Tensor,
    *,
    hold_samples: int,
    detector: str,
    rms_coefficient: float,
    offset: int = 0,
) -> tuple[Tensor, Tensor]:
    """What `gainstage.kernels.dynamics.expand` computes, differentiable any number of times."""
    if audio.shape[-1] == 0:
        return audio.clone(), state.clone()
    c = between_points(controls, audio.shape[-1], offset)
    level_db, mean = _level(audio if key is None else key, detector, rms_coefficient, state[:, MEAN])
    under_db = c[..., THRESHOLD] - level_db
    is_open, held = _hold(under_db.detach(), hold_samples, state[:, HELD].detach())
    closed = drop(under_db, c[..., SLOPE], c[..., RANGE])
    wanted = torch.where(is_open, 0.0, closed) + (under_db - under_db).detach()  # a NaN stays
    out, reduction = _turn_down(audio, wanted, c, state[:, REDUCTION])
    return out, torch.stack([reduction, mean, held], 1)


def bend(over_db: Tensor, knee_db: Tensor) -> Tensor:
    """How much of an overshoot counts: none below the knee, all above, a parabola inside; finite at 0."""
    half = 0.5 * knee_db
    inside = torch.minimum((over_db + half).clamp(min=0.0), knee_db)
    beyond = over_db - half
    ratio = torch.where(beyond > 0.0, 1.0, inside / knee_db.clamp(min=_NARROW))  # or ∂knee is wrong at 0
    return 0.5 * inside * ratio + beyond.clamp(min=0.0)


def drop(under_db: Tensor, slope: Tensor, range_db: Tensor) -> Tensor:
    """The reduction that a gate asks for so far under its threshold; at its range only the range counts."""
    asked = slope * torch.where(under_db > 0.0, under_db, 0.0)
    return torch.where(asked > range_db, range_db.expand_as(asked), asked)


def _level(heard: Tensor, detector: str, coefficient: float, mean: Tensor) -> tuple[Tensor, Tensor]:
    """The linked level in dB, (rows, samples), and the mean square after the last sample."""
    squares = heard.double().square()
    if detector == "rms":
        power = squares.mean(1)
        power = _one_pole(power, torch.full_like(power, coefficient), mean)
        mean = power[:, -1]
    else:
        power = squares.amax(1)
    return 10.0 * torch.log10(torch.where(power < FLOOR, FLOOR, power)), mean


def _hold(under_db: Tensor, hold_samples: int, held: Tensor) -> tuple[Tensor, Tensor]:
    """Where a gate is open, and the samples left to hold after the last one."""
    place = torch.arange(under_db.shape[1], dtype=torch.float64, device=held.device)
    before = (held - 1.0 - hold_samples).unsqueeze(1)  # when it would have been open last, to have these left
    last_open = torch.cat([before, torch.where(under_db > 0.0, before, place)], 1).cummax(1).values[:, 1:]
    return place - last_open < hold_samples + 1.0, (hold_samples + 1.0 + last_open[:, -1] - len(place)).clamp(
        min=0.0
    )


def _turn_down(audio: Tensor, wanted: Tensor, c: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """Smoother and gain; the audio and the reduction after its last sample."""
    rise, fall = c[..., RISE].expand_as(wanted), c[..., FALL].expand_as(wanted)
    reduction = _smooth(wanted, rise, fall, before)
    wet = torch.exp(math.log(10.0) / 20.0 * (c[..., MAKEUP] - reduction))
    gain = 1.0 + c[..., MIX] * (wet - 1.0)
    return (audio * gain.unsqueeze(1)).to(audio.dtype), reduction[:, -1]


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


def _smooth(target: Tensor, rise: Tensor, fall: Tensor, before: Tensor) -> Tensor:
    """The branching smoother; shapes as for `_one_pole`."""
    with torch.no_grad():
        rising = _branches(_blocks(target, 0.0), _blocks(rise, 1.0), _blocks(fall, 1.0), before)
        rising = rising.permute(1, 2, 0).flatten(1)[:, : target.shape[1]]
    return _one_pole(target, torch.where(rising, rise, fall), before)


def _branches(g: Tensor, rise: Tensor, fall: Tensor, before: Tensor) -> Tensor:
    """Whether g > s[n−1], for every sample in its block."""

    def run(starts: Tensor) -> tuple[Tensor, Tensor]:
        """The branches from these starts of the blocks, and the starts that follow from those."""
        s, slope, rising = starts, torch.ones_like(starts), []
        for i in range(BLOCK):
            rising.append(g[i] > s)
            a = torch.where(rising[-1], rise[i], fall[i])
            s, slope = g[i] + a * (s - g[i]), slope * a
        return torch.stack(rising), _starts(slope, s - slope * starts, before)

    def is_wrong(rising: Tensor, starts: Tensor, better: Tensor) -> Tensor:
        del rising
        moved = (better - starts).nan_to_num(0.0).abs().max()
        return moved > _SETTLED * (1.0 + better.nan_to_num(0.0).abs().max())

    def correct(rising: Tensor, starts: Tensor, better: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        del rising, starts
        rising, best = run(better)
        return rising, better.clone(), best

    starts = torch.cat([before.unsqueeze(1), g[-1, :, :-1]], 1)
    rising, better = run(starts)
    state = rising, starts, better
    if torch.compiler.is_compiling():  # a graph has no loop of Python's whose end depends on numbers
        settled: tuple[Tensor, Tensor, Tensor] = torch.while_loop(is_wrong, correct, state)
        return settled[0]
    while is_wrong(*state):
        state = correct(*state)
    return state[0]


def _blocks(signal: Tensor, beyond: float) -> Tensor:
    """(rows, samples) → (BLOCK, rows, blocks), filled up with `beyond`."""
    short = -signal.shape[1] % BLOCK
    return pad(signal, (0, short), value=beyond).view(len(signal), -1, BLOCK).permute(2, 0, 1).contiguous()


def _starts(slope: Tensor, gained: Tensor, before: Tensor) -> Tensor:
    """The state at the start of each block, each ending at slope·start + gained; (rows, blocks)."""
    ends = scan(slope[..., None, None], gained.unsqueeze(-1), before.unsqueeze(-1)).squeeze(-1)
    return torch.cat([before.unsqueeze(1), ends[:, :-1]], 1)

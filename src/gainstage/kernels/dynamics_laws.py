"""The laws of compressor and gate on a tile of eight rows, from the power of the detector to a gain.

Per sample, with P the linked power, T, m, W, D, M the threshold, slope, knee, range and make-up,
κ = ln 10 / 20 and L = 10·log10 max(P, floor), a compressor counts what is above the threshold,

    u = clamp(L − T + W/2, 0, W)        b = u²/2W + max(L − T − W/2, 0)

and a gate what is below it, unless it holds: with c the samples left to hold, H to begin with,

    b = 0 where L ≥ T or c > 0, else min(T − L, D/m)
    c = H where L ≥ T, else max(c − 1, 0)

From there both go on alike:

    g = m·b
    s[n] = g + a·(s[n−1] − g),          a = rise where g > s[n−1], else fall
    h = 1 + mix·(exp(κ·(M − s)) − 1),   y = h·x

A compressor's gain reduction s rises in its attack; a gate's in its release, when it closes. The knee is
written so that every part is finite at W = 0, and h so that it is exactly 1 where nothing is to be done.
Comparisons are arranged so that a NaN goes through them and stays visible.

All in short loops, one after the other, because the processor can look only so far ahead: in one long loop it
would wait for the logarithm and the exponential of each sample instead of working on the next.
"""

import math
from typing import NamedTuple

from gainstage.kernels.compile import kernel
from gainstage.kernels.decibels import amplitude, level
from gainstage.kernels.dynamics_tiles import POINT, SIGNAL, control, flush
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import WIDTH, Doubles, load, splat, store, where_less

THRESHOLD, SLOPE, KNEE, RISE, FALL, MAKEUP, MIX = range(7)
RANGE = KNEE  # a compressor has a knee, a gate a range
REDUCTION, MEAN, HELD = range(3)  # the states s, mean power and c

FLOOR = 1e-12  # power; −120 dB: under any threshold, and a gate's gradient ∂L/∂x = 8.7/x stays in bounds
_SILENCE = 1e-30  # states below are set to zero at tile borders
_NOTHING = 1e-200  # … and adjoints
_NARROW = 1e-30  # instead of a knee of 0 dB in a denominator
_KAPPA = math.log(10.0) / 20.0
_DB = 10.0 / math.log(10.0)
_STEP = 1.0 / GRID

# What `run` leaves for the adjoint, a tile each: the decibels that count (b), the state before the sample,
# the wet gain, where on its curve the law is, and dB per power.
_COUNTED, _BEFORE, _WET, _PLACE, _SCALE, WORK = (SIGNAL * i for i in range(6))


class Law(NamedTuple):
    """What does not move: a gate's law or a compressor's, its hold in samples, and the detector."""

    is_gate: bool
    hold: float
    rms: bool
    coefficient: float


@kernel
def run(
    power: Doubles, samples: int, first: int, law: Law, c: Doubles, state: Doubles, gain: Doubles, to: int,
    work: Doubles, at: int,
) -> None:  # fmt: skip
    """Power → level → what counts → smoother → gain of one tile, whose first sample stands at `first`.

    `power` is overwritten. `work` is empty where no adjoint will follow.
    """
    flush(state, _SILENCE)
    if law.rms:
        mean = load(state, MEAN * WIDTH)
        for i in range(0, samples * WIDTH, WIDTH):
            p = load(power, i)
            mean = p + law.coefficient * (mean - p)
            store(power, i, mean)
        store(state, MEAN * WIDTH, mean)
    if law.is_gate:
        _count_below(power, samples, first, law.hold, c, state, work, at)
    else:
        _count_above(power, samples, first, c, work, at)
    _smooth(power, samples, first, c, state, gain, to, work, at)


@kernel
def _count_above(power: Doubles, samples: int, first: int, c: Doubles, work: Doubles, at: int) -> None:
    """A compressor's b in place of its power. Its place is how far into the knee it is, 0 … 1."""
    zero, floor, narrow, keep = splat(0.0), splat(FLOOR), splat(_NARROW), work.size > 0
    f = splat(first / GRID)
    for i in range(0, samples * WIDTH, WIDTH):
        p = load(power, i)
        audible = where_less(p, floor, floor, p)
        over = level(audible) - control(c, THRESHOLD, f)
        knee = control(c, KNEE, f)
        u = over + 0.5 * knee
        u = where_less(u, zero, zero, where_less(knee, u, knee, u))
        beyond = over - 0.5 * knee
        ratio = u / where_less(knee, narrow, narrow, knee)
        counted = 0.5 * u * ratio + where_less(beyond, zero, zero, beyond)
        store(power, i, counted)
        if keep:
            store(work, at + _COUNTED + i, counted)
            store(work, at + _PLACE + i, where_less(zero, beyond, splat(1.0), ratio))
            store(work, at + _SCALE + i, where_less(p, floor, zero, _DB / audible))
        f = f + _STEP


@kernel
def _count_below(
    power: Doubles, samples: int, first: int, hold: float, c: Doubles, state: Doubles, work: Doubles, at: int
) -> None:
    """A gate's b in place of its power. Its place is 0 where it is open, 1 at its range, −1 between."""
    zero, one, floor, keep = splat(0.0), splat(1.0), splat(FLOOR), work.size > 0
    f, held = splat(first / GRID), load(state, HELD * WIDTH)
    for i in range(0, samples * WIDTH, WIDTH):
        p = load(power, i)
        audible = where_less(p, floor, floor, p)
        under = control(c, THRESHOLD, f) - level(audible)
        below = where_less(zero, under, where_less(zero, held, zero, under), zero)
        held = where_less(zero, under, where_less(one, held, held - 1.0, zero), splat(hold))
        slope, most = control(c, SLOPE, f), control(c, RANGE, f)
        asked = slope * below
        counted = where_less(most, asked, most / slope, below) + (under - under)  # NaN stays
        store(power, i, counted)
        if keep:
            closing = where_less(zero, below, splat(-1.0), zero)
            store(work, at + _COUNTED + i, counted)
            store(work, at + _PLACE + i, where_less(most, asked, one, closing))
            store(work, at + _SCALE + i, where_less(p, floor, zero, _DB / audible))
        f = f + _STEP
    store(state, HELD * WIDTH, held)


@kernel
def _smooth(
    counted: Doubles, samples: int, first: int, c: Doubles, state: Doubles, gain: Doubles, to: int,
    work: Doubles, at: int,
) -> None:  # fmt: skip
    keep = work.size > 0
    s, f = load(state, REDUCTION * WIDTH), splat(first / GRID)
    for i in range(0, samples * WIDTH, WIDTH):
        g = control(c, SLOPE, f) * load(counted, i)
        a = where_less(s, g, control(c, RISE, f), control(c, FALL, f))
        if keep:
            store(work, at + _BEFORE + i, s)
        s = g + a * (s - g)
        store(gain, to + i, s)
        f = f + _STEP
    store(state, REDUCTION * WIDTH, s)
    f = splat(first / GRID)
    for i in range(0, samples * WIDTH, WIDTH):
        wet = amplitude(control(c, MAKEUP, f) - load(gain, to + i))
        if keep:
            store(work, at + _WET + i, wet)
        store(gain, to + i, 1.0 + control(c, MIX, f) * (wet - 1.0))
        f = f + _STEP


@kernel
def adjoint_run(
    total: Doubles, samples: int, first: int, law: Law, c: Doubles, future: Doubles, work: Doubles, at: int,
    sums: Doubles,
) -> None:  # fmt: skip
    """`run` backwards. `total`, the gradient of the gain, becomes that of the power.

    `future` is the gradient of the states after the tile, then before it; `sums` the gradients of the
    controls, plain and then weighted by the place on the grid interval.
    """
    flush(future, _NOTHING)
    _adjoint_smooth(total, samples, first, c, future, work, at, sums)
    if law.is_gate:
        _adjoint_count_below(total, samples, first, c, work, at, sums)
    else:
        _adjoint_count_above(total, samples, first, c, work, at, sums)
    if law.rms:
        grad_mean = load(future, MEAN * WIDTH)
        for i in range((samples - 1) * WIDTH, -WIDTH, -WIDTH):
            grad_mean = grad_mean + load(total, i)
            past = law.coefficient * grad_mean
            store(total, i, grad_mean - past)
            grad_mean = past
        store(future, MEAN * WIDTH, grad_mean)


@kernel
def _adjoint_smooth(
    total: Doubles, samples: int, first: int, c: Doubles, future: Doubles, work: Doubles, at: int,
    sums: Doubles,
) -> None:  # fmt: skip
    """From the gradient of the gain to that of g."""
    zero, grad_s = splat(0.0), load(future, REDUCTION * WIDTH)
    to_rise = to_fall = to_makeup = to_mix = splat(0.0)
    by_rise = by_fall = by_makeup = by_mix = splat(0.0)
    f = splat((first + samples - 1) / GRID)
    for i in range((samples - 1) * WIDTH, -WIDTH, -WIDTH):
        grad_gain, before, wet = load(total, i), load(work, at + _BEFORE + i), load(work, at + _WET + i)
        grad_mix = grad_gain * (wet - 1.0)
        grad_makeup = grad_gain * control(c, MIX, f) * wet * _KAPPA
        grad_s = grad_s - grad_makeup
        g = control(c, SLOPE, f) * load(work, at + _COUNTED + i)
        grad_a = grad_s * (before - g)
        grad_rise = where_less(before, g, grad_a, zero)
        grad_fall = where_less(before, g, zero, grad_a)
        kept = where_less(before, g, control(c, RISE, f), control(c, FALL, f)) * grad_s
        store(total, i, grad_s - kept)
        grad_s = kept
        to_rise, by_rise = to_rise + grad_rise, by_rise + f * grad_rise
        to_fall, by_fall = to_fall + grad_fall, by_fall + f * grad_fall
        to_makeup, by_makeup = to_makeup + grad_makeup, by_makeup + f * grad_makeup
        to_mix, by_mix = to_mix + grad_mix, by_mix + f * grad_mix
        f = f - _STEP
    store(future, REDUCTION * WIDTH, grad_s)
    store(sums, RISE * WIDTH, to_rise)
    store(sums, FALL * WIDTH, to_fall)
    store(sums, MAKEUP * WIDTH, to_makeup)
    store(sums, MIX * WIDTH, to_mix)
    store(sums, POINT + RISE * WIDTH, by_rise)
    store(sums, POINT + FALL * WIDTH, by_fall)
    store(sums, POINT + MAKEUP * WIDTH, by_makeup)
    store(sums, POINT + MIX * WIDTH, by_mix)


@kernel
def _adjoint_count_above(
    total: Doubles, samples: int, first: int, c: Doubles, work: Doubles, at: int, sums: Doubles
) -> None:
    """From the gradient of a compressor's g to that of its power."""
    to_threshold = to_slope = to_knee = by_threshold = by_slope = by_knee = splat(0.0)
    f = splat(first / GRID)
    for i in range(0, samples * WIDTH, WIDTH):
        grad_g, ratio = load(total, i), load(work, at + _PLACE + i)
        grad_slope = grad_g * load(work, at + _COUNTED + i)
        grad_over = grad_g * control(c, SLOPE, f) * ratio
        grad_knee = 0.5 * grad_over * (1.0 - ratio)
        store(total, i, grad_over * load(work, at + _SCALE + i))
        to_threshold, by_threshold = to_threshold - grad_over, by_threshold - f * grad_over
        to_slope, by_slope = to_slope + grad_slope, by_slope + f * grad_slope
        to_knee, by_knee = to_knee + grad_knee, by_knee + f * grad_knee
        f = f + _STEP
    store(sums, THRESHOLD * WIDTH, to_threshold)
    store(sums, SLOPE * WIDTH, to_slope)
    store(sums, KNEE * WIDTH, to_knee)
    store(sums, POINT + THRESHOLD * WIDTH, by_threshold)
    store(sums, POINT + SLOPE * WIDTH, by_slope)
    store(sums, POINT + KNEE * WIDTH, by_knee)


@kernel
def _adjoint_count_below(
    total: Doubles, samples: int, first: int, c: Doubles, work: Doubles, at: int, sums: Doubles
) -> None:
    """From the gradient of a gate's g to that of its power; at its range only the range counts."""
    zero = splat(0.0)
    to_threshold = to_slope = to_range = by_threshold = by_slope = by_range = splat(0.0)
    f = splat(first / GRID)
    for i in range(0, samples * WIDTH, WIDTH):
        grad_g, place = load(total, i), load(work, at + _PLACE + i)
        closing = where_less(place, zero, grad_g, zero)
        grad_range = where_less(zero, place, grad_g, zero)
        grad_slope = closing * load(work, at + _COUNTED + i)
        grad_under = closing * control(c, SLOPE, f)
        store(total, i, 0.0 - grad_under * load(work, at + _SCALE + i))
        to_threshold, by_threshold = to_threshold + grad_under, by_threshold + f * grad_under
        to_slope, by_slope = to_slope + grad_slope, by_slope + f * grad_slope
        to_range, by_range = to_range + grad_range, by_range + f * grad_range
        f = f + _STEP
    store(sums, THRESHOLD * WIDTH, to_threshold)
    store(sums, SLOPE * WIDTH, to_slope)
    store(sums, RANGE * WIDTH, to_range)
    store(sums, POINT + THRESHOLD * WIDTH, by_threshold)
    store(sums, POINT + SLOPE * WIDTH, by_slope)
    store(sums, POINT + RANGE * WIDTH, by_range)

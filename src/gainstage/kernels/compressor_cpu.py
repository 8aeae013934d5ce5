"""The compressor on the CPU, from level to gain in one pass over memory, and its exact adjoint.

Per sample, with P the linked power, T, m, W, M the threshold, slope, knee and make-up, κ = ln 10 / 20:

    L = 10·log10 max(P, floor)          u = clamp(L − T + W/2, 0, W)
    g = m·(u²/2W + max(L − T − W/2, 0))
    s[n] = g + a·(s[n−1] − g),          a = attack where g > s[n−1], else release
    h = 1 + mix·(exp(κ·(M − s)) − 1),   y = h·x

The knee is written so that every part is finite at W = 0, and h so that it is exactly 1 where nothing is to
be done. Comparisons are arranged so that a NaN goes through them and stays visible.

Eight rows advance in lockstep (`gainstage.kernels.simd`); a tile is the interval between two points of the
control grid. `Rows` names the group: where it starts, how many rows it has.
"""

import math
from typing import NamedTuple

from gainstage.kernels import lanes
from gainstage.kernels.compile import kernel
from gainstage.kernels.decibels import amplitude, level
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import (
    WIDTH,
    Audio,
    Doubles,
    Lanes,
    aligned,
    load,
    magnitude,
    splat,
    store,
    where_equal,
    where_less,
)

TILES = 8  # tiles of the control grid between two checkpoints of the state: 16 bytes per 512 samples
THRESHOLD, SLOPE, KNEE, ATTACK, RELEASE, MAKEUP, MIX = range(7)

_FLOOR = 1e-20  # power; −200 dB, far under any threshold
_SILENCE = (
    1e-30  # states and adjoints below are set to zero at tile borders, long before they become denormal
)
_NOTHING = 1e-200
_NARROW = 1e-30  # instead of a knee of 0 dB in a denominator
_KAPPA = math.log(10.0) / 20.0
_DB = 10.0 / math.log(10.0)

_SIGNAL = GRID * WIDTH  # one tile of eight rows
_STEP = 1.0 / GRID
_C = 7 * WIDTH  # the controls of eight rows at a point


class Rows(NamedTuple):
    """Up to eight rows that are computed together."""

    first: int
    number: int
    num_samples: int


@kernel
def _flush(values: Doubles, limit: float) -> None:
    for i in range(0, values.size, WIDTH):
        value = load(values, i)
        store(values, i, where_less(magnitude(value), splat(limit), splat(0.0), value))


@kernel
def _gather(source: Doubles, rows: Rows, point: int, to: Doubles, at: int) -> None:
    """(rows, points, width) at one point into lanes."""
    for lane in range(WIDTH):
        for j in range(source.shape[2]):
            to[at + j * WIDTH + lane] = source[rows.first + min(lane, rows.number - 1), point, j]


@kernel
def _controls(source: Doubles, rows: Rows, tile: int, c: Doubles) -> None:
    """The controls at the left point of a tile, and what they gain until the right one."""
    _gather(source, rows, tile, c, 0)
    _gather(source, rows, min(tile + 1, source.shape[1] - 1), c, _C)
    for i in range(0, _C, WIDTH):
        store(c, _C + i, load(c, _C + i) - load(c, i))


@kernel
def _at(c: Doubles, control: int, f: Lanes) -> Lanes:
    return load(c, control * WIDTH) + f * load(c, _C + control * WIDTH)


@kernel
def _read(audio: Audio, channels: int, rows: Rows, begin: int, samples: int, to: Doubles, at: int) -> None:
    """All channels of a tile, one after the other."""
    for channel in range(channels):
        start = (rows.first * channels + channel) * rows.num_samples + begin
        lanes.read(
            audio, start, channels * rows.num_samples, rows.number, samples, to, at + channel * _SIGNAL
        )


@kernel
def _write(x: Doubles, at: int, channels: int, rows: Rows, begin: int, samples: int, audio: Audio) -> None:
    for channel in range(channels):
        start = (rows.first * channels + channel) * rows.num_samples + begin
        lanes.write(
            x, at + channel * _SIGNAL, samples, audio, start, channels * rows.num_samples, rows.number
        )


@kernel
def _power(x: Doubles, at: int, channels: int, rms: bool, samples: int, power: Doubles) -> None:
    """Peak: the largest square of the channels; RMS: the mean of their squares."""
    share = 1.0 / channels if rms else 1.0
    for i in range(0, samples * WIDTH, WIDTH):
        value = load(x, at + i)
        store(power, i, value * value * share)
    for channel in range(1, channels):
        for i in range(0, samples * WIDTH, WIDTH):
            value, so_far = load(x, at + channel * _SIGNAL + i), load(power, i)
            square = value * value * share
            if rms:
                store(power, i, so_far + square)
            else:
                larger = where_less(square, so_far, so_far, square)
                store(power, i, larger + (so_far - so_far))  # a NaN loses every comparison


# What `_run` leaves for the adjoint, a tile each: the bent overshoot (g = slope·bent), the state before the
# sample, the wet gain, how far into the knee (0 … 1), and dB per power.
_BENT, _BEFORE, _WET, _RATIO, _SCALE, _WORK = (_SIGNAL * i for i in range(6))


@kernel
def _run(
    power: Doubles, samples: int, first: int, rms: bool, coefficient: float, c: Doubles, state: Doubles,
    gain: Doubles, to: int, work: Doubles, at: int,
) -> None:  # fmt: skip
    """Level → gain computer → smoother → gain of one tile. `work` is empty where no adjoint will follow.

    In four short loops, because the processor can look only so far ahead: in one long loop it would wait for
    the logarithm and the exponential of each sample instead of working on the next.
    """
    _flush(state, _SILENCE)
    zero, floor, narrow = splat(0.0), splat(_FLOOR), splat(_NARROW)
    keep = work.size > 0
    if rms:
        mean = load(state, WIDTH)
        for i in range(0, samples * WIDTH, WIDTH):
            p = load(power, i)
            mean = p + coefficient * (mean - p)
            store(power, i, mean)
        store(state, WIDTH, mean)
    f = splat(first / GRID)
    for i in range(0, samples * WIDTH, WIDTH):
        p = load(power, i)
        audible = where_less(p, floor, floor, p)
        over = level(audible) - _at(c, THRESHOLD, f)
        knee = _at(c, KNEE, f)
        u = over + 0.5 * knee
        u = where_less(u, zero, zero, where_less(knee, u, knee, u))
        beyond = over - 0.5 * knee
        ratio = u / where_less(knee, narrow, narrow, knee)
        bent = 0.5 * u * ratio + where_less(beyond, zero, zero, beyond)
        store(power, i, bent)
        if keep:
            store(work, at + _BENT + i, bent)
            store(work, at + _RATIO + i, where_less(zero, beyond, splat(1.0), ratio))
            store(work, at + _SCALE + i, where_less(p, floor, zero, _DB / audible))
        f = f + _STEP
    s, f = load(state, 0), splat(first / GRID)
    for i in range(0, samples * WIDTH, WIDTH):
        g = _at(c, SLOPE, f) * load(power, i)
        a = where_less(s, g, _at(c, ATTACK, f), _at(c, RELEASE, f))
        if keep:
            store(work, at + _BEFORE + i, s)
        s = g + a * (s - g)
        store(gain, to + i, s)
        f = f + _STEP
    store(state, 0, s)
    f = splat(first / GRID)
    for i in range(0, samples * WIDTH, WIDTH):
        wet = amplitude(_at(c, MAKEUP, f) - load(gain, to + i))
        if keep:
            store(work, at + _WET + i, wet)
        store(gain, to + i, 1.0 + _at(c, MIX, f) * (wet - 1.0))
        f = f + _STEP


@kernel
def forward(
    audio: Audio,
    channels: int,
    key: Audio,
    key_channels: int,
    num_samples: int,
    controls: Doubles,
    state: Doubles,
    rms: bool,
    coefficient: float,
    offset: int,
    out: Audio,
    state_out: Doubles,
    checkpoints: Doubles,
    start: int,
    stop: int,
) -> None:
    """Compress the rows start … stop − 1. Audio is flat; without a key `key_channels` is 0."""
    num_tiles = -(-(offset + num_samples) // GRID)
    x, listened = aligned(channels * _SIGNAL), aligned(max(key_channels, 1) * _SIGNAL)
    gain, power, work = aligned(_SIGNAL), aligned(_SIGNAL), aligned(0)
    c, current = aligned(2 * _C), aligned(2 * WIDTH)
    for first_row in range(start, stop, WIDTH):
        rows = Rows(first_row, min(WIDTH, stop - first_row), num_samples)
        _load_state(state, rows, current)
        _controls(controls, rows, 0, c)
        for tile in range(num_tiles):
            if checkpoints.shape[1] > 0 and tile % TILES == 0:
                _save_state(current, rows, checkpoints[:, tile // TILES])
            begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
            samples = end - begin
            _read(audio, channels, rows, begin, samples, x, 0)
            if key_channels > 0:
                _read(key, key_channels, rows, begin, samples, listened, 0)
                _power(listened, 0, key_channels, rms, samples, power)
            else:
                _power(x, 0, channels, rms, samples, power)
            if controls.shape[1] > 1:
                _controls(controls, rows, tile, c)
            first = begin + offset - tile * GRID
            _run(power, samples, first, rms, coefficient, c, current, gain, 0, work, 0)
            for channel in range(channels):
                for i in range(0, samples * WIDTH, WIDTH):
                    store(x, channel * _SIGNAL + i, load(x, channel * _SIGNAL + i) * load(gain, i))
            _write(x, 0, channels, rows, begin, samples, out)
        _save_state(current, rows, state_out)


@kernel
def _load_state(source: Doubles, rows: Rows, to: Doubles) -> None:
    for lane in range(WIDTH):
        for j in range(2):
            to[j * WIDTH + lane] = source[rows.first + min(lane, rows.number - 1), j]


@kernel
def _save_state(state: Doubles, rows: Rows, to: Doubles) -> None:
    for lane in range(rows.number):
        for j in range(2):
            to[rows.first + lane, j] = state[j * WIDTH + lane]


@kernel
def _adjoint_gain(
    x: Doubles, at: int, g: Doubles, to: int, channels: int, samples: int, total: Doubles
) -> None:
    """The gradient of the gain: Σ over channels of ∂y·x."""
    for i in range(0, samples * WIDTH, WIDTH):
        store(total, i, load(x, at + i) * load(g, to + i))
    for channel in range(1, channels):
        more = channel * _SIGNAL
        for i in range(0, samples * WIDTH, WIDTH):
            store(total, i, load(total, i) + load(x, at + more + i) * load(g, to + more + i))


@kernel
def _adjoint_run(
    total: Doubles, samples: int, first: int, rms: bool, coefficient: float, c: Doubles, future: Doubles,
    work: Doubles, at: int, sums: Doubles,
) -> None:  # fmt: skip
    """`_run` backwards. `total`, the gradient of the gain, becomes that of the power.

    `future` is the gradient of the two states after the tile, then before it; `sums` the gradients of the
    seven controls, plain and then weighted by the place on the grid interval.
    """
    _flush(future, _NOTHING)
    grad_s, grad_mean = load(future, 0), load(future, WIDTH)
    zero = splat(0.0)
    to_threshold = to_slope = to_knee = to_attack = to_release = to_makeup = to_mix = splat(0.0)
    by_threshold = by_slope = by_knee = by_attack = by_release = by_makeup = by_mix = splat(0.0)
    f = splat((first + samples - 1) / GRID)
    for i in range((samples - 1) * WIDTH, -WIDTH, -WIDTH):
        grad_gain = load(total, i)
        bent, before, wet = (
            load(work, at + _BENT + i),
            load(work, at + _BEFORE + i),
            load(work, at + _WET + i),
        )
        ratio, slope = load(work, at + _RATIO + i), _at(c, SLOPE, f)
        grad_mix = grad_gain * (wet - 1.0)
        grad_makeup = grad_gain * _at(c, MIX, f) * wet * _KAPPA
        grad_s = grad_s - grad_makeup

        g = slope * bent
        attack, release = _at(c, ATTACK, f), _at(c, RELEASE, f)
        grad_a = grad_s * (before - g)
        grad_attack = where_less(before, g, grad_a, zero)
        grad_release = where_less(before, g, zero, grad_a)
        kept = where_less(before, g, attack, release) * grad_s
        grad_g = grad_s - kept
        grad_s = kept

        grad_slope = grad_g * bent
        grad_bent = grad_g * slope
        grad_over = grad_bent * ratio
        grad_knee = 0.5 * grad_over * (1.0 - ratio)
        grad_power = grad_over * load(work, at + _SCALE + i)
        if rms:
            grad_mean = grad_mean + grad_power
            past = coefficient * grad_mean
            grad_power = grad_mean - past
            grad_mean = past
        store(total, i, grad_power)

        to_threshold, by_threshold = to_threshold - grad_over, by_threshold - f * grad_over
        to_slope, by_slope = to_slope + grad_slope, by_slope + f * grad_slope
        to_knee, by_knee = to_knee + grad_knee, by_knee + f * grad_knee
        to_attack, by_attack = to_attack + grad_attack, by_attack + f * grad_attack
        to_release, by_release = to_release + grad_release, by_release + f * grad_release
        to_makeup, by_makeup = to_makeup + grad_makeup, by_makeup + f * grad_makeup
        to_mix, by_mix = to_mix + grad_mix, by_mix + f * grad_mix
        f = f - _STEP
    store(future, 0, grad_s)
    store(future, WIDTH, grad_mean)
    store(sums, 0, to_threshold)
    store(sums, 8, to_slope)
    store(sums, 16, to_knee)
    store(sums, 24, to_attack)
    store(sums, 32, to_release)
    store(sums, 40, to_makeup)
    store(sums, 48, to_mix)
    store(sums, _C, by_threshold)
    store(sums, _C + 8, by_slope)
    store(sums, _C + 16, by_knee)
    store(sums, _C + 24, by_attack)
    store(sums, _C + 32, by_release)
    store(sums, _C + 40, by_makeup)
    store(sums, _C + 48, by_mix)


@kernel
def _add(sums: Doubles, rows: Rows, tile: int, grad_controls: Doubles) -> None:
    """The sums of a tile, shared out between its left and its right point."""
    for lane in range(rows.number):
        for j in range(7):
            total, slope = sums[j * WIDTH + lane], sums[_C + j * WIDTH + lane]
            if grad_controls.shape[1] > 1:
                grad_controls[rows.first + lane, tile, j] += total - slope
                grad_controls[rows.first + lane, tile + 1, j] += slope
            else:
                grad_controls[rows.first + lane, 0, j] += total


@kernel
def _adjoint_power(
    x: Doubles, at: int, channels: int, rms: bool, samples: int, grad: Doubles, g: Doubles, to: int
) -> None:
    """Adds what the channels get of the gradient of the linked power; equally loud ones share it."""
    for i in range(0, samples * WIDTH, WIDTH):
        twice = 2.0 * load(grad, i)
        if rms:
            twice = twice / float(channels)
        elif channels > 1:
            peak, ties = magnitude(load(x, at + i)), splat(0.0)
            for channel in range(1, channels):
                here = magnitude(load(x, at + channel * _SIGNAL + i))
                peak = where_less(peak, here, here, peak)
            for channel in range(channels):
                here = magnitude(load(x, at + channel * _SIGNAL + i))
                ties = ties + where_equal(here, peak, splat(1.0), splat(0.0))
            twice = twice / ties
            for channel in range(channels):
                here = load(x, at + channel * _SIGNAL + i)
                mine = where_equal(magnitude(here), peak, here * twice, splat(0.0))
                store(g, to + channel * _SIGNAL + i, load(g, to + channel * _SIGNAL + i) + mine)
            continue
        for channel in range(channels):
            here = load(x, at + channel * _SIGNAL + i)
            store(g, to + channel * _SIGNAL + i, load(g, to + channel * _SIGNAL + i) + here * twice)


@kernel
def backward(
    grad_out: Audio,
    grad_state_out: Doubles,
    audio: Audio,
    channels: int,
    key: Audio,
    key_channels: int,
    num_samples: int,
    controls: Doubles,
    checkpoints: Doubles,
    rms: bool,
    coefficient: float,
    offset: int,
    grad_audio: Audio,
    grad_key: Audio,
    grad_controls: Doubles,
    grad_state: Doubles,
    start: int,
    stop: int,
) -> None:
    """Gradients of the rows start … stop − 1; `grad_controls` comes as zeros.

    Block by block from the end, a block being the tiles that share a checkpoint: they are computed again,
    then the adjoint runs over them. Inside a block memory is read and written forwards, since no cache
    foresees the other direction.
    """
    num_tiles = -(-(offset + num_samples) // GRID)
    size, key_size = channels * _SIGNAL, key_channels * _SIGNAL
    x, g = aligned(TILES * size), aligned(TILES * size)
    listened, heard = aligned(TILES * key_size), aligned(TILES * key_size)  # the key and its gradient
    gains, total, work = aligned(TILES * _SIGNAL), aligned(_SIGNAL), aligned(TILES * _WORK)
    c, sums = aligned(2 * _C), aligned(2 * _C)
    current, future = aligned(2 * WIDTH), aligned(2 * WIDTH)
    for first_row in range(start, stop, WIDTH):
        rows = Rows(first_row, min(WIDTH, stop - first_row), num_samples)
        _load_state(grad_state_out, rows, future)
        _controls(controls, rows, 0, c)
        for first_tile in range((num_tiles - 1) // TILES * TILES, -1, -TILES):
            end_tile = min(first_tile + TILES, num_tiles)
            _load_state(checkpoints[:, first_tile // TILES], rows, current)
            for tile in range(first_tile, end_tile):
                place = tile - first_tile
                begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
                samples, first = end - begin, begin + offset - tile * GRID
                _read(audio, channels, rows, begin, samples, x, place * size)
                _read(grad_out, channels, rows, begin, samples, g, place * size)
                if key_channels > 0:
                    _read(key, key_channels, rows, begin, samples, listened, place * key_size)
                    _power(listened, place * key_size, key_channels, rms, samples, total)
                else:
                    _power(x, place * size, channels, rms, samples, total)
                if controls.shape[1] > 1:
                    _controls(controls, rows, tile, c)
                to, at = place * _SIGNAL, place * _WORK
                _run(total, samples, first, rms, coefficient, c, current, gains, to, work, at)
            for tile in range(end_tile - 1, first_tile - 1, -1):
                place = tile - first_tile
                begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
                samples, first = end - begin, begin + offset - tile * GRID
                if controls.shape[1] > 1:
                    _controls(controls, rows, tile, c)
                _adjoint_gain(x, place * size, g, place * size, channels, samples, total)
                _adjoint_run(total, samples, first, rms, coefficient, c, future, work, place * _WORK, sums)
                _add(sums, rows, tile, grad_controls)
                for channel in range(channels):
                    at = place * size + channel * _SIGNAL
                    for i in range(0, samples * WIDTH, WIDTH):
                        store(g, at + i, load(g, at + i) * load(gains, place * _SIGNAL + i))
                if key_channels > 0:
                    at = place * key_size
                    heard[at : at + key_size] = 0.0
                    _adjoint_power(listened, at, key_channels, rms, samples, total, heard, at)
                else:
                    _adjoint_power(x, place * size, channels, rms, samples, total, g, place * size)
            for tile in range(first_tile, end_tile):
                place = tile - first_tile
                begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
                _write(g, place * size, channels, rows, begin, end - begin, grad_audio)
                if key_channels > 0:
                    _write(heard, place * key_size, key_channels, rows, begin, end - begin, grad_key)
        _save_state(future, rows, grad_state)

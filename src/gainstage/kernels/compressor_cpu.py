"""The compressor on the CPU, from level to gain in one pass over memory, and its exact adjoint.

Per sample, with P the linked power, T, m, W, M the threshold, slope, knee and make-up, κ = ln 10 / 20:

    L = 10·log10 max(P, floor)          u = clamp(L − T + W/2, 0, W)
    g = m·(u²/2W + max(L − T − W/2, 0))
    s[n] = g + a·(s[n−1] − g),          a = attack where g > s[n−1], else release
    h = 1 + mix·(exp(κ·(M − s)) − 1),   y = h·x

The knee is written so that every part is finite at W = 0, and h so that it is exactly 1 where nothing is to
be done. Comparisons are arranged so that a NaN goes through them and stays visible.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainstage.kernels.compile import kernel
from gainstage.kernels.grid import GRID

Audio = NDArray[Any]  # float32 or float64
Doubles = NDArray[np.float64]

TILES = 8  # tiles of the control grid between two checkpoints of the state
THRESHOLD, SLOPE, KNEE, ATTACK, RELEASE, MAKEUP, MIX = range(7)

_FLOOR = 1e-20  # power; −200 dB, far under any threshold
_SILENCE = (
    1e-30  # states and adjoints below are set to zero at tile borders, long before they become denormal
)
_NOTHING = 1e-200
_KAPPA = math.log(10.0) / 20.0
_DB = 10.0 / math.log(10.0)
_NARROW = 1e-30  # instead of a knee of 0 dB in a denominator


@kernel
def _power(key: Audio, row: int, n: int, rms: bool) -> float:
    """Peak: the largest square of the channels; RMS: the mean of their squares."""
    channels = key.shape[1]
    power = 0.0
    for channel in range(channels):
        square = np.float64(key[row, channel, n]) * np.float64(key[row, channel, n])
        if rms:
            power += square / channels
        elif not square <= power:
            power = square
    return power


@kernel
def _run_tile(
    key: Audio,
    controls: Doubles,
    row: int,
    tile: int,
    begin: int,
    end: int,
    offset: int,
    rms: bool,
    coefficient: float,
    state: Doubles,
    work: Doubles,
) -> None:
    """Level → gain computer → smoother. Leaves in `work`: power, knee (g = slope·knee) and the states before
    and after each sample."""
    right = tile + 1 if controls.shape[1] > 1 else 0
    left = tile if controls.shape[1] > 1 else 0
    first, last = controls[row, left], controls[row, right]
    s, mean = state[0], state[1]
    if abs(s) < _SILENCE:
        s = 0.0
    if abs(mean) < _SILENCE:
        mean = 0.0
    for n in range(begin, end):
        f = (offset + n - tile * GRID) / GRID
        power = _power(key, row, n, rms)
        if rms:
            mean = power + coefficient * (mean - power)
            power = mean
        level = _DB * math.log(_FLOOR if power < _FLOOR else power)
        knee = first[KNEE] + f * (last[KNEE] - first[KNEE])
        over = level - (first[THRESHOLD] + f * (last[THRESHOLD] - first[THRESHOLD]))
        u = over + 0.5 * knee
        if u < 0.0:
            u = 0.0
        elif u > knee:
            u = knee
        bent = 0.5 * u * (u / max(knee, _NARROW)) + max(over - 0.5 * knee, 0.0)
        g = (first[SLOPE] + f * (last[SLOPE] - first[SLOPE])) * bent
        if g > s:
            a = first[ATTACK] + f * (last[ATTACK] - first[ATTACK])
        else:
            a = first[RELEASE] + f * (last[RELEASE] - first[RELEASE])
        work[0, n - begin] = power
        work[1, n - begin] = bent
        work[2, n - begin] = s
        s = g + a * (s - g)
        work[3, n - begin] = s
    state[0], state[1] = s, mean


@kernel
def forward(
    audio: Audio,
    key: Audio,
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
    """Compress the rows start … stop − 1."""
    channels, num_samples = audio.shape[1], audio.shape[2]
    num_tiles = -(-(offset + num_samples) // GRID)
    work = np.empty((4, GRID))
    current = np.empty(2)
    for row in range(start, stop):
        current[:] = state[row]
        for tile in range(num_tiles):
            if checkpoints.shape[1] > 0 and tile % TILES == 0:
                checkpoints[row, tile // TILES] = current
            begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
            _run_tile(key, controls, row, tile, begin, end, offset, rms, coefficient, current, work)
            left, right = (tile, tile + 1) if controls.shape[1] > 1 else (0, 0)
            first, last = controls[row, left], controls[row, right]
            for n in range(begin, end):
                f = (offset + n - tile * GRID) / GRID
                makeup = first[MAKEUP] + f * (last[MAKEUP] - first[MAKEUP])
                mix = first[MIX] + f * (last[MIX] - first[MIX])
                gain = 1.0 + mix * (math.exp(_KAPPA * (makeup - work[3, n - begin])) - 1.0)
                for channel in range(channels):
                    out[row, channel, n] = audio[row, channel, n] * gain
        state_out[row] = current


@kernel
def _adjoint_power(key: Audio, grad_key: Audio, row: int, n: int, rms: bool, grad: float) -> None:
    """Passes the gradient of the linked power on to the channels; equally loud ones share it."""
    channels = key.shape[1]
    if rms:
        for channel in range(channels):
            grad_key[row, channel, n] += 2.0 / channels * grad * key[row, channel, n]
        return
    peak, ties = 0.0, 0
    for channel in range(channels):
        magnitude = abs(key[row, channel, n])
        if magnitude > peak:
            peak, ties = magnitude, 1
        elif magnitude == peak:
            ties += 1
    for channel in range(channels):
        if abs(key[row, channel, n]) == peak:
            grad_key[row, channel, n] += 2.0 / ties * grad * key[row, channel, n]


@kernel
def _adjoint_tile(
    grad_out: Audio,
    audio: Audio,
    key: Audio,
    controls: Doubles,
    row: int,
    tile: int,
    begin: int,
    end: int,
    offset: int,
    rms: bool,
    coefficient: float,
    work: Doubles,
    future: Doubles,
    grad_audio: Audio,
    grad_key: Audio,
    sums: Doubles,
) -> None:
    """One tile backwards. `future` is the gradient of the two states after the tile, then before it; `sums`
    the gradients of the seven controls, plain and weighted by the place on the grid interval."""
    left, right = (tile, tile + 1) if controls.shape[1] > 1 else (0, 0)
    first, last = controls[row, left], controls[row, right]
    grad_s, grad_mean = future[0], future[1]
    if abs(grad_s) < _NOTHING:
        grad_s = 0.0
    if abs(grad_mean) < _NOTHING:
        grad_mean = 0.0
    grads = np.empty(7)
    for back in range(end - begin):
        n = end - 1 - back
        i = n - begin
        f = (offset + n - tile * GRID) / GRID
        power, bent, before, s = work[0, i], work[1, i], work[2, i], work[3, i]
        slope = first[SLOPE] + f * (last[SLOPE] - first[SLOPE])
        knee = first[KNEE] + f * (last[KNEE] - first[KNEE])
        mix = first[MIX] + f * (last[MIX] - first[MIX])
        wet = math.exp(_KAPPA * (first[MAKEUP] + f * (last[MAKEUP] - first[MAKEUP]) - s))
        total = 0.0  # gradient of the gain h
        for channel in range(audio.shape[1]):
            total += np.float64(grad_out[row, channel, n]) * np.float64(audio[row, channel, n])
            grad_audio[row, channel, n] = grad_out[row, channel, n] * (1.0 + mix * (wet - 1.0))
        grads[MIX] = total * (wet - 1.0)
        grads[MAKEUP] = _KAPPA * total * mix * wet
        grad_s -= grads[MAKEUP]

        g = slope * bent
        grads[ATTACK] = grads[RELEASE] = 0.0
        if g > before:
            a = first[ATTACK] + f * (last[ATTACK] - first[ATTACK])
            grads[ATTACK] = grad_s * (before - g)
        else:
            a = first[RELEASE] + f * (last[RELEASE] - first[RELEASE])
            grads[RELEASE] = grad_s * (before - g)
        grad_g = grad_s - a * grad_s
        grad_s = a * grad_s

        audible = not power < _FLOOR
        over = _DB * math.log(power if audible else _FLOOR)
        over -= first[THRESHOLD] + f * (last[THRESHOLD] - first[THRESHOLD])
        ratio = 1.0  # how far into the knee, 0 … 1; also ∂bent/∂over
        if not over > 0.5 * knee:
            ratio = max(over + 0.5 * knee, 0.0) / max(knee, _NARROW)
        grads[SLOPE] = grad_g * bent
        grads[KNEE] = grad_g * slope * 0.5 * ratio * (1.0 - ratio)
        grads[THRESHOLD] = -grad_g * slope * ratio
        grad_power = grad_g * slope * ratio * _DB / power if audible else 0.0
        if rms:
            grad_mean += grad_power
            grad_power = grad_mean - coefficient * grad_mean
            grad_mean = coefficient * grad_mean
        _adjoint_power(key, grad_key, row, n, rms, grad_power)
        for j in range(7):
            sums[0, j] += grads[j]
            sums[1, j] += f * grads[j]
    future[0], future[1] = grad_s, grad_mean


@kernel
def backward(
    grad_out: Audio,
    grad_state_out: Doubles,
    audio: Audio,
    key: Audio,
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
    """Gradients of the rows start … stop − 1. `grad_key` holds zeros, or is `grad_audio` without a key."""
    num_samples = audio.shape[2]
    num_tiles = -(-(offset + num_samples) // GRID)
    moving = controls.shape[1] > 1
    work = np.empty((TILES, 4, GRID))
    current, future, sums = np.empty(2), np.empty(2), np.empty((2, 7))
    for row in range(start, stop):
        future[:] = grad_state_out[row]
        grad_controls[row] = 0.0
        for reverse in range(num_tiles):
            tile = num_tiles - 1 - reverse
            if reverse == 0 or tile % TILES == TILES - 1:  # recompute the tiles that share a checkpoint
                current[:] = checkpoints[row, tile // TILES]
                for t in range(tile - tile % TILES, tile + 1):
                    begin, end = max(t * GRID - offset, 0), min((t + 1) * GRID - offset, num_samples)
                    _run_tile(
                        key, controls, row, t, begin, end, offset, rms, coefficient, current, work[t % TILES]
                    )
            begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
            sums[:] = 0.0
            _adjoint_tile(
                grad_out, audio, key, controls, row, tile, begin, end, offset, rms, coefficient,
                work[tile % TILES], future, grad_audio, grad_key, sums,
            )  # fmt: skip
            left, right = (tile, tile + 1) if moving else (0, 0)
            grad_controls[row, left] += sums[0]
            if moving:
                grad_controls[row, left] -= sums[1]
                grad_controls[row, right] += sums[1]
        grad_state[row] = future

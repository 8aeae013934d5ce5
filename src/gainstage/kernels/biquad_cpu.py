"""The biquad cascade on the CPU: all sections in one pass over memory, and its exact adjoint.

A section in transposed direct form II,

    y[n]    = b0·x[n] + s1[n]
    s1[n+1] = b1·x[n] − a1·y[n] + s2[n]
    s2[n+1] = b2·x[n] − a2·y[n],

is computed with y substituted into the state, B1 = b1 − a1·b0 and B2 = b2 − a2·b0:

    s1[n+1] = B1·x[n] + s2[n] − a1·s1[n]
    s2[n+1] = B2·x[n] − a2·s1[n].

Same states, but the loop waits for one multiply-add a sample instead of two, and a section with b = a returns
its input to the bit (B1 = B2 = 0, b0 = 1).

A *signal* is one channel of one row. A tile is the interval between two points of the control grid, so the
coefficients are straight lines inside it; its intermediate signals never leave the first-level cache.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gainstage.kernels.compile import kernel
from gainstage.kernels.grid import GRID

Audio = NDArray[Any]  # float32 or float64
Doubles = NDArray[np.float64]

TILES = 8  # tiles between two checkpoints: six sections keep 96 bytes per 512 samples, 5 % of the audio

# States below −600 dB are set to zero at tile borders: decaying on they would become denormal, which some
# processors compute a hundred times slower. Adjoints have no natural scale, so only what is nearly denormal
# goes.
_SILENCE = 1e-30
_NOTHING = 1e-200


@kernel
def _flush(values: Doubles, limit: float) -> None:
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            if abs(values[i, j]) < limit:
                values[i, j] = 0.0


@kernel
def _filter_constant(x: Doubles, y: Doubles, count: int, c: Doubles, state: Doubles) -> None:
    b0, a1, a2 = c[0], c[3], c[4]
    e1, e2 = c[1] - a1 * b0, c[2] - a2 * b0
    s1, s2 = state[0], state[1]
    for i in range(count):
        v = x[i]
        y[i] = b0 * v + s1
        t = e1 * v + s2
        s2 = e2 * v - a2 * s1
        s1 = t - a1 * s1
    state[0], state[1] = s1, s2


@kernel
def _filter_moving(
    x: Doubles, y: Doubles, count: int, first: int, c: Doubles, d: Doubles, state: Doubles
) -> None:
    s1, s2 = state[0], state[1]
    for i in range(count):
        f = (first + i) / GRID
        b0 = c[0] + f * (d[0] - c[0])
        a1 = c[3] + f * (d[3] - c[3])
        a2 = c[4] + f * (d[4] - c[4])
        e1 = c[1] + f * (d[1] - c[1]) - a1 * b0
        e2 = c[2] + f * (d[2] - c[2]) - a2 * b0
        v = x[i]
        y[i] = b0 * v + s1
        t = e1 * v + s2
        s2 = e2 * v - a2 * s1
        s1 = t - a1 * s1
    state[0], state[1] = s1, s2


@kernel
def _cascade_tile(
    signals: Doubles, count: int, first: int, points: Doubles, tile: int, state: Doubles
) -> None:
    """signals[0] → signals[1] → … through all sections; `first`: where on the grid it starts."""
    _flush(state, _SILENCE)
    for k in range(state.shape[0]):
        if points.shape[0] == 1:
            _filter_constant(signals[k], signals[k + 1], count, points[0, k], state[k])
        else:
            _filter_moving(
                signals[k], signals[k + 1], count, first, points[tile, k], points[tile + 1, k], state[k]
            )


@kernel
def forward(
    audio: Audio,
    coefficients: Doubles,
    state: Doubles,
    channels: int,
    offset: int,
    out: Audio,
    state_out: Doubles,
    checkpoints: Doubles,
    start: int,
    stop: int,
) -> None:
    """Filter the signals start … stop − 1. All is per signal but the coefficients, which are per row."""
    num_samples = audio.shape[1]
    sections = state.shape[1]
    num_tiles = -(-(offset + num_samples) // GRID)
    signals = np.empty((sections + 1, GRID))
    current = np.empty((sections, 2))
    for signal in range(start, stop):
        points = coefficients[signal // channels]
        current[:] = state[signal]
        for tile in range(num_tiles):
            if checkpoints.shape[1] > 0 and tile % TILES == 0:
                checkpoints[signal, tile // TILES] = current
            begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
            for i in range(end - begin):
                signals[0, i] = audio[signal, begin + i]
            _cascade_tile(signals, end - begin, begin + offset - tile * GRID, points, tile, current)
            for i in range(end - begin):
                out[signal, begin + i] = signals[sections, i]
        state_out[signal] = current


@kernel
def _adjoint_section(
    x: Doubles,
    y: Doubles,
    g: Doubles,
    count: int,
    first: int,
    c: Doubles,
    d: Doubles,
    future: Doubles,
    sums: Doubles,
) -> None:
    """One section backwards: g, the gradient of y, becomes that of x.

    With w[n] the gradient of y[n] including what y does to later states, ∂/∂s1[n] = w[n] and ∂/∂s2[n] =
    w[n+1]:

        w[n] = g[n] − a1·w[n+1] − a2·w[n+2]          ∂x[n] = b0·w[n] + b1·w[n+1] + b2·w[n+2]
        ∂b_j = Σ w[n+j]·x[n]                         ∂a_j = −Σ w[n+j]·y[n]

    `future` holds w[n+1], w[n+2]; `sums` the five sums, plain and weighted by the place on the grid interval.
    """
    w1, w2 = future[0], future[1]
    for back in range(count):
        i = count - 1 - back
        f = (first + i) / GRID
        b0 = c[0] + f * (d[0] - c[0])
        b1 = c[1] + f * (d[1] - c[1])
        b2 = c[2] + f * (d[2] - c[2])
        a1 = c[3] + f * (d[3] - c[3])
        a2 = c[4] + f * (d[4] - c[4])
        w = g[i] - a1 * w1 - a2 * w2
        u, v = x[i], y[i]
        g[i] = b0 * w + b1 * w1 + b2 * w2
        sums[0, 0] += w * u
        sums[0, 1] += w1 * u
        sums[0, 2] += w2 * u
        sums[0, 3] -= w1 * v
        sums[0, 4] -= w2 * v
        sums[1, 0] += f * w * u
        sums[1, 1] += f * w1 * u
        sums[1, 2] += f * w2 * u
        sums[1, 3] -= f * w1 * v
        sums[1, 4] -= f * w2 * v
        w2, w1 = w1, w
    future[0], future[1] = w1, w2


@kernel
def backward(
    grad_out: Audio,
    grad_state_out: Doubles,
    audio: Audio,
    coefficients: Doubles,
    checkpoints: Doubles,
    channels: int,
    offset: int,
    grad_audio: Audio,
    grad_coefficients: Doubles,
    grad_state: Doubles,
    start: int,
    stop: int,
) -> None:
    """Gradients of the signals start … stop − 1, from the end; `grad_coefficients` is per signal."""
    num_samples = audio.shape[1]
    sections = grad_state.shape[1]
    num_tiles = -(-(offset + num_samples) // GRID)
    moving = coefficients.shape[1] > 1
    signals = np.empty((TILES, sections + 1, GRID))
    current = np.empty((sections, 2))
    future = np.empty((sections, 2))
    gradient = np.empty(GRID)
    sums = np.empty((2, 5))
    for signal in range(start, stop):
        points = coefficients[signal // channels]
        future[:] = grad_state_out[signal]
        grad_coefficients[signal] = 0.0
        for reverse in range(num_tiles):
            tile = num_tiles - 1 - reverse
            if reverse == 0 or tile % TILES == TILES - 1:  # recompute the tiles that share a checkpoint
                block = tile // TILES
                current[:] = checkpoints[signal, block]
                for t in range(block * TILES, tile + 1):
                    begin, end = max(t * GRID - offset, 0), min((t + 1) * GRID - offset, num_samples)
                    for i in range(end - begin):
                        signals[t % TILES, 0, i] = audio[signal, begin + i]
                    _cascade_tile(
                        signals[t % TILES], end - begin, begin + offset - t * GRID, points, t, current
                    )
            begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
            count, first = end - begin, begin + offset - tile * GRID
            for i in range(count):
                gradient[i] = grad_out[signal, begin + i]
            left, right = (tile, tile + 1) if moving else (0, 0)
            _flush(future, _NOTHING)
            for back in range(sections):
                k = sections - 1 - back
                sums[:] = 0.0
                x, y = signals[tile % TILES, k], signals[tile % TILES, k + 1]
                _adjoint_section(
                    x, y, gradient, count, first, points[left, k], points[right, k], future[k], sums
                )
                grad_coefficients[signal, left, k] += sums[0]
                if moving:
                    grad_coefficients[signal, left, k] -= sums[1]
                    grad_coefficients[signal, right, k] += sums[1]
            for i in range(count):
                grad_audio[signal, begin + i] = gradient[i]
        grad_state[signal] = future

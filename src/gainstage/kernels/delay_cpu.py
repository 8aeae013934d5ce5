"""The delay on the CPU, and its exact adjoint; the law stands in `kernels/delay.py`.

A tile, the interval between two points of the control grid, is shorter than any delay. So the delayed signal
of a whole tile is known before its first sample, and its sixteen taps are computed for eight samples at once;
only the low-pass goes from sample to sample. All channels of a row advance together, because they may cross.

The adjoint runs backwards with the same structure. With E, G, W the gradients of e, l, w and g that of y,

    W[n] = Σ taps[i]·E[n + whole + i − 7]              known, since a delay is longer than a tile
    G[n] = feedback[n]·W[n] + pole[n+1]·G[n+1]         (crossed: the other channel's W)
    E[n] = mix·g[n] + (1 − pole[n])·G[n]
    ∂x[n] = (1 − mix)·g[n] + W[n]                      ∂taps[i] = Σ E[n]·w[n − whole − i + 7].

The forward pass keeps w, and l at the start of each tile; e and l are computed again.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainstage.kernels.compile import kernel
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import WIDTH, Audio, Doubles, Lanes, aligned, load, splat, store

TAPS = 16
BEFORE = TAPS // 2 - 1
AFTER = TAPS - BEFORE - 1
"""Taps that lie before the whole delay and after it."""

SHORTEST = GRID + BEFORE
"""Samples: a tile must not hear itself."""

FEEDBACK, POLE, MIX = range(3)

# Beyond −600 dB there is silence, long before numbers become denormal and slow; adjoints have no natural
# scale.
_SILENCE, _NOTHING = 1e-30, 1e-200
_STEP = 1.0 / GRID

Wholes = NDArray[np.int64]


class Tile(NamedTuple):
    """Which samples of a call, the place of the first on the grid interval, and the grid point before."""

    begin: int
    samples: int
    first: int
    point: int


@kernel
def _tile(number: int, num_samples: int, offset: int) -> Tile:
    begin, end = max(number * GRID - offset, 0), min((number + 1) * GRID - offset, num_samples)
    return Tile(begin, end - begin, begin + offset - number * GRID, number)


@kernel
def _line_of(points: Doubles, row: int, tile: Tile, control: int) -> tuple[float, float]:
    """A control at the tile's left grid point, and what it gains until the right one."""
    if points.shape[1] == 1:
        return points[row, 0, control], 0.0
    left = points[row, tile.point, control]
    return left, points[row, tile.point + 1, control] - left


@kernel
def _weigh(source: Doubles, at: int, step: int, taps: Doubles, samples: int, to: Doubles) -> None:
    """to[n] = Σ taps[i]·source[at + n + step·i], rounded up to whole registers."""
    for n in range(0, samples, WIDTH):
        even, odd = splat(0.0), splat(0.0)
        for i in range(0, TAPS, 2):
            place = at + n + step * i
            even = even + taps[i] * load(source, place)
            odd = odd + taps[i + 1] * load(source, place + step)
        store(to, n, even + odd)


@kernel
def _total(value: Lanes, scratch: Doubles) -> float:
    store(scratch, 0, value)
    total = 0.0
    for lane in range(WIDTH):
        total += scratch[lane]
    return total


@kernel
def _low_pass(e: Doubles, low: float, pole: float, step: float, tile: Tile, before: Doubles) -> float:
    """l over a tile: `before` becomes l[n − 1], and the last l is returned."""
    if abs(low) < _SILENCE:
        low = 0.0
    for n in range(tile.samples):
        before[n] = low
        low = e[n] + (pole + step * ((tile.first + n) * _STEP)) * (low - e[n])
    before[tile.samples] = low
    return low


@kernel
def forward(
    audio: Audio,
    channels: int,
    num_samples: int,
    whole: Wholes,
    taps: Doubles,
    controls: Doubles,
    line: Doubles,
    low: Doubles,
    crossed: bool,
    offset: int,
    out: Audio,
    line_out: Doubles,
    low_out: Doubles,
    written: Doubles,
    lows: Doubles,
    start: int,
    stop: int,
) -> None:
    """Delay the rows start … stop − 1. Audio is flat; `written` and `lows` are empty without a gradient."""
    past = line.shape[2]
    keep = written.shape[2] > 0
    own = np.empty((channels, 0 if keep else past + num_samples))
    e, dull = np.empty((channels, GRID)), np.empty((channels, GRID + 1))
    current = np.empty(channels)
    for row in range(start, stop):
        w = written[row] if keep else own
        w[:, :past] = line[row]
        current[:] = low[row]
        for number in range(-(-(offset + num_samples) // GRID)):
            tile = _tile(number, num_samples, offset)
            feedback, feedback_step = _line_of(controls, row, tile, FEEDBACK)
            pole, pole_step = _line_of(controls, row, tile, POLE)
            mix, mix_step = _line_of(controls, row, tile, MIX)
            heard = past + tile.begin - whole[row] + BEFORE
            for channel in range(channels):
                if keep:
                    lows[row, channel, number] = current[channel]
                _weigh(w[channel], heard, -1, taps[row], tile.samples, e[channel])
                current[channel] = _low_pass(
                    e[channel], current[channel], pole, pole_step, tile, dull[channel]
                )
            for channel in range(channels):
                at = (row * channels + channel) * num_samples + tile.begin
                back, fresh = dull[1 - channel] if crossed else dull[channel], w[channel, past + tile.begin :]
                for n in range(tile.samples):
                    f = (tile.first + n) * _STEP
                    x = float(audio[at + n])
                    out[at + n] = x + (mix + f * mix_step) * (e[channel, n] - x)
                    if crossed:
                        x = 0.5 * (x + float(audio[at + n + num_samples])) if channel == 0 else 0.0
                    value = x + (feedback + f * feedback_step) * back[n + 1]
                    fresh[n] = 0.0 if abs(value) < _SILENCE else value
        line_out[row] = w[:, num_samples:]
        low_out[row] = current


@kernel
def _add(total: float, slope: float, row: int, tile: Tile, control: int, to: Doubles) -> None:
    """A tile's sum, shared out between its left and its right point."""
    if to.shape[1] == 1:
        to[row, 0, control] += total
    else:
        to[row, tile.point, control] += total - slope
        to[row, tile.point + 1, control] += slope


@kernel
def backward(
    grad_out: Audio,
    grad_line_out: Doubles,
    grad_low_out: Doubles,
    audio: Audio,
    channels: int,
    num_samples: int,
    whole: Wholes,
    taps: Doubles,
    controls: Doubles,
    written: Doubles,
    lows: Doubles,
    crossed: bool,
    offset: int,
    grad_audio: Audio,
    grad_taps: Doubles,
    grad_controls: Doubles,
    grad_line: Doubles,
    grad_low: Doubles,
    start: int,
    stop: int,
) -> None:
    """Gradients of the rows start … stop − 1; those of taps and controls come as zeros."""
    past = grad_line_out.shape[2]
    # E of all samples, with silence on either side, where nothing was heard.
    grad_e = np.empty((channels, TAPS + num_samples + past + TAPS + GRID))
    e, dull = np.empty((channels, GRID)), np.empty((channels, GRID + 1))
    w, here, scratch = np.empty((channels, GRID)), np.empty(GRID), aligned(WIDTH)
    future = np.empty(channels)
    for row in range(start, stop):
        grad_e[:] = 0.0
        future[:] = grad_low_out[row]
        for number in range(-(-(offset + num_samples) // GRID) - 1, -1, -1):
            tile = _tile(number, num_samples, offset)
            feedback, feedback_step = _line_of(controls, row, tile, FEEDBACK)
            pole, pole_step = _line_of(controls, row, tile, POLE)
            mix, mix_step = _line_of(controls, row, tile, MIX)
            heard = past + tile.begin - whole[row] + BEFORE
            for channel in range(channels):
                _weigh(written[row, channel], heard, -1, taps[row], tile.samples, e[channel])
                _low_pass(e[channel], lows[row, channel, number], pole, pole_step, tile, dull[channel])
                speaks = TAPS + tile.begin + whole[row] - BEFORE
                _weigh(grad_e[channel], speaks, 1, taps[row], tile.samples, w[channel])
                kept = past + tile.begin - num_samples
                for n in range(tile.samples):
                    value = w[channel, n]
                    if kept + n >= 0:
                        value += grad_line_out[row, channel, kept + n]
                    w[channel, n] = 0.0 if abs(value) < _NOTHING else value
            to_feedback = by_feedback = to_pole = by_pole = to_mix = by_mix = 0.0
            for channel in range(channels):
                at = (row * channels + channel) * num_samples + tile.begin
                other = 1 - channel if crossed else channel
                here[:] = 0.0
                for n in range(tile.samples - 1, -1, -1):
                    f = (tile.first + n) * _STEP
                    x, g = float(audio[at + n]), float(grad_out[at + n])
                    p, m = pole + f * pole_step, mix + f * mix_step
                    grad_l = (feedback + f * feedback_step) * w[other, n] + future[channel]
                    here[n] = m * g + (1.0 - p) * grad_l
                    future[channel] = p * grad_l
                    if crossed:
                        grad_audio[at + n] = (1.0 - m) * g + 0.5 * w[0, n]
                    else:
                        grad_audio[at + n] = (1.0 - m) * g + w[channel, n]
                    grad_feedback = w[other, n] * dull[channel, n + 1]
                    grad_pole = grad_l * (dull[channel, n] - e[channel, n])
                    grad_mix = g * (e[channel, n] - x)
                    to_feedback, by_feedback = to_feedback + grad_feedback, by_feedback + f * grad_feedback
                    to_pole, by_pole = to_pole + grad_pole, by_pole + f * grad_pole
                    to_mix, by_mix = to_mix + grad_mix, by_mix + f * grad_mix
                if abs(future[channel]) < _NOTHING:
                    future[channel] = 0.0
                grad_e[channel, TAPS + tile.begin : TAPS + tile.begin + tile.samples] = here[: tile.samples]
                for i in range(TAPS):
                    total = splat(0.0)
                    for n in range(0, tile.samples, WIDTH):
                        total = total + load(here, n) * load(written[row, channel], heard - i + n)
                    grad_taps[row, i] += _total(total, scratch)
            _add(to_feedback, by_feedback, row, tile, FEEDBACK, grad_controls)
            _add(to_pole, by_pole, row, tile, POLE, grad_controls)
            _add(to_mix, by_mix, row, tile, MIX, grad_controls)
        for channel in range(channels):
            for k in range(past):
                value = grad_line_out[row, channel, k - num_samples] if k >= num_samples else 0.0
                speaks = TAPS + k - past + whole[row] - BEFORE
                if speaks >= 0:
                    for i in range(TAPS):
                        value += taps[row, i] * grad_e[channel, speaks + i]
                grad_line[row, channel, k] = value
            grad_low[row, channel] = future[channel]

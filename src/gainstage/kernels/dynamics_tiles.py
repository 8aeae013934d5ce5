"""What the dynamics kernels move: tiles of audio, controls and states of eight rows; and their linked power.

Eight rows advance in lockstep (`gainstage.kernels.simd`); a tile is the interval between two points of the
control grid. `Rows` names the group: where it starts, how many rows it has.
"""

from typing import NamedTuple

from gainstage.kernels import lanes
from gainstage.kernels.compile import kernel
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import (
    WIDTH,
    Audio,
    Doubles,
    Lanes,
    load,
    magnitude,
    splat,
    store,
    where_equal,
    where_less,
)

SIGNAL = GRID * WIDTH  # one tile of eight rows
CONTROLS, STATES = 7, 3
POINT = CONTROLS * WIDTH  # the controls of eight rows at a point
STATE = STATES * WIDTH


class Rows(NamedTuple):
    """Up to eight rows that are computed together."""

    first: int
    number: int
    num_samples: int


@kernel
def span(tile: int, offset: int, num_samples: int) -> tuple[int, int, int]:
    """A tile's first sample, how many it has, and how far into the grid interval it begins."""
    begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
    return begin, end - begin, begin + offset - tile * GRID


@kernel
def flush(values: Doubles, limit: float) -> None:
    """Set to zero what is smaller, long before it becomes denormal."""
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
def load_controls(source: Doubles, rows: Rows, tile: int, c: Doubles) -> None:
    """The controls at the left point of a tile, and what they gain until the right one."""
    _gather(source, rows, tile, c, 0)
    _gather(source, rows, min(tile + 1, source.shape[1] - 1), c, POINT)
    for i in range(0, POINT, WIDTH):
        store(c, POINT + i, load(c, POINT + i) - load(c, i))


@kernel
def control(c: Doubles, which: int, f: Lanes) -> Lanes:
    """A control at the place f (0 … 1) between the two points."""
    return load(c, which * WIDTH) + f * load(c, POINT + which * WIDTH)


@kernel
def add_controls(sums: Doubles, rows: Rows, tile: int, grad_controls: Doubles) -> None:
    """The sums of a tile, shared out between its left and its right point."""
    for lane in range(rows.number):
        for j in range(CONTROLS):
            total, slope = sums[j * WIDTH + lane], sums[POINT + j * WIDTH + lane]
            if grad_controls.shape[1] > 1:
                grad_controls[rows.first + lane, tile, j] += total - slope
                grad_controls[rows.first + lane, tile + 1, j] += slope
            else:
                grad_controls[rows.first + lane, 0, j] += total


@kernel
def load_state(source: Doubles, rows: Rows, to: Doubles) -> None:
    """(rows, states) into lanes."""
    for lane in range(WIDTH):
        for j in range(STATES):
            to[j * WIDTH + lane] = source[rows.first + min(lane, rows.number - 1), j]


@kernel
def save_state(state: Doubles, rows: Rows, to: Doubles) -> None:
    """The reverse of `load_state`."""
    for lane in range(rows.number):
        for j in range(STATES):
            to[rows.first + lane, j] = state[j * WIDTH + lane]


@kernel
def read(audio: Audio, channels: int, rows: Rows, begin: int, samples: int, to: Doubles, at: int) -> None:
    """All channels of a tile, one after the other."""
    for channel in range(channels):
        start = (rows.first * channels + channel) * rows.num_samples + begin
        lanes.read(audio, start, channels * rows.num_samples, rows.number, samples, to, at + channel * SIGNAL)


@kernel
def write(x: Doubles, at: int, channels: int, rows: Rows, begin: int, samples: int, audio: Audio) -> None:
    """The reverse of `read`."""
    for channel in range(channels):
        start = (rows.first * channels + channel) * rows.num_samples + begin
        lanes.write(x, at + channel * SIGNAL, samples, audio, start, channels * rows.num_samples, rows.number)


@kernel
def power_of(x: Doubles, at: int, channels: int, rms: bool, samples: int, power: Doubles) -> None:
    """Peak: the largest square of the channels; RMS: the mean of their squares."""
    share = 1.0 / channels if rms else 1.0
    for i in range(0, samples * WIDTH, WIDTH):
        value = load(x, at + i)
        store(power, i, value * value * share)
    for channel in range(1, channels):
        for i in range(0, samples * WIDTH, WIDTH):
            value, so_far = load(x, at + channel * SIGNAL + i), load(power, i)
            square = value * value * share
            if rms:
                store(power, i, so_far + square)
            else:
                larger = where_less(square, so_far, so_far, square)
                store(power, i, larger + (so_far - so_far))  # a NaN loses every comparison


@kernel
def adjoint_power(
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
                here = magnitude(load(x, at + channel * SIGNAL + i))
                peak = where_less(peak, here, here, peak)
            for channel in range(channels):
                here = magnitude(load(x, at + channel * SIGNAL + i))
                ties = ties + where_equal(here, peak, splat(1.0), splat(0.0))
            twice = twice / ties
            for channel in range(channels):
                here = load(x, at + channel * SIGNAL + i)
                mine = where_equal(magnitude(here), peak, here * twice, splat(0.0))
                store(g, to + channel * SIGNAL + i, load(g, to + channel * SIGNAL + i) + mine)
            continue
        for channel in range(channels):
            here = load(x, at + channel * SIGNAL + i)
            store(g, to + channel * SIGNAL + i, load(g, to + channel * SIGNAL + i) + here * twice)

"""Compressor and gate on the CPU, from level to gain in one pass over memory, and their exact adjoint.

Row group by row group, tile by tile; `dynamics_tiles` says what is moved, `dynamics_laws` what is computed.
"""

from gainstage.kernels.compile import kernel
from gainstage.kernels.dynamics_laws import HELD, WORK, Law, adjoint_run, run
from gainstage.kernels.dynamics_tiles import (
    POINT,
    SIGNAL,
    STATE,
    Rows,
    add_controls,
    adjoint_power,
    load_controls,
    load_state,
    power_of,
    read,
    save_state,
    span,
    write,
)
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import WIDTH, Audio, Doubles, aligned, load, splat, store

TILES = 8  # tiles of the control grid between two checkpoints of the state: 24 bytes per 512 samples


@kernel
def forward(
    audio: Audio,
    channels: int,
    key: Audio,
    key_channels: int,
    num_samples: int,
    controls: Doubles,
    state: Doubles,
    is_gate: bool,
    hold: int,
    rms: bool,
    coefficient: float,
    offset: int,
    out: Audio,
    state_out: Doubles,
    checkpoints: Doubles,
    start: int,
    stop: int,
) -> None:
    """The rows start … stop − 1. Audio is flat; without a key `key_channels` is 0."""
    law = Law(is_gate, float(hold), rms, coefficient)
    num_tiles = -(-(offset + num_samples) // GRID)
    x, listened = aligned(channels * SIGNAL), aligned(max(key_channels, 1) * SIGNAL)
    gain, power, work = aligned(SIGNAL), aligned(SIGNAL), aligned(0)
    c, current = aligned(2 * POINT), aligned(STATE)
    for first_row in range(start, stop, WIDTH):
        rows = Rows(first_row, min(WIDTH, stop - first_row), num_samples)
        load_state(state, rows, current)
        load_controls(controls, rows, 0, c)
        for tile in range(num_tiles):
            if checkpoints.shape[1] > 0 and tile % TILES == 0:
                save_state(current, rows, checkpoints[:, tile // TILES])
            begin, samples, first = span(tile, offset, num_samples)
            read(audio, channels, rows, begin, samples, x, 0)
            if key_channels > 0:
                read(key, key_channels, rows, begin, samples, listened, 0)
                power_of(listened, 0, key_channels, rms, samples, power)
            else:
                power_of(x, 0, channels, rms, samples, power)
            if controls.shape[1] > 1:
                load_controls(controls, rows, tile, c)
            run(power, samples, first, law, c, current, gain, 0, work, 0)
            for channel in range(channels):
                _multiply(x, channel * SIGNAL, gain, 0, samples)
            write(x, 0, channels, rows, begin, samples, out)
        save_state(current, rows, state_out)


@kernel
def _multiply(x: Doubles, at: int, gain: Doubles, to: int, samples: int) -> None:
    for i in range(0, samples * WIDTH, WIDTH):
        store(x, at + i, load(x, at + i) * load(gain, to + i))


@kernel
def _adjoint_gain(
    x: Doubles, at: int, g: Doubles, to: int, channels: int, samples: int, total: Doubles
) -> None:
    """The gradient of the gain: Σ over channels of ∂y·x."""
    for i in range(0, samples * WIDTH, WIDTH):
        store(total, i, load(x, at + i) * load(g, to + i))
    for channel in range(1, channels):
        more = channel * SIGNAL
        for i in range(0, samples * WIDTH, WIDTH):
            store(total, i, load(total, i) + load(x, at + more + i) * load(g, to + more + i))


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
    is_gate: bool,
    hold: int,
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
    law = Law(is_gate, float(hold), rms, coefficient)
    num_tiles = -(-(offset + num_samples) // GRID)
    size, key_size = channels * SIGNAL, key_channels * SIGNAL
    x, g = aligned(TILES * size), aligned(TILES * size)
    listened, heard = aligned(TILES * key_size), aligned(TILES * key_size)  # the key and its gradient
    gains, total, work = aligned(TILES * SIGNAL), aligned(SIGNAL), aligned(TILES * WORK)
    c, sums = aligned(2 * POINT), aligned(2 * POINT)
    current, future = aligned(STATE), aligned(STATE)
    for first_row in range(start, stop, WIDTH):
        rows = Rows(first_row, min(WIDTH, stop - first_row), num_samples)
        load_state(grad_state_out, rows, future)
        store(future, HELD * WIDTH, splat(0.0))  # a counter has no gradient
        load_controls(controls, rows, 0, c)
        for first_tile in range((num_tiles - 1) // TILES * TILES, -1, -TILES):
            end_tile = min(first_tile + TILES, num_tiles)
            load_state(checkpoints[:, first_tile // TILES], rows, current)
            for tile in range(first_tile, end_tile):
                place = tile - first_tile
                begin, samples, first = span(tile, offset, num_samples)
                read(audio, channels, rows, begin, samples, x, place * size)
                read(grad_out, channels, rows, begin, samples, g, place * size)
                if key_channels > 0:
                    read(key, key_channels, rows, begin, samples, listened, place * key_size)
                    power_of(listened, place * key_size, key_channels, rms, samples, total)
                else:
                    power_of(x, place * size, channels, rms, samples, total)
                if controls.shape[1] > 1:
                    load_controls(controls, rows, tile, c)
                run(total, samples, first, law, c, current, gains, place * SIGNAL, work, place * WORK)
            for tile in range(end_tile - 1, first_tile - 1, -1):
                place = tile - first_tile
                begin, samples, first = span(tile, offset, num_samples)
                if controls.shape[1] > 1:
                    load_controls(controls, rows, tile, c)
                _adjoint_gain(x, place * size, g, place * size, channels, samples, total)
                adjoint_run(total, samples, first, law, c, future, work, place * WORK, sums)
                add_controls(sums, rows, tile, grad_controls)
                for channel in range(channels):
                    _multiply(g, place * size + channel * SIGNAL, gains, place * SIGNAL, samples)
                if key_channels > 0:
                    at = place * key_size
                    heard[at : at + key_size] = 0.0
                    adjoint_power(listened, at, key_channels, rms, samples, total, heard, at)
                else:
                    adjoint_power(x, place * size, channels, rms, samples, total, g, place * size)
            for tile in range(first_tile, end_tile):
                place = tile - first_tile
                begin, samples, _ = span(tile, offset, num_samples)
                write(g, place * size, channels, rows, begin, samples, grad_audio)
                if key_channels > 0:
                    write(heard, place * key_size, key_channels, rows, begin, samples, grad_key)
        save_state(future, rows, grad_state)

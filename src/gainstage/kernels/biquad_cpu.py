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

A *signal* is one channel of one row; eight of them advance in lockstep (`gainstage.kernels.simd`). A tile is
the interval between two points of the control grid, so coefficients are straight lines inside it; its
intermediate signals never leave the first-level cache. Two sections run in one loop, because one alone would
wait for its own last result half of the time.
"""

from gainstage.kernels import lanes
from gainstage.kernels.compile import kernel
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import WIDTH, Audio, Doubles, aligned, load, magnitude, splat, store, where_less

TILES = 8  # tiles between two checkpoints: six sections keep 96 bytes per 512 samples, 5 % of the audio

# States below −600 dB are set to zero at tile borders: decaying on they would become denormal, which some
# processors compute a hundred times slower. Adjoints have no natural scale, so only what is nearly denormal
# goes.
_SILENCE = 1e-30
_NOTHING = 1e-200

_SIGNAL = GRID * WIDTH  # one tile of eight signals
_C = 5 * WIDTH  # the coefficients of a section in eight lanes
_S = 2 * WIDTH  # its states
_STEP = 1.0 / GRID


@kernel
def _flush(values: Doubles, limit: float) -> None:
    for i in range(0, values.size, WIDTH):
        value = load(values, i)
        store(values, i, where_less(magnitude(value), splat(limit), splat(0.0), value))


@kernel
def _gather(source: Doubles, row: int, count: int, channels: int, point: int, to: Doubles) -> None:
    """Coefficients (rows, points, sections, 5) of eight signals at one point, into lanes."""
    for lane in range(WIDTH):
        owner = (row + min(lane, count - 1)) // channels
        for k in range(source.shape[2]):
            for j in range(5):
                to[k * _C + j * WIDTH + lane] = source[owner, point, k, j]


@kernel
def _gather_states(source: Doubles, row: int, count: int, to: Doubles) -> None:
    for lane in range(WIDTH):
        for k in range(source.shape[1]):
            for j in range(2):
                to[k * _S + j * WIDTH + lane] = source[row + min(lane, count - 1), k, j]


@kernel
def _scatter_states(states: Doubles, to: Doubles, row: int, count: int) -> None:
    for lane in range(count):
        for k in range(to.shape[1]):
            for j in range(2):
                to[row + lane, k, j] = states[k * _S + j * WIDTH + lane]


@kernel
def _one_section(x: Doubles, at: int, to: int, samples: int, c: Doubles, k: int, states: Doubles) -> None:
    p, q = k * _C, k * _S
    b0, a1, a2 = load(c, p), load(c, p + 24), load(c, p + 32)
    e1, e2 = load(c, p + 8) - a1 * b0, load(c, p + 16) - a2 * b0
    s1, s2 = load(states, q), load(states, q + 8)
    for i in range(0, samples * WIDTH, WIDTH):
        u = load(x, at + i)
        store(x, to + i, b0 * u + s1)
        t = e1 * u + s2
        s2 = e2 * u - a2 * s1
        s1 = t - a1 * s1
    store(states, q, s1)
    store(states, q + 8, s2)


@kernel
def _two_sections(
    x: Doubles, at: int, between: int, to: int, samples: int, c: Doubles, k: int, states: Doubles
) -> None:
    p, q = k * _C, k * _S
    b0, a1, a2 = load(c, p), load(c, p + 24), load(c, p + 32)
    e1, e2 = load(c, p + 8) - a1 * b0, load(c, p + 16) - a2 * b0
    d0, c1, c2 = load(c, p + 40), load(c, p + 64), load(c, p + 72)
    f1, f2 = load(c, p + 48) - c1 * d0, load(c, p + 56) - c2 * d0
    s1, s2, r1, r2 = load(states, q), load(states, q + 8), load(states, q + 16), load(states, q + 24)
    for i in range(0, samples * WIDTH, WIDTH):
        u = load(x, at + i)
        v = b0 * u + s1
        store(x, between + i, v)
        t = e1 * u + s2
        s2 = e2 * u - a2 * s1
        s1 = t - a1 * s1
        store(x, to + i, d0 * v + r1)
        t = f1 * v + r2
        r2 = f2 * v - c2 * r1
        r1 = t - c1 * r1
    store(states, q, s1)
    store(states, q + 8, s2)
    store(states, q + 16, r1)
    store(states, q + 24, r2)


@kernel
def _moving_section(
    x: Doubles, at: int, to: int, samples: int, first: int, c: Doubles, d: Doubles, k: int, states: Doubles
) -> None:
    p, q = k * _C, k * _S
    b0, b1, b2, a1, a2 = load(c, p), load(c, p + 8), load(c, p + 16), load(c, p + 24), load(c, p + 32)
    m0, m1, m2 = load(d, p) - b0, load(d, p + 8) - b1, load(d, p + 16) - b2
    n1, n2 = load(d, p + 24) - a1, load(d, p + 32) - a2
    s1, s2 = load(states, q), load(states, q + 8)
    f = splat(first / GRID)
    for i in range(0, samples * WIDTH, WIDTH):
        u = load(x, at + i)
        now0, now1, now2 = b0 + f * m0, a1 + f * n1, a2 + f * n2
        store(x, to + i, now0 * u + s1)
        t = ((b1 + f * m1) - now1 * now0) * u + s2
        s2 = ((b2 + f * m2) - now2 * now0) * u - now2 * s1
        s1 = t - now1 * s1
        f = f + _STEP
    store(states, q, s1)
    store(states, q + 8, s2)


@kernel
def _cascade(
    x: Doubles, at: int, step: int, samples: int, first: int, c: Doubles, d: Doubles, states: Doubles
) -> None:
    """One tile through all sections; `step` 0 works in place, otherwise signal k goes to at + k·step.

    `d` holds the coefficients at the right end of the tile and is empty where they are constant.
    """
    _flush(states, _SILENCE)
    sections = states.size // _S
    k = 0
    if d.size > 0:
        while k < sections:
            _moving_section(x, at + k * step, at + (k + 1) * step, samples, first, c, d, k, states)
            k += 1
    while k + 1 < sections:
        _two_sections(x, at + k * step, at + (k + 1) * step, at + (k + 2) * step, samples, c, k, states)
        k += 2
    if k < sections:
        _one_section(x, at + k * step, at + (k + 1) * step, samples, c, k, states)


@kernel
def forward(
    audio: Audio,
    stride: int,
    coefficients: Doubles,
    state: Doubles,
    channels: int,
    num_samples: int,
    offset: int,
    out: Audio,
    state_out: Doubles,
    checkpoints: Doubles,
    start: int,
    stop: int,
) -> None:
    """Filter the signals start … stop − 1; coefficients (rows, points, sections, 5).

    Audio is flat; in what comes in, a signal begins `stride` after the one before.
    """
    sections = state.shape[1]
    moving = coefficients.shape[1] > 1
    num_tiles = -(-(offset + num_samples) // GRID)
    x, states = aligned(_SIGNAL), aligned(sections * _S)
    c, d = aligned(sections * _C), aligned(sections * _C if moving else 0)
    for row in range(start, stop, WIDTH):
        count = min(WIDTH, stop - row)
        _gather_states(state, row, count, states)
        _gather(coefficients, row, count, channels, 0, c)
        for tile in range(num_tiles):
            if checkpoints.shape[1] > 0 and tile % TILES == 0:
                _scatter_states(states, checkpoints[:, tile // TILES], row, count)
            if moving:
                _gather(coefficients, row, count, channels, tile, c)
                _gather(coefficients, row, count, channels, tile + 1, d)
            begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
            lanes.read(audio, row * stride + begin, stride, count, end - begin, x, 0)
            _cascade(x, 0, 0, end - begin, begin + offset - tile * GRID, c, d, states)
            lanes.write(x, 0, end - begin, out, row * num_samples + begin, num_samples, count)
        _scatter_states(states, state_out, row, count)


@kernel
def _adjoint(
    x: Doubles, at: int, g: Doubles, to: int, samples: int, c: Doubles, future: Doubles, sums: Doubles
) -> None:
    """One tile backwards through all sections: g, the gradient of the output, becomes that of the input.

    With w[n] the gradient of y[n] including what y does to later states, ∂/∂s1[n] = w[n] and ∂/∂s2[n] =
    w[n+1]:

        w[n] = g[n] − a1·w[n+1] − a2·w[n+2]          ∂x[n] = b0·w[n] + b1·w[n+1] + b2·w[n+2]
        ∂b_j = Σ w[n+j]·x[n]                         ∂a_j = −Σ w[n+j]·y[n]

    `x` holds the signals between the sections from `at` on; `future` w[n+1] and w[n+2] of each section.
    """
    for k in range(future.size // _S - 1, -1, -1):
        p, q, u_at = k * _C, k * _S, at + k * _SIGNAL
        b0, b1, b2, a1, a2 = load(c, p), load(c, p + 8), load(c, p + 16), load(c, p + 24), load(c, p + 32)
        w1, w2 = load(future, q), load(future, q + 8)
        sum0, sum1, sum2 = load(sums, p), load(sums, p + 8), load(sums, p + 16)
        sum3, sum4 = load(sums, p + 24), load(sums, p + 32)
        for i in range((samples - 1) * WIDTH, -WIDTH, -WIDTH):
            w = (load(g, to + i) - a2 * w2) - a1 * w1
            u, v = load(x, u_at + i), load(x, u_at + _SIGNAL + i)
            store(g, to + i, b0 * w + b1 * w1 + b2 * w2)
            sum0 = sum0 + w * u
            sum1 = sum1 + w1 * u
            sum2 = sum2 + w2 * u
            sum3 = sum3 - w1 * v
            sum4 = sum4 - w2 * v
            w2, w1 = w1, w
        store(future, q, w1)
        store(future, q + 8, w2)
        store(sums, p, sum0)
        store(sums, p + 8, sum1)
        store(sums, p + 16, sum2)
        store(sums, p + 24, sum3)
        store(sums, p + 32, sum4)


@kernel
def _adjoint_moving(
    x: Doubles, at: int, g: Doubles, to: int, samples: int, first: int, c: Doubles, d: Doubles,
    future: Doubles, sums: Doubles, slopes: Doubles,
) -> None:  # fmt: skip
    """The same where coefficients move: the sums of this tile alone, shared out between its left and right
    point by the place on the interval."""
    for k in range(future.size // _S - 1, -1, -1):
        p, q, u_at = k * _C, k * _S, at + k * _SIGNAL
        b0, b1, b2, a1, a2 = load(c, p), load(c, p + 8), load(c, p + 16), load(c, p + 24), load(c, p + 32)
        m0, m1, m2 = load(d, p) - b0, load(d, p + 8) - b1, load(d, p + 16) - b2
        n1, n2 = load(d, p + 24) - a1, load(d, p + 32) - a2
        w1, w2 = load(future, q), load(future, q + 8)
        sum0 = sum1 = sum2 = sum3 = sum4 = splat(0.0)
        slope0 = slope1 = slope2 = slope3 = slope4 = splat(0.0)
        f = splat((first + samples - 1) / GRID)
        for i in range((samples - 1) * WIDTH, -WIDTH, -WIDTH):
            w = (load(g, to + i) - (a2 + f * n2) * w2) - (a1 + f * n1) * w1
            u, v = load(x, u_at + i), load(x, u_at + _SIGNAL + i)
            store(g, to + i, (b0 + f * m0) * w + (b1 + f * m1) * w1 + (b2 + f * m2) * w2)
            fu, fv = f * u, f * v
            sum0, slope0 = sum0 + w * u, slope0 + w * fu
            sum1, slope1 = sum1 + w1 * u, slope1 + w1 * fu
            sum2, slope2 = sum2 + w2 * u, slope2 + w2 * fu
            sum3, slope3 = sum3 - w1 * v, slope3 - w1 * fv
            sum4, slope4 = sum4 - w2 * v, slope4 - w2 * fv
            w2, w1 = w1, w
            f = f - _STEP
        store(future, q, w1)
        store(future, q + 8, w2)
        store(sums, p, sum0 - slope0)
        store(sums, p + 8, sum1 - slope1)
        store(sums, p + 16, sum2 - slope2)
        store(sums, p + 24, sum3 - slope3)
        store(sums, p + 32, sum4 - slope4)
        store(slopes, p, slope0)
        store(slopes, p + 8, slope1)
        store(slopes, p + 16, slope2)
        store(slopes, p + 24, slope3)
        store(slopes, p + 32, slope4)


@kernel
def _add(sums: Doubles, to: Doubles, row: int, count: int, point: int) -> None:
    """Sums in lanes onto the gradients (signals, points, sections, 5) at one point."""
    for lane in range(count):
        for k in range(to.shape[2]):
            for j in range(5):
                to[row + lane, point, k, j] += sums[k * _C + j * WIDTH + lane]


@kernel
def backward(
    grad_out: Audio,
    grad_state_out: Doubles,
    audio: Audio,
    stride: int,
    coefficients: Doubles,
    checkpoints: Doubles,
    channels: int,
    num_samples: int,
    offset: int,
    grad_audio: Audio,
    grad_coefficients: Doubles,
    grad_state: Doubles,
    start: int,
    stop: int,
) -> None:
    """Gradients of the signals start … stop − 1; `grad_coefficients` is per signal and comes as zeros;
    an empty `grad_audio` is not written.

    Block by block from the end, a block being the tiles that share a checkpoint: the signals between the
    sections are computed again into the second-level cache, then the adjoint runs over them. Inside a block
    memory is read and written forwards, since no cache foresees the other direction (.6 instead of 1.4 ns a
    sample).
    """
    sections = grad_state.shape[1]
    moving = coefficients.shape[1] > 1
    num_tiles = -(-(offset + num_samples) // GRID)
    tile_size = (sections + 1) * _SIGNAL
    x, g = aligned(TILES * tile_size), aligned(TILES * _SIGNAL)
    states, future = aligned(sections * _S), aligned(sections * _S)
    c, d = aligned(sections * _C), aligned(sections * _C if moving else 0)
    sums, slopes = aligned(sections * _C), aligned(sections * _C)
    for row in range(start, stop, WIDTH):
        count = min(WIDTH, stop - row)
        _gather_states(grad_state_out, row, count, future)
        _gather(coefficients, row, count, channels, 0, c)
        sums[:] = 0.0
        for first_tile in range((num_tiles - 1) // TILES * TILES, -1, -TILES):
            end_tile = min(first_tile + TILES, num_tiles)
            _gather_states(checkpoints[:, first_tile // TILES], row, count, states)
            for tile in range(first_tile, end_tile):
                place = tile - first_tile
                begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
                if moving:
                    _gather(coefficients, row, count, channels, tile, c)
                    _gather(coefficients, row, count, channels, tile + 1, d)
                lanes.read(audio, row * stride + begin, stride, count, end - begin, x, place * tile_size)
                lanes.read(
                    grad_out, row * num_samples + begin, num_samples, count, end - begin, g, place * _SIGNAL
                )
                _cascade(
                    x, place * tile_size, _SIGNAL, end - begin, begin + offset - tile * GRID, c, d, states
                )
            for tile in range(end_tile - 1, first_tile - 1, -1):
                begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
                at, to = (tile - first_tile) * tile_size, (tile - first_tile) * _SIGNAL
                _flush(future, _NOTHING)
                if moving:
                    _gather(coefficients, row, count, channels, tile, c)
                    _gather(coefficients, row, count, channels, tile + 1, d)
                    first = begin + offset - tile * GRID
                    _adjoint_moving(x, at, g, to, end - begin, first, c, d, future, sums, slopes)
                    _add(sums, grad_coefficients, row, count, tile)
                    _add(slopes, grad_coefficients, row, count, tile + 1)
                else:
                    _adjoint(x, at, g, to, end - begin, c, future, sums)
            for tile in range(first_tile, end_tile if grad_audio.size > 0 else first_tile):
                begin, end = max(tile * GRID - offset, 0), min((tile + 1) * GRID - offset, num_samples)
                at = (tile - first_tile) * _SIGNAL
                lanes.write(g, at, end - begin, grad_audio, row * num_samples + begin, num_samples, count)
        if not moving:
            _add(sums, grad_coefficients, row, count, 0)
        _scatter_states(future, grad_state, row, count)

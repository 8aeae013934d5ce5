"""Decaying noise in bands on the CPU: one pass over a tile of noise for all rows, and its adjoint.

    out[row, channel, t] += Σ_b  coarse[row, b, i] · fine[row, b, j] · noise[b, channel, t],   t = 64·i + j

The envelope of a band is an outer product of two short exponentials, so none is computed here. Eight
neighbouring samples are worked on at once (`gainstage.kernels.simd`).
"""

from gainstage.kernels.compile import kernel
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import WIDTH, Audio, Doubles, aligned, load, splat, store

STEP = GRID  # samples that share a coarse exponential


@kernel
def forward(
    noise: Audio, tile: int, coarse: Doubles, fine: Doubles, out: Audio, channels: int, start: int, stop: int
) -> None:
    """Add the steps start … stop − 1 of a tile to all rows.

    `noise` is flat (bands, 2, tile), `fine` flat (rows, bands, 64), `out` flat (rows, channels, samples) from
    the tile's first sample on; `coarse` is (rows, bands, steps).
    """
    rows, bands, _ = coarse.shape
    length = out.size // (rows * channels)
    for row in range(rows):
        for step in range(start, stop):
            for i in range(0, STEP, WIDTH):
                t = step * STEP + i
                left = right = splat(0.0)
                for b in range(bands):
                    envelope = coarse[row, b, step] * load(fine, (row * bands + b) * STEP + i)
                    left = left + envelope * load(noise, 2 * b * tile + t)
                    if channels > 1:
                        right = right + envelope * load(noise, (2 * b + 1) * tile + t)
                store(out, row * channels * length + t, left)
                if channels > 1:
                    store(out, (row * channels + 1) * length + t, right)


@kernel
def backward(
    grad: Audio, length: int, noise: Audio, tile: int, coarse: Doubles, fine: Doubles, channels: int,
    first: int, to_level: Doubles, to_rate: Doubles, start: int, stop: int,
) -> None:  # fmt: skip
    """Gradients of the envelopes row · bands + band = start … stop − 1, added up.

    For the gradient g and q = Σ_c g·noise·envelope: ∂level = Σ_t q and ∂rate = −Σ_t t·q. `first` is the time
    of the tile's first sample; `grad` is flat (rows, channels, length), `to_level` and `to_rate` flat.
    """
    _, bands, steps = coarse.shape
    place, sums = aligned(STEP), aligned(2 * WIDTH)
    for j in range(STEP):
        place[j] = j
    for envelope in range(start, stop):
        row, b = envelope // bands, envelope % bands
        level = rate = splat(0.0)
        for step in range(steps):
            total = moment = splat(0.0)
            for i in range(0, STEP, WIDTH):
                t = step * STEP + i
                q = load(grad, row * channels * length + first + t) * load(noise, 2 * b * tile + t)
                if channels > 1:
                    at = (row * channels + 1) * length + first + t
                    q = q + load(grad, at) * load(noise, (2 * b + 1) * tile + t)
                q = q * load(fine, envelope * STEP + i)
                total = total + q
                moment = moment + load(place, i) * q
            now = coarse[row, b, step]
            level = level + now * total
            rate = rate + now * (float(first + step * STEP) * total + moment)
        store(sums, 0, level)
        store(sums, WIDTH, rate)
        for lane in range(WIDTH):
            to_level[envelope] += sums[lane]
            to_rate[envelope] -= sums[WIDTH + lane]

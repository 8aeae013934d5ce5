"""Sums of weighted signals on the CPU, one pass over memory: `gainstage.kernels.mixdown` says what is summed.

A tile of all signals is read once from memory and lies in the cache while every bus takes from it what it
wants. Weights that are 0 are not in the lists, so a bus that takes from few tracks costs little, and one that
takes from none costs the writing of zeros. Sums are float64 and rounded once.
"""

from typing import Any

from numpy.typing import NDArray

from gainstage.kernels.compile import kernel
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import WIDTH, Audio, Doubles, aligned, load, splat, store

TILE = 16 * GRID
"""Samples a tile: of 32 signals it takes 128 KiB."""

_STEP = 4 * WIDTH  # two cache lines of each signal at a time

Indices = NDArray[Any]  # of int64


@kernel
def still(
    flat: Audio, stride: int, samples: int, weights: Doubles, firsts: Indices, taken: Indices, out: Audio,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Tiles start … stop − 1 of all buses.

    Bus b is the sum of weights[k] · signal taken[k] over k = firsts[b] … firsts[b + 1] − 1; signal s begins
    at flat[s · stride]; `out` is flat (buses, samples).
    """
    sums = aligned(TILE)
    for tile in range(start, stop):
        begin = tile * TILE
        length = min(TILE, samples - begin)
        whole = length - length % WIDTH
        for bus in range(firsts.size - 1):
            first, end, to = firsts[bus], firsts[bus + 1], bus * samples + begin
            for t in range(length):
                sums[t] = 0.0
            for k in range(first, end, 4):
                # four at a time; those that are missing weigh nothing
                i, m, n = min(k + 1, end - 1), min(k + 2, end - 1), min(k + 3, end - 1)
                a, b = weights[k], weights[i] if k + 1 < end else 0.0
                c, d = weights[m] if k + 2 < end else 0.0, weights[n] if k + 3 < end else 0.0
                p, q = taken[k] * stride + begin, taken[i] * stride + begin
                r, s = taken[m] * stride + begin, taken[n] * stride + begin
                for t in range(0, whole, WIDTH):
                    left = a * load(flat, p + t) + b * load(flat, q + t)
                    right = c * load(flat, r + t) + d * load(flat, s + t)
                    store(sums, t, load(sums, t) + (left + right))
                for t in range(whole, length):
                    sums[t] += a * flat[p + t] + b * flat[q + t] + c * flat[r + t] + d * flat[s + t]
            for t in range(0, whole, WIDTH):
                store(out, to + t, load(sums, t))
            for t in range(whole, length):
                out[to + t] = sums[t]


@kernel
def moving(
    flat: Audio, stride: int, samples: int, weights: Doubles, firsts: Indices, taken: Indices, out: Audio,
    offset: int, start: int, stop: int,
) -> None:  # fmt: skip
    """The same with weights (entries, points) that run straight from one point of the grid to the next.

    Cells start … stop − 1 of the grid, of which the first begins `offset` samples before the call.
    """
    place = aligned(GRID)
    for j in range(GRID):
        place[j] = j / GRID
    for cell in range(start, stop):
        begin = cell * GRID - offset
        for bus in range(firsts.size - 1):
            if begin >= 0 and begin + GRID <= samples:
                for j in range(0, GRID, _STEP):
                    t, run = begin + j, load(place, j)
                    a = b = c = d = splat(0.0)
                    more, most, last = (
                        load(place, j + WIDTH),
                        load(place, j + 2 * WIDTH),
                        load(place, j + 3 * WIDTH),
                    )
                    for k in range(firsts[bus], firsts[bus + 1]):
                        left, at = weights[k, cell], taken[k] * stride + t
                        rise = weights[k, cell + 1] - left
                        a = a + (left + rise * run) * load(flat, at)
                        b = b + (left + rise * more) * load(flat, at + WIDTH)
                        c = c + (left + rise * most) * load(flat, at + 2 * WIDTH)
                        d = d + (left + rise * last) * load(flat, at + 3 * WIDTH)
                    to = bus * samples + t
                    store(out, to, a)
                    store(out, to + WIDTH, b)
                    store(out, to + 2 * WIDTH, c)
                    store(out, to + 3 * WIDTH, d)
            else:
                for t in range(max(begin, 0), min(begin + GRID, samples)):
                    total = 0.0
                    for k in range(firsts[bus], firsts[bus + 1]):
                        left = weights[k, cell]
                        now = left + (weights[k, cell + 1] - left) * place[t - begin]
                        total += now * flat[taken[k] * stride + t]
                    out[bus * samples + t] = total

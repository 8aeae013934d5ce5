"""The loops of a convolution in partitions: sums of products of spectra, and the first taps in time.

Both read float32 or float64 and add up in float64. Spectra lie as real parts, then imaginary parts, so that
eight neighbours are one register.
"""

from gainstage.kernels.compile import kernel
from gainstage.kernels.simd import WIDTH, Audio, Doubles, aligned, load, splat, store

TILE = 4 * WIDTH
"""Outputs that are computed at once, in four registers that do not wait for each other."""


@kernel
def add_products(
    total: Doubles,
    spectra: Audio,
    slots: int,
    newest: int,
    responses: Audio,
    partitions: int,
    first: int,
    count: int,
    bins: int,
    signals: int,
) -> None:
    """total += Σ responses[first + i]·spectra[newest − i] over i = 0 … count − 1, complex, for each signal.

    Shape: total (signals, 2, bins), spectra (signals, slots, 2, bins), responses (signals, partitions, 2,
        bins), all flat; bins is a multiple of 8.
    """
    wide = 2 * bins
    for signal in range(signals):
        to = signal * wide
        for i in range(count):
            x = (signal * slots + newest - i) * wide
            h = (signal * partitions + first + i) * wide
            for k in range(0, bins, WIDTH):
                re, im = load(spectra, x + k), load(spectra, x + bins + k)
                a, b = load(responses, h + k), load(responses, h + bins + k)
                store(total, to + k, load(total, to + k) + re * a - im * b)
                store(total, to + bins + k, load(total, to + bins + k) + re * b + im * a)


@kernel
def add_first_taps(
    out: Audio,
    at: int,
    length: int,
    coming: Audio,
    recent: Audio,
    size: int,
    start: int,
    count: int,
    taps: Doubles,
    signals: int,
) -> None:
    """out[at + i] = coming[start + i] + Σ taps[start + i − k]·recent[k] over k = 0 … start + i.

    Shape: out (signals, length), coming and recent (signals, size), taps (signals, TILE + size + TILE): zeros
        before and after the taps, all flat.
    """
    wide, sums = size + 2 * TILE, aligned(TILE)
    for signal in range(signals):
        past, known, to = signal * size, start + count, signal * length + at - start
        for first in range(start, known, TILE):
            a = b = c = d = splat(0.0)
            h = signal * wide + TILE + first
            for k in range(min(first + TILE, known)):
                x = splat(float(recent[past + k]))
                a, b = a + x * load(taps, h - k), b + x * load(taps, h - k + WIDTH)
                c, d = c + x * load(taps, h - k + 2 * WIDTH), d + x * load(taps, h - k + 3 * WIDTH)
            store(sums, 0, a)
            store(sums, WIDTH, b)
            store(sums, 2 * WIDTH, c)
            store(sums, 3 * WIDTH, d)
            for i in range(min(TILE, known - first)):
                out[to + first + i] = coming[past + first + i] + sums[i]

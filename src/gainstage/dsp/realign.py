"""A track moved and stretched to where it lies in a mix, block by block."""

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gainstage.dsp.alignment import Alignment, Read

HALF = 32  # taps to each side: flat to .01 dB up to .9 of the band
_PHASES = 2048
_BETA = 9.0
_BLOCK = 1 << 14


def realigned_length(num_samples: int, alignment: Alignment) -> int:
    """Samples from the mix's start to the end of the track; 0 if all of it lies before."""
    return max(math.ceil(alignment.position(num_samples)), 0)


def realigned(read: Read, num_samples: int, alignment: Alignment) -> Iterator[NDArray[np.float32]]:
    """The samples that the mix would hold if it held this track alone, with the polarity of the track.

    A whole delay without drift is exact. Else a sinc under a Kaiser window of 64 taps interpolates; drift is
    too small to alias. What would lie before the mix's start is cut off.

    Args:
        read: the track.
        num_samples: of it.
        alignment: as `find_alignment` found it; polarity and confidence play no part.

    Shape: yields (samples,) blocks, `realigned_length` in all.
    """
    length = realigned_length(num_samples, alignment)
    is_whole = alignment.drift_ppm == 0.0 and float(alignment.delay_samples).is_integer()
    for start in range(0, length, _BLOCK):
        size = min(_BLOCK, length - start)
        if is_whole:
            yield read(start - round(alignment.delay_samples), size).astype(np.float32)
            continue
        places = (np.arange(start, start + size, dtype=np.float64) - alignment.delay_samples) / (
            1.0 + 1e-6 * alignment.drift_ppm
        )
        yield _interpolated(read, places)


def _interpolated(read: Read, places: NDArray[np.float64]) -> NDArray[np.float32]:
    """The signal between its samples."""
    whole = np.floor(places).astype(np.int64)
    first = int(whole[0]) - HALF + 1
    samples = read(first, int(whole[-1]) + HALF + 1 - first).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(samples, 2 * HALF)[whole - whole[0]]
    phase = (places - whole) * _PHASES
    row = phase.astype(np.int64)
    between = (phase - row)[:, None]
    table = _table()
    taps = table[row] * (1.0 - between) + table[row + 1] * between
    return np.asarray(np.einsum("ij,ij->i", windows, taps), dtype=np.float32)


@cache
def _table() -> NDArray[np.float64]:
    """Taps for each phase from 0 to 1. Shape (phases + 1, 64)."""
    fraction = np.arange(_PHASES + 1)[:, None] / _PHASES
    away = np.arange(-HALF + 1, HALF + 1)[None, :] - fraction
    inside = np.clip(1.0 - (away / HALF) ** 2, 0.0, None)
    return np.asarray(np.sinc(away) * np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA))

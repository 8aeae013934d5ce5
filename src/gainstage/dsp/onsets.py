"""Onsets from an energy envelope: how many, how sharp, and how fast the sound dies after them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ENVELOPE_HZ = 100
"""Envelope points a second (one every 10 ms)."""
_SPAN = 3  # points averaged before and after: 30 ms, so that a 40-Hz bass does not ripple
_LEAST_RISE_DB = 6.0
_GAP = 5  # onsets are at least 50 ms apart
_DECAY = 25  # points (250 ms) after an onset in which its decay is measured


@dataclass(frozen=True)
class Onsets:
    """What the envelope tells about attacks.

    Args:
        count: number of onsets.
        sharpness_db: mean rise at an onset, 30 ms after it against 30 ms before, at most 40 dB.
        decay_db_per_s: mean fall of the level in the 250 ms after an onset; 0 where it sustains.
    """

    count: int
    sharpness_db: float
    decay_db_per_s: float


def onset_points(energy: Array, least_energy: float) -> NDArray[np.intp]:
    """Where the onsets of an energy envelope are, as indices of its points; see `find_onsets`."""
    at, _, _ = _found(energy, least_energy)
    return at


def find_onsets(energy: Array, least_energy: float) -> Onsets:
    """Onsets in an energy envelope.

    An onset is a rise of at least 6 dB within 30 ms, the largest within 50 ms, up to `least_energy` or more.
    Legato changes of pitch at one level are no onsets to a compressor, and none here.

    Args:
        energy: mean square per 10 ms, shape (points,).
        least_energy: mean square that an onset must reach; it keeps bleed and noise out.
    """
    at, rise_db, after = _found(energy, least_energy)
    if len(at) == 0:
        return Onsets(0, 0.0, 0.0)
    later = at + _DECAY
    kept = later < len(after)
    if not kept.any():
        return Onsets(len(at), float(np.mean(rise_db[at])), 0.0)
    top, rest = after[at[kept]] + 1e-30, after[later[kept]]
    fall_db = np.maximum(-10.0 * np.log10(rest / top + 1e-4), 0.0)
    return Onsets(len(at), float(np.mean(rise_db[at])), float(np.mean(fall_db)) * ENVELOPE_HZ / _DECAY)


def _found(energy: Array, least_energy: float) -> tuple[NDArray[np.intp], Array, Array]:
    """Onsets, and at every point the rise in dB and the energy after it."""
    if len(energy) < 2 * _SPAN + 1:
        return np.zeros(0, np.intp), np.zeros(0), np.zeros(0)
    smooth = np.convolve(energy, np.full(_SPAN, 1.0 / _SPAN), mode="valid")
    padded = np.concatenate([np.zeros(_SPAN), smooth])  # the song begins after silence
    before, after = padded[:-_SPAN], padded[_SPAN:]
    # 40 dB of rise is as sharp as it gets: an onset after digital silence would be infinite
    rise_db = 10.0 * np.log10((after + 1e-30) / (np.maximum(before, after * 1e-4) + 1e-30))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(rise_db, _GAP), 2 * _GAP + 1)
    first_of_equals = np.argmax(around, axis=-1) == _GAP
    at = np.flatnonzero(first_of_equals & (rise_db >= _LEAST_RISE_DB) & (after >= least_energy))
    return at, rise_db, after

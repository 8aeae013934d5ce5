"""Spectra as an engineer reads them: power in fractional-octave bands, and narrow peaks that stand out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 20.0, 20_000.0


def band_centres_hz(bands_per_octave: int) -> Array:
    """Centres of the fractional-octave bands between 20 Hz and 20 kHz (IEC 61260-1, base two, 1 kHz exact).

    Args:
        bands_per_octave: 3 for the 31 third-octave bands that an equaliser's display shows.
    """
    lowest = round(bands_per_octave * np.log2(LOWEST_HZ / 1000.0))
    highest = round(bands_per_octave * np.log2(HIGHEST_HZ / 1000.0))
    return np.asarray(1000.0 * 2.0 ** (np.arange(lowest, highest + 1) / bands_per_octave), dtype=np.float64)


def band_matrix(num_bins: int, bin_hz: float, bands_per_octave: int) -> Array:
    """How much of each FFT bin's power belongs to each band.

    A bin is a rectangle of `bin_hz` around its frequency and counts by the part of it that lies in the band:
    bands narrower than a bin are never empty, and the bands together hold all power between their ends.

    Returns:
        Shares in [0, 1], shape (bands, bins).
    """
    centres = band_centres_hz(bands_per_octave)
    half = 2.0 ** (0.5 / bands_per_octave)
    edges = np.arange(num_bins) * bin_hz
    low = np.maximum((centres / half)[:, None], edges[None] - bin_hz / 2)
    high = np.minimum((centres * half)[:, None], edges[None] + bin_hz / 2)
    return np.asarray(np.maximum(high - low, 0.0) / bin_hz, dtype=np.float64)


@dataclass(frozen=True)
class Resonance:
    """A narrow peak of a long-term spectrum.

    Args:
        frequency_hz: its centre.
        prominence_db: its height above the spectrum smoothed over an octave.
        q: centre over the width at which it has fallen by 3 dB (or half its height if that is less).
    """

    frequency_hz: float
    prominence_db: float
    q: float


def resonances(
    power: Array,
    bands_per_octave: int,
    *,
    least_db: float = 3.0,
    low_hz: float = 80.0,
    high_hz: float = 12_000.0,
    most: int = 8,
) -> tuple[Resonance, ...]:
    """The narrow peaks of a band spectrum, most prominent first.

    The floor is the running median over an octave: a peak narrower than half of that does not lift it, as it
    would lift a running mean. Peaks more than 40 dB below the loudest band do not matter and are left out.

    Args:
        power: power per fractional-octave band (`band_centres_hz`), 12 or more bands an octave.
        bands_per_octave: resolution of `power`.
        least_db: the least prominence that counts.
        low_hz, high_hz: where to look.
        most: how many to return at most.
    """
    centres = band_centres_hz(bands_per_octave)
    if not power.max() > 0.0:
        return ()
    # a band holds power in proportion to its width: take that out, so that a flat density reads flat
    level_db = 10.0 * np.log10(power / centres + 1e-12 * (power / centres).max())
    half = bands_per_octave // 2
    padded = np.pad(level_db, half, mode="reflect")
    floor_db = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=-1)
    above_db = level_db - floor_db
    audible = 10.0 * np.log10(power + 1e-30) > 10.0 * np.log10(power.max()) - 40.0
    found = []
    for band in range(1, len(centres) - 1):
        is_peak = level_db[band] > level_db[band - 1] and level_db[band] >= level_db[band + 1]
        inside = low_hz <= centres[band] <= high_hz
        if is_peak and inside and audible[band] and above_db[band] >= least_db:
            found.append(_measure(level_db, float(above_db[band]), band, bands_per_octave, centres))
    return tuple(sorted(found, key=lambda peak: -peak.prominence_db)[:most])


def _measure(level_db: Array, above_db: float, band: int, bands_per_octave: int, centres: Array) -> Resonance:
    # A parabola through the three bands round the peak gives its centre between bands.
    left, top, right = level_db[band - 1 : band + 2]
    bend = left - 2.0 * top + right
    shift = 0.5 * (left - right) / bend if bend < 0.0 else 0.0
    frequency_hz = float(centres[band] * 2.0 ** (shift / bands_per_octave))
    drop = min(3.0, above_db / 2.0)
    below = _distance(level_db[band::-1], drop)
    above = _distance(level_db[band:], drop)
    width = 2.0 ** (above / bands_per_octave) - 2.0 ** (-below / bands_per_octave)
    return Resonance(frequency_hz, above_db, float(1.0 / width))


def _distance(level_db: Array, drop_db: float) -> float:
    """Bands from the first entry until the level has fallen by `drop_db`, between bands by interpolation."""
    under = np.flatnonzero(level_db <= level_db[0] - drop_db)
    if len(under) == 0:
        return float(len(level_db))
    k = int(under[0])
    return float(k - 1 + (level_db[k - 1] - (level_db[0] - drop_db)) / (level_db[k - 1] - level_db[k]))

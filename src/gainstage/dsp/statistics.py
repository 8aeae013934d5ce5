"""Statistics of frames that features are made of: spreads, shares, slopes of band spectra."""

import numpy as np
from numpy.typing import NDArray

from gainstage.dsp.spectrum import Array, band_centres_hz

_THIRDS_HZ = band_centres_hz(3)


def to_lufs(power: Array | float | np.floating) -> Array:
    """Loudness of K-weighted power summed over channels, not below −200 LUFS (BS.1770-4, eq. 2)."""
    return np.asarray(-0.691 + 10.0 * np.log10(np.maximum(power, 10.0**-19.9309)), dtype=np.float64)


def loud_level(momentary_lufs: Array) -> float:
    """The level that a track has when it plays: the 95th percentile of its momentary loudness.

    Blocks more than 50 LU below the loudest are no part of the count: a crash that sounds in one bar of fifty
    is judged by that bar. (Relative to the loudest, so that the level of the file does not matter.)
    """
    return float(np.percentile(momentary_lufs[momentary_lufs >= momentary_lufs.max() - 50.0], 95.0))


def loudness_range_lu(block_power: Array, active: NDArray[np.bool_]) -> float:
    """10th to 95th percentile of 3-s loudness, after EBU Tech 3342, over what is played.

    Tech 3342 gates whole windows 20 LU below the programme; on one track a window that holds a rest would
    still count its rest as dynamics. Here the 3-s mean is taken over its active blocks, and a window
    counts with at least 1 s of them (with none such, every window with an active block counts).

    Args:
        block_power: K-weighted power of the 400-ms blocks, one each 100 ms.
        active: which of them count.
    """
    window = min(27, len(block_power))  # 27 blocks of 400 ms, 100 ms apart, span 3 s
    ones = np.ones(window)
    count = np.convolve(active.astype(np.float64), ones, mode="valid")
    power = np.convolve(np.where(active, block_power, 0.0), ones, mode="valid")
    enough = count >= min(7.0, count.max())
    if not enough.any() or count.max() == 0.0:
        return 0.0
    short_term = to_lufs(power[enough] / count[enough])
    low, high = np.percentile(short_term, [10.0, 95.0])
    return float(high - low)


def playing_frames(active: NDArray[np.bool_]) -> float:
    """How many frames of 400 ms a track plays: the active ones and those within two frames of one.

    A kick on every second is silent in half of its frames, but it plays all the time.
    """
    near = np.convolve(active.astype(np.float64), np.ones(5))[2 : 2 + len(active)]
    return float((near > 0.5).sum())


def mean_absolute_deviation(values: Array) -> float:
    """Mean distance from the mean."""
    return float(np.mean(np.abs(values - values.mean())))


def band_activity(bands: NDArray[np.float32]) -> Array:
    """Per band, share of frames within 20 dB of its 90th percentile; shape (frames, 31) → (31,)."""
    loudest = np.percentile(bands, 90.0, axis=0)
    return np.asarray(np.mean((bands >= 0.01 * loudest) & (bands > 0.0), axis=0), dtype=np.float64)


def share_below_db(power: Array, centres_hz: Array, frequency_hz: float) -> float:
    """Power below a frequency over all power, dB, not below −80; its band is split in proportion to log f."""
    total = power.sum()
    if not total > 0.0:
        return 0.0
    running = np.concatenate([[0.0], np.cumsum(power)]) / total
    step = np.log(centres_hz[1] / centres_hz[0])
    edges = np.concatenate([np.log(centres_hz) - step / 2, [np.log(centres_hz[-1]) + step / 2]])
    share = float(np.interp(np.log(frequency_hz), edges, running))
    return 10.0 * float(np.log10(share + 1e-8))


def quantile_hz(power: Array, centres_hz: Array, share: float) -> float:
    """The frequency below which a share of the power lies, between bands by interpolation in log f."""
    total = power.sum()
    if not total > 0.0:
        return float(centres_hz[0])
    running = np.concatenate([[0.0], np.cumsum(power)]) / total
    step = np.log(centres_hz[1] / centres_hz[0])
    edges = np.concatenate([np.log(centres_hz) - step / 2, [np.log(centres_hz[-1]) + step / 2]])
    rising = np.concatenate([[True], np.diff(running) > 0.0])
    return float(np.exp(np.interp(share, running[rising], edges[rising])))


def flatness_db(thirds: Array) -> float:
    """Geometric over arithmetic mean of the spectral density, 100 Hz to 10 kHz: 0 dB for white noise."""
    inside = (_THIRDS_HZ >= 100.0) & (_THIRDS_HZ <= 10_000.0)
    density = thirds[inside] / _THIRDS_HZ[inside] + 1e-30
    return 10.0 * float(np.mean(np.log10(density)) - np.log10(np.mean(density)))


def tilt_db_per_octave(thirds: Array) -> float:
    """Slope of a straight line through the third-octave levels from 60 Hz to 12 kHz; 0 for pink noise.

    Levels over 60 dB below the loudest band count as 60 dB below it, else one empty band would turn the line.
    """
    inside = (_THIRDS_HZ >= 60.0) & (_THIRDS_HZ <= 12_000.0)
    level = 10.0 * np.log10(np.maximum(thirds[inside], 1e-6 * thirds.max()) + 1e-30)
    octave = np.log2(_THIRDS_HZ[inside])
    octave = octave - octave.mean()
    return float((octave * level).sum() / (octave**2).sum())


def sibilance_db(bands: NDArray[np.float32]) -> float:
    """90th percentile over frames of power in 5–10 kHz over 300 Hz–4 kHz, within ±40 dB."""
    hiss = bands[:, (_THIRDS_HZ >= 4900.0) & (_THIRDS_HZ <= 10_200.0)].sum(axis=1)
    body = bands[:, (_THIRDS_HZ >= 300.0) & (_THIRDS_HZ <= 4100.0)].sum(axis=1)
    ratio = (hiss + 1e-30) / (body + 1e-30)
    return float(np.clip(np.percentile(10.0 * np.log10(ratio), 90.0), -40.0, 40.0))

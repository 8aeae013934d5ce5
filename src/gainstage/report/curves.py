"""What filters and compressors do, as curves to draw.

Filters are evaluated on their analogue prototypes: the RBJ cookbook's bilinear transform maps s to
j·tan(ω/2)/tan(ω₀/2), so a digital filter's response is its prototype's there, without coefficients.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gainstage.report.settings import Band, Compressor, Equaliser, Pass, Stage

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


def filter_response_db(stages: Iterable[Stage], frequencies_hz: Array, *, sample_rate: int) -> Array:
    """The gain of all filters and equalisers among some stages; other stages are taken as 0 dB.

    Args:
        stages: a strip's chain.
        frequencies_hz: where, below half the sample rate.
        sample_rate: in Hz.
    """
    total_db = np.zeros_like(frequencies_hz)
    for stage in stages:
        parts: tuple[Pass | Band, ...] = ()
        if isinstance(stage, Equaliser):
            parts = stage.bands
        elif isinstance(stage, Pass):
            parts = (stage,)
        for part in parts:
            centre_hz = min(part.frequency_hz, 0.475 * sample_rate)
            warped = np.tan(np.pi * frequencies_hz / sample_rate) / np.tan(np.pi * centre_hz / sample_rate)
            total_db += 20 * np.log10(np.abs(_prototype(part, 1j * warped)) + 1e-10)
    return total_db


def _prototype(part: Pass | Band, s: Complex) -> Complex:
    """Analogue prototypes of Bristow-Johnson's cookbook, at unit frequency."""
    q = part.q
    if isinstance(part, Pass):
        top = s * s if part.kind == "high_pass" else 1
        filtered: Complex = part.amount * top / (s * s + s / q + 1) + 1 - part.amount
        return filtered
    a = 10 ** (part.gain_db / 40)
    if part.kind == "peak":
        return (s * s + s * a / q + 1) / (s * s + s / (a * q) + 1)
    lift, fall = a * s * s + np.sqrt(a) / q * s + 1, s * s + np.sqrt(a) / q * s + a
    shelf: Complex = a * fall / lift if part.kind == "low_shelf" else a * lift / fall
    return shelf


def static_curve_db(compressor: Compressor, level_db: Array) -> Array:
    """Output level of a compressor for steady input levels, make-up and mix included.

    References:
        Giannoulis, Massberg, Reiss, "Digital dynamic range compressor design", JAES 60(6), 2012, eq. 4.
    """
    over_db = level_db - compressor.threshold_db
    knee_db = max(compressor.knee_db, 1e-9)
    slope = 1 - 1 / compressor.ratio
    bend_db = np.clip(over_db + knee_db / 2, 0.0, knee_db) ** 2 / (2 * knee_db)
    reduction_db = slope * np.where(over_db > knee_db / 2, over_db, bend_db)
    wet = 10 ** ((compressor.makeup_db - reduction_db) / 20)
    return np.asarray(level_db + 20 * np.log10(compressor.mix * wet + 1 - compressor.mix), dtype=np.float64)

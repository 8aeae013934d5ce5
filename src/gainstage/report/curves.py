"""What filters and compressors do, as curves to draw: the console's own laws at the values of a strip."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainstage.dsp import biquad
from gainstage.dsp.compressor import static_curve
from gainstage.report.settings import Band, Compressor, Equaliser, Pass, Stage

Array = NDArray[np.float64]

_PASSES = {"high_pass": biquad.high_pass, "low_pass": biquad.low_pass}
_BANDS = {"low_shelf": biquad.low_shelf, "peak": biquad.peak, "high_shelf": biquad.high_shelf}


def filters_of(chain: Sequence[Stage]) -> list[Pass | Band]:
    """All filters and bands of a chain, in its order."""
    found: list[Pass | Band] = []
    for stage in chain:
        found += stage.bands if isinstance(stage, Equaliser) else [stage] if isinstance(stage, Pass) else []
    return found


def response_db(filters: Sequence[Pass | Band], frequencies_hz: Array, *, sample_rate: int) -> Array:
    """The gain of filters in series.

    Args:
        filters: any number.
        frequencies_hz: where, below half the sample rate.
        sample_rate: in Hz.
    """
    if not filters:
        return np.zeros_like(frequencies_hz)
    coefficients = torch.stack([_coefficients(part, sample_rate) for part in filters])
    response = biquad.frequency_response(coefficients, torch.from_numpy(frequencies_hz), sample_rate)
    gain_db: Array = (20 * torch.log10(response.abs() + 1e-10)).numpy()
    return gain_db


def _coefficients(part: Pass | Band, sample_rate: int) -> Tensor:
    frequency_hz, q = torch.tensor(part.frequency_hz), torch.tensor(part.q)
    if isinstance(part, Pass):
        filtered = _PASSES[part.kind](frequency_hz, q, sample_rate)
        return biquad.blend(filtered, torch.tensor(part.amount))
    return _BANDS[part.kind](frequency_hz, torch.tensor(part.gain_db), q, sample_rate)


def compressed_db(compressor: Compressor, level_db: Array) -> Array:
    """Output level of a compressor for steady input levels, make-up and mix included."""
    level = torch.from_numpy(level_db)
    wet_db = static_curve(
        level,
        threshold_db=torch.tensor(compressor.threshold_db),
        ratio=torch.tensor(compressor.ratio),
        knee_db=torch.tensor(compressor.knee_db),
        makeup_db=torch.tensor(compressor.makeup_db),
    )
    gain = compressor.mix * 10 ** ((wet_db - level) / 20) + 1 - compressor.mix
    output_db: Array = (level + 20 * torch.log10(gain)).double().numpy()
    return output_db

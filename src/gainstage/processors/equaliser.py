"""The equaliser: a shelf at either end and four bells between them."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.biquad import high_shelf, low_shelf, peak, ring_seconds
from gainstage.processors.cascade import Cascade
from gainstage.processors.parameter import Parameter, Scale


def _band(
    name: str, low_hz: float, high_hz: float, frequency_hz: float, q: float, start_db: float, what: str
) -> tuple[Parameter, ...]:
    """Three rows of the table. Bands start .5 dB off flat, where frequency and Q have a gradient."""
    return (
        Parameter(
            f"{name}_frequency_hz",
            "Hz",
            low_hz,
            high_hz,
            frequency_hz,
            frequency_hz,
            f"where {what}",
            Scale.LOG,
        ),
        Parameter(f"{name}_gain_db", "dB", -15.0, 15.0, 0.0, start_db, f"how far {what}"),
        Parameter(f"{name}_q", "", 0.3, 8.0, q, q, f"how narrowly {what}", Scale.LOG),
    )


@final
@dataclass(frozen=True)
class Equaliser(Cascade):
    """Six RBJ bands in series, computed in one pass over the audio.

    The bands overlap, so that an energy can be met by the band whose shape fits; at 0 dB a band is the
    identity.
    """

    name: ClassVar[str] = "equaliser"
    num_sections: ClassVar[int] = 6
    table: ClassVar[tuple[Parameter, ...]] = (
        *_band("low_shelf", 30.0, 450.0, 100.0, 0.7, -0.5, "the lows are shelved"),
        *_band("peak_1", 60.0, 800.0, 250.0, 1.0, -0.5, "the low mids bend"),
        *_band("peak_2", 200.0, 2500.0, 700.0, 1.0, -0.5, "the mids bend"),
        *_band("peak_3", 800.0, 8000.0, 2500.0, 1.0, 0.5, "the presence bends"),
        *_band("peak_4", 2500.0, 16000.0, 6000.0, 1.0, 0.5, "the brilliance bends"),
        *_band("high_shelf", 1500.0, 16000.0, 8000.0, 0.7, 0.5, "the highs are shelved"),
    )

    def coefficients(self, controls: Tensor, sample_rate: int) -> Tensor:
        """Shape: controls (..., width) → (..., 6, 5), float64; for `frequency_response` too."""
        frequency_hz, gain_db, q = controls.double().reshape(*controls.shape[:-1], 6, 3).unbind(-1)
        lows = low_shelf(frequency_hz[..., :1], gain_db[..., :1], q[..., :1], sample_rate)
        bells = peak(frequency_hz[..., 1:5], gain_db[..., 1:5], q[..., 1:5], sample_rate)
        highs = high_shelf(frequency_hz[..., 5:], gain_db[..., 5:], q[..., 5:], sample_rate)
        return torch.cat([lows, bells, highs], -2)

    def tail_seconds(self, controls: Tensor) -> float:
        frequency_hz, gain_db, q = controls.double().reshape(*controls.shape[:-1], 6, 3).unbind(-1)
        # Boosts ring longer: a bell's poles have Q·A, and a low shelf's lie at f/√A.
        amplitude = 10.0 ** (gain_db.clamp(min=0.0) / 40.0)
        bells = torch.tensor([0.0, 1.0, 1.0, 1.0, 1.0, 0.0], dtype=torch.float64, device=controls.device)
        ring = ring_seconds(frequency_hz / amplitude ** (0.5 * (1.0 - bells)), q * amplitude**bells)
        return float(torch.where(gain_db == 0.0, 0.0, ring).max())

"""The low-pass: takes away what lies above an instrument: hiss, the spill of cymbals, an edge."""

from dataclasses import dataclass
from typing import ClassVar, final

from gainstage.dsp.biquad import low_pass
from gainstage.processors.blended_filter import BlendedFilter
from gainstage.processors.parameter import Parameter, Scale

_FLAT = 0.5**0.5


@final
@dataclass(frozen=True)
class LowPass(BlendedFilter):
    """Second order, 12 dB an octave; `amount` fades it in.

    A corner above .475 of the sample rate stands at .475 of it.
    """

    name: ClassVar[str] = "low_pass"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "frequency_hz",
            "Hz",
            1000.0,
            20_000.0,
            20_000.0,
            16_000.0,
            "corner above which it falls",
            Scale.LOG,
        ),
        Parameter("q", "", 0.5, 2.0, _FLAT, _FLAT, "resonance at the corner; 0.71 is flat", Scale.LOG),
        Parameter("amount", "", 0.0, 1.0, 0.0, 0.1, "0 is the dry signal, 1 the filtered one"),
    )
    design = staticmethod(low_pass)

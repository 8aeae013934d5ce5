"""The high-pass: takes away what lies below an instrument: rumble, steps, the bleed of the kick."""

from dataclasses import dataclass
from typing import ClassVar, final

from gainstage.dsp.biquad import high_pass
from gainstage.processors.blended_filter import BlendedFilter
from gainstage.processors.parameter import Parameter, Scale

_FLAT = 0.5**0.5


@final
@dataclass(frozen=True)
class HighPass(BlendedFilter):
    """Second order, 12 dB an octave; `amount` fades it in."""

    name: ClassVar[str] = "high_pass"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("frequency_hz", "Hz", 20.0, 1000.0, 20.0, 30.0, "corner below which it falls", Scale.LOG),
        Parameter("q", "", 0.5, 2.0, _FLAT, _FLAT, "resonance at the corner; 0.71 is flat", Scale.LOG),
        Parameter("amount", "", 0.0, 1.0, 0.0, 0.1, "0 is the dry signal, 1 the filtered one"),
    )
    design = staticmethod(high_pass)

"""The fader: the level of a strip in the mix, down to silence."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from gainstage.dsp.gain import fader_gain
from gainstage.processors.gain import Gain
from gainstage.processors.parameter import Parameter


@final
@dataclass(frozen=True)
class Fader(Gain):
    """A gain whose lower end is exactly silence, with a gradient that lets it come back."""

    name: ClassVar[str] = "fader"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "gain_db",
            "dB",
            -60.0,
            12.0,
            0.0,
            0.0,
            "level in the mix; low end = silence",
            off_at_low=True,
        ),
    )

    def gains(self, controls: Tensor, channels: int) -> Tensor:
        del channels
        return fader_gain(controls[:, None, :, 0].double(), self.table[0].low)

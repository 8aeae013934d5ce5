"""The trim at the top of a strip: brings a track to the level at which the rest of the strip is at home."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from gainstage.dsp.gain import db_to_gain
from gainstage.processors.gain import Gain
from gainstage.processors.parameter import Parameter


@final
@dataclass(frozen=True)
class Trim(Gain):
    """A gain before all other processors. Gain staging computes it; nothing drives it."""

    name: ClassVar[str] = "trim"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("gain_db", "dB", -60.0, 48.0, 0.0, 0.0, "level of the track before its strip"),
    )

    def gains(self, controls: Tensor, channels: int) -> Tensor:
        del channels
        return db_to_gain(controls[:, None, :, 0].double())

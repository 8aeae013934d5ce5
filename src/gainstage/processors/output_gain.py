"""The output gain of the master: one number a song, set by measurement when a mix is delivered."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from gainstage.dsp.gain import db_to_gain
from gainstage.processors.gain import Gain
from gainstage.processors.parameter import Kind, Parameter


@final
@dataclass(frozen=True)
class OutputGain(Gain):
    """A static gain that brings a mix to its target loudness. Delivery sets it; nothing drives it."""

    name: ClassVar[str] = "output_gain"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("gain_db", "dB", -60.0, 48.0, 0.0, 0.0, "level of the finished mix", kind=Kind.STATIC),
    )

    def gains(self, controls: Tensor, channels: int) -> Tensor:
        del channels
        return db_to_gain(controls[:, None, :1, 0].double())

"""The send: how much of a strip a return receives."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from gainstage.dsp.gain import fader_gain
from gainstage.processors.gain import Gain
from gainstage.processors.parameter import Parameter


@final
@dataclass(frozen=True)
class Send(Gain):
    """A gain from a strip (behind its fader) to a return; off, the return gets exactly nothing.

    The console computes all sends of all tracks as one matrix product; `render` is the same law on rows.
    """

    name: ClassVar[str] = "send"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "level_db",
            "dB",
            -60.0,
            6.0,
            -60.0,
            -30.0,
            "level into the return; low end = off",
            off_at_low=True,
        ),
    )

    def gains(self, controls: Tensor, channels: int) -> Tensor:
        del channels
        return fader_gain(controls[:, None, :, 0].double(), self.table[0].low)

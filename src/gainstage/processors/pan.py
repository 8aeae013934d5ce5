"""The panner: places a mono track between the speakers, balances a stereo one."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from gainstage.dsp.panning import PanLaw, balance_gains, pan_gains
from gainstage.processors.gain import Gain
from gainstage.processors.parameter import Parameter


@final
@dataclass(frozen=True)
class Pan(Gain):
    """One channel becomes two by the pan law; two channels are balanced.

    At the centre a mono signal is in both channels at 0 dB, whatever the law.

    Args:
        law: the law for mono signals; `gainstage.dsp.panning` has their formulas.
    """

    name: ClassVar[str] = "pan"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("position", "", -1.0, 1.0, 0.0, 0.0, "place between left (−1) and right (+1)"),
    )
    law: PanLaw = "sine"

    def gains(self, controls: Tensor, channels: int) -> Tensor:
        position = controls[..., 0].double()
        gains = pan_gains(position, law=self.law) if channels == 1 else balance_gains(position)
        return gains.transpose(0, 1)

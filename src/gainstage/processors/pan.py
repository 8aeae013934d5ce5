"""The panner: places a mono track between the speakers, balances a stereo one."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.gain import ramp
from gainstage.dsp.panning import PanLaw, balance_gains, pan_gains
from gainstage.processors.parameter import Parameter
from gainstage.processors.processor import Processor, State


@final
@dataclass(frozen=True)
class Pan(Processor):
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

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        del rows, channels, sample_rate, device
        return {}

    def render(
        self,
        audio: Tensor,
        controls: Tensor,
        state: State,
        *,
        sample_rate: int,
        offset: int = 0,
        key: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        del sample_rate, key
        position = controls[..., 0].double()
        gains = pan_gains(position, law=self.law) if audio.shape[1] == 1 else balance_gains(position)
        gains = gains.transpose(0, 1).to(audio.dtype)  # (rows, 2, points)
        return audio * ramp(gains, offset, audio.shape[-1]), state

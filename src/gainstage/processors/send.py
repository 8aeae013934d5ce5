"""The send: how much of a strip a return receives."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.gain import apply_gain, fader_gain
from gainstage.processors.parameter import Parameter
from gainstage.processors.processor import Processor, State


@final
@dataclass(frozen=True)
class Send(Processor):
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
        gain = fader_gain(controls[..., 0].double(), self.table[0].low)
        return apply_gain(audio, gain, offset=offset), state

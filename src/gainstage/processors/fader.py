"""The fader: the level of a strip in the mix, down to silence."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.gain import apply_gain, fader_gain
from gainstage.processors.parameter import Parameter
from gainstage.processors.processor import Processor, State


@final
@dataclass(frozen=True)
class Fader(Processor):
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

"""The output gain of the master: one number a song, set by measurement when a mix is delivered."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.gain import apply_gain, db_to_gain
from gainstage.processors.parameter import Kind, Parameter
from gainstage.processors.processor import Processor, State


@final
@dataclass(frozen=True)
class OutputGain(Processor):
    """A static gain that brings a mix to its target loudness. Delivery sets it; nothing drives it."""

    name: ClassVar[str] = "output_gain"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("gain_db", "dB", -60.0, 48.0, 0.0, 0.0, "level of the finished mix", kind=Kind.STATIC),
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
        del sample_rate, offset, key
        return apply_gain(audio, db_to_gain(controls[:, :1, 0].double())), state

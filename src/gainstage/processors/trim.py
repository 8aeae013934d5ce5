"""The trim at the top of a strip: brings a track to the level at which the rest of the strip is at home."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.gain import apply_gain, db_to_gain
from gainstage.processors.parameter import Parameter
from gainstage.processors.processor import Processor, State


@final
@dataclass(frozen=True)
class Trim(Processor):
    """A gain before all other processors. Gain staging computes it; nothing drives it."""

    name: ClassVar[str] = "trim"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("gain_db", "dB", -60.0, 48.0, 0.0, 0.0, "level of the track before its strip"),
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
        return apply_gain(audio, db_to_gain(controls[..., 0].double()), offset=offset), state

"""The width: how much left and right differ, with the lows drawn to the centre if wanted."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.biquad import blend, high_pass, ring_seconds
from gainstage.dsp.gain import apply_gain
from gainstage.kernels.biquad import biquad_cascade
from gainstage.processors.parameter import Parameter, Scale
from gainstage.processors.processor import Processor, State

_FLAT = 0.5**0.5


@final
@dataclass(frozen=True)
class Width(Processor):
    """Mid M = (L + R)/2 stays as it is, side S = (L − R)/2 is made larger or smaller.

    So the mono sum of a mix never changes. `mono_amount` fades in a second-order high-pass on the side alone:
    bass below `mono_below_hz` then comes from the centre, as vinyl and large loudspeakers want it. A row of
    one channel has no side and passes.
    """

    name: ClassVar[str] = "width"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("width", "", 0.0, 2.0, 1.0, 1.0, "0 % is mono, 100 % as it was, 200 % twice the side"),
        Parameter(
            "mono_below_hz", "Hz", 20.0, 500.0, 100.0, 100.0, "corner below which the side falls", Scale.LOG
        ),
        Parameter("mono_amount", "", 0.0, 1.0, 0.0, 0.1, "0 leaves the lows their width, 1 makes them mono"),
    )

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        del channels, sample_rate
        return {"side": torch.zeros(rows, 1, 1, 2, dtype=torch.float64, device=device)}

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
        del key
        if audio.shape[1] == 1:
            return audio, state
        width, mono_below_hz, mono_amount = controls.double().unbind(-1)
        left, right = audio[:, :1], audio[:, 1:]
        side = 0.5 * (left - right)
        q = torch.full_like(mono_below_hz, _FLAT)
        coefficients = blend(high_pass(mono_below_hz, q, sample_rate), mono_amount).unsqueeze(-2)
        high, after = biquad_cascade(side, coefficients, state["side"], offset=offset)
        # What the side gains, rather than M + S' and M − S': at the defaults that is exactly nothing.
        gained = apply_gain(high, width, offset=offset) - side
        return torch.cat([left + gained, right - gained], 1), {"side": after}

    def tail_seconds(self, controls: Tensor) -> float:
        width, mono_below_hz, mono_amount = controls.double().unbind(-1)
        rings = (width > 0.0) & (mono_amount > 0.0)
        ring = ring_seconds(mono_below_hz, torch.full_like(mono_below_hz, _FLAT))
        return float(torch.where(rings, ring, 0.0).max())

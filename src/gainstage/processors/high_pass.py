"""The high-pass: takes away what lies below an instrument: rumble, steps, the bleed of the kick."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.biquad import blend, high_pass, ring_seconds
from gainstage.kernels.biquad import biquad_cascade
from gainstage.processors.parameter import Parameter, Scale
from gainstage.processors.processor import Processor, State

_FLAT = 0.5**0.5


@final
@dataclass(frozen=True)
class HighPass(Processor):
    """Second order, 12 dB an octave; `amount` fades it in, so a gradient can reach "no filter"."""

    name: ClassVar[str] = "high_pass"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("frequency_hz", "Hz", 20.0, 1000.0, 20.0, 30.0, "corner below which it falls", Scale.LOG),
        Parameter("q", "", 0.5, 2.0, _FLAT, _FLAT, "resonance at the corner; 0.71 is flat", Scale.LOG),
        Parameter("amount", "", 0.0, 1.0, 0.0, 0.1, "0 is the dry signal, 1 the filtered one"),
    )

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        del sample_rate
        return {"filter": torch.zeros(rows, channels, 1, 2, dtype=torch.float64, device=device)}

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
        coefficients = self.coefficients(controls, sample_rate)
        audio, after = biquad_cascade(audio, coefficients, state["filter"], offset=offset)
        return audio, {"filter": after}

    def coefficients(self, controls: Tensor, sample_rate: int) -> Tensor:
        """Shape: controls (..., width) → (..., 1, 5), float64: one section."""
        frequency_hz, q, amount = controls.double().unbind(-1)
        return blend(high_pass(frequency_hz, q, sample_rate), amount).unsqueeze(-2)

    def tail_seconds(self, controls: Tensor) -> float:
        frequency_hz, q, amount = controls.double().unbind(-1)
        return float(torch.where(amount > 0.0, ring_seconds(frequency_hz, q), 0.0).max())

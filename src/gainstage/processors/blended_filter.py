"""What the high-pass and the low-pass share: one second-order section that is faded in."""

from abc import abstractmethod

import torch
from torch import Tensor

from gainstage.dsp.biquad import blend, ring_seconds
from gainstage.kernels.biquad import biquad_cascade
from gainstage.processors.processor import Processor, State


class BlendedFilter(Processor):
    """A filter whose table is frequency_hz, q and amount; subclasses name the filter and its ranges.

    `amount` runs from the dry signal to the filtered one, so that a gradient can reach "no filter". Both are
    one section together: fading costs nothing.
    """

    @staticmethod
    @abstractmethod
    def design(frequency_hz: Tensor, q: Tensor, sample_rate: int) -> Tensor:
        """The filter without a dry part. Shape: frequency_hz and q (...) → coefficients (..., 5)."""

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
        return blend(self.design(frequency_hz, q, sample_rate), amount).unsqueeze(-2)

    def tail_seconds(self, controls: Tensor) -> float:
        frequency_hz, q, amount = controls.double().unbind(-1)
        return float(torch.where(amount > 0.0, ring_seconds(frequency_hz, q), 0.0).max())

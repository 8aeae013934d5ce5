"""Processors that are biquads in series: what each needs is their coefficients."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from gainstage.kernels.biquad import biquad_cascade
from gainstage.processors.processor import Processor, State


class Cascade(Processor):
    """A processor that is a cascade of second-order sections.

    Cascades that follow each other are one longer cascade, so a console runs them in one pass over the audio.
    """

    num_sections: ClassVar[int]

    @abstractmethod
    def coefficients(self, controls: Tensor, sample_rate: int) -> Tensor:
        """Shape: controls (..., width) → (..., sections, 5), float64; for `frequency_response` too."""

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        del sample_rate
        shape = rows, channels, self.num_sections, 2
        return {"filters": torch.zeros(shape, dtype=torch.float64, device=device)}

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
        audio, after = biquad_cascade(audio, coefficients, state["filters"], offset=offset)
        return audio, {"filters": after}

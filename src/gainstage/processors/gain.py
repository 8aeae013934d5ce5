"""Processors that only multiply: what each needs is the gain of every output channel."""

from abc import abstractmethod

import torch
from torch import Tensor

from gainstage.dsp.gain import ramp
from gainstage.processors.processor import Processor, State


class Gain(Processor):
    """A processor that multiplies each channel by a number.

    Because gains multiply up, a console works out those that follow each other first and touches the audio
    once, or not at all where a sum follows: then they become part of its matrix.
    """

    @abstractmethod
    def gains(self, controls: Tensor, channels: int) -> Tensor:
        """Amplitude factors, float64; one for all channels, or one for each channel that comes out.

        Shape: controls (rows, points, width) → (rows, 1 or channels out, points)
        """

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
        gains = self.gains(controls, audio.shape[1]).to(audio.dtype)
        return audio * ramp(gains, offset, audio.shape[-1]), state

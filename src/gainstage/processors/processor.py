"""What every processor is: a table of parameters and a render function with its state passed in and out."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from gainstage.processors.parameter import Parameter

State = dict[str, Tensor]
"""What a processor remembers between two calls: named tensors whose first dimension is the rows."""


class Processor(ABC):
    """One effect on rows of audio. Subclasses are final, frozen dataclasses.

    Their fields are the *structural* settings (detector, pan law, seed, …); `table` holds the parameters that
    a network, an optimiser or a person sets. The file is named like the processor, so that a session which
    says `compressor` finds `gainstage/processors/compressor.py`.
    """

    name: ClassVar[str]
    table: ClassVar[tuple[Parameter, ...]]
    takes_key: ClassVar[bool] = False
    """Whether it listens, and so may listen to something else."""

    @abstractmethod
    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        """The state of a processor that has heard silence for ever: all zeros."""

    @abstractmethod
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
        """Process audio.

        Args:
            audio: the signal; mono rows have one channel.
            controls: physical values in the order of the table: one point (constant), or a point every 64
                samples, the first `offset` samples before the first sample of `audio`.
            state: what `initial_state` or the previous call returned; it is not changed.
            sample_rate: in Hz.
            offset: samples (0 … 63) since the last point of the control grid.
            key: the signal that a dynamics processor listens to instead of `audio`.

        Returns:
            The processed audio and the state for the next call.

        Shape: audio (rows, channels, samples), controls (rows, points, width) →
            (rows, channels, samples); only a panner turns one channel into two.
        """

    def tail_seconds(self, controls: Tensor) -> float:
        """How long the output may still sound (to −60 dB) after the input has ended; 0 by default."""
        del controls
        return 0.0

    def latency_samples(self, sample_rate: int) -> int:
        """By how much the output comes later than the input; 0 by default. It depends on settings only."""
        del sample_rate
        return 0

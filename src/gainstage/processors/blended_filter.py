"""What the high-pass and the low-pass share: one second-order section that is faded in."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from gainstage.dsp.biquad import blend, ring_seconds
from gainstage.processors.cascade import Cascade


class BlendedFilter(Cascade):
    """A filter whose table is frequency_hz, q and amount; subclasses name the filter and its ranges.

    `amount` runs from the dry signal to the filtered one, so that a gradient can reach "no filter". Both are
    one section together: fading costs nothing.
    """

    num_sections: ClassVar[int] = 1

    @staticmethod
    @abstractmethod
    def design(frequency_hz: Tensor, q: Tensor, sample_rate: int) -> Tensor:
        """The filter without a dry part. Shape: frequency_hz and q (...) → coefficients (..., 5)."""

    def coefficients(self, controls: Tensor, sample_rate: int) -> Tensor:
        """Shape: controls (..., width) → (..., 1, 5), float64: one section."""
        frequency_hz, q, amount = controls.double().unbind(-1)
        return blend(self.design(frequency_hz, q, sample_rate), amount).unsqueeze(-2)

    def tail_seconds(self, controls: Tensor) -> float:
        frequency_hz, q, amount = controls.double().unbind(-1)
        return float(torch.where(amount > 0.0, ring_seconds(frequency_hz, q), 0.0).max())

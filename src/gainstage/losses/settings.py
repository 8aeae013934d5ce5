"""How far settings are from those that made the target, where those are known."""

from collections.abc import Mapping

import torch
from torch import Tensor

_LEAST_SPREAD = 0.03


class SettingsLoss:
    """Mean absolute difference of unit values, each in units of how much it varies within a role.

    It teaches a thousand times faster than audio, and is deaf to which settings sound alike: the frequency
    of a band that does nothing counts as much as a fader. So it stands beside losses on audio.

    Args:
        spread: section → standard deviation of each driven parameter about the mean of its role.
        weights: section → weight.

    Shape: spread section → (roles or 1, driven).
    """

    def __init__(self, spread: Mapping[str, Tensor], weights: Mapping[str, float]) -> None:
        self.scale = {
            section: values.square().mean(0).sqrt() + _LEAST_SPREAD for section, values in spread.items()
        }
        self.weights = dict(weights)

    def __call__(
        self, units: Mapping[str, Tensor], truth: Mapping[str, Tensor], counts: Mapping[str, Tensor]
    ) -> Tensor:
        """The loss of each item.

        Args:
            units: section → what was set.
            truth: section → what made the target.
            counts: section → which values count: not padding, not locked, known.

        Shape: (batch, strips, driven) → (batch,).
        """
        total = torch.zeros(())
        for section, weight in self.weights.items():
            wanted = counts[section].to(units[section].dtype)
            if not wanted.shape[-1]:
                continue
            error = (units[section] - truth[section]).abs() / self.scale[section].to(units[section].device)
            share = (error * wanted).sum((1, 2)) / wanted.sum((1, 2)).clamp(min=1.0)
            total = total.to(share) + weight * share
        return total

"""A weighted sum of losses by name, on mixes and on the settings behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

MixLoss = Callable[[Tensor, Tensor], Tensor]
"""(estimate, target), each (batch, 2, samples) → (batch,)."""


@dataclass(frozen=True)
class Weighted:
    """One loss and how much it counts; weight 0 means that it is only logged."""

    loss: MixLoss
    weight: float = 1.0


class WeightedLosses:
    """Losses on mixes, summed by weight. The names are those under which they are logged.

    Args:
        losses: name → loss and weight.

    Raises:
        ValueError: a weight is negative or not finite.

    Example:
        >>> level = Weighted(lambda estimate, target: (estimate - target).square().mean((1, 2)), weight=2.0)
        >>> losses = WeightedLosses({"level": level})
        >>> losses.total(losses(torch.ones(1, 2, 100), torch.zeros(1, 2, 100)))
        tensor(2.)
    """

    def __init__(self, losses: Mapping[str, Weighted]) -> None:
        for name, part in losses.items():
            if not 0.0 <= part.weight < float("inf"):
                raise ValueError(f"the weight of loss '{name}' is {part.weight}; give 0 or more")
        self.losses = dict(losses)

    def __call__(self, estimate: Tensor, target: Tensor) -> dict[str, Tensor]:
        """The losses of each item by name, before weighting; those that are only logged have no gradient.

        Shape: (batch, 2, samples) twice → (batch,) each.
        """
        found = {}
        for name, part in self.losses.items():
            with torch.set_grad_enabled(torch.is_grad_enabled() and part.weight > 0.0):
                found[name] = part.loss(estimate, target)
        return found

    def total(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of the items' means; what is only logged takes no part, even if it is infinite."""
        weights = {name: part.weight for name, part in self.losses.items() if part.weight > 0.0}
        parts = [
            weights[name] * value.mean() for name, value in losses.items() if name in weights and len(value)
        ]
        return torch.stack(parts).sum() if parts else torch.zeros(())

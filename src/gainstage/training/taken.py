"""What a step of training or validation left behind, for the callbacks that look at it."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from gainstage.data.batch import Batch


@dataclass(frozen=True, eq=False)
class Taken:
    """The last step of a system, kept as its attribute `last` and shared by guard, pictures and players.

    Nothing here requires a gradient, so keeping it holds no graph.

    Args:
        batch: what the step was given.
        units: section → unit values as the console got them, locks in place; detached.
        locked: section → which of them a person holds.
        estimate: the mix as the network set it, detached.
        target: the mix it is held against, at the same samples.
        losses: name → loss of each item, of all items or of those that were rendered.
        total: the weighted sum that is trained on, detached.

    Shape: units and locked (batch, strips, driven), estimate and target (rendered, 2, samples), losses
        (batch,) or (rendered,), total ().
    """

    batch: Batch
    units: Mapping[str, Tensor]
    locked: Mapping[str, Tensor]
    estimate: Tensor
    target: Tensor
    losses: Mapping[str, Tensor]
    total: Tensor

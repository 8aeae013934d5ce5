"""What the strips of a section give, and how buses are summed from it."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Part:
    """Strips of one kind: their audio, and the gains that are still to be multiplied with it.

    Shape: index (rows,) into batch · strips, ascending; audio (rows, 1 or 2, samples); gains (rows, 2), of
        the left and the right channel that come out, float64.
    """

    index: Tensor
    audio: Tensor
    gains: Tensor

    def matrix(self, weights: Tensor) -> Tensor:
        """What each of the part's signals adds to each channel of each bus.

        Shape: weights (rows, buses) → (rows, channels, buses · 2)
        """
        to_channel = weights[:, :, None] * self.gains[:, None]  # (rows, buses, 2)
        if self.audio.shape[1] == 1:
            return to_channel.flatten(1)[:, None]
        straight = torch.eye(2, dtype=weights.dtype, device=weights.device)  # left to left, right to right
        return (to_channel[:, None] * straight[:, None]).flatten(2)


@dataclass(frozen=True)
class Strips:
    """The outputs of all strips of a section; those that no part names are silent."""

    parts: tuple[Part, ...]
    batch: int
    strips: int
    samples: int
    like: Tensor

    def mixed(self, weights: Tensor) -> Tensor:
        """Buses, each a weighted sum of the strips: one matrix product an item, gains included.

        Shape: weights (batch, buses, strips) → (batch, buses, 2, samples)
        """
        buses = weights.shape[1]
        total = self.like.new_zeros((self.batch, buses * 2, self.samples)) if not self.parts else None
        for part in self.parts:
            matrix = part.matrix(weights.double().mT.flatten(0, 1).index_select(0, part.index))
            counts = torch.bincount(part.index // self.strips, minlength=self.batch).tolist()
            summed = _products(matrix.to(part.audio.dtype), part.audio, counts)
            total = summed if total is None else total + summed
        assert total is not None
        mixed: Tensor = total.unflatten(1, (buses, 2))
        return mixed

    def signals(self) -> Tensor:
        """Every strip by itself. Shape: (batch, strips, 2, samples)."""
        out = self.like.new_zeros((self.batch * self.strips, 2, self.samples))
        for part in self.parts:
            out = out.index_copy(0, part.index, part.audio * part.gains.to(out.dtype)[:, :, None])
        signals: Tensor = out.unflatten(0, (self.batch, self.strips))
        return signals


def _products(matrix: Tensor, audio: Tensor, counts: list[int]) -> Tensor:
    """(rows, channels, wide)ᵀ · (rows, channels, samples) for each item's rows → (items, wide, samples)."""
    if len(set(counts)) == 1:
        shape = len(counts), counts[0] * audio.shape[1], -1
        return torch.bmm(matrix.reshape(shape).mT, audio.reshape(*shape[:2], audio.shape[-1]))
    pairs = zip(matrix.split(counts), audio.split(counts), strict=True)
    return torch.stack([m.flatten(0, 1).mT @ a.flatten(0, 1) for m, a in pairs])

"""What the strips of a section give, and how buses are summed from it."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gainstage.dsp.gain import ramp


@dataclass(frozen=True)
class Part:
    """Strips of one kind: their audio, and the gains that are still to be multiplied with it.

    Shape: index (rows,) into batch · strips, ascending; audio (rows, 1 or 2, samples); gains (rows, 1 or 2),
        of the left and the right channel that come out, float64.
    """

    index: Tensor
    audio: Tensor
    gains: Tensor

    def matrix(self, weights: Tensor) -> Tensor:
        """What each of the part's signals adds to each channel of each bus.

        Shape: weights (rows, buses) → (rows, channels, buses · 2)
        """
        to_channel = weights[:, :, None] * self.gains.expand(-1, 2)[:, None]  # (rows, buses, 2)
        if self.audio.shape[1] == 1:
            return to_channel.flatten(1)[:, None]
        straight = torch.eye(2, dtype=weights.dtype, device=weights.device)  # left to left, right to right
        return (to_channel[:, None] * straight[:, None]).flatten(2)


@dataclass(frozen=True)
class Strips:
    """The outputs of all strips of a section; those that no part names are silent.

    Args:
        parts: the strips, mono and stereo.
        open: 0 for a muted strip, 1 for the others; a point every 64 samples where mutes are automated.
        offset: samples since the last of these points.
        like: a tensor of the signals' dtype and device.

    Shape: open (batch, strips, points), float64.
    """

    parts: tuple[Part, ...]
    open: Tensor
    offset: int
    samples: int
    like: Tensor

    def unmuted(self) -> "Strips":
        """As keys hear them."""
        return replace(self, open=torch.ones_like(self.open[..., :1]))

    def mixed(self, weights: Tensor) -> Tensor:
        """Buses, each a weighted sum of the strips: one matrix product an item, all gains included.

        Weights that move need a pass over the audio a bus.

        Shape: weights (batch, buses, strips, points) → (batch, buses, 2, samples)
        """
        weights = weights.double() * self.open[:, None]
        if weights.shape[-1] > 1:
            signals = replace(self, open=torch.ones_like(self.open[..., :1])).signals()
            moving = ramp(weights, self.offset, self.samples).to(signals.dtype)[:, :, :, None]
            return torch.stack([(signals * bus).sum(1) for bus in moving.unbind(1)], dim=1)
        batch, buses, strips, _ = weights.shape
        if not self.parts:
            return self.like.new_zeros((batch, buses, 2, self.samples))
        by_strip = weights[..., 0].mT.flatten(0, 1)
        sums = []
        for part in self.parts:
            matrix = part.matrix(by_strip.index_select(0, part.index)).to(part.audio.dtype)
            counts = torch.bincount(part.index // strips, minlength=batch).tolist()
            sums.append(_products(matrix, part.audio, counts))
        total = sums[0] if len(sums) == 1 else sums[0] + sums[1]
        return total.reshape(batch, buses, 2, self.samples)

    def signals(self) -> Tensor:
        """Every strip by itself. Shape: (batch, strips, 2, samples)."""
        batch, strips, _ = self.open.shape
        out = self.like.new_zeros((batch * strips, 2, self.samples))
        for part in self.parts:
            wet = part.audio * part.gains.to(out.dtype)[:, :, None]
            opened = ramp(self.open.flatten(0, 1).index_select(0, part.index), self.offset, self.samples)
            out = out.index_copy(0, part.index, (wet * opened.to(out.dtype)[:, None]).expand(-1, 2, -1))
        return out.reshape(batch, strips, 2, self.samples)


def _products(matrix: Tensor, audio: Tensor, counts: list[int]) -> Tensor:
    """(rows, channels, wide)ᵀ · (rows, channels, samples) for each item's rows → (items, wide, samples)."""
    if len(set(counts)) == 1:
        shape = len(counts), counts[0] * audio.shape[1], -1
        return torch.bmm(matrix.reshape(shape).mT, audio.reshape(*shape[:2], audio.shape[-1]))
    pairs = zip(matrix.split(counts), audio.split(counts), strict=True)
    return torch.stack([m.flatten(0, 1).mT @ a.flatten(0, 1) for m, a in pairs])

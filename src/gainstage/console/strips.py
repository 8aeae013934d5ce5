"""What the strips of a section give, and how buses are summed from it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gainstage.dsp.gain import ramp
from gainstage.kernels.mixdown import Sums, mixdown


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

        Shape: weights (rows, buses, points) → (rows, channels, buses · 2, points)
        """
        to_channel = weights[:, :, None] * self.gains.expand(-1, 2)[:, None, :, None]  # (rows, buses, 2, …)
        if self.audio.shape[1] == 1:
            return to_channel.flatten(1, 2)[:, None]
        straight = torch.eye(2, dtype=weights.dtype, device=weights.device)  # left to left, right to right
        return (to_channel[:, None] * straight[:, None, :, None]).flatten(2, 3)


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
        """Buses, each a weighted sum of the strips: one pass over the audio, all gains included.

        Shape: weights (batch, buses, strips, points) → (batch, buses, 2, samples)
        """
        made = [
            mixdown(part.audio, matrix, counts, offset=self.offset)
            for part, matrix, counts in self._matrices(weights)
        ]
        return self._added(made, weights.shape[1])

    def sums(self, weights: Tensor) -> list[Sums]:
        """The same, ready for many calls; neither weights nor mutes may move.

        Shape: weights (batch, buses, strips, 1)
        """
        return [Sums(matrix[..., 0], counts) for _, matrix, counts in self._matrices(weights)]

    def summed(self, sums: list[Sums], buses: int) -> Tensor:
        """What `mixed` gives, by sums that were made before. Shape: → (batch, buses, 2, samples)"""
        return self._added([s.of(part.audio) for s, part in zip(sums, self.parts, strict=True)], buses)

    def _matrices(self, weights: Tensor) -> Iterator[tuple[Part, Tensor, list[int]]]:
        weights = weights.double() * self.open[:, None]
        batch, _, strips, _ = weights.shape
        by_strip = weights.transpose(1, 2).flatten(0, 1)
        for part in self.parts:
            counts = torch.bincount(part.index // strips, minlength=batch).tolist()
            yield part, part.matrix(by_strip.index_select(0, part.index)), counts

    def _added(self, made: list[Tensor], buses: int) -> Tensor:
        shape = len(self.open), buses, 2, self.samples
        if not made:
            return self.like.new_zeros(shape)
        return (made[0] if len(made) == 1 else made[0] + made[1]).reshape(shape)

    def signals(self) -> Tensor:
        """Every strip by itself. Shape: (batch, strips, 2, samples)."""
        batch, strips, points = self.open.shape
        if points == 1 and len(self.parts) == 1 and len(self.parts[0].index) == batch * strips:
            part = self.parts[0]
            gain = part.gains * self.open.flatten(0, 1)
            still = not gain.requires_grad and bool((gain == 1.0).all())
            wet = part.audio if still else part.audio * gain.to(part.audio.dtype)[:, :, None]
            return wet.expand(-1, 2, -1).reshape(batch, strips, 2, self.samples)
        out = self.like.new_zeros((batch * strips, 2, self.samples))
        for part in self.parts:
            wet = part.audio * part.gains.to(out.dtype)[:, :, None]
            opened = ramp(self.open.flatten(0, 1).index_select(0, part.index), self.offset, self.samples)
            out = out.index_copy(0, part.index, (wet * opened.to(out.dtype)[:, None]).expand(-1, 2, -1))
        return out.reshape(batch, strips, 2, self.samples)

"""Moments over the time in which a track plays: what is kept of a passage, and adds up over passages."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gainstage.models.log_mel import EXTRA_ROWS

_REST, _PLAYS = 0.85, 1.0
# Spectra are staged to −23 LUFS. A frame at (1 · 40 − 80) = −40 dB plays, one at −46 dB rests.
_POWER = math.log(10.0) * 40.0 / 10.0  # a value v of a plane stands e^(9.2·v) above the floor, in power


@dataclass(frozen=True)
class Moments:
    """Sums and maxima over frames; those of two passages add up to those of both.

    Args:
        total: sums over frames, each weighted by whether the track plays.
        largest: largest values over frames.
        weight: sum of the weights.
        frames: how many frames there were.

    Shape: total (rows, sums), largest (rows, maxima), weight and frames (rows, 1).
    """

    total: Tensor
    largest: Tensor
    weight: Tensor
    frames: Tensor

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.total + other.total,
            torch.maximum(self.largest, other.largest),
            self.weight + other.weight,
            self.frames + other.frames,
        )

    def mean(self) -> Tensor:
        """Means over the time in which the track plays; zeros if it never does."""
        return self.total / self.weight.clamp(min=1e-3)


def root(square: Tensor) -> Tensor:
    """√ of a difference of moments, not below .01, so that rounding does not show in it."""
    return (square.clamp(min=0.0) + 1e-4).sqrt()


def level_of(spectra: Tensor) -> Tensor:
    """Level of each frame, all bands of mid and side together.

    Shape: (rows, 3, bands + 2, frames) → (rows, frames).
    """
    power = torch.exp(_POWER * spectra[:, :2, :-EXTRA_ROWS]).sub(1.0).sum((1, 2))
    return power.add(1.0).log() / _POWER


def activity(level: Tensor) -> Tensor:
    """Whether a track plays, 0 … 1. Shape: any → the same."""
    return ((level - _REST) / (_PLAYS - _REST)).clamp(0.0, 1.0)


class SpectralMoments(nn.Module):
    """Moments of the spectra as they are: what a meter shows, with nothing to learn.

    A network finds an equaliser's setting in the mean spectrum far sooner than in a picture of it.

    Args:
        bands: mel bands.
    """

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.bands = bands
        self.width = 8 * self.bands + 13

    def forward(self, spectra: Tensor, num_frames: Tensor) -> Moments:
        """Gather. Shape: (rows, 3, bands + 2, frames), num_frames (rows,)."""
        mid, side, balance = spectra[:, :, : self.bands].unbind(1)
        peak = spectra[:, 0, self.bands]
        power = torch.exp(_POWER * spectra[:, :2, : self.bands]).sub(1.0)
        level = power.sum((1, 2)).add(1.0).log() / _POWER
        plays = activity(level)
        centre = torch.exp2(4.0 * spectra[:, 0, self.bands + 1] - 6.0) / 4.0  # brightness in units of 4 kHz
        rise, jump = _rise(mid), _rise(level)
        numbers = [level, level.square(), peak - level, jump, (jump > 0.15).to(jump), centre, centre.square()]
        sums = [power.flatten(1, 2), mid, side, balance, mid.square(), rise, torch.stack(numbers, dim=1)]
        largest = torch.cat([mid.amax(-1), torch.stack([level, peak, jump], dim=1).amax(-1)], dim=1)
        total = torch.cat([(part @ plays[..., None])[..., 0] for part in sums], dim=1)
        return Moments(total, largest, plays.sum(-1, keepdim=True), num_frames[:, None].to(plays))

    def describe(self, moments: Moments) -> Tensor:
        """Means, spreads and maxima, all of the order of 1. Shape: (…, width)."""
        n = self.bands
        means = moments.mean().split([2 * n, n, n, n, n, n, 7], dim=-1)
        power, mid, side, balance, squares, rise, numbers = means
        level, level_2, crest, jump, strokes, centre, centre_2 = numbers.unbind(-1)
        few = [
            level,
            root(level_2 - level.square()),
            crest,
            4.0 * jump,
            strokes,
            centre.clamp(min=0.005).log2(),
            root(centre_2 - centre.square()),
            (moments.weight / moments.frames.clamp(min=1.0))[..., 0],
            (side.amax(-1) > 0.0).to(level),
            moments.largest[..., n + 1] - level,  # crest over all
        ]
        spread, loud = root(squares - mid.square()), power.clamp(min=0.0).add(1.0).log() / _POWER
        parts = [torch.stack(few, dim=-1), moments.largest[..., n:], loud, mid, side, balance, spread, rise]
        return torch.cat([*parts, moments.largest[..., :n]], dim=-1)


def _rise(values: Tensor) -> Tensor:
    """How much more than in the frame before; 0 in the first. Shape: (..., frames) → the same."""
    return nn.functional.pad((values[..., 1:] - values[..., :-1]).clamp(min=0.0), (1, 0))


class RunningNorm(nn.Module):
    """Brings each number to mean 0 and spread 1 over the tracks seen in training.

    Unlike batch normalisation it uses the running values in training too, so a row's result does not depend
    on its neighbours, and one row is enough.

    Args:
        width: numbers a row.
        momentum: weight of a new batch once many were seen.
    """

    def __init__(self, width: int, *, momentum: float = 0.01) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("square", torch.ones(width))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, rows: Tensor) -> Tensor:
        """Shape: (rows, width) → the same."""
        assert isinstance(self.mean, Tensor)
        assert isinstance(self.square, Tensor)
        assert isinstance(self.seen, Tensor)
        if self.training and len(rows):
            with torch.no_grad():
                self.seen += 1
                share = torch.maximum(1.0 / self.seen, self.seen.new_tensor(self.momentum))
                self.mean.lerp_(rows.mean(0).to(self.mean), share)
                self.square.lerp_(rows.square().mean(0).to(self.square), share)
        spread = (self.square - self.mean.square()).clamp(min=1e-4).sqrt()
        return ((rows - self.mean) / spread).clamp(-6.0, 6.0)

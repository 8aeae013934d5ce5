"""A parameter that moves in time."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gainstage.kernels.grid import GRID
from gainstage.processors.parameter import Parameter


@dataclass(frozen=True)
class Curve:
    """One parameter of one section over the song, as knots that are joined by straight lines.

    Straight means straight on the parameter's own scale (dB, log Hz, log ms, 1 − 1/R). Before the first knot
    and after the last the value stands still; two knots at one time are a step.

    Args:
        times_s: times of the knots in seconds from the song's start, ascending.
        values: physical values at the knots.

    Shape: times_s (knots,), values (batch, strips, knots).
    """

    times_s: Tensor
    values: Tensor

    def at(self, times_s: Tensor, parameter: Parameter) -> Tensor:
        """Physical values at other times, differentiable in the knots' values.

        Shape: times_s (batch, points) → (batch, strips, points), float64.
        """
        knots = self.times_s.double()
        straight = parameter.straighten(self.values.double())
        right = torch.searchsorted(knots, times_s.double().contiguous(), right=True)
        left = (right - 1).clamp(min=0)
        right = right.clamp(max=knots.numel() - 1)
        span = (knots[right] - knots[left]).clamp(min=1e-12)
        blend = ((times_s - knots[left]) / span).clamp(0.0, 1.0)[:, None, :]  # (batch, 1, points)
        shape = (-1, straight.shape[1], -1)
        before = straight.gather(2, left[:, None, :].expand(shape))
        after = straight.gather(2, right[:, None, :].expand(shape))
        # exactly `before` where the two are equal: a flat curve is a number
        return parameter.unstraighten(before + blend * (after - before)).clamp(parameter.low, parameter.high)

    def mean(self, seconds: float, parameter: Parameter) -> Tensor:
        """The mean value from the song's start to its end, taken on the parameter's scale.

        Args:
            seconds: length of the song; what lies behind it does not count.

        Shape: → (batch, strips), float64.
        """
        knots = self.times_s.double()
        inside = (knots > 0.0) & (knots < seconds)
        ends = torch.tensor([[0.0, seconds]], dtype=torch.float64)
        first, last = parameter.straighten(self.at(ends, parameter)).split(1, dim=-1)
        between = parameter.straighten(self.values.double()[..., inside])  # both sides of each step
        if seconds <= 0.0:
            return parameter.unstraighten(first[..., 0])
        times = torch.cat([ends[0, :1], knots[inside], ends[0, 1:]])
        area = torch.trapezoid(torch.cat([first, between, last], -1), times, dim=-1)
        return parameter.unstraighten(area / seconds)

    def held(self, times_s: Tensor) -> Tensor:
        """Values at other times, each standing still until the next knot, as switches do.

        Shape: times_s (batch, points) → (batch, strips, points), float64.
        """
        last = torch.searchsorted(self.times_s.double(), times_s.double().contiguous(), right=True) - 1
        values = self.values.double()
        return values.gather(2, last.clamp(min=0)[:, None, :].expand(-1, values.shape[1], -1))


def grid_times_s(start_samples: Tensor, points: int, sample_rate: int) -> Tensor:
    """Times of the control points of calls that begin at the given samples.

    Shape: start_samples (batch,) → (batch, points), seconds from the song's start.
    """
    first = torch.div(start_samples, GRID, rounding_mode="floor")
    index = first[:, None] + torch.arange(points, device=start_samples.device)
    return index.double() * (GRID / sample_rate)

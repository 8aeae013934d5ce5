"""Automation as points that other tools join: theirs are few or straight in another scale, or held."""

from collections.abc import Sequence

import torch

from gainstage.console.curve import Curve
from gainstage.console.session import Breakpoint
from gainstage.processors import Parameter

Points = list[tuple[int, float]]
"""Samples from the song's start, and values there."""


def values_at(curve: Sequence[Breakpoint], row: Parameter, samples: Sequence[int], rate: int) -> list[float]:
    """What a curve is at some samples."""
    times = torch.tensor([time for time, _ in curve], dtype=torch.float64)
    knots = Curve(times, torch.tensor([[[value for _, value in curve]]], dtype=torch.float64))
    at = torch.tensor([list(samples)], dtype=torch.float64) / rate
    found: list[float] = knots.at(at, row)[0, 0].tolist()
    return found


def points(curve: Sequence[Breakpoint], row: Parameter, *, rate: int, num_samples: int, step: int) -> Points:
    """A curve as points so near to each other that between them every scale is straight.

    Where it stands still there are none but the ends.

    Args:
        curve: breakpoints, in order.
        row: the parameter, which says where it is straight.
        rate: in Hz.
        num_samples: length of the song.
        step: samples between points.
    """
    samples = list(range(0, num_samples + step, step))
    values = values_at(curve, row, samples, rate)
    last = len(samples) - 1
    return [
        (samples[i], values[i])
        for i in range(len(samples))
        if i in (0, last) or not values[i - 1] == values[i] == values[i + 1]
    ]


def thinned(
    found: Sequence[tuple[float, float]], row: Parameter, *, tolerance: float = 1e-3
) -> list[Breakpoint]:
    """Points in seconds as few breakpoints: those without which the curve would leave its place.

    Args:
        found: points that are joined by straight lines, or nearly.
        row: the parameter.
        tolerance: of the parameter's range, on its own scale.

    References:
        Douglas, Peucker: Algorithms for the reduction of the number of points required to represent a
        digitized line. Cartographica 10(2), 1973.
    """
    places = row.to_unit(torch.tensor([value for _, value in found], dtype=torch.float64)).tolist()
    keep, spans = {0, len(found) - 1}, [(0, len(found) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        length = found[last][0] - found[first][0] or 1.0
        away = [
            abs(
                places[first]
                + (places[last] - places[first]) * (found[i][0] - found[first][0]) / length
                - places[i]
            )
            for i in range(first + 1, last)
        ]
        most = max(away)
        if most > tolerance:
            middle = first + 1 + away.index(most)
            keep.add(middle)
            spans += [(first, middle), (middle, last)]
    return [found[i] for i in sorted(keep)]

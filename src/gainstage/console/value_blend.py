"""A value between two values of a parameter, and a curve between two curves."""

import math
from collections.abc import Sequence

import torch

from gainstage.console.session import Breakpoint
from gainstage.processors import Parameter

Setting = float | Sequence[Breakpoint]
"""A number for the whole song, or breakpoints."""


def between(row: Parameter, a: float, b: float, amount: float) -> float:
    """The value at `amount` of the way from a to b, on the parameter's own scale (dB, log Hz, 1 − 1/R, …).

    A fader or send that is off on one side has no place in dB. It is faded in amplitude: half-way to −20 dB
    are −26 dB.
    """
    if a == b:
        return a
    off_a, off_b = (row.off_at_low and value <= row.low for value in (a, b))
    if off_a or off_b:
        on_db, share = (b, amount) if off_a else (a, 1.0 - amount)
        return row.low if share <= 0.0 else max(on_db + 20.0 * math.log10(share), row.low)
    straight = row.straighten(torch.tensor([a, b], dtype=torch.float64))
    value = float(row.unstraighten(torch.lerp(straight[0], straight[1], amount)))
    return min(max(value, min(a, b)), max(a, b))


def blended(row: Parameter, a: Setting, b: Setting, amount: float) -> list[Breakpoint]:
    """The curve between two settings of a parameter, of which one at least moves.

    Straight lines between straight lines are straight, so the knots of both are all that it takes.
    """
    sides = [[(0.0, s)] if isinstance(s, float) else list(s) for s in (a, b)]
    moving = [side for side, given in zip(sides, (a, b), strict=True) if not isinstance(given, float)]
    times = sorted({time for side in moving for time, _ in side})
    knots: list[Breakpoint] = []
    for time in times:
        before, after = (
            between(row, _at(row, sides[0], time, left), _at(row, sides[1], time, left), amount)
            for left in (True, False)
        )
        # a step has two breakpoints, unless it meets its opposite and nothing is left of either
        is_step = before != after and any(sum(t == time for t, _ in side) > 1 for side in moving)
        knots += [(time, before), (time, after)] if is_step else [(time, after)]
    return knots


def _at(row: Parameter, curve: Sequence[Breakpoint], time: float, left: bool) -> float:
    """A curve's value at a time; of a step what stands on its left, or on its right."""
    here = [value for at, value in curve if at == time]
    if here:
        return here[0] if left else here[-1]
    earlier, later = [p for p in curve if p[0] < time], [p for p in curve if p[0] > time]
    if not earlier or not later:
        return later[0][1] if later else earlier[-1][1]
    (t0, v0), (t1, v1) = earlier[-1], later[0]
    straight = row.straighten(torch.tensor([v0, v1], dtype=torch.float64))
    return float(row.unstraighten(torch.lerp(straight[0], straight[1], (time - t0) / (t1 - t0))))

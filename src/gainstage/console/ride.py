"""A hand on a parameter: a curve with few degrees of freedom, for training and fitting to move.

A ride adds an offset to a number, on the scale where the parameter is straight (dB, log Hz, log ms, 1 − 1/R).
It has a knot a beat, a bar or every few seconds, straight lines between them. So a vocal can be ridden and a
chorus lifted, and a gradient has some tens of numbers to find instead of millions. What was found goes into a
session by `gainstage.console.session_curves.with_curves`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gainstage.console.curve import Curve
from gainstage.console.session import Session
from gainstage.processors import Kind, Parameter

BEATS_PER_BAR = 4


@dataclass(frozen=True)
class Ride:
    """Offsets at knots.

    Args:
        times_s: the knots, in seconds from the song's start, ascending.
        offsets: on the parameter's straight scale; 0 leaves it where it is.

    Shape: times_s (knots,), offsets (batch, strips, knots).
    """

    times_s: Tensor
    offsets: Tensor

    def curve(self, numbers: Tensor, parameter: Parameter) -> Curve:
        """The curve that the console reads: the numbers, ridden, within the parameter's range.

        Beyond an end of the range the gradient passes straight through, so that a ride can come back.

        Args:
            numbers: where the parameter stands, physical.
            parameter: its row of the table; a continuous one.

        Shape: numbers (batch, strips) → values (batch, strips, knots)

        Raises:
            ValueError: the parameter is one number for the whole song.
        """
        if parameter.kind is not Kind.CONTINUOUS:
            raise ValueError(f"{parameter.name} is one number for the whole song and cannot be ridden")
        straight = parameter.straighten(numbers.double())[..., None] + self.offsets.double()
        ends = parameter.straighten(torch.tensor([parameter.low, parameter.high], dtype=torch.float64))
        low, high = ends.to(straight.device)
        held = straight + (straight.clamp(low, high) - straight).detach()
        values = parameter.unstraighten(held)
        # the scale's own rounding must not leave the range
        inside = values + (values.clamp(parameter.low, parameter.high) - values).detach()
        return Curve(self.times_s, inside)

    def restlessness(self, parameter: Parameter) -> Tensor:
        """How much the ride bends and how far it goes: a prior to add to a loss.

        The mean square of its bends (in shares of the parameter's range a second, from one knot to the next)
        plus, a hundredth as much, that of its offsets. A ride that stands at 0 costs nothing, a straight one
        hardly anything, a nervous one much; and what the audio does not need goes back to 0.

        Shape: → (batch, strips), float64
        """
        ends = parameter.straighten(torch.tensor([parameter.low, parameter.high], dtype=torch.float64))
        share = self.offsets.double() / (ends[1] - ends[0]).to(self.offsets.device)
        away = 0.01 * share.square().mean(-1)
        if self.times_s.numel() < 3:
            return away
        slope = share.diff(dim=-1) / self.times_s.double().diff()
        return away + slope.diff(dim=-1).square().mean(-1)


def knot_times(
    duration_s: float, *, every_s: float = 4.0, tempo_bpm: float | None = None, beats: int = BEATS_PER_BAR
) -> Tensor:
    """Where a ride has its knots, the first at the start and the last not before the end.

    Args:
        duration_s: of the song.
        every_s: seconds between knots where there is no tempo.
        tempo_bpm: of the song; then knots lie on its beats.
        beats: beats between knots: 1 is a beat, 4 a bar of four.

    Shape: → (knots,), seconds, float64

    Raises:
        ValueError: a step that is not longer than nothing.
    """
    step = every_s if tempo_bpm is None else 60.0 * beats / tempo_bpm
    if not step > 0.0:
        raise ValueError(f"knots every {step:g} s: the step must be longer than 0")
    count = max(int(torch.ceil(torch.tensor(duration_s / step, dtype=torch.float64))), 1) + 1
    return torch.arange(count, dtype=torch.float64) * step


def session_knots(session: Session, *, every_s: float = 4.0, beats: int = BEATS_PER_BAR) -> Tensor:
    """Where a ride of a session has its knots: on beats or bars if it has a tempo, else every few seconds.

    Args:
        session: the session.
        every_s: seconds between knots where it has no tempo.
        beats: beats between knots where it has one.

    Shape: → (knots,), seconds, float64
    """
    duration_s = session.num_samples / session.sample_rate
    return knot_times(duration_s, every_s=every_s, tempo_bpm=session.tempo_bpm, beats=beats)

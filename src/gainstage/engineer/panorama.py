"""Where each track stands between left and right.

Two parts that sound alike hide each other where they stand together. So tracks that share the sides are set
against their neighbours, those of their own group if there are any: the brighter one goes right, the
darker one left, as on a piano seen from its stool. Distances from a mean sum to zero, so the sides balance;
and sound alone decides, never the order of the files.
"""

import math

from gainstage.engineer.habits import Habit
from gainstage.engineer.hearing import TrackHearing
from gainstage.engineer.smooth import ramp, soft_limit
from gainstage.engineer.taste import Taste

_CENTRED = 0.005
_CLEAR_OCT = 0.12  # a difference of brightness at which it is clear who is who


def pan_position(ear: TrackHearing, habit: Habit, taste: Taste) -> float:
    """Position of a track, −1 (left) … +1 (right).

    A stereo track is balanced against its own lean; bass-heavy tracks stay near the centre, where two
    loudspeakers carry them; with one neighbour the places are nearer to the centre than with five.
    """
    if ear.is_stereo:
        return soft_limit(-0.5 * ear.imbalance, 0.3)
    if habit.width == 0.0:
        return 0.0
    side = math.tanh(ear.brightness_to_neighbours_oct / _CLEAR_OCT)
    crowd = 0.75 + 0.25 * ramp(ear.neighbours, 2.5, 1.0)
    lightness = 1.0 - 0.7 * ramp(ear.own_low_db, -6.0, 2.0)
    return soft_limit(side * habit.width * crowd * lightness * math.exp(taste.width), 1.0)


def pan_reason(ear: TrackHearing, position: float) -> str:
    """Why it stands there."""
    if ear.is_stereo and abs(position) < _CENTRED:
        return "left in the middle: its own image leans to neither side"
    if ear.is_stereo:
        side = "right" if ear.imbalance > 0.0 else "left"
        return f"balanced at {position:+.2f}: its own image leans {abs(ear.imbalance):.2f} to the {side}"
    if ear.neighbours == 0.0:
        return "in the centre: it carries the song, or has nobody to share the sides with"
    octaves = ear.brightness_to_neighbours_oct
    return (
        f"panned {position:+.2f}: {abs(octaves):.2f} octaves {'brighter' if octaves > 0.0 else 'darker'} "
        f"than the {ear.neighbours:.0f} tracks with which it shares left and right"
    )

"""Notes as they are written and as they are played."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Written = list[tuple[float, float, float, float]]  # onset and length in beats, MIDI pitch, velocity


@dataclass(frozen=True)
class Notes:
    """What one player plays, in time.

    Args:
        onset_s, length_s: in seconds from the song's start.
        pitch: MIDI note, fractions allowed; for drums the number of the stroke (0 closed hat, 1 open, …).
        velocity: 0 … 1.

    Shape: all (notes,), sorted by onset.
    """

    onset_s: Array
    length_s: Array
    pitch: Array
    velocity: Array

    def __len__(self) -> int:
        return len(self.onset_s)

    def strokes(self, number: int) -> "Notes":
        """The strokes of one number, renumbered 0."""
        mine = self.pitch == number
        return Notes(self.onset_s[mine], self.length_s[mine], np.zeros(int(mine.sum())), self.velocity[mine])

    def end_s(self) -> Array:
        """Where each note is let go."""
        return self.onset_s + self.length_s


def monophonic(notes: Sequence[tuple[float, float, float, float]]) -> Written:
    """Cut each note where the next one starts: a singer or a bass has one voice."""
    ordered = sorted(notes)
    cut = []
    for index, (onset, length, pitch, velocity) in enumerate(ordered):
        limit = ordered[index + 1][0] - onset if index + 1 < len(ordered) else length
        if limit > 1e-6:
            cut.append((onset, min(length, limit), pitch, velocity))
    return cut

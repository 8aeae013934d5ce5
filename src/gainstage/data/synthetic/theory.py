"""Keys, scales, chords and voicings: as much harmony as a song of verse and chorus needs."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}

# Degrees (0 = tonic) of four bars, by whether the third of the mode is major or minor.
_PROGRESSIONS = {
    True: ((0, 4, 5, 3), (0, 5, 3, 4), (3, 0, 4, 5), (0, 3, 0, 4), (5, 3, 0, 4), (0, 2, 3, 4), (1, 4, 0, 5)),
    False: ((0, 5, 2, 6), (0, 6, 5, 6), (0, 3, 5, 4), (5, 6, 0, 0), (0, 2, 6, 3), (0, 0, 5, 4), (3, 5, 0, 6)),
}


@dataclass(frozen=True)
class Key:
    """A tonic (0 = C) and a mode."""

    tonic: int
    mode: str

    @property
    def name(self) -> str:
        """As a person says it: "A minor"."""
        return f"{TONICS[self.tonic]} {self.mode}"

    def degree(self, step: int) -> int:
        """MIDI pitch, from octave 0, of a scale step; steps beyond 6 go on in the next octave."""
        octave, within = divmod(step, 7)
        return self.tonic + 12 * octave + MODES[self.mode][within]

    def nearest(self, pitch: float) -> int:
        """The note of the scale closest to a pitch."""
        around = np.arange(int(pitch) - 3, int(pitch) + 5)
        inside = around[np.isin((around - self.tonic) % 12, MODES[self.mode])]
        return int(inside[np.argmin(np.abs(inside - pitch))])


@dataclass(frozen=True)
class Chord:
    """Pitch classes, the root first."""

    tones: tuple[int, ...]

    @property
    def root(self) -> int:
        """Pitch class of the root."""
        return self.tones[0]

    def nearest(self, pitch: float) -> int:
        """The chord tone closest to a pitch, in whatever octave that is."""
        around = np.arange(int(pitch) - 6, int(pitch) + 8)
        inside = around[np.isin(around % 12, self.tones)]
        return int(inside[np.argmin(np.abs(inside - pitch))])


def progression(key: Key, rng: Generator, *, seventh_chance: float) -> tuple[Chord, ...]:
    """Four chords, a bar each, that suit the key."""
    steps = _PROGRESSIONS[MODES[key.mode][2] == 4]
    degrees = steps[rng.integers(len(steps))]
    return tuple(_triad(key, step, with_seventh=rng.random() < seventh_chance) for step in degrees)


def tonic_chord(key: Key) -> Chord:
    """The chord to end on."""
    return _triad(key, 0, with_seventh=False)


def _triad(key: Key, step: int, *, with_seventh: bool) -> Chord:
    steps = (0, 2, 4, 6) if with_seventh else (0, 2, 4)
    return Chord(tuple(key.degree(step + extra) % 12 for extra in steps))


def voicing(chord: Chord, centre: float, num_notes: int) -> tuple[int, ...]:
    """The chord spread around a pitch: the tones nearest to it, so that successive chords move little."""
    around = np.arange(int(centre) - 16, int(centre) + 17)
    inside = around[np.isin(around % 12, chord.tones)]
    nearest = inside[np.argsort(np.abs(inside - centre), kind="stable")[:num_notes]]
    return tuple(int(pitch) for pitch in np.sort(nearest))

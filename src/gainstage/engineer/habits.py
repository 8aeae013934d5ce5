"""Where a mix usually begins, role by role; what is heard then moves everything away from here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NO_SEND_DB = -60.0


@dataclass(frozen=True)
class Habit:
    """The starting point for a role.

    Args:
        level_db: fader of a track staged to −23 LUFS.
        yields: 1 for parts that step back when much plays with them, 0 for those that carry the song.
        width: how far from the centre a mono track may go, 0 … 1; 0 keeps it in the centre.
        send_db: into the reverb; −60 is off.
        high_pass_hz: above this the high-pass follows the sound only reluctantly.
    """

    level_db: float
    yields: float
    width: float
    send_db: float
    high_pass_hz: float


@dataclass(frozen=True)
class Usual:
    """How a role usually sounds among others; what differs from it moves the settings.

    Args:
        covered: share of it under the others (`TrackHearing.covered`).
        brightness_oct: its brightness against the mean of the others, octaves.
        crest_db: peak over RMS.
        activity: share of the song in which it plays.
    """

    covered: float
    brightness_oct: float
    crest_db: float
    activity: float


HABITS: Mapping[str, Habit] = MappingProxyType(
    {
        "kick": Habit(-3.0, 0.0, 0.0, NO_SEND_DB, 40.0),
        "snare": Habit(-4.0, 0.0, 0.0, -27.0, 140.0),
        "hat": Habit(-10.5, 1.0, 0.45, -36.0, 500.0),
        "tom": Habit(-5.0, 0.0, 0.5, -28.0, 90.0),
        "cymbal": Habit(-10.0, 1.0, 0.5, -34.0, 400.0),
        "percussion": Habit(-8.5, 1.0, 0.6, -28.0, 250.0),
        "drums": Habit(-2.5, 0.0, 0.15, -36.0, 40.0),
        "bass": Habit(-3.5, 0.0, 0.0, NO_SEND_DB, 45.0),
        "guitar_acoustic": Habit(-7.0, 1.0, 0.6, -24.0, 130.0),
        "guitar_electric": Habit(-6.0, 1.0, 0.65, -26.0, 130.0),
        "piano": Habit(-7.0, 1.0, 0.45, -23.0, 100.0),
        "organ": Habit(-9.0, 1.0, 0.5, -25.0, 120.0),
        "keys": Habit(-7.5, 1.0, 0.5, -24.0, 120.0),
        "synth_lead": Habit(-6.0, 0.5, 0.4, -22.0, 150.0),
        "pad": Habit(-9.5, 1.0, 0.5, -23.0, 180.0),
        "strings": Habit(-7.5, 1.0, 0.5, -20.0, 150.0),
        "brass": Habit(-7.0, 1.0, 0.5, -21.0, 140.0),
        "wind": Habit(-7.0, 0.5, 0.4, -20.0, 180.0),
        "lead_vocal": Habit(-1.0, 0.0, 0.0, -21.0, 120.0),
        "backing_vocal": Habit(-7.5, 1.0, 0.6, -19.0, 160.0),
        "fx": Habit(-11.0, 1.0, 0.6, -23.0, 150.0),
        "other": Habit(-7.0, 1.0, 0.5, -24.0, 120.0),
    }
)

# Medians, between those of built-in songs and those of the real tracks that there are.
USUAL: Mapping[str, Usual] = MappingProxyType(
    {
        "kick": Usual(0.50, -0.9, 14.0, 0.80),
        "snare": Usual(0.65, 1.0, 19.0, 0.60),
        "hat": Usual(0.67, 1.9, 23.0, 0.85),
        "tom": Usual(0.60, -0.1, 16.0, 0.25),
        "cymbal": Usual(0.73, 1.6, 22.0, 0.50),
        "percussion": Usual(0.75, 0.7, 21.0, 0.45),
        "drums": Usual(0.55, 0.9, 16.0, 0.90),
        "bass": Usual(0.52, -1.4, 13.0, 0.90),
        "guitar_acoustic": Usual(0.75, 0.5, 16.0, 0.95),
        "guitar_electric": Usual(0.72, -0.1, 14.0, 0.90),
        "piano": Usual(0.72, -0.6, 20.0, 0.85),
        "organ": Usual(0.80, -1.2, 13.0, 0.90),
        "keys": Usual(0.68, -1.1, 16.0, 0.80),
        "synth_lead": Usual(0.58, -0.3, 13.0, 0.80),
        "pad": Usual(0.72, -1.3, 14.0, 0.95),
        "strings": Usual(0.70, -0.2, 15.0, 0.85),
        "brass": Usual(0.67, -0.3, 16.0, 0.50),
        "wind": Usual(0.58, 0.5, 12.0, 0.85),
        "lead_vocal": Usual(0.35, 0.2, 14.0, 0.80),
        "backing_vocal": Usual(0.72, -0.8, 14.0, 0.45),
        "fx": Usual(0.65, 1.0, 16.0, 0.20),
        "other": Usual(0.60, 0.0, 15.0, 0.80),
    }
)

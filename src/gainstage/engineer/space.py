"""Reverb: how much of each track goes into it, and how long and dark it is."""

import math

from gainstage.engineer.habits import NO_SEND_DB, Habit
from gainstage.engineer.hearing import SongHearing, TrackHearing
from gainstage.engineer.smooth import soft_limit, within
from gainstage.engineer.taste import Taste


def send_db(ear: TrackHearing, habit: Habit, taste: Taste) -> float:
    """Level into the reverb.

    Sounds that die quickly have gaps for it; busy parts, wide ones (which bring a room of their own) and
    parts amid many others would only be smeared.
    """
    if habit.send_db <= NO_SEND_DB:
        return NO_SEND_DB
    moved = (
        0.06 * soft_limit(ear.decay_db_per_s - 20.0, 50.0)
        - 1.5 * (math.log2(ear.onset_density_hz + 0.5) - 1.0)
        - 4.0 * ear.width / (1.0 + ear.width)
        - 0.7 * soft_limit(ear.together - 4.0, 5.0)
    )
    return habit.send_db + soft_limit(moved, 7.0) + taste.wetness_db


def send_reason(ear: TrackHearing, level_db: float) -> str:
    """Why so much of it goes into the reverb."""
    if level_db <= NO_SEND_DB:
        return "no reverb: its role stays dry"
    return (
        f"reverb send {level_db:+.1f} dB: it falls {ear.decay_db_per_s:.0f} dB a second after "
        f"an onset, {ear.onset_density_hz:.1f} onsets a second, width {ear.width:.2f}, "
        f"{ear.together:.1f} others with it"
    )


def reverb(song: SongHearing, taste: Taste) -> tuple[dict[str, float], str]:
    """Decay and pre-delay of the reverb: short where much happens, long where there is room.

    Returns:
        `t60_s` at mid frequencies, `pre_delay_ms`, `treble` (T60 at 8 kHz over T60 at 1 kHz), and the reason.
    """
    crowd = 0.12 * (song.density - 5.5) + 0.15 * (song.onset_density_hz - 2.5)
    t60_s = within(1.7 * 2.0 ** (taste.length - crowd), 0.5, 5.0)
    pre_delay_ms = within(25.0 * 2.0 ** (-0.2 * (song.onset_density_hz - 2.5)), 5.0, 80.0)
    treble = within(0.55 * 2.0 ** (-0.3 * (song.brightness_oct - 1.0)), 0.25, 0.9)
    reason = (
        f"reverb of {t60_s:.2f} s after {pre_delay_ms:.0f} ms, {treble:.2f} of that at 8 kHz: "
        f"{song.density:.1f} tracks play at a time with {song.onset_density_hz:.1f} onsets a second each"
    )
    return {"t60_s": t60_s, "pre_delay_ms": pre_delay_ms, "treble": treble}, reason

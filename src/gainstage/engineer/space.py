"""Reverb: how much of each track goes into it, and how long and dark it is."""

import math

from gainstage.dsp.octaves import BANDS_HZ
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
        0.08 * soft_limit(ear.decay_db_per_s - 30.0, 50.0)
        - 2.0 * (math.log2(ear.onset_density_hz + 0.5) - 1.0)
        - 5.0 * ear.width / (1.0 + ear.width)
        - 0.7 * soft_limit(ear.together - 6.5, 5.0)
    )
    return habit.send_db + soft_limit(moved, 9.0) + taste.wetness_db


def send_reason(ear: TrackHearing, level_db: float) -> str:
    """Why so much of it goes into the reverb."""
    if level_db <= NO_SEND_DB:
        return "no reverb: its role stays dry"
    return (
        f"reverb send {level_db:+.1f} dB: it falls {ear.decay_db_per_s:.0f} dB a second after "
        f"an onset, {ear.onset_density_hz:.1f} onsets a second, width {ear.width:.2f}, "
        f"{ear.together:.1f} others with it"
    )


def reverb(song: SongHearing, taste: Taste) -> tuple[dict[str, float], list[str]]:
    """The room: short where much happens, long where there is space; dark where the song is bright."""
    crowd = 0.13 * (song.density - 7.0) + 0.3 * (song.onset_density_hz - 1.8)
    t60_s = within(1.3 * 2.0 ** (taste.length - crowd), 0.4, 4.0)
    pre_delay_ms = within(25.0 * 2.0 ** (-0.5 * (song.onset_density_hz - 1.8)), 5.0, 80.0)
    treble = within(0.55 * 2.0 ** (-0.4 * (song.brightness_oct - 1.0)), 0.25, 0.9)
    bass = within(0.9 * 2.0 ** (-0.1 * (song.sum_low_db + 3.0)), 0.5, 1.5)
    low_db = -6.0 - soft_limit(0.8 * (song.sum_low_db + 3.0), 4.0)
    high_db = -2.0 - soft_limit(0.3 * (song.sum_air_db + 18.0), 3.0)
    settings = {"mix": 1.0, "pre_delay_ms": pre_delay_ms}
    for band_hz in BANDS_HZ:
        octaves = math.log2(band_hz / 1000.0)
        bend, end_db = (treble, high_db) if octaves > 0.0 else (bass, low_db)
        # the ends are named at 8 kHz and 63 Hz; between them and 1 kHz it is straight in octaves
        share = octaves / 3.0 if octaves > 0.0 else octaves / -4.0
        settings[f"t60_{band_hz}hz_s"] = t60_s * bend**share
        settings[f"gain_{band_hz}hz_db"] = end_db * share
    return settings, [
        f"reverb of {t60_s:.2f} s after {pre_delay_ms:.0f} ms: {song.density:.1f} tracks play at a time, "
        f"with {song.onset_density_hz:.1f} onsets a second each",
        f"reverb decays {treble:.2f} times as long at 8 kHz ({high_db:+.1f} dB) and {bass:.2f} times at "
        f"63 Hz ({low_db:+.1f} dB): the song is {song.brightness_oct:.1f} octaves brighter than 1 kHz, and "
        f"{song.sum_low_db:.0f} dB of its power lie below 140 Hz",
    ]

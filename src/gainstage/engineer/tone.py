"""High-pass and equaliser of a track: away with what hides others, up with what is hidden, out what rings."""

import math

from gainstage.engineer.habits import USUAL, Habit
from gainstage.engineer.hearing import TrackHearing
from gainstage.engineer.smooth import ramp, soft_above, soft_limit, within
from gainstage.engineer.taste import Taste

Settings = dict[str, float]


def high_pass(ear: TrackHearing, habit: Habit) -> tuple[Settings, str]:
    """A high-pass somewhat below where the track's own energy begins.

    Where others cover its lows it may go nearer, since nobody will miss them; above what is usual for the
    role it follows only reluctantly.
    """
    begins_hz = 1000.0 * 2.0**ear.begins_oct
    nearness = 0.6 + 0.3 * ear.covered_low
    # above the role's limit it follows only a third of the way, in octaves
    above_oct = soft_above(math.log2(begins_hz * nearness / habit.high_pass_hz), 0.0, 0.2)
    frequency_hz = within(begins_hz * nearness * 2.0 ** (-0.65 * above_oct), 20.0, 1000.0)
    reason = (
        f"high-passed at {frequency_hz:.0f} Hz: its own energy begins at {begins_hz:.0f} Hz and "
        f"{100 * ear.covered_low:.0f} % of what it has below 140 Hz lies under the others"
    )
    return {"frequency_hz": max(frequency_hz, 20.0), "amount": 1.0}, reason


_HEARD_DB = 0.25  # a band that does less needs no explanation
_TASKS = ("lows", "low mids", "resonance", "presence", "harshness", "highs")


def equaliser(ear: TrackHearing, role: str, taste: Taste) -> tuple[Settings, list[str]]:
    """Six bands, each with one task."""
    bands = (
        _lows(ear, taste),
        _mud(ear, taste),
        _resonance(ear),
        _presence(ear, taste),
        _harshness(ear),
        _air(ear, USUAL[role].brightness_oct, taste),
    )
    settings: Settings = {}
    reasons, left_alone = [], []
    for moved, reason in bands:
        settings |= moved
        gain_db = next(value for name, value in moved.items() if name.endswith("gain_db"))
        if abs(gain_db) >= _HEARD_DB:
            reasons.append(reason)
        else:
            left_alone.append(next(word for word in _TASKS if reason.startswith(word)))
    if left_alone:
        reasons.append(f"left alone, to within {_HEARD_DB:g} dB: {', '.join(left_alone)}")
    return settings, reasons


def _band(name: str, frequency_hz: float, gain_db: float, q: float) -> Settings:
    return {f"{name}_frequency_hz": frequency_hz, f"{name}_gain_db": gain_db, f"{name}_q": q}


def _lows(ear: TrackHearing, taste: Taste) -> tuple[Settings, str]:
    # Who lives in the lows gets help there when covered; who only visits makes room.
    lives_there = ramp(ear.own_low_db, -6.0, 2.0)
    has_lows = ramp(ear.own_low_db, -35.0, 4.0)
    gain_db = has_lows * soft_limit(
        8.0 * (ear.covered_low - 0.3) * lives_there
        - (4.0 * ear.covered_low + 12.0 * ear.covers_low) * (1.0 - lives_there)
        - 0.2 * soft_limit(ear.own_low_db + 12.0, 15.0) * (1.0 - lives_there)
        + taste.warmth_db,
        6.0,
    )
    frequency_hz = within(2.0 * 1000.0 * 2.0**ear.begins_oct, 50.0, 420.0)
    return _band("low_shelf", frequency_hz, gain_db, 0.7), (
        f"lows {gain_db:+.1f} dB below {frequency_hz:.0f} Hz: they are {-ear.own_low_db:.0f} dB below "
        f"its whole, {100 * ear.covered_low:.0f} % under the others, "
        f"and cover {100 * ear.covers_low:.0f} % of theirs"
    )


def _mud(ear: TrackHearing, taste: Taste) -> tuple[Settings, str]:
    gain_db = soft_limit(
        -14.0 * (ear.covers_low_mid - 0.05)
        - 2.0 * (ear.covered_low_mid - 0.6)
        - 0.2 * soft_limit(ear.own_low_mid_db + 9.0, 15.0)
        + 0.5 * taste.warmth_db,
        5.0,
    )
    frequency_hz = 1000.0 * 2.0**ear.crowded_oct
    return _band("peak_1", frequency_hz, gain_db, 1.0), (
        f"low mids {gain_db:+.1f} dB at {frequency_hz:.0f} Hz, where it meets the others: it covers "
        f"{100 * ear.covers_low_mid:.0f} % of theirs there"
    )


def _resonance(ear: TrackHearing) -> tuple[Settings, str]:
    frequency_hz = 1000.0 * 2.0**ear.resonance_oct
    gain_db = -soft_limit(0.7 * soft_above(ear.resonance_db, 2.0, 1.0), 8.0)
    q = 1.0 + 5.0 * ear.resonance_q / (ear.resonance_q + 12.0)  # wider than the peak, which moves
    return _band("peak_2", frequency_hz, gain_db, q), (
        f"resonance {gain_db:+.1f} dB at {frequency_hz:.0f} Hz, Q {q:.1f}: a peak stands "
        f"{ear.resonance_db:.1f} dB above its next ones"
    )


def _presence(ear: TrackHearing, taste: Taste) -> tuple[Settings, str]:
    has_presence = ramp(ear.own_presence_db, -30.0, 3.0)
    gain_db = has_presence * soft_limit(
        5.0 * (ear.covered_presence - 0.7)
        - 9.0 * (ear.covers_presence - 0.06)
        - 0.1 * soft_limit(ear.own_presence_db + 16.0, 15.0)
        + taste.presence_db,
        4.0,
    )
    frequency_hz = 1000.0 * 2.0**ear.hidden_oct
    return _band("peak_3", frequency_hz, gain_db, 0.8), (
        f"presence {gain_db:+.1f} dB at {frequency_hz:.0f} Hz: {100 * ear.covered_presence:.0f} % of its own "
        f"is covered there, and it covers {100 * ear.covers_presence:.0f} % of the others'"
    )


def _harshness(ear: TrackHearing) -> tuple[Settings, str]:
    # Without a standing peak the cut sits where the hiss is; a peak draws it to itself.
    peak = ramp(ear.harsh_db, 4.0, 1.0)
    frequency_hz = 1000.0 * 2.0 ** ((1.0 - peak) * ear.hiss_oct + peak * ear.harsh_oct)
    # where a sound is nothing but hiss (cymbals, shakers), hiss is its body
    is_hiss = ramp(ear.own_air_db, -3.0, 1.0)
    too_much_db = (1.0 - 0.7 * is_hiss) * 0.25 * soft_above(ear.sibilance_db, -12.0, 3.0)
    gain_db = -soft_limit(too_much_db + 0.3 * ear.harsh_db, 6.0)
    return _band("peak_4", frequency_hz, gain_db, 1.5), (
        f"harshness {gain_db:+.1f} dB at {frequency_hz:.0f} Hz: 5–10 kHz reach {ear.sibilance_db:+.1f} dB "
        f"against the mids in its sharpest moments, a peak stands out by {ear.harsh_db:.1f} dB"
    )


def _air(ear: TrackHearing, usual_oct: float, taste: Taste) -> tuple[Settings, str]:
    # A lift of highs that are not there would only lift noise.
    has_air = ramp(ear.own_air_db, -38.0, 4.0)
    gain_db = has_air * soft_limit(
        -2.0 * (ear.brightness_to_others_oct - usual_oct) - 4.0 * (ear.covers_air - 0.06) + taste.air_db, 5.0
    )
    frequency_hz = within(1000.0 * 2.0 ** (ear.rolloff_oct + 0.5), 4000.0, 13_000.0)
    return _band("high_shelf", frequency_hz, gain_db, 0.7), (
        f"highs {gain_db:+.1f} dB above {frequency_hz:.0f} Hz: its brightness lies "
        f"{ear.brightness_to_others_oct:+.1f} octaves from that of the others (usual {usual_oct:+.1f}), "
        f"and it covers {100 * ear.covers_air:.0f} % of their air"
    )

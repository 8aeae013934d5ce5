"""Compression of a track, from its peaks, its range of loudness, and its attacks."""

from gainstage.engineer.hearing import TrackHearing
from gainstage.engineer.smooth import soft_limit, within
from gainstage.engineer.taste import Taste

_THRESHOLD_AT = 0.45  # of the way from the mean level to the peak
_TAKEN = 0.3  # of what it takes from the highest peak, a compressor takes this much from the loudness


def compressor(ear: TrackHearing, taste: Taste) -> tuple[dict[str, float], float, str]:
    """Threshold, ratio, times and knee.

    High peaks and a wide range of loudness ask for more; sharp attacks for a slower attack, so that they keep
    their edge; many onsets for a quicker release, so that it has let go before the next. Make-up stays at
    0 dB: the fader gives back what is lost.

    Returns:
        The settings, the loudness that they take away (dB), and the reason.
    """
    height_db = _THRESHOLD_AT * ear.crest_db - 0.5 * soft_limit(ear.loudness_range_lu - 4.0, 8.0)
    threshold_db = min(ear.rms_dbfs + height_db + taste.threshold_db, 0.0)
    slope = (
        0.4
        + taste.slope
        + soft_limit(0.022 * (ear.crest_db - 16.0) + 0.02 * (ear.loudness_range_lu - 4.0), 0.3)
    )
    attack_ms = within(
        10.0 * 2.0 ** ((ear.attack_sharpness_db - 18.0) / 10.0 - (ear.crest_db - 16.0) / 20.0 + taste.speed),
        1.0,
        80.0,
    )
    release_ms = within(
        400.0 / (ear.onset_density_hz + 1.0) * 2.0 ** (-(ear.decay_db_per_s - 25.0) / 60.0 + taste.speed),
        40.0,
        600.0,
    )
    knee_db = 6.0 + soft_limit(-0.25 * (ear.attack_sharpness_db - 18.0), 5.0)
    over_db = max(ear.crest_db + ear.rms_dbfs - threshold_db, 0.0)
    settings = {
        "threshold_db": threshold_db,
        "ratio": 1.0 / (1.0 - slope),
        "attack_ms": attack_ms,
        "release_ms": release_ms,
        "knee_db": knee_db,
    }
    reason = (
        f"compressed {settings['ratio']:.1f}:1 above {threshold_db:.0f} dB, {over_db:.0f} dB below its "
        "peaks: "
        f"crest {ear.crest_db:.0f} dB, loudness range {ear.loudness_range_lu:.1f} LU; "
        f"attack {attack_ms:.0f} ms for attacks that rise {ear.attack_sharpness_db:.0f} dB, "
        f"release {release_ms:.0f} ms for {ear.onset_density_hz:.1f} onsets a second"
    )
    return settings, _TAKEN * slope * over_db, reason

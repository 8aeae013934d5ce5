"""The master: half a step towards the spectrum of finished mixes, and a compressor that only glues."""

from gainstage.engineer.hearing import SongHearing
from gainstage.engineer.smooth import soft_limit
from gainstage.engineer.taste import Taste

# medians of nine finished songs of several kinds
_USUAL_DB = {"low": -4.0, "low_mid": -5.5, "mid": -8.0, "presence": -14.0, "air": -19.0}
_BANDS = {
    "low": ("low_shelf", 90.0, 0.7),
    "low_mid": ("peak_1", 280.0, 0.6),
    "mid": ("peak_2", 1100.0, 0.6),
    "presence": ("peak_3", 3500.0, 0.6),
    "air": ("high_shelf", 8000.0, 0.7),
}


def equaliser(song: SongHearing) -> tuple[dict[str, float], str]:
    """A fifth of the way from the sum's spectrum to the usual one, at most 2 dB a band."""
    settings: dict[str, float] = {}
    words = []
    heard = song.named()
    for region, usual_db in _USUAL_DB.items():
        band, frequency_hz, q = _BANDS[region]
        too_much_db = heard[f"sum_{region}_db"] - usual_db
        gain_db = soft_limit(-0.2 * too_much_db, 2.0)
        settings |= {f"{band}_frequency_hz": frequency_hz, f"{band}_gain_db": gain_db, f"{band}_q": q}
        words.append(f"{gain_db:+.1f} dB at {frequency_hz:.0f} Hz ({too_much_db:+.1f} dB against the usual)")
    return settings, "master equaliser: " + ", ".join(words)


def compressor(song: SongHearing, taste: Taste) -> tuple[dict[str, float], str]:
    """Low ratio, slow attack, above the mean level: a decibel or two in the loudest moments."""
    threshold_db = min(song.sum_dbfs + 8.0 - 0.4 * soft_limit(song.sum_spread_lu - 2.0, 4.0), 0.0)
    slope = 0.3 + soft_limit(0.06 * (song.sum_spread_lu - 2.0), 0.12) + 0.5 * taste.slope
    release_ms = 350.0 / (0.5 + song.onset_density_hz) * 2.0**taste.speed
    settings = {
        "threshold_db": threshold_db,
        "ratio": 1.0 / (1.0 - slope),
        "attack_ms": 30.0,
        "release_ms": release_ms,
        "knee_db": 8.0,
    }
    return settings, (
        f"master compressed {settings['ratio']:.1f}:1 above {threshold_db:.0f} dB, "
        f"release {release_ms:.0f} ms: the sum stands at {song.sum_dbfs:.0f} dB and moves by "
        f"{song.sum_spread_lu:.1f} LU on average"
    )

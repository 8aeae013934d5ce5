"""How the tracks of a song sound together: who plays when, who covers whom, who is bright and who is dark.

The rules read nothing but what stands here. Every number is a property of sound alone: it does not depend on
the recorded level of a track (features are taken after gain staging), on names, or on the order of tracks.
Covering is judged at the levels at which the roles usually stand in a mix (`habits`), since a hi-hat as loud
as the lead vocal would seem to cover everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from gainstage.dsp.features import TrackFeatures

REGIONS_HZ = {
    "low": (15.0, 141.0),
    "low_mid": (141.0, 562.0),
    "mid": (562.0, 2240.0),
    "presence": (2240.0, 5620.0),
    "air": (5620.0, 22_400.0),
}


@dataclass(frozen=True)
class HeardTrack:
    """A track as it is handed to an engineer.

    Args:
        role: what it plays (`gainstage.roles`).
        features: its sound.
        content_hash: hash of its audio: an order of tracks that no file name decides.
    """

    role: str
    features: TrackFeatures
    content_hash: str = ""


@dataclass(frozen=True)
class TrackHearing:
    """One track, by itself and among the others.

    Args:
        is_silent: nothing to hear; all other numbers are neutral.
        is_stereo: 1 for two channels, else 0.
        crest_db … sibilance_db: see `TrackFeatures`; frequencies in octaves above 1 kHz.
        rms_dbfs: level of the staged track.
        own_low_db … own_air_db: its power in a region over all its power.
        resonance_db, resonance_oct, resonance_q: how far its strongest standing peak between 200 Hz and
            2.5 kHz stands above the next ones (0 where there is none), where, and how narrow.
        harsh_db, harsh_oct: the same between 2.5 and 12 kHz.
        hiss_oct: where its power between 4 and 14 kHz lies.
        together: how many other tracks play while it plays, on average.
        covered, covered_low …: share of its power that is under the power of the others, in the same band at
            the same time; 0 = alone, 1 = buried.
        covers, covers_low …: share of the others' power that is under its own.
        crowded_oct: where in 80–700 Hz it and the others are strong at once.
        hidden_oct: where in 1–6.5 kHz its power is covered.
        brightness_to_others_oct: its brightness against the mean of the other tracks.
        brightness_to_neighbours_oct: the same against the tracks with which it shares left and right: those
            of its own group, or all others if it has none; 0 for tracks that belong in the centre.
        neighbours: how many those are.
    """

    is_silent: bool
    is_stereo: float
    crest_db: float
    rms_dbfs: float
    loudness_range_lu: float
    dynamic_spread_lu: float
    brightness_oct: float
    rolloff_oct: float
    width: float
    imbalance: float
    onset_density_hz: float
    attack_sharpness_db: float
    decay_db_per_s: float
    activity: float
    noise_floor_lu: float
    begins_oct: float
    low_60_db: float
    low_100_db: float
    flatness_db: float
    tilt_db_per_octave: float
    sibilance_db: float
    own_low_db: float
    own_low_mid_db: float
    own_mid_db: float
    own_presence_db: float
    own_air_db: float
    resonance_db: float
    resonance_oct: float
    resonance_q: float
    harsh_db: float
    harsh_oct: float
    hiss_oct: float
    together: float
    covered: float
    covered_low: float
    covered_low_mid: float
    covered_mid: float
    covered_presence: float
    covered_air: float
    covers: float
    covers_low: float
    covers_low_mid: float
    covers_mid: float
    covers_presence: float
    covers_air: float
    crowded_oct: float
    hidden_oct: float
    brightness_to_others_oct: float
    brightness_to_neighbours_oct: float
    neighbours: float

    def named(self) -> dict[str, float]:
        """All numbers by name."""
        return {f.name: float(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True)
class SongHearing:
    """The song as a whole, at the levels at which the roles usually stand.

    Args:
        num_tracks: tracks that are not silent.
        density: how many tracks play at a time, on average over the time in which any plays.
        brightness_oct, crest_db, onset_density_hz, decay_db_per_s, activity: means over tracks.
        vocals: share of the time in which a vocal is active.
        sum_low_db … sum_air_db: power of the sum in a region over all its power.
        sum_dbfs: level of the sum.
        sum_spread_lu: mean absolute deviation of its level from 400 ms to 400 ms.
        group_counts: tracks by group.
    """

    num_tracks: float
    density: float
    brightness_oct: float
    crest_db: float
    onset_density_hz: float
    decay_db_per_s: float
    activity: float
    vocals: float
    sum_low_db: float
    sum_low_mid_db: float
    sum_mid_db: float
    sum_presence_db: float
    sum_air_db: float
    sum_dbfs: float
    sum_spread_lu: float
    group_counts: Mapping[str, int]

    def named(self) -> dict[str, float]:
        """All numbers by name, group counts as `tracks_<group>`."""
        numbers = {f.name: float(getattr(self, f.name)) for f in fields(self) if f.name != "group_counts"}
        return numbers | {f"tracks_{group}": float(n) for group, n in self.group_counts.items()}


@dataclass(frozen=True)
class Hearing:
    """All that is heard of a song.

    Args:
        given: the tracks as they were handed in.
        tracks: what is heard of each, in the same order.
        song: the whole.
    """

    given: tuple[HeardTrack, ...]
    tracks: tuple[TrackHearing, ...]
    song: SongHearing

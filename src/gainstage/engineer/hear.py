"""From the features of single tracks to the hearing of a song."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gainstage.dsp.spectrum import Array, Resonance, band_centres_hz
from gainstage.engineer.habits import HABITS
from gainstage.engineer.hearing import REGIONS_HZ, HeardTrack, Hearing, SongHearing, TrackHearing
from gainstage.roles.taxonomy import GROUPS, check_role, group_of

_HZ = band_centres_hz(3)
_OCT = np.log2(_HZ / 1000.0)
_REGIONS = {name: (low <= _HZ) & (high > _HZ) for name, (low, high) in REGIONS_HZ.items()}
_LOUDNESS_EXPONENT = 0.3  # Stevens' law: loudness grows as power^.3
_TINY = 1e-20
_AS_MEASURED = (
    "crest_db",
    "rms_dbfs",
    "loudness_range_lu",
    "dynamic_spread_lu",
    "imbalance",
    "onset_density_hz",
    "attack_sharpness_db",
    "decay_db_per_s",
    "activity",
    "noise_floor_lu",
    "low_60_db",
    "low_100_db",
    "flatness_db",
    "tilt_db_per_octave",
    "sibilance_db",
)


def hear(tracks: Sequence[HeardTrack]) -> Hearing:
    """Hear how tracks sound together.

    Args:
        tracks: at least one; silent ones are allowed and heard as nothing.

    Raises:
        ValueError: no track, or a role that does not exist.
    """
    if not tracks:
        raise ValueError("there is no track to hear; give at least one")
    for track in tracks:
        check_role(track.role)
    scene = _Scene(tracks)
    heard = tuple(scene.track(i) for i in range(len(tracks)))
    return Hearing(tuple(tracks), heard, scene.song(heard))


class _Scene:
    """Power of all tracks on one time axis, at usual levels, and the sums that relations are made of."""

    def __init__(self, tracks: Sequence[HeardTrack]) -> None:
        self.tracks = tracks
        frames = max(len(t.features.active) for t in tracks)
        self.power = np.zeros((len(tracks), frames, len(_HZ)))
        self.active = np.zeros((len(tracks), frames), dtype=bool)
        for i, track in enumerate(tracks):
            if not track.features.is_silent:
                level = 10.0 ** (HABITS[track.role].level_db / 10.0)
                self.power[i, : len(track.features.active)] = level * track.features.frame_power
                self.active[i, : len(track.features.active)] = track.features.active
        self.total = self.power.sum(axis=0)
        self.own = self.power.sum(axis=1)  # (tracks, bands)
        self.audible = [i for i, t in enumerate(tracks) if not t.features.is_silent]
        self.brightness = [np.log2(max(t.features.centroid_hz, 20.0) / 1000.0) for t in tracks]

    def track(self, i: int) -> TrackHearing:
        features = self.tracks[i].features
        return TrackHearing(
            is_silent=features.is_silent,
            is_stereo=float(features.channels == 2),
            **{name: float(getattr(features, name)) for name in _AS_MEASURED},
            brightness_oct=self.brightness[i],
            rolloff_oct=float(np.log2(max(features.rolloff_hz, 20.0) / 1000.0)),
            width=min(features.width, 4.0),
            begins_oct=float(np.log2(features.begins_hz / 1000.0)),
            **{f"own_{name}_db": _share_db(self.own[i], bands) for name, bands in _REGIONS.items()},
            hiss_oct=_centre_oct(self.own[i], 4000.0, 14_000.0),
            **_peaks(features.resonances),
            **self._company(i),
            **self._covered(i),
            **self._covers(i),
        )

    def _company(self, i: int) -> dict[str, float]:
        """Who plays with track i, and how bright it is beside them."""
        playing = self.active[i]
        neighbours, to_neighbours = self._neighbours(i)
        return {
            "together": float(self.active[:, playing].sum(axis=0).mean() - 1.0) if playing.any() else 0.0,
            "brightness_to_others_oct": self._against([j for j in self.audible if j != i], i),
            "brightness_to_neighbours_oct": to_neighbours,
            "neighbours": float(neighbours),
        }

    def _covered(self, i: int) -> dict[str, float]:
        """Share of track i's power that lies under the others, and where they meet."""
        own, others = self.own[i], np.maximum(self.total - self.power[i], 0.0)
        under = (self.power[i] * (others / (others + self.power[i] + _TINY))).sum(axis=0)
        meet = np.sqrt(self.power[i] * others).sum(axis=0)
        return {
            "covered": _by_loudness(under, own),
            **{f"covered_{name}": _share(under, own, bands) for name, bands in _REGIONS.items()},
            "crowded_oct": _centre_oct(meet, 80.0, 700.0),
            "hidden_oct": _centre_oct(under, 1000.0, 6500.0),
        }

    def _covers(self, i: int) -> dict[str, float]:
        """Share of the others' power that lies under track i."""
        others = np.maximum(self.total - self.power[i], 0.0)
        under = (others * (self.power[i] / (self.total + _TINY))).sum(axis=0)
        theirs = others.sum(axis=0)
        by_region = {f"covers_{name}": _share(under, theirs, bands) for name, bands in _REGIONS.items()}
        return {"covers": _by_loudness(under, theirs), **by_region}

    def _against(self, others: Sequence[int], i: int) -> float:
        """Brightness of track i over the mean of others, octaves."""
        if not others or self.tracks[i].features.is_silent:
            return 0.0
        return float(self.brightness[i] - _mean([self.brightness[j] for j in others]))

    def _neighbours(self, i: int) -> tuple[int, float]:
        """How many tracks share left and right with track i, and its brightness against theirs.

        Those of its own group, since alike parts need different sides most; all others if it has none.
        """
        if not self._shares_sides(i):
            return 0, 0.0
        placed = [j for j in self.audible if j != i and self._shares_sides(j)]
        group = group_of(self.tracks[i].role)
        nearest = [j for j in placed if group_of(self.tracks[j].role) == group] or placed
        return len(nearest), self._against(nearest, i)

    def _shares_sides(self, i: int) -> bool:
        track = self.tracks[i]
        is_placed = HABITS[track.role].width > 0.0 and track.features.channels == 1
        return is_placed and not track.features.is_silent

    def song(self, heard: Sequence[TrackHearing]) -> SongHearing:
        some = [heard[i] for i in self.audible]
        count = self.active.sum(axis=0)
        plays: NDArray[np.bool_] = np.asarray((count > 0) | (not count.any()), dtype=bool)
        level = self.total[plays].sum(axis=1) + 1e-6
        level_db = 10.0 * np.log10(level)
        own = self.own.sum(axis=0)
        groups = [group_of(self.tracks[i].role) for i in self.audible]
        vocal = [i for i in self.audible if group_of(self.tracks[i].role) == "vocals"]
        return SongHearing(
            num_tracks=float(len(some)),
            density=float(count[plays].mean()),
            brightness_oct=_mean([t.brightness_oct for t in some]),
            crest_db=_mean([t.crest_db for t in some]),
            onset_density_hz=_mean([t.onset_density_hz for t in some]),
            decay_db_per_s=_mean([t.decay_db_per_s for t in some]),
            activity=_mean([t.activity for t in some]),
            vocals=float(np.asarray(self.active[vocal].any(axis=0))[plays].mean()) if vocal else 0.0,
            **{f"sum_{name}_db": _share_db(own, bands) for name, bands in _REGIONS.items()},
            sum_dbfs=float(10.0 * np.log10(level.mean())),
            sum_spread_lu=float(np.abs(level_db - level_db.mean()).mean()),
            group_counts={group: groups.count(group) for group in GROUPS},
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _share(part: Array, whole: Array, bands: NDArray[np.bool_]) -> float:
    return float(part[bands].sum() / (whole[bands].sum() + _TINY))


def _share_db(power: Array, bands: NDArray[np.bool_]) -> float:
    """Power of some bands over all, dB, not below −60."""
    return max(10.0 * float(np.log10((power[bands].sum() + _TINY) / (power.sum() + _TINY))), -60.0)


def _by_loudness(part: Array, whole: Array) -> float:
    """Mean over bands of part / whole, each band weighted by the loudness of its whole."""
    weight = whole**_LOUDNESS_EXPONENT
    return float((weight * part / (whole + _TINY)).sum() / (weight.sum() + _TINY))


def _centre_oct(weight: Array, low_hz: float, high_hz: float) -> float:
    """Centre of gravity of band weights between two frequencies, in octaves above 1 kHz.

    A hundredth of the total is spread evenly, so that almost nothing to weigh gives the middle, not a hazard.
    """
    inside = (low_hz <= _HZ) & (high_hz >= _HZ)
    some = weight[inside] + 0.01 * weight.sum() / inside.sum() + _TINY
    return float((some * _OCT[inside]).sum() / some.sum())


def _peaks(found: Sequence[Resonance]) -> dict[str, float]:
    resonance, resonance_db = _standing(found, 200.0, 2500.0)
    harsh, harsh_db = _standing(found, 2500.0, 12_000.0)
    return {
        "resonance_db": resonance_db,
        "resonance_oct": float(np.log2(resonance.frequency_hz / 1000.0)),
        "resonance_q": resonance.q,
        "harsh_db": harsh_db,
        "harsh_oct": float(np.log2(harsh.frequency_hz / 1000.0)),
    }


def _standing(found: Sequence[Resonance], low_hz: float, high_hz: float) -> tuple[Resonance, float]:
    """The most prominent peak in a range, and by how much it stands above the mean of the next two.

    The notes of a part are peaks too, but many and alike; a resonance is one. Where there is none, the middle
    of the range with nothing to stand out.
    """
    inside = [peak for peak in found if low_hz <= peak.frequency_hz < high_hz]
    if not inside:
        return Resonance(float(np.sqrt(low_hz * high_hz)), 0.0, 2.0), 0.0
    next_two = sum(peak.prominence_db for peak in inside[1:3]) / 2.0
    return inside[0], inside[0].prominence_db - next_two

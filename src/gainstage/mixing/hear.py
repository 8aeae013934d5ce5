"""Everything that an engineer may know of a folder of stems, from one pass over its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from gainstage.data.folder import scan_folder
from gainstage.data.manifest import Song, Track
from gainstage.data.roles_file import read_roles
from gainstage.dsp.features import FeatureMeter
from gainstage.dsp.resampling import resampled_length
from gainstage.dsp.track_features import TrackFeatures
from gainstage.engineer.hearing import HeardTrack
from gainstage.listener import likely_role
from gainstage.mixing.render import Progress, silent_progress


@dataclass(frozen=True)
class HeardSong:
    """A song and how its tracks sound.

    Args:
        song: its manifest row, tracks in natural order of their names.
        tracks: what was heard, in the same order.
        num_samples: length of the longest track at the console's rate.
        warnings: sentences about the input.
        by_sound: tracks whose names say nothing → how sure the listener is of their roles, 0 … 1.
    """

    song: Song
    tracks: tuple[HeardTrack, ...]
    num_samples: int
    warnings: tuple[str, ...]
    by_sound: Mapping[str, float] = field(default_factory=dict)

    def by_content(self) -> list[int]:
        """Indices of the tracks in the order of their audio's hash: names play no part in it."""
        return sorted(
            range(len(self.tracks)), key=lambda i: (self.tracks[i].content_hash, self.tracks[i].role)
        )


class _Listener:
    """Lets a feature meter listen to a scan."""

    def __init__(self, channels: int, sample_rate: int) -> None:
        self.meter = FeatureMeter(channels, sample_rate=sample_rate)

    def hear(self, block: Tensor) -> None:
        self.meter.update(block)


def hear_folder(
    stems: Path, *, roles: Path | str | Mapping[str, str] | None = None, progress: Progress = silent_progress
) -> HeardSong:
    """Hear a folder of stems. The role of a track whose name says nothing is heard from its audio.

    Args:
        stems: the folder.
        roles: `file stem: role`, as a mapping or a YAML file.
        progress: told how far the work is.

    Raises:
        ValueError: the folder or a stem cannot be used; one sentence says why.
    """
    given = roles if isinstance(roles, Mapping) or roles is None else read_roles(Path(roles))
    scan = scan_folder(stems, roles=given, listen=_Listener, progress=progress)
    features = {name: listener.meter.result() for name, listener in scan.heard.items()}
    rows, by_sound = _with_roles_by_sound(scan.song.tracks, features)
    song = scan.song.model_copy(update={"tracks": rows})
    tracks = tuple(HeardTrack(row.role, features[row.name], row.content_hash) for row in rows)
    lengths = [
        resampled_length(row.num_samples, from_rate=row.sample_rate, to_rate=song.sample_rate) for row in rows
    ]
    warnings = (*scan.warnings, *_said(rows, by_sound))
    return HeardSong(song, tracks, max(lengths), warnings, by_sound)


def _with_roles_by_sound(
    tracks: tuple[Track, ...], features: Mapping[str, TrackFeatures]
) -> tuple[tuple[Track, ...], dict[str, float]]:
    """The tracks, with roles heard where nothing is known; and how sure those are."""
    rows, by_sound = [], {}
    for track in tracks:
        heard = likely_role(features[track.name]) if track.role_confidence == 0.0 else None
        if heard is not None:
            by_sound[track.name] = heard.probability
        rows.append(track if heard is None else track.model_copy(update={"role": heard.role}))
    return tuple(rows), by_sound


def _said(tracks: tuple[Track, ...], by_sound: Mapping[str, float]) -> list[str]:
    """One sentence about all that was heard."""
    heard = [
        f"'{track.name}' {track.role} ({by_sound[track.name]:.0%} sure)"
        for track in tracks
        if track.name in by_sound
    ]
    if not heard:
        return []
    return [f"names that say nothing, so roles are by sound: {', '.join(heard)}; --roles says it better"]

"""Everything that an engineer may know of a folder of stems, from one pass over its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from gainstage.data.folder import scan_folder
from gainstage.data.manifest import Song
from gainstage.data.roles_file import read_roles
from gainstage.dsp.features import FeatureMeter
from gainstage.dsp.resampling import resampled_length
from gainstage.engineer.hearing import HeardTrack
from gainstage.mixing.render import Progress, silent_progress


@dataclass(frozen=True)
class HeardSong:
    """A song and how its tracks sound.

    Args:
        song: its manifest row, tracks in natural order of their names.
        tracks: what was heard, in the same order.
        num_samples: length of the longest track at the console's rate.
        warnings: sentences about the input.
    """

    song: Song
    tracks: tuple[HeardTrack, ...]
    num_samples: int
    warnings: tuple[str, ...]

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
    """Hear a folder of stems.

    Args:
        stems: the folder.
        roles: `file stem: role`, as a mapping or a YAML file.
        progress: told how far the work is.

    Raises:
        ValueError: the folder or a stem cannot be used; one sentence says why.
    """
    given = roles if isinstance(roles, Mapping) or roles is None else read_roles(Path(roles))
    scan = scan_folder(stems, roles=given, listen=_Listener, progress=progress)
    tracks = tuple(
        HeardTrack(track.role, scan.heard[track.name].meter.result(), track.content_hash)
        for track in scan.song.tracks
    )
    rate = scan.song.sample_rate
    lengths = [
        resampled_length(t.num_samples, from_rate=t.sample_rate, to_rate=rate) for t in scan.song.tracks
    ]
    return HeardSong(scan.song, tracks, max(lengths), scan.warnings)

"""Stems without the treatment that somebody gave them, for an engineer who learnt from such."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gainstage.data.normalised import normalise_folder
from gainstage.mixing.hear import HeardSong, hear_folder
from gainstage.mixing.render import Progress
from gainstage.normalise import EffectStatistics

FOLDER = "normalised"


def hear_normalised(
    stems: Path,
    out: Path,
    statistics: EffectStatistics | Path | str,
    *,
    roles: Path | str | Mapping[str, str] | None,
    progress: Progress,
) -> tuple[HeardSong, Path]:
    """Normalise stems into a folder of the results, and hear those.

    Args:
        stems: the folder of the stems.
        out: of the results.
        statistics: of the classes, a file of them, or `built_in`.
        roles: `file stem: role`, as a mapping or a YAML file.
        progress: told how far the work is.

    Returns:
        The song, its roles those that the stems were normalised as; and the folder of the normalised stems.

    Raises:
        ValueError: stems, roles or statistics cannot be used.
    """
    first = hear_folder(stems, roles=roles, progress=progress)
    files = {Path(track.file).name: track.role for track in first.song.tracks}
    song = normalise_folder(stems, out / FOLDER, statistics, roles=files, progress=progress)
    names = {track.name: track for track in first.song.tracks}
    heard = hear_folder(
        out / FOLDER, roles={name: track.role for name, track in names.items()}, progress=progress
    )
    rows = [
        track.model_copy(update={"role_confidence": names[track.name].role_confidence})
        for track in heard.song.tracks
    ]
    update = {"name": song.name, "tracks": tuple(rows)}
    heard = replace(heard, song=heard.song.model_copy(update=update), by_sound=first.by_sound)
    return replace(heard, warnings=tuple(dict.fromkeys([*first.warnings, *heard.warnings]))), out / FOLDER

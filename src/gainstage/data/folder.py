"""A folder of stems → a song: what is in it, each file decoded once.

Headers are read first, which settles the console's rate. Then every file is streamed from front to back, and
in that one pass it is hashed, measured, checked and, brought to the console's rate, handed to whoever else
wants to hear it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from torch import Tensor

from gainstage.data.audio_error import AudioFileError
from gainstage.data.audio_file import AudioInfo, probe
from gainstage.data.duplicates import name_stems
from gainstage.data.hearing import Heard, Hearer, hear
from gainstage.data.manifest import AudioRef, Song, Track
from gainstage.data.roles_file import assign_roles
from gainstage.data.scan_warnings import SILENCE, warn_of_song, warn_of_sound
from gainstage.data.stem_files import audio_files, display_name, find_stem_files
from gainstage.roles import guess

__all__ = ["Scan", "audio_files", "console_rate", "scan_folder"]

_LOWEST_RATE = 44_100

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

Who = TypeVar("Who")


@dataclass(frozen=True)
class Scan(Generic[Who]):
    """What a folder holds.

    Args:
        song: its tracks, in natural order of their names.
        warnings: what a person should know, a sentence each.
        heard: name of a track → the listener that heard it.
    """

    song: Song
    warnings: tuple[str, ...]
    heard: Mapping[str, Who]


@overload
def scan_folder(
    folder: Path,
    *,
    roles: Mapping[str, str] | None = None,
    listen: None = None,
    progress: Progress | None = None,
) -> Scan[None]: ...


@overload
def scan_folder(
    folder: Path,
    *,
    roles: Mapping[str, str] | None = None,
    listen: Callable[[int, int], Hearer],
    progress: Progress | None = None,
) -> Scan[Hearer]: ...


def scan_folder(
    folder: Path,
    *,
    roles: Mapping[str, str] | None = None,
    listen: Callable[[int, int], Any] | None = None,
    progress: Progress | None = None,
) -> Scan[Any]:
    """Hear a folder of stems once and say what is in it.

    A stem that cannot be read is an error and not a warning, because the mix would silently lack an
    instrument. What a mix can do with (silent, short or cut stems, other rates) is a warning.

    Args:
        folder: audio files, or a subfolder `stems` with them; a file called mix or master is the song's mix.
        roles: name of a stem → role, where the name of the file does not say it.
        listen: makes, for each track, a listener from its channels (1 or 2) and the console's rate; it hears
            the track in blocks (channels, samples) at that rate.
        progress: told "hearing", how many files are done, and of how many.

    Raises:
        AudioFileError: no folder, no audio, a stem that cannot be used, or nothing but silence.
        ValueError: a role is given that does not exist, or for a stem that does not exist.
    """
    found = find_stem_files(folder, stems_named=frozenset(roles or {}))
    given = assign_roles(found.stems, roles or {})
    infos = _probe_all(found.stems)
    stems = name_stems(found.stems)
    rate = console_rate([infos[path] for path in stems.names])
    tracks: list[Track] = []
    warnings = [*found.warnings, *stems.warnings]
    heard_by: dict[str, Any] = {}
    for number, (path, name) in enumerate(stems.names.items()):
        if progress is not None:
            progress("hearing", number, len(stems.names))
        heard = hear(infos[path], sample_rate=rate, listen=listen or _Deaf)
        tracks.append(_track(folder, infos[path], name, heard, given.get(path)))
        heard_by[name] = None if listen is None else heard.listener
        warnings += warn_of_sound(infos[path], heard)
    if progress is not None:
        progress("hearing", len(stems.names), len(stems.names))
    if all(track.peak_amplitude < SILENCE for track in tracks):
        raise AudioFileError(f"every stem in {folder} is silent; there is nothing to mix")
    warnings += warn_of_song(tracks, rate)
    mix, mix_warnings = _hear_mix(folder, found.mix)
    song = Song(name=_song_name(folder), folder=str(folder), sample_rate=rate, tracks=tuple(tracks), mix=mix)
    return Scan(song, (*warnings, *mix_warnings), heard_by)


def console_rate(infos: Sequence[AudioInfo]) -> int:
    """The most frequent rate in Hz (of equally frequent ones the highest), at least 44.1 kHz."""
    counts = Counter(info.sample_rate for info in infos)
    return max(_LOWEST_RATE, max(counts, key=lambda rate: (counts[rate], rate)))


class _Deaf:
    def __init__(self, channels: int, sample_rate: int) -> None:
        del channels, sample_rate

    def hear(self, block: Tensor) -> None:
        del block


def _probe_all(paths: Sequence[Path]) -> dict[Path, AudioInfo]:
    """The headers of all stems.

    Raises:
        AudioFileError: for the first that cannot be read; it also names the others.
    """
    infos, errors = {}, {}
    for path in paths:
        try:
            path.name.encode()
            infos[path] = probe(path)
        except UnicodeEncodeError:
            errors[path] = f"the file name {path.name!a} is not valid Unicode; rename it"
        except AudioFileError as error:
            errors[path] = str(error)
    if errors:
        others = ", ".join(display_name(path.name) for path in list(errors)[1:])
        also = f"; neither can be read: {others}" if others else ""
        raise AudioFileError(
            f"{next(iter(errors.values()))}, or take it out of the folder to mix without it{also}"
        )
    return infos


def _track(folder: Path, info: AudioInfo, name: str, heard: Heard[Any], role: str | None) -> Track:
    guessed = guess(name)
    return Track(
        name=name,
        **_audio_ref(folder, info, heard),
        role=role or guessed.role,
        role_confidence=1.0 if role else guessed.confidence,
    )


def _audio_ref(folder: Path, info: AudioInfo, heard: Heard[Any]) -> dict[str, Any]:
    return {
        "file": info.path.relative_to(folder).as_posix(),
        "channels": heard.channels,
        "sample_rate": info.sample_rate,
        "num_samples": heard.num_samples,
        "peak_amplitude": heard.peak_amplitude,
        "content_hash": heard.content_hash,
    }


def _hear_mix(folder: Path, path: Path | None) -> tuple[AudioRef | None, list[str]]:
    """The song's own mix; a bad one is no reason not to mix."""
    if path is None:
        return None, []
    try:
        info = probe(path)
        return AudioRef(
            **_audio_ref(folder, info, hear(info, sample_rate=info.sample_rate, listen=_Deaf))
        ), []
    except AudioFileError as error:
        return None, [f"the song's own mix is left out: {error}"]


def _song_name(folder: Path) -> str:
    place = folder.resolve()
    return (place.parent if place.name.casefold() == "stems" else place).name or "song"

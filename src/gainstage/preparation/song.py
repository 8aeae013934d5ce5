"""One song of a set: heard, checked, aligned, and written as float audio and a record."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gainstage.data.audio_error import AudioFileError
from gainstage.data.folder import console_rate
from gainstage.data.manifest import Alignment, AudioRef, Song, Track
from gainstage.data.sources.listing import Fault, SongFiles, TrackFile, note
from gainstage.data.stem_files import printable_path
from gainstage.preparation import findings
from gainstage.preparation.inspection import Inspected, at_rate, inspect
from gainstage.preparation.placing import place
from gainstage.preparation.record import SongRecord, record_path, song_folder, stamp_of
from gainstage.preparation.roles import KnownRole, role_of_track
from gainstage.preparation.workplace import recorded


@dataclass(frozen=True)
class Order:
    """A song to prepare: all that a process is told.

    Args:
        root: of the set; nothing is written there.
        out: of the prepared set.
        work: a folder of this run for files that are not finished.
        song: what the set says.
        sample_rate: in Hz; None = the most frequent of its files, at least 44.1 kHz.
        align: whether tracks may be moved to the mix.
    """

    root: Path
    out: Path
    work: Path
    song: SongFiles
    sample_rate: int | None
    align: bool

    @property
    def record(self) -> Path:
        """Where it is written down what came of it."""
        return record_path(self.out, self.song.group, self.song.name)

    @property
    def stamp(self) -> str:
        """Of files and settings."""
        return stamp_of(self.root, self.song, (self.sample_rate, self.align))

    def name_of(self, track: TrackFile) -> str:
        """The file of a track as sentences call it."""
        stream = "" if track.stream is None else f" (stream {track.stream})"
        return printable_path(track.path, self.root) + stream


@dataclass
class _Heard:
    """Tracks and mix as far as they can be used, and what was noticed on the way."""

    tracks: list[tuple[TrackFile, Inspected]]
    mix: tuple[TrackFile, Inspected] | None
    faults: list[Fault]
    left_out: list[tuple[str, str]]
    is_whole: bool


def prepare_song(order: Order) -> SongRecord:
    """Hear a song and write what came of it. A damaged file costs itself and no other.

    A song that lost a track keeps the others but not its mix: the mix holds an instrument that they lack, and
    a network would learn to add it.

    Raises:
        OSError: nothing can be written.
    """
    return recorded(order, _prepared)


def _prepared(order: Order, work: Path) -> SongRecord:
    heard = _hear(order, work)
    folder = song_folder(order.out, order.song.group)
    folder.mkdir(parents=True, exist_ok=True)
    alignments: Sequence[Any] = (None,) * len(heard.tracks)
    if heard.tracks:
        _bring_to_one_rate(order, heard, work)
        alignments = _align(order, heard, work)
        kept = [found for _, found in heard.tracks] + ([heard.mix[1]] if heard.mix else [])
        for found in kept:
            found.path.replace(folder / found.file_name)
    elif not any(fault.is_damage for fault in heard.faults):
        heard.faults.append(Fault(order.song.group, "has no tracks", kind="layout"))
    return SongRecord(
        stamp=order.stamp,
        name=order.song.name,
        group=order.song.group,
        song=_row(order, heard, alignments, folder) if heard.tracks else None,
        official_split=order.song.split is not None,
        faults=tuple(heard.faults),
        left_out=tuple(heard.left_out),
        power={t.name: found.power for t, found in heard.tracks}
        | ({"": heard.mix[1].power} if heard.mix else {}),
        seconds=max([found.num_samples / found.sample_rate for _, found in heard.tracks], default=0.0),
    )


def _hear(order: Order, work: Path) -> _Heard:
    """Decode all files of the song; those that are damaged are left out."""
    heard = _Heard([], None, list(order.song.faults), [], not order.song.lacks)
    for number, track in enumerate(order.song.tracks):
        if (found := _try(order, track, work / f"{number:03d}.wav", heard)) is not None:
            heard.tracks.append((track, found))
        else:
            heard.is_whole = False
    _leave_out_copies(order, heard)
    if order.song.mix is not None and heard.tracks:
        found = _try(order, order.song.mix, work / "mix.wav", heard)
        if found is not None and heard.is_whole:
            heard.mix = order.song.mix, found
        elif found is not None:
            why = "the mix is left out, because the song lost a track that is heard in it"
            heard.left_out.append((order.name_of(order.song.mix), why))
    if order.song.same_length:
        files = [*heard.tracks, *([heard.mix] if heard.mix else [])]
        heard.faults += findings.of_lengths({order.name_of(track): found for track, found in files})
    return heard


def _try(order: Order, track: TrackFile, into: Path, heard: _Heard) -> Inspected | None:
    """A file's float copy, or None and a fault."""
    name = order.name_of(track)
    try:
        found = inspect(track, into)
        damage = findings.cut_short(found)
    except AudioFileError as error:
        found, damage = None, str(error).replace(str(track.path), "").lstrip(": ").strip()
    if damage is not None or found is None:
        cause = f"{damage}"
        heard.faults.append(Fault(name, cause, is_damage=True, kind="unreadable"))
        heard.left_out.append((name, cause))
        return None
    heard.faults += findings.oddities(name, found)
    return found


def _leave_out_copies(order: Order, heard: _Heard) -> None:
    """The same audio twice would be twice as loud as anybody meant."""
    copies = findings.copies([(order.name_of(track), found) for track, found in heard.tracks])
    for file, earlier in copies.items():
        cause = f"holds the same audio as {earlier}; left out"
        heard.faults.append(note(file, cause, kind="copy"))
        heard.left_out.append((file, cause))
    heard.tracks = [pair for pair in heard.tracks if order.name_of(pair[0]) not in copies]


def _bring_to_one_rate(order: Order, heard: _Heard, work: Path) -> None:
    rate = order.sample_rate or console_rate([found.info for _, found in heard.tracks])

    def brought(found: Inspected, name: str) -> Inspected:
        return found if found.sample_rate == rate else at_rate(found, rate, work / f"rate-{name}.wav")

    heard.tracks = [(t, brought(found, f"{i:03d}")) for i, (t, found) in enumerate(heard.tracks)]
    if heard.mix is not None:
        heard.mix = heard.mix[0], brought(heard.mix[1], "mix")


def _align(order: Order, heard: _Heard, work: Path) -> Sequence[Any]:
    """Move tracks to the mix, where the set does not say that they are there already."""
    if heard.mix is None or order.song.is_aligned or not order.align:
        return (None,) * len(heard.tracks)
    placed = place(
        [found for _, found in heard.tracks],
        heard.mix[1],
        [order.name_of(track) for track, _ in heard.tracks],
        order.name_of(heard.mix[0]),
        work,
    )
    heard.tracks = [(t, found) for (t, _), found in zip(heard.tracks, placed.tracks, strict=True)]
    heard.faults += placed.faults
    return placed.alignments


def _row(order: Order, heard: _Heard, alignments: Sequence[Any], folder: Path) -> Song:
    song = order.song
    roles = [role_of_track(track, folder / found.file_name) for track, found in heard.tracks]
    heard.faults += findings.of_names(
        {order.name_of(track): known for (track, _), known in zip(heard.tracks, roles, strict=True)}
    )
    tracks = [
        _track(order, track, found, alignment, known)
        for (track, found), alignment, known in zip(heard.tracks, alignments, roles, strict=True)
    ]
    mix = heard.mix and AudioRef(**_audio(order, *heard.mix), loudness_lufs=heard.mix[1].integrated_lufs)
    return Song(
        name=song.name,
        folder=folder.relative_to(order.out).as_posix(),
        sample_rate=heard.tracks[0][1].sample_rate,
        tracks=tuple(tracks),
        mix=mix,
        session=_session(order, heard, folder),
        artist=song.artist,
        title=song.title,
        genre=song.genre,
        licence=song.licence,
        source=song.source,
        split=song.split,
    )


def _track(order: Order, track: TrackFile, found: Inspected, alignment: Any, known: KnownRole) -> Track:
    row = Track(
        **_audio(order, track, found),
        loudness_lufs=found.staging_lufs,
        name=track.name,
        role=known.role,
        role_confidence=known.confidence,
        instrument=track.instrument,
        wetness=track.wetness,
        bleed=track.bleed,
    )
    if alignment is None:
        return row
    moved = Alignment(
        delay_samples=alignment.delay_samples,
        drift_ppm=alignment.drift_ppm,
        confidence=alignment.confidence,
    )
    return row.model_copy(update={"alignment": moved})


def _audio(order: Order, track: TrackFile, found: Inspected) -> dict[str, Any]:
    return {**found.audio_row(), "origin": order.name_of(track)}


def _session(order: Order, heard: _Heard, folder: Path) -> str:
    """A copy of the session, as long as it is about these tracks and no others."""
    session = order.song.session
    if session is None or not heard.is_whole or len(heard.tracks) != len(order.song.tracks):
        return ""
    if any(found.sample_rate != found.info.sample_rate for _, found in heard.tracks):
        cause = "is left out, because its tracks were resampled"
        heard.faults.append(note(printable_path(session, order.root), cause, kind="session"))
        return ""
    name = f"{order.record.stem}.session.json"
    partial = folder / f".{name}.part"
    try:
        shutil.copyfile(session, partial)
    except OSError as error:
        cause = f"cannot be read: {error.strerror or error}"
        heard.faults.append(Fault(printable_path(session, order.root), cause, kind="unreadable"))
        return ""
    partial.replace(folder / name)
    return name

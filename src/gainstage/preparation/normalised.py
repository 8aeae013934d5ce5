"""A set of wet stems made one to learn mixing from: input = normalised stems, target = the mix as it is.

It is written as `gainstage.preparation.prepare` writes sets, so it trains, resumes and is shown as they are;
beside it lie the statistics that its stems were brought to, for those that are mixed later.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gainstage.data.folder import Progress
from gainstage.data.manifest import Song, Track
from gainstage.data.normalised import learn_from, training_songs, what_decides, write_normalised
from gainstage.data.sources.listing import TrackFile
from gainstage.data.sources.load import Source, load_songs
from gainstage.normalise import EffectStatistics, Rooms, Settings, named_or_read, read_statistics
from gainstage.preparation.inspection import Inspected, at_rate, inspect
from gainstage.preparation.record import SongRecord, record_path, song_folder
from gainstage.preparation.result import Preparation, write_set
from gainstage.preparation.workplace import check_places, recorded, records, working_folder
from gainstage.report import words
from gainstage.report.blocks import Column, Table, Text
from gainstage.report.page import Section

LEARN = "learn"
STATISTICS = "statistics.json"
_VERSION = 1
"""Raised whenever the same songs would come to something else."""


@dataclass(frozen=True)
class Order:
    """A song to normalise: all that a process is told.

    Args:
        out: of the normalised set.
        work: a folder of this run for files that are not finished.
        song: with a mix, and a folder that can be opened from anywhere.
        statistics: of the classes.
        settings: how far.
        rooms: rooms and the seed that they are drawn with; None = none.
    """

    out: Path
    work: Path
    song: Song
    statistics: EffectStatistics
    settings: Settings
    rooms: tuple[Rooms, int] | None

    @property
    def record(self) -> Path:
        """Where it is written down what came of it."""
        return record_path(self.out, self.song.name, self.song.name)

    @property
    def stamp(self) -> str:
        """Of all that the result depends on."""
        decides = what_decides(self.song, self.statistics, self.settings, self.rooms)
        row = self.song.model_dump(mode="json", exclude={"folder"})
        text = json.dumps([_VERSION, decides, row], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def normalise_set(
    source: Source,
    root: Path,
    out: Path,
    *,
    statistics: Path | str = LEARN,
    settings: Settings | None = None,
    rooms: Rooms | None = None,
    seed: int = 0,
    report: bool = True,
    progress: Progress | None = None,
    jobs: int = 2,
) -> Preparation:
    """Normalise a set to train on. Splits stay as they are.

    A run that was stopped or killed goes on where it was; statistics that were learnt are not learnt again.

    Args:
        source, root: as for `load_songs`; `prepared` for what `prepare` wrote. Songs without a mix file are
            left out: nothing tells how they should sound.
        out: the folder to write; training reads it as a prepared set. Its `statistics.json` is for those who
            mix by what was trained on it.
        statistics: of the classes: a file, `built_in`, or `learn` them from the songs to train on.
        settings: how far.
        rooms: the rooms that voices and other instruments of songs to train on are put in before, for a
            reverb cannot be taken off; none if not given.
        seed: of the rooms.
        report: write the page.
        progress: told what is done, how much of it, and of how much.
        jobs: processes.

    Raises:
        ValueError: the data or the statistics cannot be used.
        OSError: something cannot be read or written; songs that are done are kept.
    """
    check_places(root, out)
    found = load_songs(source, root, paired=False, progress=progress, jobs=jobs)
    songs = [song for song in found if song.mix is not None]
    if not songs:
        raise ValueError(
            f"no song of {root} has a mix file, so normalised stems have no target; give another set"
        )
    out.mkdir(parents=True, exist_ok=True)
    name = " and ".join(sorted({song.source for song in songs} - {""})) or source
    known = _statistics(statistics, songs, name, out, progress=progress, jobs=jobs)
    with working_folder(out) as work:
        orders = [
            Order(out, work, song, known, settings or Settings(), _drawn(rooms, seed, song))
            for song in sorted(songs, key=lambda song: song.name)
        ]
        doing = "normalising songs"
        made = list(records(orders, normalise_song, jobs=jobs, doing=doing, progress=progress))
        return write_set(
            f"{name}, normalised",
            out,
            work,
            [record.song for record in made if record.song is not None],
            made,
            faults=[],
            left_out=[(s.name, "has no mix to train towards") for s in found if s.mix is None],
            report=report,
            more=[_section(known, orders)],
        )


def normalise_song(order: Order) -> SongRecord:
    """Normalise a song and write what came of it.

    Raises:
        OSError: a file of it cannot be read, or nothing can be written.
    """
    return recorded(order, _normalised)


def _section(known: EffectStatistics, orders: Sequence[Order]) -> Section:
    """What the stems were brought to, and how."""
    roles = sorted({track.role for order in orders for track in order.song.tracks})
    rows = []
    for role in roles:
        sound = known.of(role)
        numbers = (sound.loudness_lufs, sound.punch_db)
        cells = [f"{number.mean:.1f} ± {number.std:.1f}" for number in numbers]
        rows.append((words.title(role), known.name_of(role), f"{sound.stems}", *cells))
    heads = ("Role", "Class", "Stems", "Loudness, LUFS", "Attacks stand out, dB")
    columns = tuple(Column(head, is_number=place > 1) for place, head in enumerate(heads))
    in_rooms = sum(order.rooms is not None for order in orders)
    towards = {"mean": "to the mean of its class", "likely": "as far as treatment probably went"}
    text = (
        "Equaliser, dynamics, panorama and level of each stem were brought "
        f"{towards[orders[0].settings.towards]}; distortion and reverb stay. The classes are those of "
        f"{known.source or 'a file'}. {words.count(in_rooms, 'song')} had voices and other instruments put "
        f"in drawn rooms before. The mixes are as they were. {STATISTICS} holds the classes, for stems that "
        "are mixed later."
    )
    table = Table("What stems were brought to", columns, tuple(rows), "Mean ± standard deviation over stems.")
    return Section("Effect normalisation", (Text((text,)), table))


def _normalised(order: Order, work: Path) -> SongRecord:
    song = order.song
    files = [work / f"raw-{number:03d}.wav" for number in range(len(song.tracks))]
    write_normalised(song, files, order.statistics, order.settings, order.rooms)
    tracks = [inspect(TrackFile(file, file.stem), file.with_suffix(".float.wav")) for file in files]
    mix = _mix(song, work)
    folder = song_folder(order.out, song.name)
    folder.mkdir(parents=True, exist_ok=True)
    for found in (*tracks, mix):
        found.path.replace(folder / found.file_name)
    row = song.model_copy(
        update={
            "folder": folder.relative_to(order.out).as_posix(),
            "tracks": tuple(map(_track, song.tracks, tracks)),
            "mix": song.mix and song.mix.model_copy(update=_audio(mix, mix.integrated_lufs)),
            "session": "",
            "source": f"{song.source}, normalised",
        }
    )
    return SongRecord(
        stamp=order.stamp,
        name=song.name,
        group=song.name,
        song=row,
        official_split=song.split is not None,
        faults=(),
        left_out=(),
        power={track.name: found.power for track, found in zip(song.tracks, tracks, strict=True)}
        | {"": mix.power},
        seconds=row.seconds,
    )


def _mix(song: Song, work: Path) -> Inspected:
    assert song.mix is not None, "checked before"
    found = inspect(TrackFile(song.path_of(song.mix), "mix"), work / "mix.wav")
    return (
        found
        if found.sample_rate == song.sample_rate
        else at_rate(found, song.sample_rate, work / "rate.wav")
    )


def _track(track: Track, found: Inspected) -> Track:
    return track.model_copy(update={**_audio(found, found.staging_lufs), "wetness": "normalised"})


def _audio(found: Inspected, loudness_lufs: float | None) -> dict[str, object]:
    """What has changed of a row."""
    return {**found.audio_row(), "loudness_lufs": loudness_lufs}


def _drawn(rooms: Rooms | None, seed: int, song: Song) -> tuple[Rooms, int] | None:
    """The rooms of a song; only what is trained on gets some."""
    if rooms is None or song.split != "train":
        return None
    return rooms, int.from_bytes(hashlib.blake2b(f"{seed} {song.name}".encode(), digest_size=4).digest())


def _statistics(
    asked: Path | str,
    songs: Sequence[Song],
    name: str,
    out: Path,
    *,
    progress: Progress | None,
    jobs: int,
) -> EffectStatistics:
    """The statistics that were asked for, kept beside the set; those of the same songs are learnt once."""
    path = out / STATISTICS
    if str(asked) != LEARN:
        known = named_or_read(asked)
    else:
        rows = [[t.role, t.content_hash] for song in training_songs(songs) for t in song.tracks]
        source = f"{name} ({hashlib.blake2b(json.dumps(rows).encode(), digest_size=4).hexdigest()})"
        learnt = _learnt_before(path, source)
        known = learnt or learn_from(songs, source=source, progress=progress, jobs=jobs)
    known.save(path)
    return known


def _learnt_before(path: Path, source: str) -> EffectStatistics | None:
    try:
        known = read_statistics(path)
    except (OSError, ValueError):
        return None
    return known if known.source.startswith(f"{source}, ") else None

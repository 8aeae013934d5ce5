"""Built-in songs by the thousand, as a data set to train on: stems, sessions and one manifest.

A song is played once and heard once, in memory. From what was heard the rules engineer mixes it, and then a
few arrangements of it: random subsets of the tracks, each in a style of its own. Since what is heard of a
track does not depend on the others, an arrangement costs two hundredths of what its song costs, and shows the
same track in other company. No mix is rendered: the session is the mix, and whoever wants audio renders it.
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.spec import named
from gainstage.data.flac_file import quantise
from gainstage.data.hearing import hear_audio
from gainstage.data.manifest import Song, Split, Track, read_manifest, write_manifest
from gainstage.data.synthetic import Song as Played
from gainstage.data.synthetic import play_song, write_song
from gainstage.data.synthetic.library import check_same, folder_name, stem_file
from gainstage.data.synthetic.song import Track as PlayedTrack
from gainstage.data.synthetic.streams import stream
from gainstage.dsp.features import FeatureMeter
from gainstage.engineer.hear import hear
from gainstage.engineer.hearing import HeardTrack, TrackHearing
from gainstage.kernels.threads import one_thread
from gainstage.mixing.deliver import with_delivery
from gainstage.mixing.engineers import decide
from gainstage.mixing.hear import HeardSong
from gainstage.mixing.mix import DEFAULT_LUFS
from gainstage.mixing.predict import predicted_lufs
from gainstage.mixing.render import Progress, silent_progress
from gainstage.mixing.sessions import session_from_decision

MANIFEST = "manifest.jsonl"
ROWS = "rows.jsonl"
"""The manifest rows of one song, in its folder."""

_FEWEST_TRACKS = 2
_KEPT = (0.4, 1.0)


@dataclass(frozen=True)
class _Order:
    """One song to make: all that a process is told."""

    index: int
    seed: int
    seconds: float
    arrangements: int
    folder: Path


@dataclass(frozen=True)
class _Heard:
    """A song with everything that is known of its tracks, in their order."""

    rows: tuple[Track, ...]
    tracks: tuple[HeardTrack, ...]
    ears: tuple[TrackHearing, ...]
    num_samples: int
    sample_rate: int


def write_dataset(
    count: int,
    seconds: float,
    out: Path,
    *,
    seed: int = 0,
    arrangements: int = 8,
    validation: int | None = None,
    test: int | None = None,
    jobs: int = 2,
    progress: Progress = silent_progress,
) -> list[Song]:
    """Play songs and write them as a data set.

    Each song is a folder `NN_genre_name` with `stems/` (16-bit FLAC), `song.json`, `roles.yaml`,
    `session.json` (all tracks) and `sessions/` (arrangements). `manifest.jsonl` has a row for each song and,
    of songs to train on, one for each arrangement (`NN_genre_name.a3`). Folders that are whole are kept, so a
    run that was stopped goes on; the manifest is written last. The bytes do not depend on the number of jobs.

    Sessions carry an output gain that brings the mix to about −20 LUFS (`mixing.predict`); nothing is
    rendered.

    Args:
        count: number of songs; song i is played from `seed + i`.
        seconds: length of each, at least 4.
        out: the folder of folders.
        seed: of the first song.
        arrangements: of each song, beside the full one.
        validation, test: how many songs are held out, from the end; the last ones are for the test. A tenth
            of the songs each if not given, at least one of three or more.
        jobs: processes that play at the same time.
        progress: told how many songs there are.

    Returns:
        The rows of the manifest.

    Raises:
        ValueError: an argument outside its range, or a folder that holds another song.
        OSError: a song cannot be written; whole ones are kept.
    """
    tenth = max(count // 10, 1) if count > 2 else 0
    held = [tenth if n is None else n for n in (validation, test)]
    _check(count, arrangements, held, jobs)
    out.mkdir(parents=True, exist_ok=True)
    orders = [
        _Order(i, seed + i, seconds, arrangements, out / folder_name(i, seed + i, seconds=seconds))
        for i in range(count)
    ]
    _make_all(orders, jobs, progress)
    songs = []
    for order in orders:
        split = _split(order.index, count, *held)
        rows = read_manifest(order.folder / ROWS)[: 1 + arrangements * (split == "train")]
        songs += [row.model_copy(update={"folder": order.folder.name, "split": split}) for row in rows]
    write_manifest(out / MANIFEST, songs)
    return read_manifest(out / MANIFEST)


def _check(count: int, arrangements: int, held: list[int], jobs: int) -> None:
    if count < 1 or arrangements < 0 or jobs < 1 or min(held) < 0:
        raise ValueError(
            "at least one song, one job, and no negative numbers are wanted, "
            f"got {count} songs, {jobs} jobs, {arrangements} arrangements, {held} held out"
        )
    if sum(held) >= count:
        raise ValueError(
            f"of {count} songs {held[0]} are for validation and {held[1]} for the test: none is left to "
            "train on; ask for more songs or hold out fewer"
        )


def _split(index: int, count: int, validation: int, test: int) -> Split:
    if index >= count - test:
        return "test"
    return "validation" if index >= count - test - validation else "train"


def _make_all(orders: list[_Order], jobs: int, progress: Progress) -> None:
    missing = [order for order in orders if not _is_there(order)]
    done = len(orders) - len(missing)
    progress("playing songs", done, len(orders))
    for _ in _made(missing, min(jobs, len(missing))):
        done += 1
        progress("playing songs", done, len(orders))


def _is_there(order: _Order) -> bool:
    """Whether a song is whole.

    Raises:
        ValueError: its place is taken by something else.
    """
    if not order.folder.exists():
        return False
    check_same(order.folder, order.seed, order.seconds, 44100)
    rows = len(read_manifest(order.folder / ROWS)) if (order.folder / ROWS).is_file() else 0
    if rows < 1 + order.arrangements:
        raise ValueError(
            f"{order.folder} has {max(rows - 1, 0)} arrangements, {order.arrangements} are wanted; "
            "ask for fewer, or remove it"
        )
    return True


def _made(orders: list[_Order], jobs: int) -> Iterator[None]:
    """Make songs; yields after each."""
    if jobs <= 1:
        for order in orders:
            with one_thread():
                _make(order)
            yield
        return
    # Spawned, not forked: a fork of a process whose threads hold locks may never come back.
    pool = ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    )
    try:
        for future in as_completed([pool.submit(_make, order) for order in orders]):
            future.result()
            yield
    except BrokenProcessPool as error:
        raise OSError(
            "a process that played songs was killed, perhaps for want of memory; ask for fewer jobs and "
            "start again: whole songs are kept"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _make(order: _Order) -> None:
    """Play, hear, mix and write one song."""
    played = play_song(order.seed, seconds=order.seconds)
    played = replace(
        played, tracks=tuple(replace(track, audio=quantise(track.audio)) for track in played.tracks)
    )
    heard = _hear(played)
    chosen = [tuple(range(len(heard.tracks)))]
    styles = [order.seed]
    for number in range(1, order.arrangements + 1):
        rng = stream(order.seed, "arrangement", str(number))
        chosen.append(_choose(rng, len(heard.tracks)))
        styles.append(int(rng.integers(1 << 31)))

    def finish(_: Played, folder: Path) -> None:
        (folder / "sessions").mkdir()
        files = ["session.json", *(f"sessions/{n:02d}.json" for n in range(1, len(chosen)))]
        rows = []
        for number, (file, indices, style) in enumerate(zip(files, chosen, styles, strict=True)):
            name = order.folder.name + (f".a{number}" if number else "")
            song = _row(played, heard, indices, name=name, session=file)
            _mix(song, heard, indices, style, folder / file)
            rows.append(song)
        write_manifest(folder / ROWS, rows)

    write_song(played, order.folder, suffix=".flac", finish=finish)


class _Listener:
    def __init__(self, channels: int, sample_rate: int) -> None:
        self.meter = FeatureMeter(channels, sample_rate=sample_rate)

    def hear(self, block: Tensor) -> None:
        self.meter.update(block)


def _hear(played: Played) -> _Heard:
    rows, tracks = [], []
    for number, track in enumerate(played.tracks, start=1):
        row, heard = _hear_track(number, track, played.sample_rate)
        rows.append(row)
        tracks.append(heard)
    ears = hear(tracks).tracks
    return _Heard(tuple(rows), tuple(tracks), ears, rows[0].num_samples, played.sample_rate)


def _hear_track(number: int, track: PlayedTrack, sample_rate: int) -> tuple[Track, HeardTrack]:
    heard = hear_audio(track.audio, sample_rate=sample_rate, listen=_Listener)
    features = heard.listener.meter.result()
    file = stem_file(number, track, ".flac")
    row = Track(
        file=file,
        channels=2 if heard.channels == 2 else 1,
        sample_rate=sample_rate,
        num_samples=heard.num_samples,
        peak_amplitude=heard.peak_amplitude,
        content_hash=heard.content_hash,
        loudness_lufs=None if features.is_silent else features.loudness_lufs,
        name=Path(file).stem,
        role=track.role,
        role_confidence=1.0,
        wetness="dry",
    )
    return row, HeardTrack(track.role, features, heard.content_hash)


def _choose(rng: np.random.Generator, count: int) -> tuple[int, ...]:
    """The tracks of an arrangement: each is kept with a chance that is drawn first; at least two are."""
    kept = rng.random(count) < rng.uniform(*_KEPT)
    order = rng.permutation(count)
    kept[order[:_FEWEST_TRACKS]] |= kept.sum() < _FEWEST_TRACKS
    return tuple(int(i) for i in np.flatnonzero(kept))


def _row(played: Played, heard: _Heard, indices: tuple[int, ...], *, name: str, session: str) -> Song:
    return Song(
        name=name,
        folder=".",
        sample_rate=heard.sample_rate,
        tracks=tuple(heard.rows[i] for i in indices),
        session=session,
        genre=played.genre,
        source="built_in",
    )


def _mix(song: Song, heard: _Heard, indices: tuple[int, ...], style: int, path: Path) -> None:
    """Let the engineer decide on some of the tracks, and write its session."""
    tracks = tuple(heard.tracks[i] for i in indices)
    # Sessions name stems by their place in the folder of stems, which is what is rendered.
    beside = [track.model_copy(update={"file": Path(track.file).name}) for track in song.tracks]
    known = HeardSong(song.model_copy(update={"tracks": tuple(beside)}), tracks, heard.num_samples, ())
    console = _console()
    session = session_from_decision(known, decide("rules", known, style=style), console.spec)
    if not all(track.features.is_silent for track in tracks):
        ears = [heard.ears[i] for i in indices]
        loudness = predicted_lufs(session, console, tracks, ears, style=style)
        session = with_delivery(session, round(DEFAULT_LUFS - loudness, 2))
    session.save(path)


@cache
def _console() -> Console:
    return Console(named("basic"))

"""Built-in songs as folders that a person may browse: stems, roles, and what the song is."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from gainstage.data.flac_file import write_flac
from gainstage.data.synthetic.song import Song, Track, describe, play_song
from gainstage.data.wav_file import write_wav

Finish = Callable[[Song, Path], None]
Progress = Callable[[int, int, Path], None]
Suffix = Literal[".wav", ".flac"]


def write_song(song: Song, folder: Path, *, suffix: Suffix = ".wav", finish: Finish | None = None) -> None:
    """Write a song as a folder; it appears under its name only when it is whole.

    `stems/NN_Name.wav` (32-bit float), `song.json` (what it is), `roles.yaml` (file stem → role).

    Args:
        song: what to write.
        folder: where; must not exist yet.
        suffix: `.flac` writes 16-bit stems, to the bit if the tracks are quantised.
        finish: adds more to the folder (a session, a mix) before it gets its name.

    Raises:
        FileExistsError: the folder exists.
        AudioFileError, OSError: it cannot be written; nothing is left behind.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists; choose a new name or remove it")
    # A name that follows from the folder's: what a killed process left is overwritten by the next one.
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        (partial / "stems").mkdir(parents=True)
        _fill(song, partial, suffix)
        if finish is not None:
            finish(song, partial)
        partial.rename(folder)
    except BaseException:  # an interrupt too
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_songs(
    count: int,
    seconds: float,
    out: Path,
    seed: int = 0,
    *,
    sample_rate: int = 44100,
    genre: str | None = None,
    finish: Finish | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Play songs and write each into its folder `NN_genre_name`; whole songs that are there already are kept.

    Args:
        count: number of songs; song i is made from `seed + i`, so any of them can be played alone.
        seconds: length of each.
        out: the folder of folders, made if need be.
        seed: of the first song.
        sample_rate: in Hz.
        genre: the same for all, or drawn for each.
        finish: as in `write_song`.
        progress: called after each song with (songs done, songs in all, the song's folder).

    Returns:
        The songs' folders in order.

    Raises:
        ValueError: an argument outside its range, or a folder that holds another song.
        AudioFileError, OSError: a song cannot be written; the songs before it are whole.
    """
    if count < 1:
        raise ValueError(f"at least one song is wanted, got {count}")
    out.mkdir(parents=True, exist_ok=True)
    folders = []
    for index in range(count):
        name = folder_name(index, seed + index, seconds=seconds, sample_rate=sample_rate, genre=genre)
        folder = out / name
        if folder.exists():
            check_same(folder, seed + index, seconds, sample_rate)
        else:
            song = play_song(seed + index, seconds=seconds, sample_rate=sample_rate, genre=genre)
            write_song(song, folder, finish=finish)
        folders.append(folder)
        if progress is not None:
            progress(index + 1, count, folder)
    return folders


def folder_name(
    index: int, seed: int, *, seconds: float, sample_rate: int = 44100, genre: str | None = None
) -> str:
    """`NN_genre_name` of the song that is played from a seed."""
    name, kind = describe(seed, seconds=seconds, sample_rate=sample_rate, genre=genre)
    return f"{index:02d}_{kind}_{name.replace(' ', '-')}"


def stem_file(number: int, track: Track, suffix: Suffix) -> str:
    """The file of a track within its song's folder; numbers count from 1."""
    return f"stems/{number:02d}_{track.name.replace(' ', '_')}{suffix}"


def _fill(song: Song, folder: Path, suffix: Suffix) -> None:
    rows = []
    for number, track in enumerate(song.tracks, start=1):
        file = stem_file(number, track, suffix)
        write = write_flac if suffix == ".flac" else write_wav
        write(folder / file, track.audio, sample_rate=song.sample_rate)
        rows.append({"file": file, "role": track.role, "channels": len(track.audio)})
    about = {
        "name": song.name,
        "seed": song.seed,
        "genre": song.genre,
        "tempo_bpm": round(song.tempo_bpm, 3),
        "key": song.key,
        "swing": round(song.swing, 3),
        "sections": [{"name": name, "start_s": round(start_s, 3)} for name, start_s in song.sections],
        "seconds": song.seconds,
        "sample_rate": song.sample_rate,
        "tracks": rows,
    }
    (folder / "song.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    roles = [f"{Path(str(row['file'])).stem}: {row['role']}\n" for row in rows]
    (folder / "roles.yaml").write_text("".join(roles), encoding="utf-8")


def check_same(folder: Path, seed: int, seconds: float, sample_rate: int) -> None:
    """Make sure that a folder holds the whole song of a seed.

    Raises:
        ValueError: it does not.
    """
    try:
        about = json.loads((folder / "song.json").read_text(encoding="utf-8"))
        found = about["seed"], about["seconds"], about["sample_rate"]
        is_whole = all((folder / row["file"]).is_file() for row in about["tracks"])
    except (OSError, ValueError, LookupError, TypeError):
        found, is_whole = (None, None, None), False
    if not is_whole or found != (seed, round(seconds * sample_rate) / sample_rate, sample_rate):
        raise ValueError(
            f"{folder} does not hold the whole song of seed {seed} with {seconds:g} s at {sample_rate} Hz; "
            "choose an empty folder, or remove it"
        )

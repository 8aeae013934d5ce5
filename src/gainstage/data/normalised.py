"""Effect normalisation of files: statistics of a set, a folder of stems, a whole set ready to train on."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from gainstage.data.audio_file import AudioReader
from gainstage.data.folder import scan_folder
from gainstage.data.manifest import Song, write_manifest
from gainstage.data.roles_file import read_roles
from gainstage.data.sources.load import MANIFEST, Source, load_songs
from gainstage.data.sources.measure import measure_song
from gainstage.data.wav_file import WavWriter
from gainstage.normalise.chain import find_correction, normalised_blocks
from gainstage.normalise.correction import Correction, Settings
from gainstage.normalise.learn import Learner
from gainstage.normalise.measure import StemMeter, StemSounds
from gainstage.normalise.reverb import Rooms, with_rooms
from gainstage.normalise.statistics import EffectStatistics, named_or_read

Progress = Callable[[str, int, int], None]

BLOCK = 1 << 15
"""Samples a call; fixed, so that the same stems give the same bits."""

_ABOUT = "normalised.json"


def learn_statistics(
    source: Source,
    root: Path | str,
    out: Path | str,
    *,
    progress: Progress | None = None,
    jobs: int = 2,
) -> EffectStatistics:
    """How the stems of a set sound on average, class by class, as a file.

    Only the songs to train on are heard, where the set has splits.

    Args:
        source, root: as for `load_songs`; songs need neither mix nor session.
        out: the JSON file to write.
        progress: told what is done, how much of it, and of how much.
        jobs: songs that are heard at the same time.

    Raises:
        ValueError: the data cannot be used, or every stem is silent.
        OSError: the file cannot be written.
    """
    found = load_songs(source, root, validation=0.0, test=0.0, paired=False, progress=progress, jobs=jobs)
    songs = {song.folder: song for song in reversed(found) if song.split == "train"}  # no arrangements
    learner = Learner()
    with ThreadPoolExecutor(jobs) as pool:
        order = sorted(songs.values(), key=lambda song: song.name)
        for done, (song, sounds) in enumerate(zip(order, pool.map(hear_song, order), strict=True), start=1):
            learner.add(sounds, [track.role for track in song.tracks])
            if progress is not None:
                progress("hearing songs", done, len(order))
    statistics = learner.statistics(source=f"{source}, {len(songs)} songs")
    statistics.save(Path(out))
    return statistics


def normalise_folder(
    stems: Path | str,
    out: Path | str,
    statistics: EffectStatistics | Path | str,
    *,
    roles: Mapping[str, str] | Path | str | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Song:
    """Normalise the stems of a folder into another: 32-bit float WAV files of the same names.

    Args:
        stems: the folder.
        out: the folder to write; must not exist yet, or hold what the same call wrote.
        statistics: of the classes, a file of them, or `built_in`.
        roles: name of a stem → role, where the names do not say it.
        settings: how far.
        progress: told what is done, how much of it, and of how much.

    Returns:
        The song as it was scanned, before.

    Raises:
        ValueError: the stems, the roles or the statistics cannot be used, or the folder holds something else.
        OSError: it cannot be written; nothing half-written is left.
    """
    given = roles if isinstance(roles, Mapping) or roles is None else read_roles(Path(roles))
    known = statistics if isinstance(statistics, EffectStatistics) else named_or_read(statistics)
    song = scan_folder(Path(stems), roles=given, progress=progress).song
    if progress is not None:
        progress("normalising", 0, 1)
    _whole(
        Path(out), _about(song, known, settings, None), lambda to: write_normalised(song, to, known, settings)
    )
    if progress is not None:
        progress("normalising", 1, 1)
    return song


def normalise_set(
    source: Source,
    root: Path | str,
    out: Path | str,
    statistics: EffectStatistics | Path | str,
    *,
    settings: Settings | None = None,
    rooms: Rooms | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    jobs: int = 2,
) -> list[Song]:
    """Normalise a set to train on: input = normalised stems, target = the mix as it is.

    A folder a song with `stems`, the mix and `roles.yaml`, and a `manifest.jsonl` with the official splits:
    `data=built_in data.songs.root=OUT` trains on it. A run that was stopped goes on where it was.

    Args:
        source, root: as for `load_songs`; songs need a mix.
        out: the folder to write.
        statistics: of the classes, a file of them, or `built_in`.
        settings: how far.
        rooms: the rooms that voices and other instruments are put in before (songs of the train split only);
            none if not given.
        seed: of the rooms.
        progress: told what is done, how much of it, and of how much.
        jobs: songs that are worked on at the same time.

    Raises:
        ValueError: the data or the statistics cannot be used.
        OSError: a song cannot be written; the songs before it are whole.
    """
    known = statistics if isinstance(statistics, EffectStatistics) else named_or_read(statistics)
    songs = load_songs(source, root, progress=progress, jobs=jobs)
    without = [song.name for song in songs if song.mix is None]
    if without:
        raise ValueError(
            f"'{without[0]}' has no mix file, so normalised stems of it have no target; exclude it"
        )
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)

    def make(song: Song) -> Song:
        song_seed = int.from_bytes(hashlib.blake2b(f"{seed} {song.name}".encode(), digest_size=4).digest())
        drawn = (rooms, song_seed) if rooms is not None and song.split == "train" else None
        folder = out / song.name.replace("/", " - ")
        _whole(
            folder, _about(song, known, settings, drawn), lambda to: _fill(song, to, known, settings, drawn)
        )
        measured = measure_song(folder, roles=read_roles(folder / "roles.yaml")).song
        kept = {"name": song.name, "split": song.split, "artist": song.artist, "genre": song.genre}
        return measured.model_copy(update={**kept, "folder": folder.name, "source": song.source})

    rows = []
    with ThreadPoolExecutor(jobs) as pool:
        for done, row in enumerate(pool.map(make, songs), start=1):
            rows.append(row)
            if progress is not None:
                progress("normalising songs", done, len(songs))
    write_manifest(out / MANIFEST, rows)
    return rows


def hear_song(song: Song) -> StemSounds:
    """What effect normalisation hears of the tracks of a song.

    Raises:
        AudioFileError: a track cannot be read.
    """
    meter = StemMeter(len(song.tracks), sample_rate=song.sample_rate)
    for block in song_blocks(song):
        meter.update(block)
    return meter.result()


def song_blocks(song: Song) -> Iterator[Tensor]:
    """All tracks of a song side by side, silence behind those that end earlier.

    Shape: each (tracks, 2, samples); a mono track holds its signal twice.

    Raises:
        AudioFileError: a track cannot be read.
    """
    with ExitStack() as stack:
        readers = [
            stack.enter_context(
                AudioReader(song.path_of(track), sample_rate=song.sample_rate, channels=track.channels)
            )
            for track in song.tracks
        ]
        total = max(reader.num_samples for reader in readers)
        for start in range(0, total, BLOCK):
            block = torch.zeros(len(readers), 2, min(BLOCK, total - start))
            for row, reader in zip(block, readers, strict=True):
                part = torch.from_numpy(reader.read(block.shape[-1]))
                row[:, : part.shape[-1]] = part
            yield block


def write_normalised(
    song: Song,
    folder: Path,
    statistics: EffectStatistics,
    settings: Settings | None = None,
    rooms: tuple[Rooms, int] | None = None,
) -> Correction:
    """Write the normalised tracks of a song into a folder: mono where a track is one signal.

    Args:
        song: with a folder that can be opened from here.
        folder: is there already.
        statistics: of the classes.
        settings: how far.
        rooms: rooms and the seed that they are drawn with, before all else.

    Returns:
        What was done.

    Raises:
        AudioFileError: a track cannot be read or written.
    """
    roles, rate = [track.role for track in song.tracks], song.sample_rate

    def play() -> Iterator[Tensor]:
        blocks = song_blocks(song)
        return with_rooms(blocks, roles, seed=rooms[1], sample_rate=rate, rooms=rooms[0]) if rooms else blocks

    with torch.inference_mode():
        correction = find_correction(play, roles, statistics, sample_rate=rate, settings=settings)
        with ExitStack() as stack:
            writers = [
                stack.enter_context(
                    WavWriter(folder / f"{track.name}.wav", sample_rate=rate, channels=1 if mono else 2)
                )
                for track, mono in zip(song.tracks, correction.is_mono.tolist(), strict=True)
            ]
            for block in normalised_blocks(play(), correction, sample_rate=rate):
                for row, writer, mono in zip(block, writers, correction.is_mono.tolist(), strict=True):
                    writer.write(row[: 1 if mono else 2].numpy())
    return correction


def _fill(
    song: Song,
    folder: Path,
    statistics: EffectStatistics,
    settings: Settings | None,
    rooms: tuple[Rooms, int] | None,
) -> None:
    assert song.mix is not None, "checked before"
    (folder / "stems").mkdir()
    write_normalised(song, folder / "stems", statistics, settings, rooms)
    shutil.copyfile(song.path_of(song.mix), folder / f"mix{Path(song.mix.file).suffix}")
    lines = [f"{json.dumps(track.name, ensure_ascii=False)}: {track.role}\n" for track in song.tracks]
    (folder / "roles.yaml").write_text("".join(lines), encoding="utf-8")


def _about(
    song: Song, statistics: EffectStatistics, settings: Settings | None, rooms: tuple[Rooms, int] | None
) -> dict[str, object]:
    """All that a normalised song depends on."""
    known = hashlib.blake2b(statistics.model_dump_json().encode(), digest_size=16).hexdigest()
    return {
        "tracks": {track.name: [track.role, track.content_hash] for track in song.tracks},
        "statistics": known,
        "settings": asdict(settings or Settings()),
        "rooms": [asdict(rooms[0]), rooms[1]] if rooms else None,
    }


def _whole(folder: Path, about: dict[str, object], fill: Callable[[Path], object]) -> None:
    """A folder that appears under its name only when it is whole; one that is there already is kept.

    Raises:
        ValueError: there is one, and it holds something else.
    """
    text = json.dumps(about, sort_keys=True, indent=1) + "\n"
    if folder.exists():
        kept = folder / _ABOUT
        if kept.is_file() and kept.read_text(encoding="utf-8") == text:
            return
        raise ValueError(f"{folder} exists and holds something else; choose a new name or remove it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        fill(partial)
        (partial / _ABOUT).write_text(text, encoding="utf-8")
        partial.rename(folder)
    except BaseException:  # an interrupt too
        shutil.rmtree(partial, ignore_errors=True)
        raise

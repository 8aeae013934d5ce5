"""Effect normalisation of files: statistics of a set, and a folder of stems."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from gainstage.data.audio_file import AudioReader
from gainstage.data.folder import scan_folder
from gainstage.data.manifest import Song
from gainstage.data.roles_file import read_roles
from gainstage.data.sources.load import Source, load_songs
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
    statistics = learn_from(found, source=source, progress=progress, jobs=jobs)
    statistics.save(Path(out))
    return statistics


def learn_from(
    songs: Sequence[Song], *, source: str, progress: Progress | None = None, jobs: int = 2
) -> EffectStatistics:
    """How the stems of songs sound on average; those that are held out are not heard.

    Args:
        songs: with splits.
        source: what they are, in words.
        progress: told what is done, how much of it, and of how much.
        jobs: songs that are heard at the same time.

    Raises:
        ValueError: no song is to train on, or every stem is silent.
    """
    trained = training_songs(songs)
    learner = Learner()
    with ThreadPoolExecutor(jobs) as pool:
        for done, (song, sounds) in enumerate(
            zip(trained, pool.map(hear_song, trained), strict=True), start=1
        ):
            learner.add(sounds, [track.role for track in song.tracks])
            if progress is not None:
                progress("hearing songs", done, len(trained))
    return learner.statistics(source=f"{source}, {len(trained)} songs")


def training_songs(songs: Sequence[Song]) -> list[Song]:
    """Those to train on, by name; of the arrangements of a song one.

    Raises:
        ValueError: there is none.
    """
    distinct = {song.folder: song for song in reversed(songs) if song.split == "train"}
    if not distinct:
        raise ValueError(f"none of {len(songs)} songs is to train on, so there is nothing to learn from")
    return sorted(distinct.values(), key=lambda song: song.name)


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
        Path(out),
        what_decides(song, known, settings, None),
        lambda to: write_normalised(song, _named(song, to), known, settings),
    )
    if progress is not None:
        progress("normalising", 1, 1)
    return song


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
    files: Sequence[Path],
    statistics: EffectStatistics,
    settings: Settings | None = None,
    rooms: tuple[Rooms, int] | None = None,
) -> Correction:
    """Write the normalised tracks of a song: mono where a track is one signal.

    Args:
        song: with a folder that can be opened from here.
        files: the WAV file of each track; their folders are there already.
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
        is_mono = correction.is_mono.tolist()
        with ExitStack() as stack:
            writers = [
                stack.enter_context(WavWriter(file, sample_rate=rate, channels=1 if mono else 2))
                for file, mono in zip(files, is_mono, strict=True)
            ]
            for block in normalised_blocks(play(), correction, sample_rate=rate):
                for row, writer in zip(block, writers, strict=True):
                    writer.write(row[: writer.channels].numpy())
    return correction


def _named(song: Song, folder: Path) -> list[Path]:
    return [folder / f"{track.name}.wav" for track in song.tracks]


def what_decides(
    song: Song, statistics: EffectStatistics, settings: Settings | None, rooms: tuple[Rooms, int] | None
) -> dict[str, object]:
    """All that a normalised song depends on, as plain values."""
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

"""Shards out of a prepared set: whole or not at all, the same items for the same set."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from gainstage.data.manifest import AudioRef, Song
from gainstage.data.shards.contents import (
    AUDIO_SAMPLES,
    FRAMES,
    VERSION,
    AudioFile,
    Contents,
    Front,
    Group,
    Heard,
    audio_span,
    grouped,
)
from gainstage.data.shards.library import litdata
from gainstage.data.song_audio import FileAudio
from gainstage.data.spectra import Progress, SpectraCache

_CHUNK_BYTES = 1 << 26


def write_shards(
    songs: Sequence[Song], cache: SpectraCache, out: Path, *, progress: Progress | None = None
) -> int:
    """Write songs with the spectra that a network hears of them, to be streamed.

    Args:
        songs: with folders that can be opened from here, at the rate of the front end.
        cache: spectra of the songs; what is not there yet is computed.
        out: a folder that is not there, or empty.
        progress: told "hearing tracks" and "writing songs", how many are done, and of how many.

    Returns:
        The number of shards.

    Raises:
        ValueError: litdata is missing, the folder holds something, or a song has another rate.
        AudioFileError: a file cannot be read.
    """
    litdata()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is there already; give another folder, or remove it")
    for song in songs:
        _check_rate(song, cache.front_rate)
    cache.prepare(songs, progress=progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    try:
        _write(songs, cache, partial, progress)
        partial.chmod(0o755)
        partial.replace(out)  # an empty folder gives way
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(list(out.glob("*.bin")))


def _check_rate(song: Song, rate: int) -> None:
    for audio in (*song.tracks, *((song.mix,) if song.mix else ())):
        if audio.sample_rate != rate:
            raise ValueError(
                f"'{song.name}' is at {audio.sample_rate} Hz, and training at {rate} Hz; shards are not "
                f"resampled: run `gainstage prepare` with sample_rate={rate}"
            )


def _write(songs: Sequence[Song], cache: SpectraCache, folder: Path, progress: Progress | None) -> None:
    from litdata.streaming import Cache

    contents = _contents(songs, cache)
    shards = Cache(str(folder), chunk_bytes=_CHUNK_BYTES)
    shards[0] = contents.model_dump_json().encode()
    index = 1
    groups = list(zip(grouped(songs), contents.groups, strict=True))
    for done, ((rows, files), group) in enumerate(groups):
        for item in _items(rows, list(files.values()), group, cache):
            shards[index] = item
            index += 1
        if progress is not None:
            progress("writing songs", done + 1, len(groups))
    shards.done()
    shards.merge()


def _contents(songs: Sequence[Song], cache: SpectraCache) -> Contents:
    groups = []
    for rows, files in grouped(songs):
        tracks = {track.content_hash: track for song in rows for track in song.tracks}
        stored = ((key, cache.open(tracks[key]).shape) for key in sorted(tracks))
        groups.append(
            Group(
                files=tuple(AudioFile(key, a.channels, a.num_samples) for key, (_, a) in files.items()),
                heard=tuple(Heard(key, shape[0], shape[2]) for key, shape in stored),
            )
        )
    sessions = {
        song.name: (Path(song.folder) / song.session).read_text(encoding="utf-8")
        for song in songs
        if song.session
    }
    front = Front(
        front_id=cache.folder.name,
        hop=cache.hop,
        front_rate=cache.front_rate,
        planes=cache.planes,
        bands=cache.bands,
    )
    return Contents(version=VERSION, front=front, groups=tuple(groups), songs=tuple(songs), sessions=sessions)


def _items(
    songs: Sequence[Song], files: Sequence[tuple[Song, AudioRef]], group: Group, cache: SpectraCache
) -> Iterator[bytes]:
    """The items of a group, in order."""
    for piece in range(group.audio_pieces):
        yield b"".join(
            _audio(song, audio, piece, audio_span(group, row, piece)[1])
            for row, (song, audio) in enumerate(files)
        )
    tracks = {track.content_hash: track for song in songs for track in song.tracks}
    stored = [cache.open(tracks[heard.content_hash]) for heard in group.heard]
    for piece in range(group.heard_pieces):
        frames = slice(piece * FRAMES, (piece + 1) * FRAMES)
        yield b"".join(part[..., frames].astype("<f2").tobytes() for part in stored)
    yield b"".join(part[0].max(0).astype("<f2").tobytes() for part in stored)


def _audio(song: Song, audio: AudioRef, piece: int, length: int) -> bytes:
    block = np.zeros((2, length), np.float32)
    if length:
        start = piece * AUDIO_SAMPLES
        FileAudio().add(song, audio, block, start=start, gain=1.0, sample_rate=audio.sample_rate)
    return block[: audio.channels].T.astype("<f4").tobytes()

"""Songs in shards: the same items as from files, from a folder or as from afar, whole or not at all."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gainstage.data.audio_error import AudioFileError
from gainstage.data.augment import AugmentSettings
from gainstage.data.dataset import SongDataset
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.manifest import Song
from gainstage.data.shards import ShardReader, ShardSpectra, shard_songs, write_shards
from gainstage.data.shards.contents import AUDIO_SAMPLES, FRAMES
from gainstage.data.sources import load_songs
from gainstage.data.spectra import SpectraCache
from tests.conftest import skip_or_fail
from tests.data.songs import RATE, cache_in, console, noise, save

# litdata leaves the files of chunks that it has fetched to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SETTINGS = ExcerptSettings(seconds=2.0, pre_roll_seconds=0.5, heard_seconds=3.0, audio_every=1)


@pytest.fixture(scope="module", autouse=True)
def _litdata() -> None:
    if find_spec("litdata") is None:
        skip_or_fail("litdata is not installed (the extra `shards`)")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two songs: tracks of other lengths, mono and stereo, that end before, at and behind edges of pieces."""
    root = tmp_path_factory.mktemp("songs")
    for name, lengths in (
        ("one", (3 * AUDIO_SAMPLES, AUDIO_SAMPLES - 1, 7 * RATE)),
        ("two", (2 * RATE,) * 2),
    ):
        for number, length in enumerate(lengths):
            save(root / name / "stems" / f"t{number}.wav", noise(length, 1 + number % 2, seed=number))
        save(root / name / "mix.wav", noise(max(lengths), 2, seed=9))
    return root


@pytest.fixture(scope="module")
def songs(root: Path) -> list[Song]:
    return load_songs("folders", root, validation=0.0, test=0.0)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> SpectraCache:
    return cache_in(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def shards(songs: list[Song], cache: SpectraCache, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shards") / "set"
    assert write_shards(songs, cache, out) == 1
    return out


def _streamed(address: str, folder: Path, cache: SpectraCache, settings: ExcerptSettings) -> SongDataset:
    reader = ShardReader(address, folder)
    spectra = ShardSpectra(reader, front_id=cache.folder.name)
    return SongDataset(shard_songs(address, folder), console(), spectra, settings=settings, audio=reader)


@pytest.mark.parametrize("address", ["{}", "local:{}"])  # the second is fetched as from object storage
@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        replace(SETTINGS, seconds=6.0, heard_seconds=60.0),
        replace(SETTINGS, most_tracks=2, augment=AugmentSettings(gain_db=6.0, shift_ms=20.0)),
    ],
)
def test_items_are_those_of_the_files(
    songs: list[Song],
    cache: SpectraCache,
    shards: Path,
    tmp_path: Path,
    address: str,
    settings: ExcerptSettings,
) -> None:
    plain = SongDataset(songs, console(), cache, settings=settings)
    streamed = _streamed(address.format(shards), tmp_path, cache, settings)
    starts = set()
    for index in range(12):
        one, other = plain[index], streamed[index]
        starts.add((one.song_id, one.start_sample))
        assert (one.song_id, one.start_sample, one.heard) == (other.song_id, other.start_sample, other.heard)
        for name in ("tracks", "target", "spectra", "roles", "is_stereo"):
            assert torch.equal(getattr(one, name), getattr(other, name)), name
    assert len(starts) > 1


def test_any_place_is_read(songs: list[Song], cache: SpectraCache, shards: Path, tmp_path: Path) -> None:
    """Over the edges of pieces, before the start, behind the end: against the files."""
    reader = ShardReader(str(shards), tmp_path)
    song = songs[0]
    for audio in song.tracks:
        for start in (-1000, 0, AUDIO_SAMPLES - 1, AUDIO_SAMPLES, 2 * AUDIO_SAMPLES - 77, 10**7):
            found, wanted = np.zeros((2, 150_000), np.float32), np.zeros((2, 150_000), np.float32)
            reader.add(song, audio, found, start=start, gain=0.7, sample_rate=RATE)
            SongDataset(songs, console(), cache).audio.add(
                song, audio, wanted, start=start, gain=0.7, sample_rate=RATE
            )
            assert np.array_equal(found, wanted)
    spectra = ShardSpectra(reader, front_id=cache.folder.name)
    for start, frames in ((0, None), (FRAMES - 3, 7), (100, FRAMES), (500, 10**6), (2 * FRAMES, 1)):
        one, other = (of.read(song.tracks, start=start, frames=frames) for of in (cache, spectra))
        assert torch.equal(one.spectra, other.spectra)
    assert np.array_equal(cache.levels(song.tracks), spectra.levels(song.tracks))


def test_an_interruption_leaves_nothing(songs: list[Song], cache: SpectraCache, tmp_path: Path) -> None:
    def stop(doing: str, done: int, total: int) -> None:
        del total
        if doing == "writing songs" and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shards(songs, cache, tmp_path / "out", progress=stop)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_refused(songs: list[Song], cache: SpectraCache, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(ValueError, match="out is there already; give another folder"):
        write_shards(songs, cache, tmp_path / "out")
    slow = cache_in(tmp_path / "cache", rate=48_000)
    with pytest.raises(ValueError, match=r"'one' is at 44100 Hz.*`gainstage prepare` with sample_rate=48000"):
        write_shards(songs, slow, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.fixture
def copied(shards: Path, tmp_path: Path) -> Callable[..., ShardReader]:
    """Shards of which the first item or the index is another."""

    def copy(*, index: Callable[[dict[str, Any]], None] | None = None) -> ShardReader:
        folder = tmp_path / "copy"
        folder.mkdir()
        for path in shards.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        if index is not None:
            said = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            index(said)
            (folder / "index.json").write_text(json.dumps(said), encoding="utf-8")
        return ShardReader(str(folder), tmp_path / "cache")

    return copy


def test_nothing_is_unpickled(copied: Callable[..., ShardReader]) -> None:
    def pickled(said: dict[str, Any]) -> None:
        said["config"]["data_format"] = ["pickle"]

    with pytest.raises(ValueError, match="pickled bytes; write them with `gainstage shards`"):
        copied(index=pickled)


def test_what_holds_no_songs_is_refused(tmp_path: Path) -> None:
    from litdata.streaming import Cache

    other = tmp_path / "other"
    other.mkdir()
    shards = Cache(str(other), chunk_bytes=1 << 20)
    shards[0] = b'{"version": 1}'
    shards.done()
    shards.merge()
    with pytest.raises(ValueError, match="other holds no songs of gainstage"):
        ShardReader(str(other), tmp_path / "cache")
    for nothing in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ValueError, match=f"there are no shards in {nothing}"):
            ShardReader(str(nothing), tmp_path / "cache")


def test_what_does_not_fit_is_refused(
    songs: list[Song], shards: Path, cache: SpectraCache, tmp_path: Path
) -> None:
    reader = ShardReader(str(shards), tmp_path)
    with pytest.raises(ValueError, match="another front end than this encoder's; write them again"):
        ShardSpectra(reader, front_id="another")
    track = songs[0].tracks[0]
    into = np.zeros((2, 64), np.float32)
    with pytest.raises(AudioFileError, match="hold 'one' at 44100 Hz, 48000 Hz are asked for"):
        reader.add(songs[0], track, into, start=0, gain=1.0, sample_rate=48_000)
    unknown = track.model_copy(update={"content_hash": "none"})
    with pytest.raises(AudioFileError, match=r"'stems/t0\.wav' of 'one' is not in the shards"):
        reader.add(songs[0], unknown, into, start=0, gain=1.0, sample_rate=RATE)
    spectra = ShardSpectra(reader, front_id=cache.folder.name)
    with pytest.raises(ValueError, match="the spectra of 't0' are not in the shards"):
        spectra.read([unknown])


def test_without_litdata_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "litdata", None)
    with pytest.raises(ValueError, match=r"pip install 'gainstage\[shards\]'"):
        ShardReader(str(tmp_path), tmp_path)

"""Cached spectra: those of the whole staged track, for the file that is there now."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from gainstage.data import spectra as module
from gainstage.data.manifest import Song
from gainstage.data.sources.measure import measure_song
from gainstage.data.spectra import SpectraCache, num_frames
from gainstage.data.staging import trim_db
from tests.data.songs import RATE, Levels, cache_in, noise, save


@pytest.fixture
def song(tmp_path: Path) -> Song:
    folder = tmp_path / "song"
    save(folder / "mono.wav", noise(70_001))
    save(folder / "dual.wav", np.repeat(noise(33_000, seed=1), 2, 0))
    save(folder / "wide.wav", noise(70_000, 2, seed=2))
    save(folder / "short.wav", noise(300, seed=3))
    save(folder / "hidden.wav", np.zeros((1, 9000)))
    return measure_song(folder).song


def _whole(song: Song, name: str) -> torch.Tensor:
    import soundfile

    track = next(track for track in song.tracks if track.name == name)
    audio, _ = soundfile.read(song.path_of(track), dtype="float32", always_2d=True)
    staged = torch.from_numpy(audio.T.copy()) * 10.0 ** (trim_db(track) / 20.0)
    return Levels()(staged.expand(2, -1)[None])[0]


@pytest.mark.parametrize("chunk_hops", [7, 16, 512])
def test_chunks_give_what_the_whole_track_gives(
    song: Song, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_hops: int
) -> None:
    monkeypatch.setattr(module, "_CHUNK_HOPS", chunk_hops)
    cache = cache_in(tmp_path / "cache")
    cache.prepare([song])
    for track in song.tracks:
        heard = cache.read([track])
        whole = _whole(song, track.name)
        assert heard.num_frames == whole.shape[-1] == track.num_samples // 512 + 1
        assert heard.num_frames == num_frames(cache, track.seconds)
        torch.testing.assert_close(heard.spectra[0].float(), whole, atol=1.5e-3, rtol=1e-3)


def test_silence_is_zero_and_shorter_tracks_end_in_it(song: Song, tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache")
    cache.prepare([song])
    passage = cache.read(song.tracks)
    assert passage.spectra.shape == (5, 2, 2, 70_001 // 512 + 1)
    by_name = {track.name: row for track, row in zip(song.tracks, passage.spectra, strict=True)}
    assert not by_name["hidden"].any()
    assert not by_name["dual"][..., 33_000 // 512 + 2 :].any()
    assert by_name["wide"][1].any()


def test_a_passage_is_a_part_of_the_whole(
    song: Song, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = cache_in(tmp_path / "cache")
    cache.prepare([song])
    whole = cache.read(song.tracks).spectra
    part = cache.read(song.tracks, start=40, frames=60)
    assert part.num_frames == 60
    torch.testing.assert_close(part.spectra, whole[..., 40:100], atol=0, rtol=0)
    monkeypatch.setattr(module, "_SMALL_BYTES", 0)  # mapped, as long songs are
    mapped = cache.read(song.tracks, start=40, frames=60)
    torch.testing.assert_close(mapped.spectra, part.spectra, atol=0, rtol=0)


def test_mono_takes_half_the_room(song: Song, tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache")
    cache.prepare([song])
    shapes = {
        np.load(path).shape for path in (tmp_path / "cache").rglob("*.npy") if np.load(path).shape[-1] > 100
    }
    assert {shape[0] for shape in shapes} == {1, 2}


def test_the_front_hears_at_its_own_rate(song: Song, tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache", rate=22_050)
    cache.prepare([song])
    mono = next(track for track in song.tracks if track.name == "mono")
    assert cache.read([mono]).num_frames == 35_001 // 512 + 1 == num_frames(cache, 70_001 / RATE)


def test_what_is_there_is_not_heard_again_and_another_front_gets_files_of_its_own(
    song: Song, tmp_path: Path
) -> None:
    steps: list[tuple[str, int, int]] = []
    cache_in(tmp_path / "cache").prepare([song, song], progress=lambda *step: steps.append(step))
    assert steps[-1] == ("hearing tracks", 5, 5)
    front = Levels()
    again = SpectraCache(tmp_path / "cache", front, front_id="levels-44100-512", hop=512, front_rate=RATE)
    asked = front.calls
    again.prepare([song])
    assert front.calls == asked
    cache_in(tmp_path / "cache", hop=256).prepare([song])
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 10
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_a_stem_that_changed_is_noticed_and_after_a_scan_heard_anew(song: Song, tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache")
    cache.prepare([song])
    mono = next(track for track in song.tracks if track.name == "mono")
    before = cache.read([mono]).spectra
    save(song.path_of(mono), noise(70_001, seed=9))
    with pytest.raises(ValueError, match=r"mono\.wav was changed since it was scanned"):
        cache_in(tmp_path / "other").prepare([song])
    scanned = measure_song(Path(song.folder)).song
    with pytest.raises(ValueError, match=r"the spectra of 'mono' are not in .*; prepare the songs again"):
        cache.read(scanned.tracks)
    cache.prepare([scanned])
    fresh = next(track for track in scanned.tracks if track.name == "mono")
    assert not torch.equal(cache.read([fresh]).spectra, before)


def test_a_kill_in_the_middle_leaves_whole_files_only(
    song: Song, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, written = np.save, []

    def save_two(file: object, array: object, **rest: bool) -> None:
        written.append(file)
        if len(written) > 2:
            raise KeyboardInterrupt
        real(file, array, **rest)  # type: ignore[arg-type]

    cache = cache_in(tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", save_two)
        with pytest.raises(KeyboardInterrupt):
            cache.prepare([song], threads=1)
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 2
    cache.prepare([song])
    cache.read(song.tracks)


def test_a_cache_that_travels_leaves_its_front_behind(song: Song, tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "cache")
    cache.prepare([song])
    other = pickle.loads(pickle.dumps(cache))  # as a worker process does
    torch.testing.assert_close(other.read(song.tracks).spectra, cache.read(song.tracks).spectra)
    assert len(pickle.dumps(cache)) < 1000

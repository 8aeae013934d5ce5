"""Sources: folders, MUSDB18-HQ and manifests become the same rows; faults are said at once."""

import os
from pathlib import Path

import numpy as np
import pytest

from gainstage.data.manifest import Song, write_manifest
from gainstage.data.sources import load_songs, measure, songs_of
from gainstage.data.sources.splits import check_splits, split_songs
from gainstage.dsp.gain_staging import stage_audio
from gainstage.dsp.loudness import integrated_loudness
from tests.conftest import skip_or_fail
from tests.data.songs import RATE, noise, save


def _write(root: Path, names: list[str], *, first: int = 0, mix: bool = True) -> None:
    for number, name in enumerate(names, start=first):
        stems = {"Bass": noise(RATE, seed=2 * number), "Lead Vox": noise(RATE, 2, seed=2 * number + 1)}
        for file, audio in stems.items():
            save(root / name / "stems" / f"{file}.wav", audio)
        if mix:
            save(root / name / "mix.wav", sum(stems.values()))  # type: ignore[arg-type]


def _audio(path: Path) -> object:
    import soundfile
    import torch

    return torch.from_numpy(soundfile.read(path, always_2d=True)[0].T.copy())


def test_folders_become_rows_with_their_loudness(tmp_path: Path) -> None:
    _write(tmp_path, ["A - one", "B_two", "live/C"])
    (tmp_path / "B_two" / "roles.yaml").write_text("Bass: kick\n", encoding="utf-8")
    (tmp_path / "live" / "C" / "session.json").write_text("{}", encoding="utf-8")
    (tmp_path / "LICENSE.txt").write_text("free")
    (tmp_path / "notes").mkdir()
    steps: list[tuple[str, int, int]] = []
    songs = load_songs(
        "folders", tmp_path, validation=0.0, test=0.0, progress=lambda *step: steps.append(step)
    )
    assert [(song.name, song.artist, song.session) for song in songs] == [
        ("A - one", "A", ""),
        ("B_two", "B", ""),
        ("live/C", "", "session.json"),
    ]
    assert steps[-1] == ("measuring songs", 3, 3)
    assert [track.role for track in songs[0].tracks] == ["bass", "lead_vocal"]
    assert [track.role for track in songs[1].tracks] == ["kick", "lead_vocal"]
    for song in songs:
        assert song.mix is not None
        for track in song.tracks:
            staging = stage_audio(_audio(song.path_of(track)), sample_rate=RATE)  # type: ignore[arg-type]
            assert track.loudness_lufs == pytest.approx(staging.loudness_lufs, abs=1e-3)
        mixed = float(integrated_loudness(_audio(song.path_of(song.mix)), sample_rate=RATE))  # type: ignore[arg-type]
        assert song.mix.loudness_lufs == pytest.approx(mixed, abs=1e-3)


def test_a_second_start_hears_only_what_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, cache = tmp_path / "root", tmp_path / "cache"
    _write(root, ["one", "two"])
    heard: list[str] = []
    scan = measure.scan_folder

    def spy(folder: Path, **rest: object) -> object:
        heard.append(folder.name)
        return scan(folder, **rest)  # type: ignore[call-overload]

    monkeypatch.setattr(measure, "scan_folder", spy)

    def load() -> list[Song]:
        heard.clear()
        return load_songs("folders", root, validation=0.0, test=0.0, cache=cache)

    first = load()
    assert sorted(heard) == ["one", "two"]
    assert load() == first
    assert heard == []
    stem = root / "two" / "stems" / "Bass.wav"
    about = stem.stat()
    save(stem, noise(RATE, seed=77))
    assert stem.stat().st_size == about.st_size  # a WAV of the same length: only its time tells
    os.utime(stem, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
    changed = load()
    assert heard == ["two"]
    assert changed[1].tracks[0].content_hash != first[1].tracks[0].content_hash
    save(root / "one" / "stems" / "Hat.flac", noise(RATE, seed=78))
    assert len(load()[0].tracks) == 3
    assert heard == ["one"]
    assert {path.parent for path in tmp_path.rglob("*.jsonl")} == {cache}  # nothing among the data


def test_a_cache_that_a_kill_cut_off_costs_that_song_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, ["one", "two"])
    first = load_songs("folders", tmp_path, validation=0.0, test=0.0, jobs=1)
    kept = tmp_path / ".gainstage-scan.jsonl"
    kept.write_bytes(kept.read_bytes()[:-200])
    assert load_songs("folders", tmp_path, validation=0.0, test=0.0) == first
    monkeypatch.setattr(measure, "scan_folder", None)  # the line behind the broken one counts
    assert load_songs("folders", tmp_path, validation=0.0, test=0.0) == first


def test_real_songs_with_a_mix(shared_data: Path, tmp_path: Path) -> None:
    songs = load_songs(
        "folders", shared_data / "freedoom-midi", validation=0.0, test=0.0, cache=tmp_path / "cache"
    )
    assert [song.name for song in songs] == ["d_dm01"]
    assert songs[0].mix is not None
    assert songs[0].mix.loudness_lufs is not None
    assert -40.0 < songs[0].mix.loudness_lufs < 0.0
    assert len(songs[0].tracks) == len(list((shared_data / "freedoom-midi/d_dm01/stems").iterdir()))


@pytest.mark.slow
def test_all_real_songs_with_a_mix(shared_data: Path, tmp_path: Path) -> None:
    songs = load_songs(
        "folders", shared_data / "lmms-demos", cache=tmp_path / "cache", validation=0.25, test=0.25
    )
    assert len(songs) == 4
    assert sorted(str(song.split) for song in songs) == ["test", "train", "train", "validation"]
    assert all(song.mix and song.mix.loudness_lufs for song in songs)


# MUSDB18-HQ


def _write_musdb(root: Path) -> None:
    songs = {
        "train": ["A Band - Song", "Meaxic - Take A Step", "ANiMAL - Rockshow"],
        "test": ["Someone - Else", "Zeno - Sand"],
    }
    for subset, names in songs.items():
        for number, name in enumerate(names):
            parts = {
                stem: noise(RATE // 2, 2, seed=hash_of(subset, number, i))
                for i, stem in enumerate(("vocals", "drums", "bass", "other"))
            }
            for stem, audio in parts.items():
                save(root / subset / name / f"{stem}.wav", audio)
            save(root / subset / name / "mixture.wav", np.sum(list(parts.values()), axis=0))


def hash_of(subset: str, number: int, stem: int) -> int:
    return 1000 * (subset == "test") + 10 * number + stem


@pytest.fixture
def musdb(tmp_path: Path) -> Path:
    from shutil import which

    if not (which("ffmpeg") and which("ffprobe")):
        skip_or_fail("the package musdb needs ffmpeg")
    _write_musdb(tmp_path / "musdb18hq")
    return tmp_path / "musdb18hq"


def test_musdb_has_its_official_split_and_wet_stems(musdb: Path) -> None:
    songs = load_songs("musdb_hq", musdb)
    assert {song.name: song.split for song in songs} == {
        "A Band - Song": "train",
        "ANiMAL - Rockshow": "validation",
        "Meaxic - Take A Step": "validation",
        "Someone - Else": "test",
        "Zeno - Sand": "test",
    }
    for song in songs:
        assert {track.name: track.role for track in song.tracks} == {
            "bass": "bass",
            "drums": "drums",
            "other": "other",
            "vocals": "lead_vocal",
        }
        assert {track.wetness for track in song.tracks} == {"wet"}
        assert song.mix is not None
        assert song.mix.file == "mixture.wav"
        assert song.artist == song.name.split(" - ")[0]
        total = sum(_audio(song.path_of(track)) for track in song.tracks)  # type: ignore[misc]
        np.testing.assert_allclose(total, _audio(song.path_of(song.mix)), atol=1e-6)  # type: ignore[call-overload]


def test_musdb_lists_what_the_package_lists(musdb: Path) -> None:
    import musdb as package

    listed = {track.name for track in package.DB(root=str(musdb), is_wav=True)}
    assert listed == {song.name for song in load_songs("musdb_hq", musdb)}
    valid = {track.name for track in package.DB(root=str(musdb), is_wav=True, subsets="train", split="valid")}
    assert valid == {song.name for song in songs_of(load_songs("musdb_hq", musdb), "validation")}


def test_musdb_that_is_not_whole_is_refused(musdb: Path, tmp_path: Path) -> None:
    (musdb / "test" / "Zeno - Sand" / "bass.wav").unlink()
    with pytest.raises(ValueError, match=r"Zeno - Sand lacks bass\.wav; unpack"):
        load_songs("musdb_hq", musdb)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty does not hold MUSDB18-HQ"):
        load_songs("musdb_hq", tmp_path / "empty")


# Splits and bad roots


def test_artists_stay_together_and_the_draw_is_seeded(tmp_path: Path) -> None:
    _write(tmp_path, [f"{artist} - {n}" for artist in "abcdefgh" for n in range(2)])
    songs = load_songs("folders", tmp_path, validation=0.25, test=0.25)
    assert [len(songs_of(songs, split)) for split in ("train", "validation", "test")] == [8, 4, 4]
    for artist in "abcdefgh":
        assert len({song.split for song in songs if song.artist == artist}) == 1
    plain = [song.model_copy(update={"split": None}) for song in songs]
    again = split_songs(plain[::-1], validation=0.25, test=0.25, seed=0)
    assert {song.name: song.split for song in again} == {song.name: song.split for song in songs}
    seeds = {
        tuple(song.split for song in split_songs(plain, validation=0.25, test=0.25, seed=seed))
        for seed in range(5)
    }
    assert len(seeds) > 1


def test_few_songs_still_leave_some_to_train_on(tmp_path: Path) -> None:
    _write(tmp_path, ["a - 1", "a - 2", "a - 3", "b - 1"])
    songs = load_songs("folders", tmp_path)
    assert [song.split for song in songs] == ["train", "train", "train", "test"]
    with pytest.raises(ValueError, match="none of 4 songs is for validation"):
        songs_of(songs, "validation")
    with pytest.raises(ValueError, match="leave some to train on"):
        load_songs("folders", tmp_path, validation=0.5, test=0.5)


def test_a_recording_on_both_sides_of_the_split_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, ["a", "b"])
    _write(tmp_path, ["copy of a"])
    songs = load_songs("folders", tmp_path, validation=0.0, test=0.0)
    mixed = [song.model_copy(update={"split": "test" if song.name == "a" else "train"}) for song in songs]
    with pytest.raises(ValueError, match=r"'copy of a'.*is the same recording as a track of 'a'.*exclude"):
        check_splits(mixed)
    write_manifest(tmp_path / "manifest.jsonl", mixed)
    with pytest.raises(ValueError, match="the same recording"):
        load_songs("built_in", tmp_path)
    assert len(load_songs("built_in", tmp_path, exclude=["copy*"])) == 2


def test_silence_may_stand_on_both_sides(tmp_path: Path) -> None:
    _write(tmp_path, ["a", "b"])
    for name in ("a", "b"):
        save(tmp_path / name / "stems" / "Silent.flac", np.zeros((1, RATE)))
    songs = load_songs("folders", tmp_path, validation=0.0, test=0.5)
    assert {song.split for song in songs} == {"train", "test"}


def test_a_manifest_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path / "set", ["one"])
    song = load_songs("folders", tmp_path / "set", validation=0.0, test=0.0)[0]
    write_manifest(tmp_path / "set" / "manifest.jsonl", [song.model_copy(update={"folder": "one"})])
    monkeypatch.chdir(tmp_path)
    found = load_songs("built_in", "set", validation=0.0, test=0.0)
    monkeypatch.chdir("/")
    assert found[0].path_of(found[0].tracks[0]).is_file()


def test_roots_that_hold_no_songs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"folder .*nowhere does not exist"):
        load_songs("folders", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"there is no song below .*empty"):
        load_songs("folders", tmp_path / "empty")
    with pytest.raises(ValueError, match=r"empty has no manifest\.jsonl; write one with `gainstage synth"):
        load_songs("built_in", tmp_path / "empty")
    (tmp_path / "empty" / "manifest.jsonl").write_text("")
    with pytest.raises(ValueError, match=r"manifest\.jsonl is empty"):
        load_songs("built_in", tmp_path / "empty")
    with pytest.raises(ValueError, match="there is no source 'slakh'"):
        load_songs("slakh", tmp_path)  # type: ignore[arg-type]


def test_songs_without_a_mix_are_named_or_excluded(tmp_path: Path) -> None:
    _write(tmp_path, ["dry", "dry too"], mix=False)
    _write(tmp_path, ["mixed"], first=2)
    with pytest.raises(ValueError, match=r"'dry' in .* \(and 1 more\) has neither a mix nor a session"):
        load_songs("folders", tmp_path)
    assert len(load_songs("folders", tmp_path, exclude=["dry*"], test=0.0, validation=0.0)) == 1
    assert len(load_songs("folders", tmp_path, paired=False)) == 3
    with pytest.raises(ValueError, match="no song is left"):
        load_songs("folders", tmp_path, exclude=["*"])
    (tmp_path / "mixed" / "mix.wav").write_bytes(b"no audio")
    with pytest.raises(ValueError, match=r"mixed: the song's own mix is left out: .*not audio"):
        load_songs("folders", tmp_path, exclude=["dry*"])
    (tmp_path / "mixed" / "stems" / "Bass.wav").write_bytes(b"no audio")
    assert len(load_songs("folders", tmp_path, exclude=["mixed"], paired=False)) == 2

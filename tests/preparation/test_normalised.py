"""A set that comes out normalised: ready to train on, splits kept, resumable, with statistics of its own."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from gainstage.data.normalised import hear_song, learn_from
from gainstage.data.sources import load_songs
from gainstage.normalise import Rooms, read_statistics
from gainstage.preparation import STATISTICS, Preparation, Settings, normalise_set, prepare
from tests.data.songs import RATE, noise, save
from tests.normalise.stems import statistics
from tests.preparation.test_prepare import tree

SPLITS = {"Ann - One": "train", "Bob - Two": "train", "Cid - Three": "validation", "Dee - Four": "test"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set of four songs of two stems and their mix; a stereo voice that leans, and a mono kick."""
    root = tmp_path_factory.mktemp("normalised") / "set"
    for number, name in enumerate(SPLITS):
        kick, vox = noise(2 * RATE, seed=10 * number), noise(RATE, 2, seed=10 * number + 1)
        vox[1] *= 0.3
        save(root / name / "stems" / "kick.wav", kick)
        save(root / name / "stems" / "vox.wav", vox)
        whole = np.repeat(kick, 2, 0)
        whole[:, :RATE] += vox
        save(root / name / "mix.wav", whole)
    given: dict[str, tuple[str, ...]] = {}
    for name, split in SPLITS.items():
        given[split] = (*given.get(split, ()), name)
    settings = Settings(jobs=1, splits=given, report=False, align=False)
    prepare("folders", root, root.with_name("prepared"), settings=settings)
    return root.with_name("prepared")


def normalised(root: Path, out: Path, **how: Any) -> Preparation:
    return normalise_set("prepared", root, out, **{"jobs": 1, "report": False, **how})


@pytest.fixture(scope="module")
def done(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Preparation:
    before = tree(root)
    found = normalised(root, tmp_path_factory.mktemp("out") / "set")
    assert tree(root) == before, "the source was altered"
    return found


def test_it_trains_input_against_the_mix_as_it_was(root: Path, done: Preparation) -> None:
    songs = load_songs("prepared", done.manifest.parent)
    assert {song.name: song.split for song in songs} == SPLITS
    before = {song.name: song for song in load_songs("prepared", root)}
    for song in songs:
        was = before[song.name]
        assert song.mix is not None
        assert was.mix is not None
        assert song.mix.content_hash == was.mix.content_hash
        assert [(t.name, t.role, t.origin) for t in song.tracks] == [
            (t.name, t.role, t.origin) for t in was.tracks
        ]
        assert {t.name: t.channels for t in song.tracks} == {"kick": 1, "vox": 2}
        assert {t.wetness for t in song.tracks} == {"normalised"}
        lean, leant = (float(hear_song(s).imbalance_db.abs().max()) for s in (song, was))
        assert lean < 0.5 < leant
        for track in song.tracks:
            about = soundfile.info(song.path_of(track))
            assert (about.subtype, about.frames, about.channels) == (
                "FLOAT",
                track.num_samples,
                track.channels,
            )


def test_statistics_are_those_of_the_songs_to_train_on(root: Path, done: Preparation) -> None:
    found = read_statistics(done.manifest.parent / STATISTICS)
    trained = [song for song in load_songs("prepared", root) if song.split == "train"]
    assert found.classes == learn_from(trained, source="").classes
    assert found.classes["all"].stems == 4
    # and the stems of all songs were brought to them
    everyone = [
        float(x) for s in load_songs("prepared", done.manifest.parent) for x in hear_song(s).loudness_lufs
    ]
    np.testing.assert_allclose(everyone, found.classes["all"].loudness_lufs.mean, atol=0.1)


def test_the_number_of_processes_does_not_show_and_a_second_run_does_nothing(
    root: Path, done: Preparation, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = done.manifest.parent
    first = tree(out)
    module = sys.modules["gainstage.preparation.normalised"]
    worked: list[str] = []
    true = module.normalise_song  # type: ignore[attr-defined]

    def spy(order: Any) -> Any:
        worked.append(order.song.name)
        return true(order)

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("statistics were there already")

    monkeypatch.setattr(module, "normalise_song", spy)
    monkeypatch.setattr(module, "learn_from", never)
    normalised(root, out)
    assert (worked, tree(out)) == ([], first)
    shutil.rmtree(next((out / "songs").glob("Bob - Two*")))
    normalised(root, out)
    assert (worked, tree(out)) == (["Bob - Two"], first)


@pytest.mark.slow
def test_several_processes_write_the_same(root: Path, done: Preparation, tmp_path: Path) -> None:
    normalised(root, tmp_path / "out", jobs=2)
    assert tree(tmp_path / "out") == tree(done.manifest.parent)


def test_a_stopped_run_goes_on_and_other_statistics_begin_anew(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def stop(doing: str, done: int, total: int) -> None:
        if (doing, done) == ("normalising songs", 2):
            assert total == 4
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        normalised(root, out, statistics="built_in", progress=stop)
    assert not (out / "manifest.jsonl").exists()
    assert not list(out.glob(".working-*"))
    kept = {path: path.stat().st_mtime_ns for path in (out / "songs").rglob("*.wav")}
    assert len({path.parent for path in kept}) == 2
    assert len(normalised(root, out, statistics="built_in").songs) == 4
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    statistics("kick").save(tmp_path / "other.json")
    normalised(root, out, statistics=tmp_path / "other.json")
    assert not any(path.exists() for path in kept if path.stem not in _mixes(root))
    assert read_statistics(out / STATISTICS) == statistics("kick")


def _mixes(root: Path) -> set[str]:
    return {song.mix.content_hash for song in load_songs("prepared", root) if song.mix}


def test_rooms_come_into_training_songs_only(root: Path, done: Preparation, tmp_path: Path) -> None:
    wet = normalised(root, tmp_path / "wet", rooms=Rooms(chance=1.0), seed=3)
    for one, other in zip(done.songs, wet.songs, strict=True):
        same = [a.content_hash == b.content_hash for a, b in zip(one.tracks, other.tracks, strict=True)]
        assert same == ([True, False] if one.split == "train" else [True, True])


def test_songs_without_a_mix_are_left_out_and_named(root: Path, tmp_path: Path, tiny_set: Path) -> None:
    with pytest.raises(ValueError, match="has a mix file, so normalised stems have no target"):
        normalise_set("built_in", tiny_set, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    some = tmp_path / "some"
    shutil.copytree(root, some)
    rows = (some / "manifest.jsonl").read_text().splitlines()
    (some / "manifest.jsonl").write_text("\n".join([rows[0], _without_mix(rows[1])]))
    found = normalised(some, tmp_path / "out", statistics="built_in", report=True)
    assert [song.name for song in found.songs] == ["Ann - One"]
    assert found.left_out == (("Bob - Two", "has no mix to train towards"),)
    assert found.report is not None
    assert "has no mix to train towards" in found.report.read_text()


def _without_mix(row: str) -> str:
    return json.dumps(json.loads(row) | {"mix": None})


def test_the_set_itself_is_no_place_to_write(root: Path) -> None:
    with pytest.raises(ValueError, match="lies in the data's own folder"):
        normalised(root, root / "normalised")

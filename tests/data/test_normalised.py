"""Statistics from a set; sets and folders that come out normalised: whole, resumable, ready to train on."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from gainstage.data import normalised
from gainstage.data.normalised import hear_song, learn_statistics, normalise_folder, normalise_set
from gainstage.data.sources import load_songs
from gainstage.normalise import Rooms, read_statistics
from tests.data.songs import RATE, noise, save
from tests.normalise.stems import heard, statistics


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two songs of two stems and their mix; a stereo voice that leans, and a mono kick."""
    root = tmp_path_factory.mktemp("set")
    for number, name in enumerate(("Ann - One", "Bob - Two")):
        kick, vox = noise(4 * RATE, seed=10 * number), noise(3 * RATE, 2, seed=10 * number + 1)
        vox[1] *= 0.3
        save(root / name / "stems" / "kick.wav", kick)
        save(root / name / "stems" / "vox.wav", vox)
        whole = np.repeat(kick, 2, 0)
        whole[:, : 3 * RATE] += vox
        save(root / name / "mix.wav", whole)
    return root


def test_statistics_of_a_set_are_those_of_its_stems(root: Path, tmp_path: Path) -> None:
    found = learn_statistics("folders", root, tmp_path / "statistics.json")
    assert read_statistics(tmp_path / "statistics.json") == found
    assert {name: sound.stems for name, sound in found.classes.items()}["all"] == 4
    songs = load_songs("folders", root, validation=0.0, test=0.0)
    loudness = [hear_song(song).loudness_lufs for song in songs]
    mean = float(sum(song[0] for song in loudness) / 2)
    assert found.classes["role/kick"].loudness_lufs.mean == pytest.approx(mean, abs=0.001)
    again = learn_statistics("folders", root, tmp_path / "again.json", jobs=1)
    assert again == found


def test_a_normalised_set_trains_input_against_the_mix_as_it_was(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = normalise_set("folders", root, out, statistics("kick"))
    assert {row.name for row in rows} == {"Ann - One", "Bob - Two"}
    songs = load_songs("built_in", out)
    by_name = {song.name: song for song in load_songs("folders", root)}
    for song in songs:
        before = by_name[song.name]
        assert song.split == before.split
        assert song.mix is not None
        assert before.mix is not None
        assert song.mix.content_hash == before.mix.content_hash
        assert {(t.name, t.role) for t in song.tracks} == {(t.name, t.role) for t in before.tracks}
        assert {t.name: t.channels for t in song.tracks} == {"kick": 1, "vox": 2}
        assert (
            float(hear_song(song).imbalance_db.abs().max())
            < 0.5
            < float(hear_song(before).imbalance_db.abs().max())
        )


def test_a_stopped_run_goes_on_and_another_is_refused(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write = tmp_path / "out", normalised.write_normalised

    def stops(song: object, *rest: object) -> object:
        if "Two" in str(song):
            raise KeyboardInterrupt
        return write(song, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(normalised, "write_normalised", stops)
    with pytest.raises(KeyboardInterrupt):
        normalise_set("folders", root, out, statistics(), jobs=1)
    assert [path.name for path in out.iterdir()] == ["Ann - One"]
    first = (out / "Ann - One" / "stems" / "vox.wav").stat().st_mtime_ns
    monkeypatch.undo()
    normalise_set("folders", root, out, statistics(), jobs=1)
    assert (out / "Ann - One" / "stems" / "vox.wav").stat().st_mtime_ns == first
    with pytest.raises(ValueError, match="Ann - One exists and holds something else"):
        normalise_set("folders", root, out, statistics(count=5), jobs=1)


def test_rooms_come_into_training_songs_only(root: Path, tmp_path: Path) -> None:
    dry = normalise_set("folders", root, tmp_path / "dry", statistics())
    wet = normalise_set("folders", root, tmp_path / "wet", statistics(), rooms=Rooms(chance=1.0), seed=3)
    for one, other in zip(dry, wet, strict=True):
        same = [a.content_hash == b.content_hash for a, b in zip(one.tracks, other.tracks, strict=True)]
        assert same == ([True, False] if one.split == "train" else [True, True])


def test_a_folder_is_normalised_into_another(root: Path, tmp_path: Path) -> None:
    stems = root / "Ann - One" / "stems"
    before = {path.name: path.read_bytes() for path in stems.iterdir()}
    normalise_folder(stems, tmp_path / "out", statistics("kick"), roles={"vox": "kick"})
    assert {path.name: path.read_bytes() for path in stems.iterdir()} == before
    audio, rate = soundfile.read(tmp_path / "out" / "vox.wav", dtype="float32")

    sounds = heard(torch.from_numpy(audio.T.copy())[None], rate=rate)
    assert float(sounds.loudness_lufs[0]) == pytest.approx(
        statistics("kick").of("kick").loudness_lufs.mean, abs=0.1
    )
    assert abs(float(sounds.imbalance_db[0])) < 0.5


def test_songs_without_a_mix_are_refused(tmp_path: Path, tiny_set: Path) -> None:
    with pytest.raises(ValueError, match="has no mix file, so normalised stems of it have no target"):
        normalise_set("built_in", tiny_set, tmp_path / "out", statistics())

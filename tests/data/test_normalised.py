"""Statistics from a set, and folders that come out normalised."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from gainstage.data.normalised import hear_song, learn_statistics, normalise_folder
from gainstage.data.sources import load_songs
from gainstage.normalise import read_statistics
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

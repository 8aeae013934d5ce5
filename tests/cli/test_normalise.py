"""`gainstage normalise …`: each command does what its help says, and a mistake is a sentence."""

from pathlib import Path

import pytest

from gainstage.data.sources import load_songs
from tests.cli.command import Command
from tests.data.songs import RATE, noise, save
from tests.normalise.stems import statistics


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two songs of one stem and a mix."""
    for number, name in enumerate(("Ann - One", "Bob - Two")):
        audio = noise(3 * RATE, 2, seed=number)
        save(tmp_path / "set" / name / "stems" / "snare.wav", audio)
        save(tmp_path / "set" / name / "mix.wav", audio)
    return tmp_path / "set"


def test_learn_then_normalise(gainstage: Command, root: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "statistics.json", tmp_path / "out"
    code, said, _ = gainstage("normalise", "learn", root, "--out", file)
    assert (code, said) == (0, f"{file}: folders, 2 songs, 4 classes, 2 stems\n")
    how = ("--source", "folders", "--statistics", file, "--no-report", "--jobs", "1")
    code, said, _ = gainstage("normalise", "set", root, *how, "--out", out)
    assert code == 0
    assert said.replace("\n", " ").startswith("2 songs (1 train, 1 test), 2 tracks, 0:06")
    assert said.endswith(f"  {out}/manifest.jsonl\n  {out}/statistics.json\n")
    stems = root / "Ann - One" / "stems"
    code, said, _ = gainstage("normalise", "stems", stems, "--statistics", file, "--out", tmp_path / "stems")
    assert code == 0
    one, other = tmp_path / "stems" / "snare.wav", load_songs("prepared", out)[0]
    assert one.read_bytes() == other.path_of(other.tracks[0]).read_bytes()


def test_a_mistake_is_a_sentence(gainstage: Command, root: Path, tmp_path: Path) -> None:
    statistics().save(tmp_path / "s.json")
    code, _, error = gainstage("normalise", "learn", root, "--source", "vinyl", "--out", tmp_path / "x.json")
    assert code == 1
    assert error.startswith("gainstage: there is no source 'vinyl'")
    code, _, error = gainstage(
        "normalise", "stems", root, "--statistics", tmp_path / "s.json", "--out", tmp_path / "o"
    )
    assert code == 1
    assert "give one of its subfolders" in error
    assert not (tmp_path / "o").exists()

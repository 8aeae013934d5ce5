"""The mission's two sets: the commands that the experiments name, run as they stand on small sets.

Only paths are put in, and what makes a run small.
"""

import csv
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from gainstage.cli.configs import config_folder
from gainstage.data.manifest import Song
from gainstage.data.sources import load_songs, songs_of
from gainstage.evaluation.evaluate import wet_warning
from tests.cli.command import Command
from tests.data.songs import save
from tests.data.sources import layouts

SMALL = {
    "prepare": ("jobs=1", "report=false"),
    "normalise": ("--jobs", "1", "--no-report"),
    "train": (
        "debug=tiny",
        "trainer=cpu",
        "callbacks=none",
        "steps=16",
        "task.most_locked=0",
        "data.settings.batch_size=2",
        "data.settings.excerpts.seconds=1.5",
        "data.settings.excerpts.pre_roll_seconds=0.1",
        "data.settings.excerpts.augment.swap_channels=0",
        "optimizer.learning_rate=1e-2",
        "optimizer.warmup_steps=1",
        "trainer.val_check_interval=16",
    ),
    "evaluate": ("jobs=1", "players=0"),
    "mix": ("--no-report",),
}


@dataclass(frozen=True)
class Steps:
    """The commands of an experiment, on a set of its own, in a folder of its own."""

    experiment: str
    gainstage: Command
    paths: dict[str, str]

    def __call__(self, name: str, *more: str) -> str:
        """Run the command of that name; what it prints."""
        (words,) = (words for words in commands(self.experiment) if words[0] == name)
        for there, here in self.paths.items():
            words = [word.replace(there, here) for word in words]
        code, said, told = self.gainstage(*words, *SMALL[name], *more)
        assert code == 0, told
        return said + told


def commands(experiment: str) -> list[list[str]]:
    """The commands in the header of an experiment, as words."""
    lines = (config_folder() / "experiment" / f"{experiment}.yaml").read_text(encoding="utf-8").splitlines()
    header = "\n".join(line.removeprefix("# ") for line in lines if line.startswith("#"))
    whole = header.replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in whole if line.startswith("gainstage ")]


def hashes(songs: list[Song]) -> set[str]:
    return {track.content_hash for song in songs for track in song.tracks}


def mixes(songs: list[Song]) -> dict[str, str]:
    return {song.name: song.mix.content_hash for song in songs if song.mix}


def check_run(run: Path) -> None:
    """Losses that are numbers and went down: 1.5 s of one song are learnt by heart in a few steps."""
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    losses = [float(row["train/total"]) for row in rows if row.get("train/total")]
    assert len(losses) == 16
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4]), losses


def check_evaluation(folder: Path, songs: list[Song]) -> None:
    """Only the songs of the test, and numbers for the network."""
    with (folder / "per_song.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["song"] for row in rows} == {song.name for song in songs_of(songs, "test")}
    assert {"network", "rules", "sum", "equal_loudness_panned"} <= {row["system"] for row in rows}
    assert all(float(row["sum_difference"]) > 0.0 for row in rows if row["system"] == "network")


def check_mix(folder: Path, names: set[str]) -> None:
    session = json.loads((folder / "session.json").read_text())
    assert {track["name"] for track in session["tracks"]} == names
    assert session["provenance"]["checkpoint"]["steps"] == 16
    assert (folder / "mix.wav").stat().st_size > 2 * layouts.SECONDS * layouts.RATE * 4


@pytest.fixture
def steps(gainstage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Steps]:
    monkeypatch.chdir(tmp_path)
    return lambda experiment, **paths: Steps(experiment, gainstage, paths)


def test_medleydb_from_the_set_to_a_mix(steps: Callable[..., Steps]) -> None:
    names = ("AlexanderRoss_GoodbyeBolero", "Someone_Else", "Third_Artist", "Zeno_Signs")
    layouts.medleydb(Path("set"), dict.fromkeys(names, "no"))
    for role in ("kick", "bass"):
        save(Path("song") / f"{role}.wav", layouts.tracks(5)[role][:1])
    step = steps("medleydb", **{"/data/MedleyDB": "set", "STEMS": "song"})
    step("prepare", "validation=0.34", "test=0.34")
    songs = load_songs("prepared", "data/prepared/medleydb")
    assert {song.name for song in songs} == set(names[:3])  # Zeno's Signs is for the test of MUSDB18
    assert sorted(song.split or "" for song in songs) == ["test", "train", "validation"]
    assert {track.wetness for song in songs for track in song.tracks} == {"dry"}
    step("train")
    check_run(Path("runs/medleydb"))
    assert "warning" not in step("evaluate")
    check_evaluation(Path("runs/medleydb/evaluation"), songs)
    step("mix")
    check_mix(Path("mixes/by_medleydb"), {"kick", "bass"})


@pytest.mark.parametrize("source", ["musdb18", pytest.param("musdb18_hq", marks=pytest.mark.slow)])
def test_musdb18_from_the_set_to_a_mix(source: str, steps: Callable[..., Steps]) -> None:
    layouts.LAYOUTS[source](Path("set"))
    layouts.musdb_hq(Path("hq"))  # stems to mix
    held_out = "Meaxic - Take A Step" if source == "musdb18" else "ANiMAL - Rockshow"
    stems = "hq/test/Zeno - Signs"
    step = steps("musdb18", **{"/data/musdb18": "set", "STEMS": stems, "source=musdb18": f"source={source}"})
    step("prepare", "out=data/prepared/musdb18")
    wet = load_songs("prepared", "data/prepared/musdb18")
    step("normalise")
    songs = load_songs("prepared", "data/prepared/musdb18_normalised")
    assert {song.name: song.split for song in songs} == {
        "A Band - Song": "train",
        held_out: "validation",
        "Zeno - Signs": "test",
    }
    assert not hashes(songs) & hashes(wet)
    assert mixes(songs) == mixes(wet)
    assert "wet" not in step("train")
    trained = yaml.safe_load(Path("runs/musdb18/config.yaml").read_text())["data"]["songs"]
    assert (trained["source"], trained["root"]) == ("prepared", "data/prepared/musdb18_normalised")
    check_run(Path("runs/musdb18"))
    assert "warning" not in step("evaluate")
    check_evaluation(Path("runs/musdb18/evaluation"), songs)
    assert "the tracks of 3 of 3 songs are wet stems, of which the mix is the sum" in wet_warning(wet)
    step("mix")
    check_mix(Path("mixes/by_musdb18"), {"bass", "drums", "other", "vocals"})
    assert len(list(Path("mixes/by_musdb18/normalised").glob("*.wav"))) == 4

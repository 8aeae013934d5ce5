"""`gainstage prepare`: what it prints, and one sentence for each mistake."""

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from gainstage.data.sources.catalogue import DataSet
from tests.cli.command import Command
from tests.data.sources.layouts import LAYOUTS
from tests.preparation.test_bad_input import write_song


def test_a_set_is_prepared_and_summed_up(gainstage: Command, tmp_path: Path) -> None:
    for number in range(3):
        write_song(tmp_path / "set" / f"Artist {number} - Song", seed=10 * number)
    (tmp_path / "set" / "Artist 1 - Song" / "stems" / "Kick.wav").write_bytes(b"")
    given = (
        f"root={tmp_path / 'set'}",
        f"out={tmp_path / 'out'}",
        "jobs=1",
        "align=false",
        "splits.validation=['Artist 2*']",
    )
    code, said, told = gainstage("prepare", "source=folders", *given)
    assert code == 0, told
    assert re.search(r"3 songs \(1 train, 1 validation, 1 test\), 8 tracks, 0:0\d", said)
    assert "1 damaged file, 0 odd ones, 2 songs or files left out" in said
    assert "warning: Artist 1 - Song/stems/Kick.wav is empty (0 bytes)" in told
    for name in ("manifest.jsonl", "report.html"):
        assert str(tmp_path / "out" / name) in said
        assert (tmp_path / "out" / name).is_file()


def test_what_can_be_set_is_listed(gainstage: Command) -> None:
    code, said, _ = gainstage("prepare", "--choices")
    assert code == 0
    for line in ("source=???", "strict=false", "jobs=2"):
        assert line in said


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "prepare needs"),
        (["source=musdb", "root=."], "source: input should be 'built_in', "),
        (["source=folders", "root=nowhere"], "the data's folder nowhere does not exist"),
        (["source=folders", "root=set"], "there is no song below set"),
        (["source=medleydb", "root=set"], "set does not hold MedleyDB"),
        (["source=folders", "root=set", "jobs=0"], "jobs is 0; give 1 or more"),
        (["source=folders", "root=set", "strikt=true"], "did you mean 'strict'?"),
        (["source=folders", "root=set", "strict=maybe"], "strict must be true or false"),
        (["source=folders", "root=set", "out=set/out"], "lies in the data's own folder"),
    ],
)
def test_each_mistake_is_one_sentence_and_writes_nothing(
    given: list[str], sentence: str, gainstage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set").mkdir()
    code, said, told = gainstage("prepare", *given)
    assert (code, said) == (1, "")
    assert sentence in told
    assert told.count("\n") == 1
    assert list(tmp_path.rglob("*")) == [tmp_path / "set"]


PAGE = Path(__file__).resolve().parents[2] / "data" / "README.md"
SONGS = {"built_in": 4, "enst_drums": 4, "cambridge_mt": 1, "moisesdb": 1, "dsd100": 2, "folders": 2}
SONGS |= {"medleydb": 2, "medleydb_stems": 2, "musdb18": 3, "musdb18_hq": 3, "slakh2100": 3}


def commands() -> dict[str, list[str]]:
    """Set → the command that the page of the sets names for it; the last where it names several."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    found = [shlex.split(line)[1:] for line in lines if line.startswith("gainstage prepare ")]
    return {words[1].removeprefix("source="): words for words in found}


def test_the_page_of_the_sets_has_a_command_for_each() -> None:
    assert set(commands()) == set(get_args(DataSet)) == set(SONGS)


@pytest.mark.parametrize("source", [pytest.param(s, marks=pytest.mark.slow) for s in SONGS])
def test_the_commands_of_that_page_run_as_they_stand(
    source: str, gainstage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the root of a small set, and without the page."""
    monkeypatch.chdir(tmp_path)
    LAYOUTS[source](tmp_path / "set")
    words = ["root=set" if word.startswith("root=") else word for word in commands()[source]]
    code, said, told = gainstage(*words, "jobs=1", "report=false")
    assert code == 0, told
    songs = "1 song" if SONGS[source] == 1 else f"{SONGS[source]} songs"
    assert re.match(rf"{songs} \([\w ,]+\), \d+ tracks, \d:\d\d\n0 damaged files, ", said)
    assert (tmp_path / "data" / "prepared" / source / "manifest.jsonl").is_file()

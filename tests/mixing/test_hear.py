"""Roles of tracks whose names say nothing are heard; names and people that say something come first."""

from pathlib import Path

import pytest

from gainstage.mixing.hear import hear_folder
from gainstage.mixing.mix import mix
from tests.mixing.conftest import kick, noise, pad, write_stem


@pytest.fixture
def nameless(tmp_path: Path) -> Path:
    folder = tmp_path / "song"
    for name, audio in (
        ("Audio 1", kick(6.0)),
        ("Audio 2", noise(6.0)),
        ("Pad", pad(6.0)),
        ("Audio 4", pad(6.0)),
    ):
        write_stem(folder / f"{name}.wav", audio)
    return folder


def test_names_and_people_come_first(nameless: Path) -> None:
    heard = hear_folder(nameless, roles={"Audio 4": "lead_vocal"})
    roles = {track.name: track.role for track in heard.song.tracks}
    assert (roles["Pad"], roles["Audio 4"]) == ("pad", "lead_vocal")
    assert set(heard.by_sound) <= {"Audio 1", "Audio 2"}
    assert roles["Audio 1"] == "kick"
    assert [track.role for track in heard.tracks] == [track.role for track in heard.song.tracks]


def test_what_was_heard_is_said(nameless: Path, tmp_path: Path) -> None:
    mixed = mix(nameless, tmp_path / "out", report=False)
    sureness = hear_folder(nameless).by_sound["Audio 1"]
    said = next(w for w in mixed.result.warnings if w.startswith("names that say nothing"))
    assert f"'Audio 1' kick ({sureness:.0%} sure)" in said
    assert said in (tmp_path / "out" / "mix.md").read_text()
    sources = {track.strip.name: track.role_source for track in mixed.result.tracks}
    assert sources["Audio 1"] == f"its sound, {sureness:.0%} sure"
    assert sources["Pad"] == "name"


def test_renaming_what_says_nothing_changes_nothing(nameless: Path) -> None:
    before = {t.content_hash: t.role for t in hear_folder(nameless).song.tracks}
    (nameless / "Audio 1.wav").rename(nameless / "Untitled.wav")
    assert {t.content_hash: t.role for t in hear_folder(nameless).song.tracks} == before

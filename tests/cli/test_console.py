"""`gainstage console`, and `gainstage mix --console`: consoles by name, by file, and as pictures."""

from pathlib import Path

import pytest

from gainstage.console.session import Session
from gainstage.console.spec import shipped
from tests.cli.command import Command
from tests.console.random_sessions import load
from tests.console.test_session_blend import plain
from tests.mixing.conftest import kick, noise, write_stem


def test_list(gainstage: Command) -> None:
    code, said, _ = gainstage("console", "list")
    assert code == 0
    lines = said.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped())
    assert all(len(line.split()) > 5 for line in lines)


def test_draw(gainstage: Command, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("tracks: [fader, pan]\n")
    code, said, _ = gainstage("console", "draw", own)
    assert code == 0
    assert said.startswith("flowchart LR\n    tracks")
    load(plain()).save(tmp_path / "session.json")
    for ending, begins in (("svg", b"<?xml"), ("mmd", b"flowchart LR\n    track0")):
        out = tmp_path / f"drawn.{ending}"
        assert gainstage("console", "draw", tmp_path / "session.json", "--out", out) == (0, f"{out}\n", "")
        assert out.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing",), "no console called 'nothing' ships with gainstage"),
        (("gone.yaml",), "gone.yaml cannot be read as a console"),
        (("gone.json",), "gone.json cannot be read"),
        (("default", "--out", "x.jpg"), "x.jpg: give a file that ends in .svg, .png or .mmd"),
    ],
)
def test_draw_says_what_is_wrong(gainstage: Command, arguments: tuple[str, ...], sentence: str) -> None:
    code, _, told = gainstage("console", "draw", *arguments)
    assert code == 1
    assert sentence in told
    assert told.count("\n") == 1


def test_mix_on_a_console_of_ones_own(gainstage: Command, tmp_path: Path) -> None:
    stems, own = tmp_path / "stems", tmp_path / "own.yaml"
    write_stem(stems / "Kick.wav", kick(1.0))
    write_stem(stems / "HiHat.wav", noise(1.0))
    own.write_text("tracks: [fader]\nmaster: [output_gain]\n")
    given = ("mix", stems, "--no-report", "--engineer", "sum", "--out", tmp_path / "out", "--console")
    for console, parts in ((own, ["fader"]), ("fader_pan", ["trim", "fader", "pan"])):
        code, _, told = gainstage(*given, console)
        assert code == 0, told
        session = Session.load(tmp_path / "out" / "session.json")
        assert [part.name for part in session.console.tracks] == parts
    own.write_text("tracks: [fader]\n")
    code, _, told = gainstage(*given, own)
    assert code == 1
    assert "has no output_gain on its master" in told

"""The commands: they help at once, print what was done, and leave heavy imports to the work itself."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gainstage.cli.main import cli
from tests.mixing.conftest import kick, noise, write_stem


@pytest.fixture
def stems(tmp_path: Path) -> Path:
    write_stem(tmp_path / "stems" / "Kick.wav", kick(1.0))
    write_stem(tmp_path / "stems" / "HiHat.wav", noise(1.0))
    return tmp_path / "stems"


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys, gainstage, gainstage.cli.main; "
        "print(sorted({'torch', 'numba', 'matplotlib', 'scipy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["mix"],
        ["render"],
        *(["session", part] for part in ("show", "diff", "interpolate", "validate")),
        *(["console", part] for part in ("list", "draw")),
        ["synth"],
        ["export"],
        ["export", "weights"],
    ],
)
def test_every_command_explains_itself(command: list[str]) -> None:
    done = CliRunner().invoke(cli, [*command, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_mix_then_show_then_render(stems: Path, tmp_path: Path) -> None:
    run = CliRunner()
    mixed = run.invoke(cli, ["mix", str(stems), "--out", str(tmp_path / "out"), "--no-report"])
    assert mixed.exit_code == 0, mixed.output
    assert "LUFS" in mixed.output
    assert "session.json" in mixed.output
    session = str(tmp_path / "out" / "session.json")
    shown = run.invoke(cli, ["session", "show", session], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "Kick" in shown.output
    assert "high pass" in shown.output
    again = run.invoke(cli, ["render", session, "--stems", str(stems), "--out", str(tmp_path / "again.wav")])
    assert again.exit_code == 0
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "out" / "mix.wav").read_bytes()


def test_synth_writes_songs_with_their_mix(tmp_path: Path) -> None:
    arguments = ["synth", "--songs", "2", "--seconds", "4", "--out", str(tmp_path / "songs")]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    folders = sorted((tmp_path / "songs").iterdir())
    assert len(folders) == 2
    for folder in folders:
        names = {path.name for path in folder.iterdir()}
        assert {"stems", "song.json", "roles.yaml", "mix.wav", "session.json", "mix.md"} <= names
    before = {path: path.stat().st_mtime_ns for path in folders[0].iterdir()}
    CliRunner().invoke(cli, arguments)  # again: whole songs are kept
    assert {path: path.stat().st_mtime_ns for path in folders[0].iterdir()} == before

"""`gainstage export mix`, `gainstage session import-ardour`: what they print and write, and one sentence."""

from pathlib import Path

from gainstage.console.session import Session
from tests.cli.command import Command
from tests.interchange import scene


def test_to_ardour_and_back(gainstage: Command, tmp_path: Path) -> None:
    session, stems = scene.write(tmp_path)
    out, back = tmp_path / "out", tmp_path / "back.json"
    code, said, _ = gainstage(
        "export", "mix", session, "--stems", stems, "--out", out, "--targets", "ardour,lv2"
    )
    assert code == 0
    assert sorted(path.name for path in out.iterdir()) == ["ardour", "export_report.json", "lv2"]
    assert "send to room" in said
    assert "frozen" in said
    code, said, problems = gainstage("session", "import-ardour", out / "ardour" / "A song", "--out", back)
    assert (code, said, problems) == (0, f"nothing was moved\n{back}\n", "")
    assert Session.load(back) == Session.load(session)


def test_one_sentence_for_what_cannot_be(gainstage: Command, tmp_path: Path) -> None:
    session, stems = scene.write(tmp_path)
    arguments = ["export", "mix", session, "--stems", stems, "--out", tmp_path / "out"]
    code, _, problem = gainstage(*arguments, "--targets", "files,logic")
    assert code == 1
    assert problem.startswith("gainstage: there is no target 'logic'; there are files, ardour, ")
    code, _, problem = gainstage("session", "import-ardour", session, "--out", tmp_path / "back.json")
    assert code == 1
    assert problem.count("\n") == 1
    assert "not XML" in problem
    assert not (tmp_path / "back.json").exists()

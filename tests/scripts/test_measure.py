"""A part of a longer piece of work: what it took, when it is kept, when it goes on, when it starts anew."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.loading import SCRIPTS, load_script

measure = load_script("measure")


class Work:
    """A part whose command notes each of its runs, with the arguments that it got."""

    def __init__(self, folder: Path, *, code: str = "") -> None:
        self.folder = folder
        self.record, self.out = folder / "parts.json", folder / "out"
        self.notes = folder / "notes.txt"
        self.code = (
            "import pathlib, sys; notes, out = map(pathlib.Path, sys.argv[1:3])\n"
            "notes.open('a').write(' '.join(['run', *sys.argv[3:]]) + '\\n')\n"
            f"out.mkdir(exist_ok=True); (out / 'made').write_text('x')\n{code}\n"
        )

    def arguments(self, name: str, *more: str, has_folder: bool = True) -> list[str]:
        folder = ["--folder", str(self.out)] if has_folder else []
        command = [sys.executable, "-c", self.code, str(self.notes), str(self.out), *more]
        options = ["--makes", str(self.out / "made"), *folder, "--going-on=goes-on"]
        return [str(self.record), name, *options, "--", *command]

    def __call__(self, name: str = "train", *more: str, has_folder: bool = True) -> int:
        code = measure.main(self.arguments(name, *more, has_folder=has_folder))
        assert isinstance(code, int)
        return code

    @property
    def runs(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def entry(self, name: str = "train") -> dict[str, Any]:
        entry: dict[str, Any] = json.loads(self.record.read_text())[name]
        return entry


@pytest.fixture(autouse=True)
def _signals() -> Any:
    """The script sets handlers for its own process; here that is pytest's."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_is_done_is_kept_until_its_command_or_its_file_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = Work(tmp_path)
    assert work() == work() == 0
    assert work.runs == ["run"]
    assert work.entry()["is_kept"]
    assert "done before" in capsys.readouterr().out
    work("train", "longer")
    (work.out / "made").unlink()
    work("train", "longer")
    assert work.runs == ["run", "run longer", "run longer"]
    assert not work.entry()["is_kept"]


def test_what_rests_on_a_part_that_changed_is_done_again(tmp_path: Path) -> None:
    work = Work(tmp_path)
    work("generate")
    work("train")
    work("generate", "more songs")
    work("train")
    assert work.runs == ["run", "run", "run more songs", "run"]


def test_what_rests_on_sources_is_done_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    source = tmp_path / "src" / "a.py"
    source.write_text("one")
    monkeypatch.setattr(measure, "ROOT", tmp_path)
    resumes, starts_anew = Work(tmp_path), Work(tmp_path)
    for text in ("one", "two"):
        source.write_text(text)
        resumes("generate", "songs", has_folder=False)
        starts_anew("train")
    assert resumes.runs == ["run songs", "run", "run"]


def test_what_was_cut_short_goes_on_and_its_time_adds_up(tmp_path: Path) -> None:
    work = Work(tmp_path, code="import time; time.sleep(0.2); sys.exit('goes-on' not in sys.argv)")
    assert work() == 1
    assert not work.entry()["is_done"]
    first_s = work.entry()["seconds"]
    assert work() == 0
    assert work.runs == ["run", "run goes-on"]
    assert work.entry()["seconds"] > first_s + 0.1


def test_another_command_finds_its_folder_gone_and_does_not_go_on(tmp_path: Path) -> None:
    work = Work(tmp_path, code="sys.exit(1)")
    work()
    (work.out / "old").write_text("x")
    work("train", "other")
    assert work.runs == ["run", "run other"]
    assert not (work.out / "old").exists()


def test_memory_of_children_counts_together(tmp_path: Path) -> None:
    hold = (
        "import time; held = bytearray(60_000_000); held[::4096] = bytes(len(held[::4096])); time.sleep(1.2)"
    )
    code = f"import subprocess; two = [subprocess.Popen([sys.executable, '-c', '{hold}']) for _ in 'ab']\n"
    work = Work(tmp_path, code=code + "[one.wait() for one in two]")
    script = [sys.executable, str(SCRIPTS / "measure.py")]  # a process of its own: a child's peak counts ours
    subprocess.run([*script, *work.arguments("train")], check=True)
    least = 120e6 if Path("/proc/self/statm").exists() else 60e6
    assert least < work.entry()["peak_bytes"] < 400e6


def test_an_interrupt_ends_the_command_and_leaves_a_part_that_goes_on(tmp_path: Path) -> None:
    work = Work(tmp_path, code="import time; time.sleep(60 * ('goes-on' not in sys.argv))")
    script = [sys.executable, str(SCRIPTS / "measure.py"), *work.arguments("train")]
    # Who is started in the background of a script inherits that interrupts are ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(script, start_new_session=True, stderr=subprocess.DEVNULL)
    finally:
        signal.signal(signal.SIGINT, before)
    end = time.monotonic() + 20
    while not (work.out / "made").exists() and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(timeout=20) != 0
    assert not work.entry()["is_done"]
    assert work() == 0
    assert work.runs == ["run", "run goes-on"]

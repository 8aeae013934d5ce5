"""The set-up: when the environment is reused, when it is made anew, and which Python makes it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.loading import SCRIPTS, load_script

downloads = load_script("downloads")
environment = load_script("environment")

PYPROJECT = """
[build-system]
requires = ["hatchling>=1.27"]
[project]
version = "0.1.0"
dependencies = ["torch>=2.11,<2.14", "torchaudio>=2.11", "numpy>=2"]
[project.optional-dependencies]
dev = ["pytest>=8"]
[tool.ruff]
line-length = 110
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout, in a folder with a space, whose environment is whole: a link to the Python of this run."""
    root = tmp_path / "a b"
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "constraints.txt").write_text("# exact\nnumpy==2.4.6\n# torch: it\ntorch==2.13.0  # any build\n")
    python = root / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    stamp(root, torch="")
    return root


def stamp(root: Path, **more: str) -> None:
    content = json.dumps(environment.fingerprint(root) | more)
    (root / ".venv" / environment.STAMP).write_text(content)


def why(root: Path, **environ: str) -> str:
    reason = environment.why_remake(root / ".venv", root, environ)
    assert isinstance(reason, str)
    return reason


def test_a_whole_environment_is_reused(checkout: Path) -> None:
    assert why(checkout) == ""
    assert why(checkout, GAINSTAGE_PYTHON=sys.executable) == ""


def test_settings_of_the_tools_do_not_cost_a_new_environment(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text(PYPROJECT.replace("110", "100"))
    (checkout / "constraints.txt").write_text("numpy==2.4.6\n\ntorch==2.13.0\n")
    assert why(checkout) == ""


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pyproject.toml", "numpy>=2", "numpy>=2.1"),
        ("pyproject.toml", "0.1.0", "0.2.0"),
        ("constraints.txt", "2.4.6", "2.4.7"),
    ],
)
def test_a_new_dependency_or_pin_makes_it_anew(checkout: Path, file: str, old: str, new: str) -> None:
    path = checkout / file
    path.write_text(path.read_text().replace(old, new))
    assert why(checkout) == "pyproject.toml or constraints.txt has changed"


def test_a_killed_run_leaves_a_half_made_environment(checkout: Path) -> None:
    mark = checkout / ".venv" / environment.STAMP
    mark.write_text(mark.read_text()[:20])
    assert why(checkout) == "the one there is half-made"
    mark.unlink()
    assert why(checkout) == "the one there is half-made"
    shutil.rmtree(checkout / ".venv")
    assert why(checkout) == "there is none yet"


def test_a_moved_folder_and_a_vanished_python_are_noticed(checkout: Path) -> None:
    moved = checkout.rename(checkout.with_name("elsewhere"))
    assert why(moved) == "the folder has moved"
    stamp(moved)
    assert why(moved) == ""
    (moved / ".venv" / "bin" / "python").unlink()
    assert why(moved) == "its Python is gone"


def test_missing_packages_are_noticed(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    assert why(checkout) == "the one there is damaged"


def test_another_torch_is_installed_when_asked_for_and_kept_when_not(checkout: Path) -> None:
    assert why(checkout, GAINSTAGE_TORCH="torch==2.11.0") == "GAINSTAGE_TORCH asks for torch==2.11.0"
    stamp(checkout, torch="torch==2.11.0")
    assert why(checkout) == why(checkout, GAINSTAGE_TORCH="torch==2.11.0") == ""


def test_torch_is_chosen_apart_from_the_other_requirements(checkout: Path) -> None:
    assert environment.requirements(checkout) == [
        "torchaudio>=2.11",
        "numpy>=2",
        "pytest>=8",
        "hatchling>=1.27",
        "editables",
    ]
    assert environment.pin_of("torch", environment.pins(checkout)) == "torch==2.13.0"
    assert environment.pins(checkout, torch_asked="torch==2.11.0") == ["numpy==2.4.6"]


def test_sizes_are_said_where_they_are_known(tmp_path: Path) -> None:
    wheel = tmp_path / "a wheel.whl"
    wheel.write_bytes(bytes(5_000_000))
    local = downloads.size_of(wheel.as_uri())
    assert local == 5_000_000
    assert downloads.size_of((tmp_path / "none.whl").as_uri()) is None
    packages = [
        downloads.Package("torch", "2.13.0+cpu", wheel.as_uri(), local),
        downloads.Package("numpy", "2.4.6", "https://index.invalid/numpy.whl", 17_000_000),
        downloads.Package("scipy", "1.17.1", "https://index.invalid/scipy.whl", None),
    ]
    said = downloads.describe(packages)
    assert "3 packages, 17 MB to download" in said
    assert "and 1 of a size that the index does not tell" in said
    assert said.endswith("torch 2.13.0+cpu: 5 MB, already on this disk")


# Making it, without pip


class Pip:
    """Records what pip is asked, and refuses what names a word of `refuses`."""

    def __init__(self, refuses: str = "nothing") -> None:
        self.asked: list[tuple[str, ...]] = []
        self.refuses = refuses

    def __call__(self, _: Path, *arguments: str, show: bool = False) -> subprocess.CompletedProcess[str]:
        del show
        self.asked.append(arguments)
        refused = any(self.refuses in argument for argument in arguments)
        return subprocess.CompletedProcess(arguments, int(refused), stdout="", stderr="no such version")


PLAN = [
    downloads.Package("torch", "2.13.0+cpu", "file:///torch.whl", 192_000_000),
    downloads.Package("sympy", "1.14.0", "https://index.invalid/sympy.whl", None),
    downloads.Package("click", "8.5.1", "https://index.invalid/click.whl", 100_000),
]


def test_the_cpu_build_is_preferred_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "pip", Pip())
    assert environment.cpu_build(Path(), "torch==2.13.0") == "torch==2.13.0+cpu"
    monkeypatch.setattr(environment, "pip", Pip(refuses="+cpu"))
    assert environment.cpu_build(Path(), "torch==2.13.0") == "torch==2.13.0"


def test_the_plan_is_installed_as_it_is_so_that_nothing_pulls_a_second_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pip = Pip()
    monkeypatch.setattr(environment, "pip", pip)
    environment.install(Path(), PLAN, Path("constraints.txt"))
    assert all("--no-deps" in arguments for arguments in pip.asked)
    assert all({*environment.WHEELS} <= {*arguments} for arguments in pip.asked[:2])
    named = [argument for arguments in pip.asked for argument in arguments if "==" in argument]
    assert sorted(named) == ["click==8.5.1", "sympy==1.14.0", "torch==2.13.0+cpu"]


def test_only_the_one_package_without_a_wheel_is_built_and_by_pinned_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pip = Pip()
    monkeypatch.setattr(environment, "pip", pip)
    monkeypatch.setattr(environment, "packages_of", lambda _: PLAN)
    monkeypatch.setattr(environment.json, "loads", lambda _: {})
    monkeypatch.setattr(Path, "read_text", lambda *_: "")
    environment.resolve(tmp_path, ["hydra-core"], Path("constraints.txt"))
    environment.install(tmp_path, PLAN, Path("constraints.txt"))
    for arguments in pip.asked[:3]:
        assert "--only-binary=:all:" in arguments
        assert [a for a in arguments if a.startswith("--no-binary")] == ["--no-binary=antlr4-python3-runtime"]
        assert arguments[arguments.index("--build-constraint") + 1] == "constraints.txt"


def test_an_environment_that_something_runs_from_is_left_alone(tmp_path: Path) -> None:
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("this system does not tell what runs")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    assert environment.users_of(tmp_path) == []
    process = subprocess.Popen(
        [python, "-c", "print('runs', flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"runs\n"
        with pytest.raises(environment.SetupError, match=f"process {process.pid} still runs from it"):
            environment.make(tmp_path, "")
        assert python.exists()
    finally:
        process.communicate(b"\n")


@pytest.mark.parametrize("refuses", ["click==", "--no-build-isolation"])
def test_what_fails_half_way_is_half_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refuses: str
) -> None:
    venv = tmp_path / ".venv"
    monkeypatch.setattr(environment, "make_venv", lambda path: path.mkdir())
    monkeypatch.setattr(environment, "plan", lambda *_: (PLAN, Path("constraints.txt")))
    monkeypatch.setattr(environment, "pip", Pip(refuses))
    with pytest.raises(environment.SetupError, match="what pip said stands above"):
        environment.make(venv, "")
    assert environment.why_remake(venv, environment.ROOT, {}) == "the one there is half-made"


# Which Python: environment.sh, with an environment.py that only says who runs it


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    scripts = tmp_path / "a b" / "scripts"
    scripts.mkdir(parents=True)
    shutil.copy(SCRIPTS / "environment.sh", scripts)
    (scripts / "environment.py").write_text("import sys; print('made by', sys.argv[0])\n")
    source = 'source "$(dirname "$0")/environment.sh"'
    (scripts / "do.sh").write_text(f'set -euo pipefail\n{source}\necho "root $ROOT"\n')
    return scripts


def python_named(folder: Path, name: str, *, version: str) -> None:
    """A stand-in that answers like that version: it suits or not, and then says its name."""
    folder.mkdir(exist_ok=True)
    suits = 0 if version in ("3.11", "3.12", "3.13") else 1
    path = folder / name
    path.write_text(f'#!/bin/sh\nif [ "$1" = -c ]; then exit {suits}; fi\necho "made by {name}"\n')
    path.chmod(0o755)


def run_shell(scripts: Path, path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    path.mkdir(exist_ok=True)
    for tool in ("bash", "dirname"):
        found = shutil.which(tool)
        assert found
        (path / tool).symlink_to(found)
    return subprocess.run(
        ["bash", str(scripts / "do.sh")],
        env={"PATH": str(path), **environ},
        cwd=os.sep,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def test_a_python_that_suits_is_found_past_one_that_does_not(shell: Path, tmp_path: Path) -> None:
    python_named(tmp_path / "bin", "python3", version="3.14")
    python_named(tmp_path / "bin", "python3.11", version="none: a shim without its version")
    python_named(tmp_path / "bin", "python3.12", version="3.12")
    done = run_shell(shell, tmp_path / "bin")
    assert "made by python3.12" in done.stdout
    assert f"root {shell.parent}" in done.stdout


def test_the_named_python_is_used_or_refused(shell: Path, tmp_path: Path) -> None:
    python_named(tmp_path / "bin", "python3", version="3.11")
    python_named(tmp_path / "else where", "mine", version="3.13")
    python_named(tmp_path / "else where", "old", version="3.9")
    mine, old = (str(tmp_path / "else where" / name) for name in ("mine", "old"))
    assert "made by mine" in run_shell(shell, tmp_path / "bin", GAINSTAGE_PYTHON=mine).stdout
    refused = run_shell(shell, tmp_path / "other bin", GAINSTAGE_PYTHON=old)
    assert refused.returncode == 1
    assert f"GAINSTAGE_PYTHON={old} is no Python 3.11, 3.12 or 3.13" in refused.stderr


def test_without_a_python_there_is_one_sentence(shell: Path, tmp_path: Path) -> None:
    done = run_shell(shell, tmp_path / "bin")
    assert done.returncode == 1
    assert "no Python 3.11, 3.12 or 3.13 found" in done.stderr

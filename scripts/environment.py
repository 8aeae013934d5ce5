"""Make the environment in .venv, or find that the one there is whole. environment.sh runs it.

    python scripts/environment.py          make it if it is not there, or not whole
    python scripts/environment.py --plan   only say what would be downloaded for this Python

A stamp is written into .venv as the very last step, so that an environment without its stamp is known to be
half-made, whatever cut the run short.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from downloads import Package, describe, packages_of

ROOT = Path(__file__).resolve().parents[1]
STAMP = "gainstage-environment.json"
TORCH_PART = "# torch:"  # of constraints.txt; another torch sets aside what follows

SOURCE_ONLY = "antlr4-python3-runtime"  # Hydra's parser: the one package that has no wheel, only a source
WHEELS = ("--only-binary=:all:", f"--no-binary={SOURCE_ONLY}")
LOOK_ONLY = ("install", "--dry-run", *WHEELS, "--use-feature=fast-deps")

UNUSED = ("torchvision",)  # litdata names it for pictures; its wheel may be made for another build of torch

IS_WHOLE = """
import importlib.util, sys
missing = [name for name in ("torch", "numpy", "gainstage") if importlib.util.find_spec(name) is None]
print("%d.%d" % sys.version_info[:2])
sys.exit(bool(missing))
"""


class SetupError(Exception):
    """What keeps the environment from being made, in one sentence with its cure."""


def say(text: str) -> None:
    print(f"environment: {text}", flush=True)


# What the environment is made of


def read_pyproject(root: Path) -> dict[str, Any]:
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def requirements(root: Path) -> list[str]:
    """All that is installed beside torch: what pyproject.toml asks for, to run, to develop and to build."""
    pyproject = read_pyproject(root)
    project = pyproject["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    wanted += [*pyproject["build-system"]["requires"], "editables"]  # hatchling needs it for `pip install -e`
    return [line for line in wanted if not is_torch(line)]


def is_torch(requirement: str) -> bool:
    return requirement.startswith("torch") and not requirement[5:6].isalnum()


def pins(root: Path, *, torch_asked: str = "") -> list[str]:
    """The lines of constraints.txt, comments left out, and torch's part too if another torch is asked for."""
    text = (root / "constraints.txt").read_text()
    if torch_asked:
        text = text.partition(TORCH_PART)[0]
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def pin_of(name: str, constraints: Iterable[str]) -> str:
    return next(line for line in constraints if line.startswith(f"{name}=="))


def fingerprint(root: Path) -> dict[str, str]:
    """What an environment must have been made from to be reused; a moved folder breaks its paths."""
    project = read_pyproject(root)["project"]
    contents = json.dumps([pins(root), requirements(root), project["version"], project.get("scripts")])
    return {"contents": hashlib.sha256(contents.encode()).hexdigest(), "folder": str(root)}


def why_remake(venv: Path, root: Path, environ: Mapping[str, str]) -> str:
    """Why the environment must be made anew; empty if it can be used as it is.

    GAINSTAGE_TORCH and GAINSTAGE_PYTHON count where they are set: an environment made with them is reused by
    commands that say nothing about them.
    """
    if not venv.exists():
        return "there is none yet"
    try:
        stamp = json.loads((venv / STAMP).read_text())
    except (OSError, ValueError):
        return "the one there is half-made"
    wanted = fingerprint(root)
    if stamp.get("folder") != wanted["folder"]:
        return "the folder has moved"
    if stamp.get("contents") != wanted["contents"]:
        return "pyproject.toml or constraints.txt has changed"
    torch = environ.get("GAINSTAGE_TORCH", "")
    if torch and torch != stamp.get("torch"):
        return f"GAINSTAGE_TORCH asks for {torch}"
    try:
        probe = run(str(venv / "bin" / "python"), "-I", "-c", IS_WHOLE)
    except OSError:
        return "its Python is gone"
    if probe.returncode:
        return "the one there is damaged"
    python = "{}.{}".format(*sys.version_info)
    if environ.get("GAINSTAGE_PYTHON") and probe.stdout.strip() != python:
        return f"GAINSTAGE_PYTHON asks for Python {python}"
    return ""


def users_of(venv: Path) -> list[str]:
    """The processes that run from an environment, which must not be removed under them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # ended, or not ours to know
        if words[0].startswith(os.fsencode(venv / "bin") + b"/") and folder.name != str(os.getpid()):
            found.append(folder.name)
    return sorted(found, key=int)


# pip


def run(*command: str, show: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command that asks nothing; what it prints is shown, or kept."""
    environ = os.environ | {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=not show, text=True, check=False
    )


def pip(venv: Path, *arguments: str, show: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the environment's own pip, apart from the user's Python settings."""
    loudness = () if show else ("-qq",)
    return run(str(venv / "bin" / "python"), "-I", "-m", "pip", *loudness, *arguments, show=show)


def must(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode:
        sys.stderr.write(done.stderr or "")
        raise SetupError(f"{what} failed; what pip said stands above")


def held_to(constraints: Path) -> list[str]:
    """The arguments that hold what is installed, and what builds a source, to exact versions."""
    return ["-c", str(constraints), "--build-constraint", str(constraints)]


def resolve(venv: Path, wanted: list[str], constraints: Path) -> list[Package]:
    """What pip would install, with sizes; only the metadata of each wheel is read, not the wheel."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        ask = [*LOOK_ONLY, "--report", str(report), *held_to(constraints)]
        must(pip(venv, *ask, *wanted), "finding the packages")
        found = packages_of(json.loads(report.read_text()))
        return [package for package in found if package.name not in UNUSED]


# Making it


def make_venv(venv: Path) -> None:
    """An empty environment with a new pip in it, also where Debian has left ensurepip out of Python."""
    shutil.rmtree(venv, ignore_errors=True)
    newest = pin_of("pip", pins(ROOT))  # an old one would download whole wheels only to read their metadata
    if run(sys.executable, "-m", "venv", str(venv)).returncode == 0:
        must(pip(venv, "install", newest), "installing pip")
        return
    bare = run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv))
    if bare.returncode:
        reason = (bare.stdout + bare.stderr).strip().splitlines()[-1:]
        raise SetupError(f"{sys.executable} could not make {venv}: {''.join(reason) or 'it did not say why'}")
    library = next((venv / "lib").glob("python3.*/site-packages"))
    outside = run(sys.executable, "-m", "pip", "-qq", "install", "--target", str(library), newest)
    if outside.returncode:
        version = "{}.{}".format(*sys.version_info)
        raise SetupError(
            f"Python {version} ({sys.executable}) has neither a working ensurepip nor a working pip: "
            f"on Debian and Ubuntu, apt-get install python{version}-venv"
        )


def plan(venv: Path, folder: Path, torch_asked: str) -> tuple[list[Package], Path]:
    """Every package with its exact version, one torch among them, and the constraints that hold for them."""
    kept = pins(ROOT, torch_asked=torch_asked)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(kept) + "\n")
    say("looking up what has to be downloaded …")
    torch = torch_asked or cpu_build(venv, pin_of("torch", kept))
    packages = resolve(venv, [torch, *requirements(ROOT)], constraints)
    say(describe(packages))
    if not torch_asked and any(package.name.startswith("nvidia-") for package in packages):
        say(
            "the index at hand has no CPU build of torch for this Python, so the build with CUDA comes; "
            "GAINSTAGE_TORCH names another torch, GAINSTAGE_PYTHON another Python"
        )
    return packages, constraints


def cpu_build(venv: Path, pinned: str) -> str:
    """The CPU build of the pinned torch where the index at hand has one, else what the index has."""
    found = pip(venv, *LOOK_ONLY, "--no-deps", f"{pinned}+cpu").returncode == 0
    return f"{pinned}+cpu" if found else pinned


def install(venv: Path, packages: list[Package], constraints: Path) -> None:
    """Install exactly the plan: nothing is resolved again, so that nothing can pull a second torch."""
    large = [package.requirement for package in packages if package.is_large]
    small = [package.requirement for package in packages if not package.is_large]
    exact = ["install", "--no-deps", *WHEELS, *held_to(constraints)]
    say(f"installing {len(large)} large packages …")
    must(pip(venv, *exact, *large, show=True), "installing")
    say(f"installing {len(small)} small packages …")
    must(pip(venv, *exact, *small), "installing")
    must(pip(venv, "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)), "installing gainstage")


def make(venv: Path, torch_asked: str) -> None:
    started = time.monotonic()
    if users := users_of(venv):
        raise SetupError(
            f"{venv} has to be made anew, but process {', '.join(users)} still runs from it; "
            "wait for it to end, or stop it"
        )
    make_venv(venv)
    with tempfile.TemporaryDirectory() as folder:
        packages, constraints = plan(venv, Path(folder), torch_asked)
        install(venv, packages, constraints)
    stamp = fingerprint(ROOT) | {"torch": torch_asked, "packages": [p.requirement for p in packages]}
    (venv / STAMP).write_text(json.dumps(stamp, indent=1) + "\n")
    say(f"ready after {time.monotonic() - started:.0f} s")


def only_plan(torch_asked: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder) / "venv"
        make_venv(venv)
        packages, _ = plan(venv, Path(folder), torch_asked)
        for package in packages:
            print(package.requirement)


def main(arguments: list[str]) -> None:
    torch_asked = os.environ.get("GAINSTAGE_TORCH", "")
    if arguments == ["--plan"]:
        only_plan(torch_asked)
        return
    venv = ROOT / ".venv"
    lock = os.open(ROOT, os.O_RDONLY)  # two commands started at once: the second waits and reuses
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another command that is making it …")
        fcntl.flock(lock, fcntl.LOCK_EX)
    reason = why_remake(venv, ROOT, os.environ)
    if not reason:
        say("the one in .venv is whole")
    else:
        version = "{}.{}.{}".format(*sys.version_info)
        say(f"making it in .venv with Python {version} ({reason})")
        make(venv, torch_asked)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(f"environment: {error}")
    except KeyboardInterrupt:
        sys.exit("environment: stopped; the next run makes it anew")
    except OSError as error:
        sys.exit(f"environment: {error.strerror or error}: {error.filename or ROOT}")

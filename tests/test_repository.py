"""What must hold of the repository as a whole: documents, layers, the wheel, pins, licences, the README."""

import importlib.metadata as metadata
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.scripts.loading import load_script

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_OURS = {"__pycache__", "runs", "outputs", "wandb", "dist", "build"}  # beside what starts with a dot
TEXT = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".sh", ".ipynb", ".html", ".css", ".js", ""}


def our_files() -> Iterator[Path]:
    """Every text file that we write; walked, not asked of git, which a fresh machine may lack."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in NOT_OURS and (not f.startswith(".") or f == ".ci")]
        yield from (Path(folder) / name for name in files if Path(name).suffix in TEXT)


# Layers, words


def test_imports_point_down_only() -> None:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    lint = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_no_path_of_one_machine_and_no_package_index_is_named() -> None:
    machine = re.compile(r"(?<![\w.~/:}>-])/(?:home|root|Users|work|opt|mnt|tmp)/\w")
    index = re.compile(r"pypi\.org|pythonhosted\.org|deb\.debian\.org|download\.pytorch\.org|registry\.npmjs")
    named = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in our_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if machine.search(line) or index.search(line)
    ]
    assert not named, "\n".join(named)


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LOG.md", "data/README.md"]
)
def test_files_that_a_document_names_are_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)\s#]+)", text)
    top = "src|scripts|tests|configs|data|docs|notebooks|benchmarks|\\.ci"
    quoted = re.findall(rf"`((?:{top})/[\w./-]+)`", text)
    missing = [name for name in [*quoted] if not (ROOT / name).exists()]
    missing += [name for name in links if not (ROOT / document).parent.joinpath(name).exists()]
    assert not missing


# The README and CI


def test_every_command_of_the_readme_stands_where_ci_finds_it() -> None:
    readme = load_script("run_readme")
    bash = [text for language, text in readme.blocks(README) if language == "bash"]
    in_blocks = [line for text in bash for line in text.splitlines()]
    command = re.compile(r"^\s*(?:\$ )?(?:gainstage|bash|python3?|pip|source|git) .*", re.MULTILINE)
    without_python = re.sub(r"^```python\n.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    loose = [line for line in command.findall(without_python) if line not in in_blocks]
    assert not loose, f"stand outside a ```bash block, so CI does not run them: {loose}"
    assert sum(line.startswith("gainstage ") for line in in_blocks) >= 3


def test_ci_runs_the_scripts_that_the_readme_leaves_to_it() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    scripts = set(re.findall(r"^bash (scripts/\w+\.sh)", README, re.MULTILINE))
    assert {"scripts/quickstart.sh", "scripts/test.sh"} <= scripts
    called = {*re.findall(r"^bash (scripts/\w+\.sh)", ci, re.MULTILINE)}
    assert scripts <= called
    for script in ("run_readme.py", "run_notebooks.py"):
        assert re.search(rf"^\S*python scripts/{script}$", ci, re.MULTILINE)


def test_readme_commands_keep_their_order_and_stop_at_the_first_failure(tmp_path: Path) -> None:
    readme = load_script("run_readme")
    markdown = (
        "```bash\nbash scripts/quickstart.sh\necho one > a.txt\necho 'two \\\n$HOME' >> a.txt\n```\n"
        "```python\nprint(open('a.txt').read().count('two'))\n```\n"
        "```text\necho never > b.txt\n```\n"
        "```bash\nfalse\necho never > b.txt\n```\n"
    )
    script = readme.as_script(markdown)
    environ = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 1
    assert "\n1\n" in done.stdout  # the Python block saw what the first block wrote
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt"]


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_wheel_holds_code_configs_and_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in (source / "gainstage").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {
        f"gainstage/configs/{path.relative_to(ROOT / 'configs').as_posix()}"
        for path in (ROOT / "configs").rglob("*.yaml")
    }
    assert not wanted - names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"gainstage"}


def test_an_installed_wheel_finds_its_configs_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "site packages"
    zipfile.ZipFile(wheel).extractall(installed)
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import gainstage\n"
        "print(gainstage.__file__)\n"
        "print(len(gainstage.named('default').tracks))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    file, strips = done.stdout.split("\n")[:2]
    assert Path(file).is_relative_to(installed)
    assert int(strips) > 0


# Pins and licences


def closure(*roots: str) -> set[str]:
    """The names of all distributions that these requirements need and we install, themselves included."""
    unused = load_script("environment").UNUSED
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(root) for root in roots]
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset({"", *requirement.extras})
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for needed in map(Requirement, metadata.requires(name) or []):
            wanted = not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in extras)
            if wanted and canonicalize_name(needed.name) not in unused:
                waiting.append(needed)
    return {name for name, _ in seen}


@cache
def pins(torch_asked: str = "") -> dict[str, Requirement]:
    lines = load_script("environment").pins(ROOT, torch_asked=torch_asked)
    return {canonicalize_name(line.name): line for line in map(Requirement, lines)}


def test_everything_installed_is_pinned_exactly_and_is_what_is_installed() -> None:
    assert all([s.operator for s in line.specifier] == ["=="] for line in pins().values())
    assert str(pins()["torch"].specifier) == "==2.13.0"
    needed = closure("gainstage[dev]", "hatchling", "editables") - {"gainstage"}
    if not pins()["torch"].specifier.contains(metadata.version("torch")):  # made with GAINSTAGE_TORCH
        needed -= closure("torch") - set(pins(torch_asked="another"))
    assert not needed - set(pins())
    assert not [name for name in needed if not pins()[name].specifier.contains(metadata.version(name))]


def licence(name: str) -> str:
    """The licence that a distribution declares: expression, classifiers, a line of text, or its file."""
    about = metadata.metadata(name)
    classifiers = [line for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    text = about.get("License", "").strip().splitlines()[:1]
    said = about.get("License-Expression") or "; ".join(classifiers) or "".join(text)
    files = [file for file in metadata.files(name) or [] if file.stem in ("LICENSE", "LICENCE", "COPYING")]
    return said or "".join(file.read_text(encoding="utf-8").strip().partition("\n")[0] for file in files[:1])


def test_no_dependency_is_under_the_gpl_and_each_says_its_licence() -> None:
    licences = {name: licence(name) for name in closure("gainstage")}
    assert licences["gainstage"] == "Apache-2.0"
    assert not [name for name, text in licences.items() if not text]
    # the lesser one (soxr) is for libraries that are called, as it is here
    gpl = re.compile(r"(?<!L)GPL|(?<!Lesser )General Public", re.IGNORECASE)
    assert not {name: text for name, text in licences.items() if gpl.search(text)}

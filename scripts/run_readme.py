"""Run every command and every Python example of the README, in order and as they stand there.

    python scripts/run_readme.py

They run in an empty folder that holds what the README takes for granted: `.venv`, and a song's stems in
`my_song` (built-in ones). Lines that start with `bash scripts/` are left to .ci/run, which calls those
scripts itself; tests/test_repository.py checks that it does.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(markdown: str) -> list[tuple[str, str]]:
    """The fenced blocks in their order, as (language, text)."""
    return BLOCK.findall(markdown)


def as_script(markdown: str) -> str:
    """One bash script that says and runs them all, and stops at the first that fails."""
    lines = ["set -euo pipefail"]
    for language, text in blocks(markdown):
        if language == "python":
            lines += ["echo '+ python'", "python - <<'END_OF_PYTHON'", text + "END_OF_PYTHON"]
            continue
        commands = text.replace("\\\n", " ").splitlines()
        for command in (line for line in commands if line.strip() and not line.startswith("bash scripts/")):
            lines += [f"cat <<'END_OF_COMMAND'\n+ {command}\nEND_OF_COMMAND", command]
    return "\n".join(lines) + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="read me ") as folder:
        here = Path(folder)
        gainstage = Path(sys.executable).with_name("gainstage")
        what = ["--songs", "1", "--seconds", "8", "--no-mix"]
        play: list[str | Path] = [gainstage, "synth", *what, "--out", here / "played"]
        subprocess.run(play, check=True)
        shutil.copytree(next((here / "played").glob("*/stems")), here / "my_song")
        shutil.rmtree(here / "played")
        (here / ".venv").symlink_to(Path(sys.prefix))
        script = as_script((ROOT / "README.md").read_text(encoding="utf-8"))
        done = subprocess.run(["bash", "-c", script], cwd=here, stdin=subprocess.DEVNULL, check=False)
    sys.exit(f"the README's commands failed (exit {done.returncode})" if done.returncode else 0)


if __name__ == "__main__":
    main()

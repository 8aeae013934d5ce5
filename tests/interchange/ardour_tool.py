"""Ardour without a display: renders sessions, and loads and saves them."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.conftest import skip_or_fail

VERSIONS = (7, 8, 9)
TRIES = 3


def _tool(name: str) -> str:
    found = next((path for v in VERSIONS if (path := shutil.which(f"ardour{v}-{name}"))), None)
    if found is None:
        skip_or_fail(f"there is no ardour7-{name}, nor one of version 8 or 9")
    assert found is not None
    return found


def session_file(folder: Path) -> Path:
    """The one session in a target's folder."""
    (found,) = folder.glob("*/*.ardour")
    return found


def render(folder: Path, out: Path, rate: int) -> NDArray[np.float64]:
    """What Ardour makes of the session. It may crash when it is done: only the file counts.

    On a machine with too much to do its files now and then hold what lay in memory, numbers of 1e30: no mix
    has such samples, so it is asked again.

    Shape: → (samples, 2)
    """
    session = session_file(folder)
    command = [_tool("export"), "-b", "float", "-s", str(rate), "-o", out, session.parent, session.stem]
    for _ in range(TRIES):
        out.unlink(missing_ok=True)
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert out.is_file(), f"Ardour wrote nothing: {done.stdout[-2000:]} {done.stderr[-2000:]}"
        audio, found = soundfile.read(out, dtype="float64")
        assert found == rate
        if np.isfinite(audio).all() and np.abs(audio).max(initial=0.0) < 1e6:
            break
    return audio


def save(folder: Path, edits: str = "") -> None:
    """Load the session, do something to it in Ardour's Lua (the session is `s`), and save it."""
    session = session_file(folder)
    script = folder / "save.lua"
    script.write_text(
        f"""AudioEngine:set_backend("None (Dummy)", "", "")
local s = load_session([==[{session.parent}]==], [==[{session.stem}]==])
local function route(name) return s:route_by_name(name) end
local alone = PBD.GroupControlDisposition.NoGroup
{edits}
s:save_state("")
close_session()
quit()
"""
    )
    before = session.read_bytes()
    done = subprocess.run([_tool("lua"), script], capture_output=True, text=True, timeout=300, check=False)
    assert session.read_bytes() != before, (
        f"Ardour saved nothing: {done.stdout[-2000:]} {done.stderr[-2000:]}"
    )


def null_db(found: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """Power of the error over power of what is wanted. Shape: (samples, 2)."""
    assert found.shape == wanted.shape
    return float(10.0 * np.log10(np.square(found - wanted).sum() / np.square(wanted).sum() + 1e-40))

"""torchaudio is imported in one place, and its Python part works there without its compiled part."""

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

_BROKEN = """
import torch
def broken(path):
    raise OSError("libc10_cuda.so: cannot open shared object file")
torch.ops.load_library = broken
from gainstage.dsp.torchaudio_import import functional, torchaudio, transforms
print(functional.resample(torch.ones(1, 480), 48000, 44100).shape[-1])
print(*functional.melscale_fbanks(201, 0.0, 8000.0, 40, 16000).shape)
print(transforms.Spectrogram(n_fft=400)(torch.ones(1, 1600)).shape[-2])
try:
    functional.forced_align(torch.zeros(1, 2, 2), torch.ones(1, 1, dtype=torch.int32))
except RuntimeError as error:
    print(error)
import importlib.util
print(importlib.util.find_spec("torchaudio._extension").name)
"""

_ABSENT = """
import importlib.abc, sys
class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "torchaudio":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
try:
    import gainstage.dsp.torchaudio_import
except ModuleNotFoundError as error:
    print(error, [name for name in sys.modules if name.startswith("torchaudio")])
"""


def _run(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_python_part_works_where_the_compiled_part_does_not_load() -> None:
    length, mels, bins, refusal, extension = _run(_BROKEN)
    assert length == "441"
    assert mels == "201 40"
    assert bins == "201"
    assert "forced_align needs torchaudio's compiled part" in refusal
    assert extension == "torchaudio._extension"


def test_absent_torchaudio_is_an_import_error_that_leaves_nothing_behind() -> None:
    assert _run(_ABSENT) == ["torchaudio []"]


def test_nothing_else_imports_torchaudio() -> None:
    direct = re.compile(r"^[\s\"]*(import|from)\s+torchaudio\b", re.MULTILINE)
    files = [
        path
        for folder in ("src", "tests", "benchmarks", "scripts", "notebooks")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in {".py", ".ipynb"}
    ]
    assert REPOSITORY / "src/gainstage/dsp/torchaudio_import.py" in files
    assert [str(path) for path in files if direct.search(path.read_text(encoding="utf-8"))] == []

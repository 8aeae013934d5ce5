import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gainstage.data.synthetic import recurrences
from gainstage.kernels import biquad_cpu, dynamics_cpu
from gainstage.kernels.compile import stamp_of

_FILTER = """
import torch
from gainstage.kernels.biquad import biquad_cascade
coefficients = torch.tensor([0.5, 0.0, 0.0, -0.5, 0.0], dtype=torch.float64).expand(1, 1, 1, 5)
out, _ = biquad_cascade(torch.ones(1, 1, 3), coefficients, torch.zeros(1, 1, 1, 2, dtype=torch.float64))
print(out.flatten().tolist())
"""


@pytest.mark.parametrize("kernel", [biquad_cpu.forward, dynamics_cpu.backward, recurrences.pluck_string])
def test_a_kernel_is_as_new_as_the_newest_file_that_it_may_contain(kernel: Any) -> None:
    """Or it would go on with old machine code, its own or that of another file."""
    assert kernel._cache._cache_file._source_stamp == stamp_of(Path(kernel.py_func.__code__.co_filename))


def test_a_change_of_a_file_changes_the_stamp_of_its_kernels(tmp_path: Path) -> None:
    source = tmp_path / "loops.py"
    source.write_text("x = 1")
    before = stamp_of(source)
    source.write_text("x = 10")
    assert stamp_of(source) != before


def test_kernels_run_without_compilation() -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    script = "from gainstage.data.synthetic import recurrences"
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


@pytest.mark.slow
def test_says_once_that_it_compiles_and_is_silent_afterwards(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    messages = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", _FILTER], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout == "[0.5, 0.75, 0.875]\n"
        messages.append(done.stderr)
    assert messages[0].count("\n") == 1
    assert "compiling" in messages[0]
    assert messages[1] == ""

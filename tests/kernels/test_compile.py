import os
import subprocess
import sys
from pathlib import Path

import pytest

from gainstage.kernels import biquad_cpu, compile, compressor_cpu

_FILTER = """
import torch
from gainstage.kernels.biquad import biquad_cascade
coefficients = torch.tensor([0.5, 0.0, 0.0, -0.5, 0.0], dtype=torch.float64).expand(1, 1, 1, 5)
out, _ = biquad_cascade(torch.ones(1, 1, 3), coefficients, torch.zeros(1, 1, 1, 2, dtype=torch.float64))
print(out.flatten().tolist())
"""


def test_all_kernels_carry_the_date_of_the_newest_file() -> None:
    """Or a kernel would go on with the old code of another file that it contains."""
    for kernel in (biquad_cpu.forward, compressor_cpu.backward):
        assert kernel._cache._cache_file._source_stamp == compile._STAMP  # type: ignore[attr-defined]


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

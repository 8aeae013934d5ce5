import numpy as np
import pytest

from gainstage.kernels import lanes
from gainstage.kernels.simd import WIDTH


@pytest.mark.parametrize("rows", [1, 5, 8])
@pytest.mark.parametrize("samples", [0, 1, 7, 8, 17, 64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_reads_rows_into_lanes_and_writes_only_those_back(rows: int, samples: int, dtype: type) -> None:
    length, start = 70, 3
    audio = np.random.default_rng(0).standard_normal((rows, length)).astype(dtype)
    inside = np.zeros((64, WIDTH))
    lanes.read(audio.ravel(), start, length, rows, samples, inside.ravel(), 0)
    expected = audio[np.minimum(np.arange(WIDTH), rows - 1), start : start + samples].T
    assert (inside[:samples] == expected).all()
    assert not inside[samples:].any()
    back = np.zeros_like(audio)
    lanes.write(inside.ravel(), 0, samples, back.ravel(), start, length, rows)
    expected = np.zeros_like(audio)
    expected[:, start : start + samples] = audio[:, start : start + samples]
    assert (back == expected).all()

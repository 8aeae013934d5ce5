"""Gates and percentiles against plain loops over the blocks."""

import math

import numpy as np
import pytest
import torch

from gainstage.dsp.gating import (
    integrated_from_power,
    lufs_to_power,
    percentile,
    power_to_lufs,
    range_from_power,
)


def slow_gated(levels: np.ndarray, relative_lu: float) -> np.ndarray:
    """The levels that pass both gates, one at a time."""
    audible = [x for x in levels if x > -70]
    if not audible:
        return np.array([])
    mean = 10 * math.log10(sum(10 ** (x / 10) for x in audible) / len(audible))
    return np.array([x for x in audible if x > mean + relative_lu])


@pytest.fixture
def levels() -> np.ndarray:
    """Block loudnesses on both sides of every gate; one series all but silent, one silent."""
    levels = np.random.default_rng(3).uniform(-90, -10, (6, 200))
    levels[4, 1:] = -95
    levels[5] = -95
    return levels


def test_integrated_equals_the_loop(levels: np.ndarray) -> None:
    power = torch.tensor(10 ** ((levels + 0.691) / 10))
    for series, found in zip(levels, integrated_from_power(power), strict=True):
        kept = slow_gated(series, -10)
        expected = 10 * np.log10(np.mean(10 ** (kept / 10))) if len(kept) else -70.0
        assert float(found) == pytest.approx(expected, abs=1e-9)


def test_range_equals_the_loop(levels: np.ndarray) -> None:
    power = torch.tensor(10 ** ((levels + 0.691) / 10))
    for series, found in zip(levels, range_from_power(power), strict=True):
        kept = np.sort(slow_gated(series, -20))
        ranks = [math.floor((len(kept) - 1) * p + 0.5) for p in (0.1, 0.95)]
        expected = kept[ranks[1]] - kept[ranks[0]] if len(kept) else 0.0
        assert float(found) == pytest.approx(expected, abs=1e-9)


def test_percentile_of_none_is_zero_and_has_no_gradient() -> None:
    values = torch.tensor([[3.0, 1.0, 2.0], [5.0, 6.0, 7.0]], requires_grad=True)
    counted = torch.tensor([[True, True, True], [False, False, False]])
    found = percentile(values, counted, 0.5)
    assert found.tolist() == [2.0, 0.0]
    found.sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    assert percentile(values[:, :0], counted[:, :0], 0.5).tolist() == [0.0, 0.0]


def test_power_and_loudness_are_inverse() -> None:
    for lufs in (-119.0, -70.0, -23.0, 3.0):
        assert float(power_to_lufs(torch.tensor(lufs_to_power(lufs)).double())) == pytest.approx(
            lufs, abs=1e-5
        )
    assert float(power_to_lufs(torch.zeros(1))) == pytest.approx(-120.0, abs=1e-4)

"""Limits that bend: identity inside, bounds outside, no steps."""

import numpy as np
import pytest

from gainstage.engineer.smooth import ramp, soft_above, soft_limit, within


def test_small_values_pass_and_large_ones_are_bounded() -> None:
    assert soft_limit(0.01, 5.0) == pytest.approx(0.01, rel=1e-4)
    assert soft_limit(1e6, 5.0) == 5.0
    assert soft_limit(-1e6, 5.0) == -5.0


def test_soft_above_is_the_excess_far_from_the_bend() -> None:
    assert soft_above(10.0, 4.0, 0.5) == pytest.approx(6.0, abs=1e-4)
    assert soft_above(-10.0, 4.0, 0.5) == pytest.approx(0.0, abs=1e-9)
    assert soft_above(4.0, 4.0, 0.5) == pytest.approx(0.5 * np.log(2.0))
    assert soft_above(1e9, 0.0, 1e-3) == pytest.approx(1e9)


def test_ramp_runs_from_0_to_1_through_its_middle() -> None:
    assert ramp(3.0, 3.0, 1.0) == 0.5
    assert ramp(-1e9, 3.0, 1.0) == 0.0
    assert ramp(1e9, 3.0, 1.0) == 1.0


def test_within_passes_the_middle_and_bends_at_both_ends() -> None:
    assert within(100.0, 20.0, 500.0) == pytest.approx(100.0, rel=0.001)
    assert within(1.0, 20.0, 500.0) == pytest.approx(20.0, rel=0.001)
    assert within(1e9, 20.0, 500.0) == pytest.approx(500.0, rel=0.001)
    values = [within(f, 20.0, 500.0) for f in np.geomspace(2.0, 5000.0, 200)]
    assert np.all(np.diff(values) >= 0.0)

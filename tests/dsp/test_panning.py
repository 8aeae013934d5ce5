"""Pan laws: what each keeps constant, silence at the far side, finite gradients where peers give NaN."""

from typing import get_args

import pytest
import torch
from torch import Tensor

from gainstage.dsp.panning import PanLaw, balance_gains, pan_gains

LAWS: tuple[PanLaw, ...] = get_args(PanLaw)
SIDE_DB = {"sine": 3.0103, "linear": 6.0206, "-4.5dB": 4.5154, "ardour": 3.0}


def positions() -> Tensor:
    return torch.linspace(-1.0, 1.0, 201, dtype=torch.float64)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_centre_is_exactly_one(law: PanLaw, dtype: torch.dtype) -> None:
    for rows in (1, 3, 17):  # scalar and vector paths of the device's mathematics
        assert torch.equal(
            pan_gains(torch.zeros(rows, dtype=dtype), law=law), torch.ones(2, rows, dtype=dtype)
        )


@pytest.mark.parametrize("law", LAWS)
def test_the_far_side_is_silent_and_the_near_one_as_loud_as_its_law_says(law: PanLaw) -> None:
    left, right = pan_gains(torch.tensor([-1.0, 1.0], dtype=torch.float64), law=law)
    assert left[1].item() == 0.0
    assert right[0].item() == 0.0
    assert 20.0 * torch.log10(left[0]).item() == pytest.approx(SIDE_DB[law], abs=1e-3)
    assert right[1].item() == pytest.approx(left[0].item(), abs=1e-15)


@pytest.mark.parametrize("law", LAWS)
def test_left_and_right_mirror_each_other_and_rise_towards_their_side(law: PanLaw) -> None:
    left, right = pan_gains(positions(), law=law)
    torch.testing.assert_close(left, right.flip(0), atol=1e-14, rtol=0.0)
    assert (right.diff() > 0).all()


def test_sine_keeps_the_power() -> None:
    left, right = pan_gains(positions(), law="sine")
    torch.testing.assert_close(left**2 + right**2, torch.full_like(left, 2.0), atol=1e-13, rtol=0.0)


def test_linear_keeps_the_sum() -> None:
    left, right = pan_gains(positions(), law="linear")
    torch.testing.assert_close(left + right, torch.full_like(left, 2.0), atol=1e-15, rtol=0.0)


def test_minus_four_and_a_half_is_the_mean_in_db_of_sine_and_linear() -> None:
    product = pan_gains(positions(), law="sine") * pan_gains(positions(), law="linear")
    torch.testing.assert_close(pan_gains(positions(), law="-4.5dB"), product.sqrt(), atol=1e-14, rtol=0.0)


def test_ardour_has_the_gains_of_ardour() -> None:
    p, s = (positions() + 1.0) / 2.0, 2.0 - 4.0 * 10.0 ** (-3.0 / 20.0)
    expected = torch.stack([(1 - p) * (s * (1 - p) + 1 - s), p * (s * p + 1 - s)]) * 10.0 ** (3.0 / 20.0)
    torch.testing.assert_close(pan_gains(positions(), law="ardour"), expected, atol=1e-14, rtol=0.0)


@pytest.mark.parametrize("law", LAWS)
def test_gradients_are_exact_and_finite_at_the_very_ends(law: PanLaw) -> None:
    ends = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64, requires_grad=True)
    left, right = pan_gains(ends, law=law)
    (gradient,) = torch.autograd.grad((right - left).sum(), ends)
    step = 1e-6
    inside = ends.detach() * (1.0 - step)  # one-sided differences that stay within the range
    low, high = pan_gains(inside - step, law=law), pan_gains(inside + step, law=law)
    expected = ((high[1] - low[1]) - (high[0] - low[0])) / (2.0 * step)
    torch.testing.assert_close(gradient, expected, atol=1e-5, rtol=0.0)


def test_balance_keeps_the_near_channel_and_fades_the_far_one() -> None:
    left, right = balance_gains(torch.tensor([-1.0, -0.25, 0.0, 0.25, 1.0], dtype=torch.float64))
    assert left.tolist() == [1.0, 1.0, 1.0, 0.75, 0.0]
    assert right.tolist() == [0.0, 0.75, 1.0, 1.0, 1.0]


def test_balance_can_leave_the_centre_either_way() -> None:
    position = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    left, right = balance_gains(position)
    assert torch.autograd.grad(left, position, retain_graph=True)[0].item() == -0.5
    assert torch.autograd.grad(right, position)[0].item() == 0.5

"""Gains, faders and ramps against numpy and against their laws."""

import math

import numpy as np
import pytest
import torch

from gainstage.dsp.gain import apply_gain, db_to_gain, fader_gain, gain_to_db, ramp
from gainstage.kernels.grid import num_points


def test_db_is_twenty_times_the_logarithm() -> None:
    level_db = torch.linspace(-60.0, 48.0, 37, dtype=torch.float64)
    expected = np.power(10.0, level_db.numpy() / 20.0)
    np.testing.assert_allclose(db_to_gain(level_db).numpy(), expected, rtol=1e-14)
    np.testing.assert_allclose(gain_to_db(-db_to_gain(level_db)).numpy(), level_db.numpy(), atol=1e-12)
    assert db_to_gain(torch.zeros(3)).tolist() == [1.0, 1.0, 1.0]


def test_silence_reads_its_floor_with_a_finite_gradient() -> None:
    gain = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    level_db = gain_to_db(gain, floor_db=-120.0)
    level_db.sum().backward()
    assert level_db.item() == pytest.approx(-120.0)
    assert gain.grad is not None
    assert gain.grad.item() == 0.0


def test_a_fader_at_its_low_end_is_silent_and_can_come_back() -> None:
    gain_db = torch.tensor([-60.0, -59.0, 0.0], dtype=torch.float64, requires_grad=True)
    gain = fader_gain(gain_db, -60.0)
    gain.sum().backward()
    assert gain[0].item() == 0.0
    assert gain[1].item() == pytest.approx(10.0 ** (-59.0 / 20.0))
    expected = 10.0 ** (gain_db.detach() / 20.0) * math.log(10.0) / 20.0
    assert gain_db.grad is not None
    torch.testing.assert_close(gain_db.grad, expected)


@pytest.mark.parametrize("offset", [0, 1, 40, 63])
@pytest.mark.parametrize("num_samples", [0, 1, 24, 64, 65, 500])
def test_a_ramp_interpolates_linearly(offset: int, num_samples: int) -> None:
    points = torch.randn(2, num_points(500, 63), dtype=torch.float64)
    where = (offset + np.arange(num_samples)) / 64.0
    expected = [np.interp(where, np.arange(points.shape[-1]), row) for row in points.numpy()]
    np.testing.assert_allclose(ramp(points, offset, num_samples).numpy(), np.array(expected), atol=1e-12)


def test_a_ramp_in_pieces_has_the_same_bits() -> None:
    points = torch.randn(num_points(1000, 0))
    whole = ramp(points, 0, 1000)
    pieces, start = [], 0
    for length in (1, 62, 2, 0, 63, 64, 65, 300, 443):
        first, offset = divmod(start, 64)
        pieces.append(ramp(points[first : first + num_points(length, offset)], offset, length))
        start += length
    assert start == 1000
    assert torch.equal(torch.cat(pieces), whole)


def test_equal_points_give_exactly_that_number() -> None:
    number = torch.tensor([0.1])
    assert torch.equal(ramp(number.expand(4), 17, 100), ramp(number, 17, 100))


def test_a_ramp_has_exact_gradients() -> None:
    points = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: ramp(p, 30, 120), points)


def test_a_gain_applies_to_all_channels_in_the_dtype_of_the_audio() -> None:
    audio = torch.randn(2, 2, 100)
    gain = torch.tensor([[0.5], [2.0]], dtype=torch.float64)
    output = apply_gain(audio, gain)
    assert output.dtype == torch.float32
    assert torch.equal(output, audio * torch.tensor([0.5, 2.0])[:, None, None])

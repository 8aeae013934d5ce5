"""Delays by whole samples, in calls of any length."""

import pytest
import torch

from gainstage.dsp.delay_line import delayed, delayed_rows


@pytest.mark.parametrize("lengths", [[0, 1, 2, 3, 14], [20], [7, 13]])
@pytest.mark.parametrize("delay", [1, 5, 30])
def test_waiting_is_a_delay_whatever_the_calls(lengths: list[int], delay: int) -> None:
    signal, past, pieces = torch.randn(2, 2, 20), torch.zeros(2, 2, delay, dtype=torch.float64), []
    for here in signal.split(lengths, -1):
        piece, past = delayed(here, past)
        pieces.append(piece)
    late = torch.cat([torch.zeros(2, 2, delay), signal], -1)
    assert torch.equal(torch.cat(pieces, -1), late[..., :20])
    assert torch.equal(past, late[..., 20:].double())


@pytest.mark.parametrize("lengths", [[0, 1, 2, 3, 14], [20], [7, 13]])
def test_rows_have_delays_of_their_own(lengths: list[int]) -> None:
    signal, past, pieces = torch.randn(3, 2, 20), torch.zeros(3, 2, 9), []
    for here in signal.split(lengths, -1):
        piece, past = delayed_rows(here, past, [0, 9, 4])
        pieces.append(piece)
    late = torch.cat(pieces, -1)
    for row, delay in enumerate((0, 9, 4)):
        assert torch.equal(late[row, :, delay:], signal[row, :, : 20 - delay])
        assert not late[row, :, :delay].any()

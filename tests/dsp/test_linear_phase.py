"""Symmetric filters: the gain that was asked for, no delay, and the same for any blocks."""

import numpy as np
import pytest
import torch
from scipy.signal import freqz

from gainstage.dsp.linear_phase import filtered, zero_phase_taps

RATE = 44_100
HZ = torch.tensor([200.0, 1000.0, 5000.0])


def test_gain_is_what_was_asked_for_and_phase_is_none() -> None:
    gain_db = torch.tensor([[6.0, 0.0, -12.0], [0.0, 0.0, 0.0]])
    taps = zero_phase_taps(gain_db, HZ, num_taps=1001, sample_rate=RATE)
    assert torch.equal(taps, taps.flip(-1))
    at = np.array([60.0, 200.0, 1000.0, np.sqrt(1000.0 * 5000.0), 5000.0, 15_000.0])
    _, response = freqz(taps[0].double().numpy(), worN=at, fs=RATE)
    wanted = np.interp(np.log(at), np.log(HZ.numpy()), gain_db[0].numpy())
    np.testing.assert_allclose(20.0 * np.log10(np.abs(response)), wanted, atol=0.25)
    identity = torch.zeros(1001)
    identity[500] = 1.0
    torch.testing.assert_close(taps[1], identity, atol=1e-6, rtol=0.0)


@pytest.mark.parametrize("cuts", [[3000], [1, 999, 2000], [700, 0, 2300], [100] * 30])
def test_blocks_give_what_the_whole_gives_in_time(cuts: list[int]) -> None:
    taps = zero_phase_taps(
        torch.tensor([[6.0, 0.0, -12.0], [1.0, 2.0, 3.0]]), HZ, num_taps=501, sample_rate=RATE
    )
    audio = torch.randn(2, 2, 3000)
    found = torch.cat(list(filtered(torch.split(audio, cuts, -1), taps)), -1)
    wanted = [
        [np.convolve(c, t, mode="same") for c in row]
        for row, t in zip(audio.numpy(), taps.numpy(), strict=True)
    ]
    assert found.shape == audio.shape
    np.testing.assert_allclose(found.numpy(), np.array(wanted), atol=2e-5)


def test_no_blocks_give_none_and_an_even_filter_is_refused() -> None:
    taps = zero_phase_taps(torch.zeros(1, 3), HZ, num_taps=501, sample_rate=RATE)
    assert list(filtered([], taps)) == []
    with pytest.raises(ValueError, match="num_taps must be odd, got 500"):
        zero_phase_taps(torch.zeros(1, 3), HZ, num_taps=500, sample_rate=RATE)

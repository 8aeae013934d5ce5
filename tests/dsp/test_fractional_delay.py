"""Fractional delay: exact for whole delays, a true delay between them, smooth across them."""

import numpy as np
import pytest
import scipy.signal
import torch

from gainstage.dsp.fractional_delay import DELAY_TAPS, delay_rows


@pytest.mark.parametrize("delay", [0, 1, 6, 7, 50])
def test_a_whole_delay_is_a_shift(delay: int) -> None:
    audio = torch.randn(1, 2, 30, dtype=torch.float64)
    output = delay_rows(audio, torch.tensor([float(delay)]), length=30 + 50 + DELAY_TAPS)
    expected = torch.nn.functional.pad(audio, (delay, 50 + DELAY_TAPS - delay))
    torch.testing.assert_close(output, expected, atol=1e-14, rtol=0.0)


def test_rows_have_their_own_delay() -> None:
    audio, delays = torch.randn(3, 2, 100, dtype=torch.float64), torch.tensor([0.25, 40.5, 7.9])
    batch = delay_rows(audio, delays, length=200)
    for i in range(3):
        single = delay_rows(audio[i : i + 1], delays[i : i + 1], length=200)
        torch.testing.assert_close(single[0], batch[i], atol=1e-14, rtol=0.0)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_the_interpolator_is_flat_and_delays_all_frequencies_alike(fraction: float) -> None:
    impulse = torch.zeros(1, 1, 1, dtype=torch.float64)
    impulse[...] = 1.0
    delay = 20.0 + fraction
    kernel = delay_rows(impulse, torch.tensor([delay], dtype=torch.float64), length=64)[0, 0].numpy()
    normalised = np.linspace(0.01, 0.75, 50)
    _, response = scipy.signal.freqz(kernel, worN=np.pi * normalised)
    assert np.abs(20.0 * np.log10(np.abs(response))).max() < 0.15
    error = np.angle(response * np.exp(1j * np.pi * normalised * delay))
    assert np.abs(error).max() < 0.01


def test_value_and_slope_are_continuous_across_whole_delays() -> None:
    audio, weights = torch.randn(1, 1, 64).double(), torch.randn(120).double()

    def heard(delay: float) -> tuple[float, float]:
        delays = torch.tensor([delay], dtype=torch.float64, requires_grad=True)
        value = (delay_rows(audio, delays, length=120) * weights).sum()
        return value.item(), torch.autograd.grad(value, delays)[0].item()

    assert heard(9.0 - 1e-9) == pytest.approx(heard(9.0 + 1e-9), abs=1e-6)


def test_gradients_are_exact() -> None:
    audio = torch.randn(2, 2, 12, dtype=torch.float64, requires_grad=True)
    delays = torch.tensor([3.3, 8.75], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, d: delay_rows(a, d, length=40), (audio, delays))

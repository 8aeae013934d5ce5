"""Convolution against scipy's direct sum, at lengths where peers fail, and block by block."""

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from gainstage.dsp.convolution import convolve, convolve_block, fast_size
from gainstage.dsp.response import Response


def direct(audio: Tensor, response: Tensor) -> np.ndarray:
    """The defining sum, channel by channel, in float64."""
    rows = [
        np.convolve(a, r)
        for a, r in zip(audio.flatten(0, -2).numpy(), response.flatten(0, -2).numpy(), strict=True)
    ]
    return np.array(rows).reshape(*audio.shape[:-1], -1)


@pytest.mark.parametrize("samples", [1, 2, 3, 64, 99, 1000, 1001])
@pytest.mark.parametrize("taps", [1, 2, 3, 100, 777])
def test_every_length_equals_the_direct_sum(samples: int, taps: int) -> None:
    audio = torch.randn(2, 2, samples, dtype=torch.float64)
    response = torch.randn(2, 2, taps, dtype=torch.float64)
    np.testing.assert_allclose(convolve(audio, response).numpy(), direct(audio, response), atol=1e-11)


@pytest.mark.parametrize(("samples", "taps"), [(0, 5), (5, 0), (0, 0)])
def test_nothing_gives_nothing(samples: int, taps: int) -> None:
    assert convolve(torch.ones(2, 2, samples), torch.ones(2, 2, taps)).shape == (2, 2, 0)


def test_float32_is_exact_to_130_db_over_a_long_response() -> None:
    audio, response = torch.randn(1, 2, 50_001), torch.randn(1, 2, 30_000) * torch.linspace(1, 0, 30_000)
    expected = scipy.signal.fftconvolve(audio.double().numpy(), response.double().numpy(), axes=-1)
    error = convolve(audio, response).numpy() - expected
    assert 10.0 * np.log10(np.square(error).sum() / np.square(expected).sum()) < -130.0


def test_gradients_are_exact_to_both_and_through_broadcasting() -> None:
    audio = torch.randn(3, 2, 11, dtype=torch.float64, requires_grad=True)
    for shape in [(3, 2, 6), (1, 2, 7), (3, 1, 20), (1, 1, 1)]:
        response = torch.randn(shape, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(convolve, (audio, response))
    mono = torch.randn(3, 1, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(convolve, (mono, audio))


def test_gradients_of_a_block_reach_its_past_and_its_response() -> None:
    audio = torch.randn(2, 1, 9, dtype=torch.float64, requires_grad=True)
    taps = torch.randn(2, 1, 5, dtype=torch.float64, requires_grad=True)
    past = torch.randn(2, 1, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, t, h: convolve_block(a, Response(t), h), (audio, taps, past))


def test_a_second_derivative_is_refused_rather_than_wrong() -> None:
    audio = torch.randn(1, 1, 9, requires_grad=True)
    (gradient,) = torch.autograd.grad(
        convolve(audio, torch.randn(1, 1, 4)).square().sum(), audio, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@pytest.mark.parametrize("needs_grad", [False, True], ids=["overlap-save", "one transform"])
@pytest.mark.parametrize("taps", [1, 2, 500, 3001])
def test_blocks_of_any_size_equal_the_whole(taps: int, needs_grad: bool) -> None:
    audio, response = torch.randn(2, 2, 6000), torch.randn(2, 2, taps) / taps**0.5
    audio.requires_grad_(needs_grad)
    whole = convolve(audio, response)[..., :6000].detach()
    prepared, joined = Response(response), torch.nn.functional.pad(audio, (4000, 0))
    outputs, start = [], 0
    for length in (1, 0, 63, 64, 2, 1000, 4, 3000, 1866):
        past = joined[..., start : start + 4000]
        outputs.append(convolve_block(audio[..., start : start + length], prepared, past).detach())
        start += length
    assert start == 6000
    torch.testing.assert_close(torch.cat(outputs, -1), whole, atol=1e-5, rtol=0.0)


def test_a_signal_of_many_transforms_equals_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gainstage.dsp.convolution._LONG_BLOCK", 2048)
    audio, taps = torch.randn(1, 2, 10_007), torch.randn(1, 2, 300)
    output = convolve_block(audio, Response(taps), torch.zeros(1, 2, 299))
    torch.testing.assert_close(output, convolve(audio, taps)[..., :10_007], atol=1e-4, rtol=0.0)


def test_a_short_past_is_refused() -> None:
    with pytest.raises(ValueError, match="a response of 10 taps needs 9 samples of past, got 8"):
        convolve_block(torch.zeros(1, 1, 5), Response(torch.ones(1, 1, 10)), torch.zeros(1, 1, 8))


def test_fast_sizes_are_even_smooth_and_close() -> None:
    for minimum in (1, 2, 7, 1013, 65_537, 286_035):
        size = fast_size(minimum)
        assert minimum <= size <= 1.1 * minimum + 2
        assert size % 2 == 0
        for prime in (2, 3, 5):
            while size % prime == 0:
                size //= prime
        assert size == 1

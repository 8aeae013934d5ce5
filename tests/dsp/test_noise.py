"""Noise against its own definition in numpy's 32-bit arithmetic, and against what white noise must be."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from gainstage.dsp.noise import gaussian_noise, hash_word, noise_words, uniform_noise

LENGTH = 2**16


def hash_uint32(word: np.ndarray) -> np.ndarray:
    """The hash as its definition reads, in arithmetic that wraps by itself."""
    word = word ^ (word >> np.uint32(16))
    word = word * np.uint32(0x21F0AAAD)
    word = word ^ (word >> np.uint32(15))
    word = word * np.uint32(0x735A2D97)
    return word ^ (word >> np.uint32(15))


def correlation(first: Tensor, second: Tensor) -> float:
    return float((first * second).mean() / (first.square().mean() * second.square().mean()).sqrt())


def test_the_hash_is_its_definition_in_32_bits() -> None:
    words = np.concatenate(
        [np.arange(1000), 2**32 - 1 - np.arange(1000), np.random.default_rng(0).integers(0, 2**32, 100_000)]
    )
    expected = hash_uint32(words.astype(np.uint32)).astype(np.int64)
    assert np.array_equal(hash_word(torch.from_numpy(words)).numpy(), expected)
    assert hash_word(int(words[-1])) == expected[-1]


def test_the_hash_is_one_to_one() -> None:
    words = torch.arange(2**20)
    assert torch.unique(hash_word(words)).numel() == words.numel()


def test_the_stream_is_pinned() -> None:
    """Sessions name their noise by its seed: these numbers may never change.

    Made by hash_uint32 above: a = h(h(h(7) ^ 0) ^ 1), b = h(a ^ 0x9E3779B9), h(h(index ^ a) + b).
    """
    a = hash_uint32(hash_uint32(hash_uint32(np.array([7], np.uint32))) ^ np.uint32(1))
    b = hash_uint32(a ^ np.uint32(0x9E3779B9))
    expected = hash_uint32(hash_uint32(np.array([0, 1, 2**32 - 1], np.uint32) ^ a) + b)
    words = torch.cat([noise_words(0, 2, seed=7, stream=1), noise_words(-1, 1, seed=7, stream=1)])
    assert words.tolist() == expected.tolist() == [3670916913, 524781105, 3005553936]


@pytest.mark.parametrize("noise", [uniform_noise, gaussian_noise])
def test_any_stretch_is_part_of_the_whole(noise: Callable[..., Tensor]) -> None:
    whole = noise(-500, 3000, seed=3)
    assert torch.equal(noise(700, 100, seed=3), whole[1200:1300])
    assert noise(5, 0, seed=3).shape == (0,)


def test_the_power_and_the_range_are_as_said() -> None:
    uniform = uniform_noise(0, LENGTH, seed=1)
    gaussian = gaussian_noise(0, LENGTH, seed=1)
    assert uniform.square().mean().item() == pytest.approx(1.0 / 3.0, rel=0.02)
    assert gaussian.square().mean().item() == pytest.approx(1.0, rel=0.02)
    assert abs(uniform.mean().item()) < 0.01
    assert abs(gaussian.mean().item()) < 0.016  # four standard errors
    assert -1.0 < uniform.min() < -0.999
    assert 0.999 < uniform.max() < 1.0
    kurtosis = gaussian.pow(4).mean() / gaussian.square().mean() ** 2
    assert kurtosis.item() == pytest.approx(2.7, abs=0.1)


@pytest.mark.parametrize("seed", [0, 1, 2**40 + 1])
def test_noise_is_white(seed: int) -> None:
    noise = gaussian_noise(0, LENGTH, seed=seed)
    for lag in (1, 2, 3, 16, 64, 1024, 32_768):
        assert abs(correlation(noise[lag:], noise[:-lag])) < 5.0 / (LENGTH - lag) ** 0.5
    bands = torch.fft.rfft(noise).abs().square()[1:].reshape(64, -1).mean(-1)
    assert bands.max() / bands.min() < 1.6


def test_streams_and_seeds_are_strangers_at_every_lag() -> None:
    reference = gaussian_noise(0, LENGTH, seed=5, stream=0)
    others = [(5, 1), (5, 2), (6, 0), (4, 1), (5 + 2**32, 0), (0, 5)]
    for seed, stream in others:
        other = gaussian_noise(0, LENGTH, seed=seed, stream=stream)
        cross = torch.fft.irfft(torch.fft.rfft(reference) * torch.fft.rfft(other).conj()) / LENGTH
        assert cross.abs().max() < 6.0 / LENGTH**0.5  # the largest of 65 536 draws of standard error 1/√n

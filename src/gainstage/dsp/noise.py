"""Noise that is a pure function of (seed, stream, sample index): the same bits on every device and in numpy.

A generator that keeps a state gives other numbers on other devices, and for another length or batch. Here
each sample is the hash of its own index, so any stretch of any stream can be had alone and in any order.

The hash of a 32-bit word x, all arithmetic modulo 2^32 (two multiply-xorshift rounds; the constants were
found by a search for the least avalanche bias, see References):

    x ^= x >> 16;  x *= 0x21F0AAAD;  x ^= x >> 15;  x *= 0x735A2D97;  x ^= x >> 15

The word of a sample is hash(hash(index ^ a) + b), with two keys a and b hashed from seed and stream. One
round alone would make all streams the same sequence in another order (index ^ a only permutes them).

References:
    C. Wellons, "Prospecting for hash functions", 2018, and its table of two-round hashes (public domain).
"""

import math
from typing import TypeVar

import torch
from torch import Tensor

_Word = TypeVar("_Word", int, Tensor)
_MASK = 0xFFFFFFFF
# The sum of four independent integers, each uniform on 0 … 2^16 − 1
_SUM_MEAN = 2.0 * (2**16 - 1)
_SUM_DEVIATION = math.sqrt(4.0 * (2.0**32 - 1.0) / 12.0)


def hash_word(word: _Word) -> _Word:
    """The hash of 32-bit words (see the head of this file).

    Both constants are below 2^31, so products of a word and a constant fit int64, which torch has everywhere.

    Args:
        word: in 0 … 2^32 − 1; a number, or an int64 tensor.

    Shape: any → the same.
    """
    word = word ^ (word >> 16)
    word = (word * 0x21F0AAAD) & _MASK
    word = word ^ (word >> 15)
    word = (word * 0x735A2D97) & _MASK
    return word ^ (word >> 15)


def noise_words(start: int, count: int, *, seed: int, stream: int) -> Tensor:
    """Random 32-bit words number start … start + count − 1 of a stream, as int64.

    Args:
        start: index of the first word; negative ones are as good (indices count modulo 2^32).
        count: number of words.
        seed: 0 … 2^64 − 1.
        stream: which of the independent streams of a seed, such as a channel.

    Shape: (count,)
    """
    first_key = hash_word(hash_word(hash_word(seed & _MASK) ^ (seed >> 32 & _MASK)) ^ (stream & _MASK))
    second_key = hash_word(first_key ^ 0x9E3779B9)  # any constant: only that the keys differ matters
    index = torch.arange(start, start + count, dtype=torch.int64) & _MASK
    return hash_word((hash_word(index ^ first_key) + second_key) & _MASK)


def uniform_noise(start: int, count: int, *, seed: int, stream: int = 0) -> Tensor:
    """White noise, uniform in −1 … 1, float64; its power is 1/3.

    Args and shape as `noise_words`.
    """
    words = noise_words(start, count, seed=seed, stream=stream)
    return (words.double() + 0.5) * 2.0**-31 - 1.0


def gaussian_noise(start: int, count: int, *, seed: int, stream: int = 0) -> Tensor:
    """White noise, close to Gaussian, of power 1, float64.

    A sample is the sum of four 16-bit halves of two words (Irwin–Hall, within ±3.46, excess kurtosis −.3):
    integer arithmetic and one rounding, where Box–Muller would differ by device in the last bits of its log
    and cosine.

    Args and shape as `noise_words`.
    """
    words = noise_words(2 * start, 2 * count, seed=seed, stream=stream)
    total = ((words >> 16) + (words & 0xFFFF)).reshape(count, 2).sum(-1)
    return (total.double() - _SUM_MEAN) / _SUM_DEVIATION

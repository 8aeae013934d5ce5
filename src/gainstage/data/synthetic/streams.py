"""Random numbers for one purpose each, so that a song is the same in any process and any order of playing."""

import zlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.random import Generator

Option = TypeVar("Option")


def stream(seed: int, *purpose: str) -> Generator:
    """A generator of its own for every (seed, purpose).

    What one instrument draws never moves what another one draws: adding a part to a song leaves the others as
    they were.
    """
    words = tuple(zlib.crc32(word.encode()) for word in purpose)
    return Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=words)))


def between(rng: Generator, low: float, high: float) -> float:
    """Uniform between two positive values on a logarithmic scale: right for Hz, ms and decay times."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def pair_of(rng: Generator, options: Sequence[Option]) -> tuple[Option, Option]:
    """One option for quiet sections and one for loud ones; half the time the same."""
    quiet, loud = (options[int(rng.integers(len(options)))] for _ in range(2))
    return quiet, quiet if happens(rng, 0.5) else loud


def happens(rng: Generator, chance: float) -> bool:
    """True with the given chance."""
    return bool(rng.random() < chance)

"""What an evaluation found: a row for every song and system, and the sound of a few songs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gainstage.metrics.metric import Metric

TARGET = "target"
"""The name under which the targets' own measures stand beside the systems."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Row:
    """One song by one system.

    Args:
        song: its name.
        system: who mixed it; `target` for the mix to come near to.
        values: metric → value, the mean over draws where a system draws; of the target measures only.
        is_dual_mono: left and right are alike in the estimate or in the target, so S means nothing.
    """

    song: str
    system: str
    values: Mapping[str, float]
    is_dual_mono: bool


@dataclass(frozen=True, eq=False)
class Excerpt:
    """The same passage of one song by all systems, each at −20 LUFS over the whole song.

    Args:
        song: its name.
        sample_rate: in Hz.
        takes: `target` and systems → samples.

    Shape: takes (2, samples) each.
    """

    song: str
    sample_rate: int
    takes: Mapping[str, Samples]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Systems × songs.

    Args:
        systems: their names, in the order in which they were given.
        metrics: what was measured.
        rows: songs in the order of their content, of each the target and then the systems.
        skipped: songs that could not be evaluated, a sentence each.
        excerpts: a few songs to listen to.
        seconds: what took how long for a song, in seconds on average: `loading`, and each system with its
            rendering and comparing.
        seed: of the moves and of the bootstrap.
        warnings: what has to be known of the songs before anything is read from the numbers.
    """

    systems: tuple[str, ...]
    metrics: tuple[Metric, ...]
    rows: tuple[Row, ...]
    skipped: tuple[str, ...]
    excerpts: tuple[Excerpt, ...]
    seconds: Mapping[str, float]
    seed: int
    warnings: tuple[str, ...] = ()

    @property
    def songs(self) -> tuple[str, ...]:
        """The names of the songs that were evaluated."""
        return tuple(dict.fromkeys(row.song for row in self.rows))

    def of(self, system: str) -> tuple[Row, ...]:
        """The rows of one system, a song each, always in the same order.

        Raises:
            ValueError: there is no such system.
        """
        rows = tuple(row for row in self.rows if row.system == system)
        if not rows:
            raise ValueError(f"there is no system '{system}'; there are {', '.join(self.systems)}")
        return rows

    def values(self, system: str, metric: str) -> NDArray[np.float64]:
        """One metric of one system, a value a song; NaN where it is not defined."""
        return np.array([row.values.get(metric, np.nan) for row in self.of(system)], dtype=np.float64)

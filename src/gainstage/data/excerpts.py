"""Which excerpt of which song an index means: a pure function of (seed, index).

Workers, resuming and several machines then only choose indices: item 70 000 of seed 3 is the same excerpt
whoever loads it, and after a stop training goes on with the indices that are left.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gainstage.data.augment import AugmentSettings
from gainstage.data.levels import POLICIES, LevelPolicy
from gainstage.kernels.grid import GRID

_ENOUGH = 0.5  # share of a song's tracks that should be heard in an excerpt


@dataclass(frozen=True)
class ExcerptSettings:
    """How much of a song an item holds.

    Args:
        seconds: of audio that is scored.
        pre_roll_seconds: rendered before it and not scored, so that compressors and reverbs have settled.
        heard_seconds: passage round the excerpt that the encoder hears.
        audio_every: one item in so many brings audio to render; 0 = none does.
        candidates: places that are tried before a thinly played one is taken.
        together: arrangements of a song follow each other in runs of so many. They share tracks, and a batch
            hears a track once, which is most of what a step costs.
        most_tracks: an item has at most so many; 0 = all. Those too many are summed to submixes beside a mix,
            else left out (`gainstage.data.cast`).
        level: of the tracks: `lufs`, as the console stages them, or as published loaders, `peak` or `class`
            (`gainstage.data.levels`).
        augment: what is changed of the tracks.
    """

    seconds: float = 4.0
    pre_roll_seconds: float = 1.0
    heard_seconds: float = 20.0
    audio_every: int = 4
    candidates: int = 4
    together: int = 4
    most_tracks: int = 0
    level: LevelPolicy = "lufs"
    augment: AugmentSettings = field(default_factory=AugmentSettings)

    def __post_init__(self) -> None:
        if not (self.seconds > 0.0 and self.pre_roll_seconds >= 0.0 and self.heard_seconds > 0.0):
            raise ValueError(
                f"an excerpt needs a positive length and no negative pre-roll, got {self.seconds} s scored, "
                f"{self.pre_roll_seconds} s of pre-roll, {self.heard_seconds} s heard"
            )
        if self.audio_every < 0 or self.candidates < 1 or self.together < 1:
            raise ValueError(
                "audio_every must be 0 (no audio) or more, candidates and together 1 or more, got "
                f"{self.audio_every}, {self.candidates} and {self.together}"
            )
        if self.most_tracks < 0 or self.most_tracks == 1:
            raise ValueError(f"most_tracks is {self.most_tracks}; 2 or more are wanted, or 0 for all")
        if self.level not in POLICIES:
            raise ValueError(f"level is '{self.level}'; there are {', '.join(POLICIES)}")

    def pre_roll(self, sample_rate: int) -> int:
        """Samples of pre-roll, a multiple of 64."""
        return _on_grid(self.pre_roll_seconds * sample_rate)

    def num_samples(self, sample_rate: int) -> int:
        """Samples of an excerpt, pre-roll included, a multiple of 64."""
        return self.pre_roll(sample_rate) + _on_grid(self.seconds * sample_rate)


@dataclass(frozen=True)
class Draw:
    """What an index means.

    Args:
        row: the song.
        places: where the excerpt may lie, each from 0 (the song's start) to 1 (its end), in order of draw.
        has_audio: whether the item brings audio.
    """

    row: int
    places: tuple[float, ...]
    has_audio: bool


def draw(index: int, *, seed: int, rows: tuple[str, ...], settings: ExcerptSettings) -> Draw:
    """What an index means: every epoch of as many indices as rows shows each row once, in its own order.

    Args:
        index: from 0, without an end.
        seed: of everything that is drawn.
        rows: of each row, the song that it is an arrangement of.
        settings: how many places to draw, and which items have audio.
    """
    if index < 0:
        raise IndexError(f"excerpts are counted from 0, got {index}")
    epoch, position = divmod(index, len(rows))
    places = np.random.default_rng((seed, 1, index)).random(settings.candidates)
    has_audio = settings.audio_every > 0 and index % settings.audio_every == 0
    return Draw(
        int(_order(seed, epoch, rows, settings.together)[position]), tuple(places.tolist()), has_audio
    )


def start_at(place: float, *, song_samples: int, num_samples: int) -> int:
    """The first sample of an excerpt, a multiple of 64; 0 if the song is no longer than the excerpt."""
    latest = max(song_samples - num_samples, 0) // GRID
    return min(int(place * (latest + 1)), latest) * GRID


def best_start(starts: list[int], heard: Callable[[int], float]) -> int:
    """The first start that is played by enough of the tracks, else the best of all.

    Args:
        starts: candidates in order.
        heard: share of the tracks that play in the excerpt from a start.
    """
    shares: list[float] = []
    for start in starts:
        shares.append(heard(start))
        if shares[-1] >= _ENOUGH:
            return start
    return starts[int(np.argmax(shares))]


@lru_cache(maxsize=8)
def _order(seed: int, epoch: int, rows: tuple[str, ...], together: int) -> NDArray[np.int64]:
    """All rows, drawn in runs of one song each."""
    rng = np.random.default_rng((seed, 0, epoch))
    by_song: dict[str, list[int]] = {}
    for row in rng.permutation(len(rows)).tolist():
        by_song.setdefault(rows[row], []).append(row)
    runs = [of[i : i + together] for of in by_song.values() for i in range(0, len(of), together)]
    return np.array([row for run in rng.permutation(len(runs)) for row in runs[run]], dtype=np.int64)


def _on_grid(samples: float) -> int:
    return -(-round(samples) // GRID) * GRID

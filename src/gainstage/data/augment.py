"""What is changed of an excerpt so that a network hears more than there is: a pure function of (seed, index).

What may be changed depends on the target. A mix that somebody made contains every track as it is, so beside
it only those changes are right that a console can make good (a track's level) or that all tracks and the mix
undergo alike (polarity, swapped sides). Where the target is rendered from the tracks that come out of here,
each track may also be turned over, moved or left out by itself.
"""

from dataclasses import dataclass

import numpy as np

_FEWEST_TRACKS = 2


@dataclass(frozen=True)
class AugmentSettings:
    """How much is changed; by default nothing is.

    Pitch and tempo stay: the mix would have to change alike, and it would cost more than all other loading.

    Args:
        gain_db: each track is up to so much louder or softer than its staging says. Beside a mix only, and
            the item then has no known settings: those hold for staged tracks.
        flip_polarity: chance that polarity is turned over: of each track, or of all and the mix.
        swap_channels: chance that left and right change places, of all tracks, the mix and the panorama.
        shift_ms: a track moves by up to so much in time. Only tracks that are known to be free of bleed: the
            others would comb against what bleeds. Not beside a mix.
        drop: chance that a track is left out; two remain. Not beside a mix.
    """

    gain_db: float = 0.0
    flip_polarity: float = 0.0
    swap_channels: float = 0.0
    shift_ms: float = 0.0
    drop: float = 0.0

    def __post_init__(self) -> None:
        for name in ("flip_polarity", "swap_channels", "drop"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}; a chance between 0 and 1 is wanted")
        if not 0.0 <= self.gain_db <= 24.0 or not 0.0 <= self.shift_ms <= 20.0:
            raise ValueError(
                f"gain_db lies between 0 and 24 and shift_ms between 0 and 20, got {self.gain_db} and "
                f"{self.shift_ms}"
            )


@dataclass(frozen=True)
class Change:
    """What is changed of one excerpt.

    Args:
        gain_db: of each track.
        polarity: 1 or −1 of each track.
        shift_ms: of each track; positive is later.
        kept: which tracks remain.
        mix_polarity: 1 or −1 of the mix.
        swapped: whether left and right change places.
    """

    gain_db: tuple[float, ...]
    polarity: tuple[int, ...]
    shift_ms: tuple[float, ...]
    kept: tuple[bool, ...]
    mix_polarity: int
    swapped: bool


def draw_change(
    index: int, *, seed: int, bleeds: tuple[bool, ...], has_mix: bool, settings: AugmentSettings
) -> Change:
    """The changes of an excerpt.

    Every number is drawn whether it is used or not, so that turning one kind of change on leaves the others
    as they were.

    Args:
        index, seed: of the excerpt.
        bleeds: of each track, whether others may be heard in it.
        has_mix: whether the target is a mix that somebody made.
        settings: how much.
    """
    count, rng = len(bleeds), np.random.default_rng((seed, 2, index))
    gain = rng.uniform(-1.0, 1.0, count) * settings.gain_db
    flips, shifts, drops = rng.random(count), rng.uniform(-1.0, 1.0, count), rng.random(count)
    together, swap, order = rng.random(), rng.random(), rng.permutation(count)
    flipped = flips < settings.flip_polarity
    if has_mix:
        flipped = np.full(count, together < settings.flip_polarity)
    shift = np.where(np.array(bleeds) | has_mix, 0.0, shifts * settings.shift_ms)
    kept = np.full(count, True) if has_mix else drops >= settings.drop
    kept[order[:_FEWEST_TRACKS]] |= kept.sum() < _FEWEST_TRACKS
    return Change(
        gain_db=tuple((gain if has_mix else np.zeros(count)).tolist()),
        polarity=tuple(np.where(flipped, -1, 1).tolist()),
        shift_ms=tuple(shift.tolist()),
        kept=tuple(kept.tolist()),
        mix_polarity=-1 if has_mix and bool(flipped.all()) else 1,
        swapped=bool(swap < settings.swap_channels),
    )

"""Rooms for the inputs of a training: stems of wet sets have reverbs that no normalisation takes off.

A network that learns from wet stems and is then given dry ones hears something new. FxNorm puts a drawn
reverb on voices and other instruments before it normalises, so that the network learns to expect any room.

References:
    Martínez-Ramírez et al., ISMIR 2022 (see `gainstage.normalise.chain`), section 3.5.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gainstage.dsp.biquad import high_shelf, low_shelf
from gainstage.dsp.octaves import BANDS_HZ
from gainstage.kernels.biquad import biquad_cascade
from gainstage.processors.reverb import Reverb
from gainstage.roles import MUSDB_CLASS

_CLASSES = frozenset({"vocals", "other"})
_LOW_SHELF_HZ, _HIGH_SHELF_HZ, _Q = 600.0, 8500.0, 0.7
_AIR = (1.1, 1.1, 1.05, 1.0, 0.95, 0.85, 0.65, 0.45)  # decay of the octaves against that at 500 Hz … 1 kHz


@dataclass(frozen=True)
class Rooms:
    """Which rooms are drawn.

    Args:
        chance: that a stem of voice or other instruments gets one, 0 … 1.
        level_db: range of the level of the return against the stem.
        decay_s: range of the time in which it decays by 60 dB.
        pre_delay_ms: range of the silence before it.
        shelf_db: the return is turned down by up to so much below 600 Hz and above 8.5 kHz.
    """

    chance: float = 0.7
    level_db: tuple[float, float] = (-24.0, -8.0)
    decay_s: tuple[float, float] = (0.3, 2.5)
    pre_delay_ms: tuple[float, float] = (0.0, 40.0)
    shelf_db: float = 12.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.chance <= 1.0:
            raise ValueError(f"chance is {self.chance}; a number between 0 and 1 is wanted")
        for name in ("level_db", "decay_s", "pre_delay_ms"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} is a range, lowest first, got {low} and {high}")
        if self.decay_s[0] < 0.1 or self.decay_s[1] > 9.0 or self.pre_delay_ms[0] < 0.0:
            raise ValueError(f"decays lie between 0.1 and 9 s and delays from 0 ms up, got {self}")


def with_rooms(
    blocks: Iterable[Tensor], roles: Sequence[str], *, seed: int, sample_rate: int, rooms: Rooms | None = None
) -> Iterator[Tensor]:
    """Stems, some of them in rooms of their own: a pure function of the seed and the stem's row.

    The return runs beside the stem, so what is dry stays as it is. What rings behind the last block is cut.

    Args:
        blocks: of the stems of a song.
        roles: what each plays; drums and basses stay dry, as published.
        seed: 0 or more.
        sample_rate: in Hz.
        rooms: which are drawn.

    Shape: blocks (rows, 2, samples) → the same
    """
    rooms = rooms or Rooms()
    drawn = [_draw(rooms, role, (seed, row)) for row, role in enumerate(roles)]
    rows = [row for row, room in enumerate(drawn) if room is not None]
    reverbs = [(room.reverb, room.controls, room.shelves(sample_rate)) for room in drawn if room is not None]
    states: list[tuple[dict[str, Tensor], Tensor]] = []
    for block in blocks:
        if not states:
            states = [
                (
                    reverb.initial_state(1, 2, sample_rate=sample_rate, device=block.device),
                    torch.zeros(1, 2, 2, 2, dtype=torch.float64, device=block.device),
                )
                for reverb, _, _ in reverbs
            ]
        out = block.clone()
        for i, (row, (reverb, controls, shelves)) in enumerate(zip(rows, reverbs, strict=True)):
            wet, state = reverb.render(block[row, None], controls, states[i][0], sample_rate=sample_rate)
            shaped, filters = biquad_cascade(wet, shelves, states[i][1])
            states[i] = state, filters
            out[row] += shaped[0]
        yield out


@dataclass(frozen=True)
class _Room:
    reverb: Reverb
    controls: Tensor
    low_db: float
    high_db: float
    level_db: float

    def shelves(self, sample_rate: int) -> Tensor:
        """The filters of the return, its level among them. Shape: (1, 1, 2, 5)."""

        def number(value: float) -> Tensor:
            return torch.tensor(value, dtype=torch.float64)

        low = low_shelf(number(_LOW_SHELF_HZ), number(self.low_db), number(_Q), sample_rate)
        high = high_shelf(number(_HIGH_SHELF_HZ), number(self.high_db), number(_Q), sample_rate)
        low = torch.cat([low[..., :3] * 10.0 ** (self.level_db / 20.0), low[..., 3:]], -1)
        return torch.stack([low, high], -2)[None, None]


def _draw(rooms: Rooms, role: str, seed: tuple[int, int]) -> _Room | None:
    rng = np.random.default_rng(seed)
    if MUSDB_CLASS[role] not in _CLASSES or rng.random() >= rooms.chance:
        return None
    decay_s = float(np.exp(rng.uniform(*np.log(rooms.decay_s))))
    table = [1.0, float(rng.uniform(*rooms.pre_delay_ms))]
    table += [max(decay_s * share, 0.1) for share in _AIR] + [0.0] * len(BANDS_HZ)
    low_db, high_db = (-float(x) for x in rng.uniform(0.0, rooms.shelf_db, 2))
    controls = torch.tensor(table, dtype=torch.float64)[None, None]
    return _Room(
        Reverb(int(rng.integers(1 << 31))), controls, low_db, high_db, float(rng.uniform(*rooms.level_db))
    )

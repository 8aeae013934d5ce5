"""How far attacks stand out of a track: what a compressor takes away first.

FxNorm looks at the peaks of onsets in a stem whose highest peak was set to −10 dBFS, which says how even the
peaks are, and not how high they stand: a compressed stem with one loud stroke looks dynamic. Here the highest
quarter of the attacks is set against the level that the track has while it plays. An attack is as high as its
loudest 10 ms: sample peaks would judge by the click that a slow compressor lets through.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainstage.dsp.onsets import ENVELOPE_HZ, onset_points

Array = NDArray[np.float64]

_AFTER = 6  # points of 10 ms after an onset in which its peak lies
_ENOUGH = 8  # onsets; a track with fewer is judged by all that it plays
_MOMENT = 40  # points of 10 ms
_ACTIVE_DB = 20.0
_HIGHEST = 0.75  # quantile of the attacks from which they count


class PunchMeter:
    """Keeps the energy of every 10 ms of rows that come block by block: 800 bytes a second and row.

    Args:
        sample_rate: in Hz.
    """

    def __init__(self, *, sample_rate: int) -> None:
        self._step = round(sample_rate / ENVELOPE_HZ)
        self._pending: Tensor | None = None
        self._energy: list[Tensor] = []

    def update(self, block: Tensor) -> None:
        """Hear more. Shape: (rows, channels, samples)."""
        audio = block if self._pending is None else torch.cat([self._pending, block], -1)
        whole = audio.shape[-1] // self._step * self._step
        self._pending = audio[..., whole:].clone()
        points = audio[..., :whole].unflatten(-1, (-1, self._step))
        self._energy.append(points.square().mean((1, 3)).double())

    def result(self) -> tuple[Tensor, Tensor]:
        """Punch and level of each row; NaN and −200 where there is nothing.

        Returns:
            Mean of the highest quarter of attacks in dB above the level, and that level: mean square while
            the 400 ms around are within 20 dB of the loud ones, in dBFS.

        Shape: (rows,) each, float64
        """
        found = [_punch(row) for row in torch.cat(self._energy, -1).numpy()]
        return torch.tensor([p for p, _ in found]).double(), torch.tensor(
            [level for _, level in found]
        ).double()


def _punch(energy: Array) -> tuple[float, float]:
    # what plays is judged by 400 ms, so that the gaps between strokes are part of playing
    around = np.convolve(energy, np.full(_MOMENT, 1.0 / _MOMENT), mode="same")[: len(energy)]
    audible = around[around > 1e-14]
    if not audible.size:
        return float("nan"), -200.0
    loud = float(np.quantile(audible[audible >= 1e-5 * audible.max()], 0.95))
    active = around >= loud * 10.0 ** (-_ACTIVE_DB / 10.0)
    level = float(energy[active].mean())
    at = onset_points(energy, 0.01 * level)
    if len(at) >= _ENOUGH:
        padded = np.pad(energy, (0, _AFTER))
        attacks = np.max([padded[at + i] for i in range(_AFTER)], axis=0)
    else:
        attacks = energy[active]
    top = attacks[attacks >= np.quantile(attacks, _HIGHEST)]
    level_db = 10.0 * float(np.log10(level))
    return float(np.mean(10.0 * np.log10(np.maximum(top, 1e-14)))) - level_db, level_db

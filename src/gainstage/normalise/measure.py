"""What effect normalisation hears of stems: loudness, spectrum, punch, balance and width."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from gainstage.dsp.gain_staging import stage_meter
from gainstage.dsp.meter import LoudnessMeter
from gainstage.dsp.spectrum import band_centres_hz, band_matrix
from gainstage.dsp.stereo import FFT_SIZE, StereoMeter
from gainstage.normalise.punch import PunchMeter

BANDS_PER_OCTAVE = 6
BANDS_HZ = band_centres_hz(BANDS_PER_OCTAVE)
"""Where spectra are known, 20 Hz to 20 kHz."""

WIDTH_EDGES_HZ = (0.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 96000.0)
"""Edges of the octaves in which widths are known."""

FLOOR_DB = -80.0
_NOTHING = 1e-20
_MOST_IMBALANCE_DB = 20.0  # beyond that a channel is not quiet but absent


@dataclass(frozen=True)
class StemSounds:
    """What was heard of some stems.

    Args:
        loudness_lufs: of their active blocks; NaN where a stem is silent.
        punch_db: see `gainstage.normalise.punch`.
        level_db: of what plays, dBFS.
        spectrum_db: power in sixth-octave bands against the loudness, not below −80.
        left, right, mid, side: power in octaves.
        is_stereo: which have two different channels.

    Shape: loudness_lufs, punch_db, level_db and is_stereo (rows,), spectrum_db (rows, 61), the others
        (rows, 8); float64.
    """

    loudness_lufs: Tensor
    punch_db: Tensor
    level_db: Tensor
    spectrum_db: Tensor
    left: Tensor
    right: Tensor
    mid: Tensor
    side: Tensor
    is_stereo: Tensor

    @property
    def imbalance_db(self) -> Tensor:
        """Level of the right channel against the left, within ±20 dB. Shape: (rows,)."""
        difference_db = _db(self.right.sum(-1)) - _db(self.left.sum(-1))
        return difference_db.clamp(-_MOST_IMBALANCE_DB, _MOST_IMBALANCE_DB)

    @property
    def width_db(self) -> Tensor:
        """Power of the side against the middle in octaves, once left and right are balanced.

        With φ the similarity of the channels, 2·E[L·R] / (E[L²] + E[R²]), this is 10·log10((1 − φ)/(1 + φ)).
        Not below −40 dB. Shape: (rows, 8).
        """
        mid, side = balanced(self)
        return (_db(side) - _db(mid)).clamp(-40.0, 10.0)


def balanced(sounds: StemSounds) -> tuple[Tensor, Tensor]:
    """Power of middle and side once both channels have the same power; all of it in the middle if mono.

    With a gain a on the left and b on the right channel, |aL ± bR|² = a²L² + b²R² ± 2ab·LR, and LR is the
    difference of the powers of middle and side. Shape: (rows, 8) each.
    """
    left_gain, right_gain = balance_gains(sounds.imbalance_db)
    a, b = left_gain[:, None], right_gain[:, None]
    both, product = a.square() * sounds.left + b.square() * sounds.right, a * b * (sounds.mid - sounds.side)
    return (both / 4 + product / 2).clamp(min=0.0), (both / 4 - product / 2).clamp(min=0.0)


def balance_gains(imbalance_db: Tensor) -> tuple[Tensor, Tensor]:
    """Gains of left and right that give both the same power, the sum of which stays. Shape: (rows,) each."""
    ratio = 10.0 ** (imbalance_db / 10.0)  # right over left
    both = (1.0 + ratio) / 2.0
    return both.sqrt(), (both / ratio).sqrt()


class StemMeter:
    """Hears rows of stems block by block.

    Args:
        rows: how many.
        sample_rate: in Hz.
    """

    def __init__(self, rows: int, *, sample_rate: int) -> None:
        self._rate = sample_rate
        self._loudness = LoudnessMeter(rows, 2, sample_rate=sample_rate, true_peak=False)
        self._punch = PunchMeter(sample_rate=sample_rate)
        self._image = StereoMeter(rows, sample_rate=sample_rate)
        self._differs = torch.zeros(rows, dtype=torch.bool)

    def update(self, block: Tensor) -> None:
        """Hear more. Shape: (rows, 2, samples); a mono stem holds its signal twice."""
        self._loudness.update(block)
        self._punch.update(block)
        self._image.update(block)
        self._differs |= (block[:, 0] != block[:, 1]).any(-1)

    def result(self) -> StemSounds:
        """What was heard; nothing more may follow."""
        staged = stage_meter(self._loudness)
        loudness = torch.tensor(
            [float("nan") if s.loudness_lufs is None else s.loudness_lufs for s in staged]
        ).double()
        punch_db, level_db = self._punch.result()
        image = self._image.result()
        left, right, cross = (torch.from_numpy(x) for x in (image.left, image.right, image.cross))
        bands = torch.from_numpy(band_matrix(left.shape[-1], self._rate / FFT_SIZE, BANDS_PER_OCTAVE))
        octaves = _octaves(image.frequencies_hz)
        both, product = (left + right) @ octaves, 2.0 * cross @ octaves
        return StemSounds(
            loudness_lufs=loudness,
            punch_db=punch_db,
            level_db=level_db,
            spectrum_db=(_db((left + right) / 2 @ bands.T) - loudness.nan_to_num()[:, None]).clamp(
                min=FLOOR_DB
            ),
            left=left @ octaves,
            right=right @ octaves,
            mid=((both + product) / 4).clamp(min=0.0),
            side=((both - product) / 4).clamp(min=0.0),
            is_stereo=self._differs,
        )


def _octaves(frequencies_hz: np.ndarray) -> Tensor:
    """Which octave each bin belongs to. Shape: (bins, 8)."""
    inside = [(frequencies_hz >= low) & (frequencies_hz < high) for low, high in pairwise(WIDTH_EDGES_HZ)]
    return torch.from_numpy(np.stack(inside, axis=-1)).double()


def _db(power: Tensor) -> Tensor:
    return 10.0 * torch.log10(power.clamp(min=_NOTHING))

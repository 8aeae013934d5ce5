"""An impulse response that is used again and again: it remembers its spectra.

For a convolution in partitions it is cut into parts h_0, h_1, … of B samples. The input of one part, followed
by B zeros, times the spectrum G_j of the window (h_j, h_{j−1}) gives all that it adds to the output j parts
later, in the first half of a circle of 2B samples: what would reach back before the part meets h_{j−1}. (That
is overlap-save with signal and response exchanged; so a transform of the input depends on one part alone.)

References:
    F. Wefers, "Partitioned convolution algorithms for real-time auralization", RWTH Aachen, 2015,
    chapter 5.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.dsp.past import PART
from gainstage.kernels.partitions import TILE

BINS = PART + 8
"""Places for the PART + 1 bins of a spectrum; a multiple of 8."""


@dataclass(frozen=True)
class Partitions:
    """A response in partitions.

    Args:
        spectra: G_1, G_2, …; real parts, then imaginary parts.
        first_taps: float64, h_0 between `TILE` zeros on either side.
        stamps: a number for each row that another response does not have; never 0.

    Shape: spectra (rows, channels, partitions, 2, BINS), first_taps (rows, channels, TILE + PART + TILE)
    """

    spectra: Tensor
    first_taps: Tensor
    stamps: tuple[int, ...]

    @property
    def number(self) -> int:
        return self.spectra.shape[2]


@final
class Response:
    """An impulse response.

    Args:
        taps: the response. If it needs a gradient, nothing is remembered.

    Shape: taps (..., channels, taps), broadcast against the signal.
    """

    _KEPT = 2  # the size of the blocks and that of the last, shorter one

    def __init__(self, taps: Tensor) -> None:
        self.taps = taps
        self._spectra: dict[int, Tensor] = {}

    def spectrum(self, size: int) -> Tensor:
        """The spectrum at a transform size."""
        remembered = self._spectra.get(size)
        if remembered is not None:
            return remembered
        spectrum: Tensor = torch.fft.rfft(self.taps, size)
        if not self.taps.requires_grad:
            while len(self._spectra) >= self._KEPT:
                self._spectra.pop(next(iter(self._spectra)), None)
            self._spectra[size] = spectrum
        return spectrum

    @cached_property
    def partitions(self) -> Partitions:
        """The response in partitions, without gradients. Shape: taps (rows, channels, taps)"""
        taps = self.taps.detach()
        number = -(-taps.shape[-1] // PART)
        # h_{−1} = 0 is not part of it, h_number = 0 is: the last window is (0, h_{number−1})
        parts = pad(taps, (0, (number + 1) * PART - taps.shape[-1])).unflatten(-1, (number + 1, PART))
        windows = torch.cat((parts[..., 1:, :], parts[..., :-1, :]), -1)
        stamps = tuple(_stamp(row) for row in taps)
        return Partitions(spectra_of(windows), pad(parts[..., 0, :].double(), (TILE, TILE)), stamps)


def spectra_of(parts: Tensor) -> Tensor:
    """Transforms of 2·PART samples, those that are missing zeros: real parts, then imaginary parts.

    Shape: (..., 1 … 2·PART) → (..., 2, BINS)
    """
    planes = parts.new_zeros((*parts.shape[:-1], 2, BINS))
    transform(parts, planes)
    return planes


def transform(parts: Tensor, planes: Tensor) -> None:
    """Write them where there are zeros or older ones. Shape: (..., 1 … 2·PART), (..., 2, BINS)"""
    spectra = torch.fft.rfft(parts.to(planes.dtype), 2 * PART)
    planes[..., 0, : PART + 1], planes[..., 1, : PART + 1] = spectra.real, spectra.imag


def _stamp(row: Tensor) -> int:
    digest = hashlib.blake2b(row.contiguous().numpy().tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True) or 1

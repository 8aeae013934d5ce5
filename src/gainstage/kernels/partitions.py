"""Convolution in partitions, the parts that are not transforms: products of spectra, and the first taps."""

from typing import Any

from torch import Tensor

from gainstage.kernels import partitions_cpu
from gainstage.kernels.partitions_cpu import TILE

__all__ = ["TILE", "add_first_taps", "add_products"]


def add_products(
    total: Tensor, spectra: Tensor, responses: Tensor, *, newest: int, first: int, count: int
) -> None:
    """total += Σ responses[first + i]·spectra[newest − i] over i = 0 … count − 1, for each row and channel.

    Args:
        total: float64; it is added to in place.
        spectra, responses: float32 or float64; real parts, then imaginary parts.

    Shape: total (rows, channels, 2, bins), spectra (rows, channels, slots, 2, bins), responses
        (rows, channels, partitions, 2, bins); bins a multiple of 8.
    """
    rows, channels, slots, _, bins = spectra.shape
    partitions_cpu.add_products(
        total.view(-1).numpy(),
        _flat(spectra, responses),
        slots,
        newest,
        responses.view(-1).numpy(),
        responses.shape[2],
        first,
        count,
        bins,
        rows * channels,
    )


def add_first_taps(
    out: Tensor, coming: Tensor, recent: Tensor, taps: Tensor, *, at: int, start: int, count: int
) -> None:
    """out[at + i] = coming[start + i] + Σ taps[start + i − k]·recent[k] over k = 0 … start + i.

    Args:
        out: float32 or float64; `count` of its samples from `at` on are written.
        coming, recent: what else is heard, and the input, of one partition.
        taps: float64, with `TILE` zeros before and behind.

    Shape: out (rows, channels, samples), coming and recent (rows, channels, size), taps
        (rows, channels, TILE + size + TILE).
    """
    rows, channels, size = recent.shape
    partitions_cpu.add_first_taps(
        out.view(-1).numpy(),
        at,
        out.shape[-1],
        _flat(coming, out),
        _flat(recent, out),
        size,
        start,
        count,
        taps.view(-1).numpy(),
        rows * channels,
    )


def _flat(tensor: Tensor, like: Tensor) -> Any:
    return tensor.detach().to(like.dtype).contiguous().view(-1).numpy()

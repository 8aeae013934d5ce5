"""Loudness of audio by ITU-R BS.1770-4 and EBU R 128: integrated, momentary, short-term, and its range.

All of it is differentiable, batched over leading dimensions and computed with float64 filters and sums.
Nothing longer than the weighted signal is ever stored: its energy is summed once in *cells* of 10 ms, ten of
which make a *hop* of 100 ms, and every window is a sum of hops (or, for the maxima, of cells).

A mono signal counts as one channel, as the standard says. Played by two loudspeakers it is 3.01 LU louder;
pass `dual_mono=True` for that, as gain staging does. It changes nothing for two channels.
"""

from itertools import pairwise

import torch
from torch import Tensor

from gainstage.dsp.gating import integrated_from_power, power_to_lufs, range_from_power
from gainstage.dsp.k_weighting import initial_state, k_weight

CELLS_PER_HOP = 10
MOMENTARY_HOPS = 4
SHORT_TERM_HOPS = 30


def hop_length(sample_rate: int) -> int:
    """Samples in 100 ms, rounded to the nearest integer."""
    return (sample_rate + 5) // 10


def integrated_loudness(audio: Tensor, *, sample_rate: int, dual_mono: bool = False) -> Tensor:
    """How loud the whole signal is, pauses left out.

    Args:
        audio: one or two channels.
        sample_rate: in Hz, 4000 or more.
        dual_mono: count the only channel of a mono signal twice.

    Returns:
        LUFS, float64. A signal with nothing above −70 LUFS, or shorter than 400 ms, reads exactly −70 with a
        zero gradient, where other meters say −inf: a loss has to survive a silent item.

    Shape: (..., channels, samples) → (...)

    Raises:
        ValueError: neither one nor two channels, or too low a sample rate.

    References:
        ITU-R BS.1770-4, Annex 1.
    """
    return integrated_from_power(momentary_power(audio, sample_rate=sample_rate, dual_mono=dual_mono))


def momentary_power(audio: Tensor, *, sample_rate: int, dual_mono: bool = False) -> Tensor:
    """Mean K-weighted power, summed over channels, of the 400 ms blocks that start every 100 ms.

    A block that the end of the signal cuts short is left out.

    Args:
        audio, sample_rate, dual_mono: see `integrated_loudness`.

    Shape: (..., channels, samples) → (..., blocks), float64; no block if shorter than 400 ms
    """
    cells = cell_energy(audio, sample_rate=sample_rate, dual_mono=dual_mono)
    return window_power(cells.sum(-1), MOMENTARY_HOPS, hop_length(sample_rate))


def short_term_power(audio: Tensor, *, sample_rate: int, dual_mono: bool = False) -> Tensor:
    """Mean K-weighted power, summed over channels, of the 3 s windows that start every 100 ms.

    Args:
        audio, sample_rate, dual_mono: see `integrated_loudness`.

    Shape: (..., channels, samples) → (..., windows), float64; no window if shorter than 3 s
    """
    cells = cell_energy(audio, sample_rate=sample_rate, dual_mono=dual_mono)
    return window_power(cells.sum(-1), SHORT_TERM_HOPS, hop_length(sample_rate))


def momentary_loudness(audio: Tensor, *, sample_rate: int, dual_mono: bool = False) -> Tensor:
    """Loudness over 400 ms, every 100 ms; silence reads −120 LUFS.

    Args:
        audio, sample_rate, dual_mono: see `integrated_loudness`.

    Shape: (..., channels, samples) → (..., blocks), float64
    """
    return power_to_lufs(momentary_power(audio, sample_rate=sample_rate, dual_mono=dual_mono))


def short_term_loudness(audio: Tensor, *, sample_rate: int, dual_mono: bool = False) -> Tensor:
    """Loudness over 3 s, every 100 ms; silence reads −120 LUFS.

    Args:
        audio, sample_rate, dual_mono: see `integrated_loudness`.

    Shape: (..., channels, samples) → (..., windows), float64
    """
    return power_to_lufs(short_term_power(audio, sample_rate=sample_rate, dual_mono=dual_mono))


def loudness_range(audio: Tensor, *, sample_rate: int, dual_mono: bool = False) -> Tensor:
    """Loudness range (LRA) in LU: the distance between loud and quiet passages of three seconds.

    Args:
        audio, sample_rate, dual_mono: see `integrated_loudness`.

    Returns:
        LU; 0 if shorter than 3 s or silent. Under a minute the number rests on few independent windows.

    Shape: (..., channels, samples) → (...), float64

    References:
        EBU Tech 3342.
    """
    return range_from_power(short_term_power(audio, sample_rate=sample_rate, dual_mono=dual_mono))


def maximum_momentary_loudness(audio: Tensor, *, sample_rate: int, dual_mono: bool = False) -> Tensor:
    """The loudest 400 ms, wherever they start (to 10 ms).

    The series of `momentary_loudness` would miss up to .6 LU of a tone that starts between two of its blocks.

    Args:
        audio, sample_rate, dual_mono: see `integrated_loudness`.

    Shape: (..., channels, samples) → (...), float64; −120 LUFS if shorter than 400 ms
    """
    cells = cell_energy(audio, sample_rate=sample_rate, dual_mono=dual_mono).flatten(-2)
    return power_to_lufs(largest_window_power(cells, MOMENTARY_HOPS, hop_length(sample_rate)))


def maximum_short_term_loudness(audio: Tensor, *, sample_rate: int, dual_mono: bool = False) -> Tensor:
    """The loudest three seconds, wherever they start (to 10 ms).

    Args:
        audio, sample_rate, dual_mono: see `integrated_loudness`.

    Shape: (..., channels, samples) → (...), float64; −120 LUFS if shorter than 3 s
    """
    cells = cell_energy(audio, sample_rate=sample_rate, dual_mono=dual_mono).flatten(-2)
    return power_to_lufs(largest_window_power(cells, SHORT_TERM_HOPS, hop_length(sample_rate)))


def cell_energy(audio: Tensor, *, sample_rate: int, dual_mono: bool = False) -> Tensor:
    """Energy of the K-weighted signal, summed over channels, in cells of 10 ms, ten to a hop of 100 ms.

    Shape: (..., channels, samples) → (..., hops, 10), float64; an incomplete hop at the end is left out
    """
    channels, num_samples = audio.shape[-2:]
    check_channels(channels)
    whole = num_samples // hop_length(sample_rate) * hop_length(sample_rate)
    rows = audio[..., :whole].reshape(audio.shape[:-2].numel(), channels, whole)
    state = initial_state(rows.shape[0], channels, device=audio.device)
    weighted, _ = k_weight(rows, state, sample_rate=sample_rate)
    cells = energy_in_cells(weighted, sample_rate=sample_rate, dual_mono=dual_mono)
    return cells.reshape(*audio.shape[:-2], *cells.shape[-2:])


def energy_in_cells(weighted: Tensor, *, sample_rate: int, dual_mono: bool) -> Tensor:
    """Sum the squares of a weighted signal of whole hops in cells of 10 ms.

    Shape: (rows, channels, hops · hop) → (rows, hops, 10), float64
    """
    hop = hop_length(sample_rate)
    hops = weighted.reshape(*weighted.shape[:-1], weighted.shape[-1] // hop, hop)
    # Where 100 ms are no multiple of ten samples, cells differ by one sample; ten of them are a hop all the
    # same.
    edges = [i * hop // CELLS_PER_HOP for i in range(CELLS_PER_HOP + 1)]
    cells = [hops[..., a:b].square().sum(-1, dtype=torch.float64).sum(1) for a, b in pairwise(edges)]
    counted_twice = dual_mono and weighted.shape[1] == 1
    return torch.stack(cells, dim=-1) * (2.0 if counted_twice else 1.0)


def window_power(hop_energy: Tensor, hops: int, hop: int) -> Tensor:
    """Mean power of windows of so many hops, one starting at each hop.

    Shape: (..., n) → (..., max(n − hops + 1, 0))
    """
    if hop_energy.shape[-1] < hops:
        return hop_energy[..., :0]
    return hop_energy.unfold(-1, hops, 1).sum(-1) / (hops * hop)


def largest_window_power(cells: Tensor, hops: int, hop: int) -> Tensor:
    """Mean power of the most powerful window of so many hops, one starting at each cell; 0 if there is none.

    Shape: (..., n) → (...)
    """
    width = hops * CELLS_PER_HOP
    if cells.shape[-1] < width:
        return cells[..., :0].sum(-1)
    return cells.unfold(-1, width, 1).sum(-1).amax(-1) / (hops * hop)


def check_channels(channels: int) -> None:
    """Refuse anything but mono and stereo: the weights of surround channels are not built in.

    Raises:
        ValueError: neither one nor two channels.
    """
    if channels not in (1, 2):
        raise ValueError(
            f"loudness takes (..., channels, samples) with 1 or 2 channels, got {channels} channels; "
            "is the audio transposed?"
        )

"""Buses: weighted sums of the signals of many strips, which is most of what a mixing console does."""

from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gainstage.kernels import backend, lanes, mixdown_cpu, threads
from gainstage.kernels.grid import GRID, num_points

__all__ = ["Sums", "mixdown"]


def mixdown(audio: Tensor, weights: Tensor, counts: list[int], *, offset: int = 0) -> Tensor:
    """Sum strips into buses, each channel of each strip with a weight of its own for each channel of a bus.

    Args:
        audio: the signals of all items' strips, one item behind the other.
        weights: float64; one point, or a point every 64 samples between which they run straight.
        counts: how many strips each item has.
        offset: samples (0 … 63) since the first point.

    Returns:
        The sums, rounded once to the audio's dtype. Differentiable in audio and weights.

    Shape: audio (strips, channels, samples), weights (strips, channels, buses, points)
        → (items, buses, samples)
    """
    compiled = backend.has_compiled_kernels(audio.device)
    differentiable = torch.is_grad_enabled() and (audio.requires_grad or weights.requires_grad)
    if weights.shape[-1] == 1:
        still = weights[..., 0]
        return _still(audio, still, counts) if compiled else _products(audio, still, counts)
    if compiled and not differentiable:
        return _moving(audio, weights, counts, offset)
    return _moving_products(audio, weights, counts, offset)


class Sums:
    """The same sums for many calls, with weights that stand still and without gradients.

    Args:
        weights: float64, shape (strips, channels, buses).
        counts: how many strips each item has.
    """

    def __init__(self, weights: Tensor, counts: list[int]) -> None:
        self._weights, self._counts = weights.detach(), counts
        entries = self._weights.cpu().flatten(0, 1).numpy()
        self._firsts, self._taken, places = _lists(entries != 0.0, counts, weights.shape[1])
        self._kept = entries[self._taken, places]

    def of(self, audio: Tensor) -> Tensor:
        """Shape: (strips, channels, samples) → (items, buses, samples)"""
        if not backend.has_compiled_kernels(audio.device):
            return _products(audio, self._weights, self._counts)
        samples = audio.shape[-1]
        out = audio.new_empty((len(self._counts), self._weights.shape[2], samples))
        flat, stride = lanes.signals(audio)
        arrays = flat, stride, samples, self._kept, self._firsts, self._taken, out.view(-1).numpy()
        tiles, work = -(-samples // mixdown_cpu.TILE), mixdown_cpu.TILE * len(self._taken)
        threads.share(tiles, work, lambda start, stop: mixdown_cpu.still(*arrays, start, stop))
        return out


@torch.library.custom_op("gainstage::mixdown", mutates_args=(), device_types="cpu")
def _still(audio: Tensor, weights: Tensor, counts: list[int]) -> Tensor:
    return Sums(weights, counts).of(audio)


@_still.register_fake
def _(audio: Tensor, weights: Tensor, counts: list[int]) -> Tensor:
    return audio.new_empty((len(counts), weights.shape[2], audio.shape[-1]))


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor, list[int]], output: Tensor) -> None:
    del output
    audio, weights, ctx.counts = inputs
    ctx.save_for_backward(audio, weights)


def _differentiate(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
    """Two matrix products an item: ∂audio = weights · ∂out, ∂weights = audio · ∂outᵀ."""
    audio, weights = ctx.saved_tensors
    to_audio, to_weights = ctx.needs_input_grad[:2]
    parts = list(zip(audio.split(ctx.counts), weights.split(ctx.counts), grad, strict=True))
    grad_audio = grad_weights = None
    if to_audio:
        made = [(w.flatten(0, 1).to(g.dtype) @ g).reshape(a.shape) for a, w, g in parts]
        grad_audio = torch.cat(made) if made else torch.zeros_like(audio)
    if to_weights:
        found = [(a.flatten(0, 1) @ g.mT).double().reshape(w.shape) for a, w, g in parts]
        grad_weights = torch.cat(found) if found else torch.zeros_like(weights)
    return grad_audio, grad_weights, None


_still.register_autograd(_differentiate, setup_context=_keep)


def _moving(audio: Tensor, weights: Tensor, counts: list[int], offset: int) -> Tensor:
    out = audio.new_empty((len(counts), weights.shape[2], audio.shape[-1]))
    flat, stride = lanes.signals(audio)
    entries = weights.detach().flatten(0, 1).numpy()
    firsts, taken, places = _lists((entries != 0.0).any(-1), counts, audio.shape[1])
    kept = np.ascontiguousarray(entries[taken, places])
    arrays = flat, stride, audio.shape[-1], kept, firsts, taken, out.view(-1).numpy(), offset
    cells = num_points(audio.shape[-1], offset) - 1
    work = GRID * len(taken)
    threads.share(cells, work, lambda start, stop: mixdown_cpu.moving(*arrays, start, stop))
    return out


def _lists(used: Any, counts: list[int], channels: int) -> tuple[Any, Any, Any]:
    """Which signals each bus takes: where each bus's list begins, the signals, and their places in a row."""
    ends = [0, *(channels * end for end in accumulate(counts))]
    buses, signals = [np.zeros(1, np.int64)], []
    for item, (first, last) in enumerate(pairwise(ends)):
        bus, signal = np.nonzero(used[first:last].T)
        buses.append(bus + item * used.shape[1])
        signals.append(signal + first)
    bus = np.concatenate(buses[1:]) if signals else np.zeros(0, np.int64)
    firsts = np.searchsorted(bus, np.arange(len(counts) * used.shape[1] + 1))
    return firsts, np.concatenate(signals) if signals else bus, bus % max(used.shape[1], 1)


def _products(audio: Tensor, weights: Tensor, counts: list[int]) -> Tensor:
    """The same in plain torch."""
    matrix = weights.to(audio.dtype)
    pairs = zip(matrix.split(counts), audio.split(counts), strict=True)
    return torch.stack([m.flatten(0, 1).mT @ a.flatten(0, 1) for m, a in pairs])


def _moving_products(audio: Tensor, weights: Tensor, counts: list[int], offset: int) -> Tensor:
    """The same in plain torch, bus by bus, weights interpolated to one a sample."""
    place = torch.arange(GRID, dtype=weights.dtype, device=weights.device) / GRID
    buses = []
    for bus in weights.unbind(2):
        run = bus[..., :-1, None] + bus.diff(dim=-1)[..., None] * place
        weighted = audio * run.flatten(-2)[..., offset : offset + audio.shape[-1]].to(audio.dtype)
        buses.append(torch.stack([part.sum((0, 1)) for part in weighted.split(counts)]))
    return torch.stack(buses, 1)

"""Soft clipping: a curve that bends, without the false tones that sampling it adds, at an even level.

    f(v) = v / √(1 + v²)

is odd and smooth, so it adds odd harmonics that fall off without end. Those above half the sample rate would
be mirrored to where no harmonic is; so the curve is taken at a higher rate and the result filtered.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.dsp.oversampling import REACH, downsample, upsample

HISTORY = 2 * REACH
"""Samples before its first that `soft_clip_oversampled` needs of its input."""

LEVEL = 0.25
"""Amplitude of the sine whose level drive does not change: tracks are brought to −23 LUFS, their tones are
there."""

_ROWS, _SAMPLES = 8, 8192
"""Computed at once, or more rows of fewer samples: at four times the rate 1 MiB, which stays in the cache."""


def soft_clip(audio: Tensor) -> Tensor:
    """f(v) = v / √(1 + v²): slope 1 at 0, never beyond ±1.

    Shape: any → the same.
    """
    return audio * torch.rsqrt(1.0 + audio.square())


def level_compensation(drive: Tensor) -> Tensor:
    """The factor behind f(drive·x) that keeps the level of a sine of amplitude a = .25.

    The mean of f(d·a·sin)² over a period is 1 − 1/s with s = √(1 + (d·a)²), that of the sine itself a²/2. So

        c = (a/√2) / √(1 − 1/s) = √(s·(s + 1)/2) / d,

    since 1 − 1/s = (s² − 1)/(s·(s + 1)) and s² − 1 = (d·a)²: nothing cancels, however small d.

    Args:
        drive: factor before the curve, > 0.

    Shape: any → the same.
    """
    s = torch.sqrt(1.0 + (LEVEL * drive).square())
    return torch.sqrt(0.5 * s * (s + 1.0)) / drive


def soft_clip_oversampled(audio: Tensor, factor: int) -> Tensor:
    """`soft_clip` at a multiple of the sample rate, 63 samples late.

    With gradients it keeps its input and nothing else: the adjoint computes the higher rate again.

    Args:
        audio: the signal, and `HISTORY` samples that came before it.
        factor: 2, 4, 8, …: each doubling costs twice the time.

    Shape: (..., 126 + samples) → (..., samples)
    """
    num_samples = audio.shape[-1] - HISTORY
    signals = audio.reshape(-1, audio.shape[-1])
    clipped: Tensor = _SoftClip.apply(signals, factor)  # type: ignore[no-untyped-call]
    return clipped.reshape(*audio.shape[:-1], num_samples)


class _SoftClip(torch.autograd.Function):
    """Up, bend, down; and its adjoint, which goes up, along the slope of the bend, and down.

    down(bend(up(x))) has the adjoint upᵀ·(slope ⊙ downᵀ·g), and by the symmetry of the filter upᵀ is down and
    downᵀ is up, with factors L and 1/L that cancel.
    """

    @staticmethod
    def forward(ctx: Any, audio: Tensor, factor: int) -> Tensor:
        ctx.save_for_backward(audio)
        ctx.factor = factor
        out = audio.new_empty(len(audio), audio.shape[1] - HISTORY)
        for rows, samples, window in _pieces(out):
            high = upsample(audio[rows, window], factor)
            out[rows, samples] = downsample(soft_clip(high), factor)
        return out

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, None]:
        (audio,) = ctx.saved_tensors
        out = torch.empty_like(audio)
        audio, grad_out = pad(audio, (REACH, REACH)), pad(grad_out, (HISTORY, HISTORY))
        for rows, samples, window in _pieces(out):
            high, grad_high = (upsample(t[rows, window], ctx.factor) for t in (audio, grad_out))
            root = torch.rsqrt(1.0 + high.square())  # f' = (1 + v²)^(−3/2)
            out[rows, samples] = downsample(grad_high * root * root * root, ctx.factor)
        return out, None


def _pieces(out: Tensor) -> Iterator[tuple[slice, slice, slice]]:
    """Rows and samples of a result, and the samples that it needs of what is `HISTORY` longer."""
    rows = _ROWS * max(_SAMPLES // max(out.shape[1], 1), 1)
    for row in range(0, out.shape[0], rows):
        for start in range(0, out.shape[1], _SAMPLES):
            stop = min(start + _SAMPLES, out.shape[1])
            yield slice(row, row + rows), slice(start, stop), slice(start, stop + HISTORY)

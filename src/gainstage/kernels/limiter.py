"""A true-peak limiter, exact sample by sample: what is above the ceiling is turned down before it comes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gainstage.kernels import backend, block_limiter, limiter_cpu, threads
from gainstage.kernels.simd import WIDTH


def num_past_samples(num_taps: int, look_ahead: int) -> int:
    """How many samples before the first a call needs."""
    return max(look_ahead + num_taps // 2, num_taps - 1)


def limit(
    audio: Tensor,
    controls: Tensor,
    wanted: Tensor,
    reduction: Tensor,
    *,
    taps: Tensor,
    window: Tensor,
    offset: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Turn audio down so that the waveform between its samples stays below a ceiling.

    The law stands in `limiter_cpu.py`. Channels are linked. The output comes `look-ahead + taps/2` samples
    late; what needs no reduction comes out bit for bit.

    Args:
        audio: float32 or float64, with `num_past_samples` older samples in front.
        controls: float64: ceiling_db and release coefficient (exp(−1/(τ·sample_rate))). One point means
            constant; more run straight between the points of the control grid. They act on the samples that
            arrive at their time, not on those that leave.
        wanted: float64, by how many dB the waveform was too high in the last samples, one for each of the
            look-ahead; zeros after silence.
        reduction: float64, the reduction in dB after the release, of the same samples.
        taps: float64, the interpolator's taps for each phase; the first phase gives the samples themselves.
        window: float64, the weights of the reductions over the look-ahead, oldest first; not negative, their
            sum is 1.
        offset: samples (0 … 63) since the first grid point.

    Returns:
        The limited audio, and `wanted` and `reduction` for the next call. Differentiable in audio, controls,
        wanted and reduction.

    Shape: audio (rows, channels, past + samples), controls (rows, points, 2), wanted and reduction
        (rows, look-ahead), taps (phases, taps), window (look-ahead + 1) → (rows, channels, samples), ….
    """
    if not backend.has_compiled_kernels(audio.device):
        return block_limiter.limit(
            audio, controls, wanted, reduction, taps=taps, window=window, offset=offset
        )
    inputs = (audio, controls, wanted, reduction, taps, window)
    compute = _compute if backend.goes_straight(*inputs) else _forward
    limited: tuple[Tensor, Tensor, Tensor] = compute(*inputs, offset)
    return limited


def _compute(
    audio: Tensor,
    controls: Tensor,
    wanted: Tensor,
    reduction: Tensor,
    taps: Tensor,
    window: Tensor,
    offset: int,
) -> tuple[Tensor, Tensor, Tensor]:
    out, wanted_after, reduction_after = _empty(audio, controls, wanted, reduction, taps, window, offset)
    rows, channels, num_samples = out.shape
    arrays = (
        audio.contiguous().view(-1).numpy(),
        channels,
        audio.shape[2] - num_samples,
        num_samples,
        controls.contiguous().numpy(),
        wanted.contiguous().numpy(),
        reduction.contiguous().numpy(),
        taps.contiguous().numpy(),
        window.contiguous().numpy(),
        offset,
        out.view(-1).numpy(),
        wanted_after.numpy(),
        reduction_after.numpy(),
    )
    _share(rows, num_samples, lambda start, stop: limiter_cpu.forward(*arrays, start, stop))
    return out, wanted_after, reduction_after


_forward = torch.library.custom_op("gainstage::limit", _compute, mutates_args=(), device_types="cpu")


@_forward.register_fake
def _empty(
    audio: Tensor,
    controls: Tensor,
    wanted: Tensor,
    reduction: Tensor,
    taps: Tensor,
    window: Tensor,
    offset: int,
) -> tuple[Tensor, Tensor, Tensor]:
    del controls, offset
    past = num_past_samples(taps.shape[1], window.shape[0] - 1)
    out = audio.new_empty((*audio.shape[:2], audio.shape[2] - past))
    return out, wanted.new_empty(wanted.shape), reduction.new_empty(reduction.shape)


@torch.library.custom_op("gainstage::limit_backward", mutates_args=(), device_types="cpu")
def _backward(
    grad_out: Tensor,
    grad_wanted_after: Tensor,
    grad_reduction_after: Tensor,
    audio: Tensor,
    controls: Tensor,
    wanted: Tensor,
    reduction: Tensor,
    taps: Tensor,
    window: Tensor,
    offset: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    grad_audio, grad_controls = audio.new_empty(audio.shape), controls.new_zeros(controls.shape)
    grad_wanted, grad_reduction = wanted.new_empty(wanted.shape), reduction.new_empty(reduction.shape)
    rows, channels, num_samples = grad_out.shape
    arrays = (
        grad_out.contiguous().view(-1).numpy(),
        grad_wanted_after.contiguous().numpy(),
        grad_reduction_after.contiguous().numpy(),
        audio.contiguous().view(-1).numpy(),
        channels,
        audio.shape[2] - num_samples,
        num_samples,
        controls.contiguous().numpy(),
        wanted.contiguous().numpy(),
        reduction.contiguous().numpy(),
        taps.contiguous().numpy(),
        window.contiguous().numpy(),
        offset,
        grad_audio.view(-1).numpy(),
        grad_controls.numpy(),
        grad_wanted.numpy(),
        grad_reduction.numpy(),
    )
    _share(rows, num_samples, lambda start, stop: limiter_cpu.backward(*arrays, start, stop))
    return grad_audio, grad_controls, grad_wanted, grad_reduction


@_backward.register_fake
def _(
    grad_out: Tensor,
    grad_wanted_after: Tensor,
    grad_reduction_after: Tensor,
    audio: Tensor,
    controls: Tensor,
    wanted: Tensor,
    reduction: Tensor,
    taps: Tensor,
    window: Tensor,
    offset: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    del grad_out, grad_wanted_after, grad_reduction_after, taps, window, offset
    grads = audio.new_empty(audio.shape), controls.new_empty(controls.shape)
    return *grads, wanted.new_empty(wanted.shape), reduction.new_empty(reduction.shape)


def _share(rows: int, num_samples: int, task: Callable[[int, int], None]) -> None:
    """Each row is as much work as eight are elsewhere, because its lanes lie along time."""
    threads.share(rows * WIDTH, num_samples, lambda start, stop: task(start // WIDTH, stop // WIDTH))


def _keep_for_backward(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    del output
    *tensors, ctx.offset = inputs
    ctx.save_for_backward(*tensors)
    ctx.set_materialize_grads(False)


def _differentiate(
    ctx: Any, grad_out: Tensor | None, grad_wanted: Tensor | None, grad_reduction: Tensor | None
) -> tuple[Any, ...]:
    saved = ctx.saved_tensors  # once: checkpointing computes them anew each time
    audio, _, wanted, reduction, taps, window = saved
    if grad_out is None:
        past = num_past_samples(taps.shape[1], window.shape[0] - 1)
        grad_out = audio.new_zeros((*audio.shape[:2], audio.shape[2] - past))
    grad_wanted = torch.zeros_like(wanted) if grad_wanted is None else grad_wanted
    grad_reduction = torch.zeros_like(reduction) if grad_reduction is None else grad_reduction
    grads = _backward(grad_out, grad_wanted, grad_reduction, *saved, ctx.offset)
    return *grads, None, None, None


def _refuse(ctx: Any, *grads: Tensor) -> None:
    del ctx, grads
    raise RuntimeError(
        "the compiled limiter has no second derivative: for that, call gainstage.kernels.block_limiter.limit"
    )


_forward.register_autograd(_differentiate, setup_context=_keep_for_backward)
_backward.register_autograd(_refuse)

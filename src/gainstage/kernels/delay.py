"""A delay that feeds itself through a low-pass, exact sample by sample."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gainstage.kernels import backend, block_delay, delay_cpu, threads
from gainstage.kernels.delay_cpu import AFTER, SHORTEST
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import WIDTH


def delay_loop(
    audio: Tensor,
    whole: Tensor,
    taps: Tensor,
    controls: Tensor,
    line: Tensor,
    low: Tensor,
    *,
    ping_pong: bool,
    offset: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Echoes of every row, each repeat duller than the one before.

        e[n] = Σ taps[i]·w[n − whole − i + 7]          the delayed signal, i = 0 … 15
        l[n] = e[n] + pole·(l[n−1] − e[n])             a one-pole low-pass
        w[n] = x[n] + feedback·l[n]                    what goes into the delay line
        y[n] = x[n] + mix·(e[n] − x[n])

    In float64 but for the audio. With `ping_pong` each of two channels gets the other's l, and x in the third
    line is the mean of both channels on the left, nothing on the right.

    Args:
        audio: float32 or float64.
        whole: int64, delay of the 8th tap in samples, at least 71, so that 64 samples can be computed without
            knowing each other.
        taps: float64, 16 of the interpolator.
        controls: float64 feedback, pole and mix. One point means constant; more run straight between the
            points of the control grid.
        line: float64, the last w, at least 8 more than the longest delay; zeros after silence.
        low: float64, the last l.
        ping_pong: whether the two channels cross; one channel has nothing to cross with.
        offset: samples (0 … 63) since the first grid point.

    Returns:
        The audio, and `line` and `low` after its last sample. Differentiable in audio, taps, controls, line
        and low.

    Shape: audio (rows, channels, samples), whole (rows,), taps (rows, 16), controls (rows, points, 3),
        line (rows, channels, past), low (rows, channels).

    Raises:
        ValueError: a delay is too short, or too long for the line.
    """
    crossed = ping_pong and audio.shape[1] == 2
    if not backend.has_compiled_kernels(audio.device):
        return block_delay.delay_loop(
            audio, whole, taps, controls, line, low, ping_pong=crossed, offset=offset
        )
    inputs = (audio, whole, taps, controls, line, low)
    compute = _compute if backend.goes_straight(*inputs) else _forward
    out, line, low, _, _ = compute(*inputs, crossed, offset, backend.wants_gradient(*inputs))
    return out, line, low


def _check(whole: Tensor, past: int) -> None:
    """A delay out of bounds would read memory that is not ours."""
    if whole.numel() == 0:
        return
    least, most = int(whole.min()), int(whole.max())
    if least < SHORTEST or most > past - AFTER:
        raise ValueError(
            f"delays of {least} … {most} samples do not fit: a line of {past} samples holds "
            f"{SHORTEST} … {past - AFTER}; take a longer line, or a higher sample rate for short delays"
        )


def _compute(
    audio: Tensor,
    whole: Tensor,
    taps: Tensor,
    controls: Tensor,
    line: Tensor,
    low: Tensor,
    crossed: bool,
    offset: int,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    _check(whole, line.shape[2])
    out, line_out, low_out, written, lows = _empty(
        audio, whole, taps, controls, line, low, crossed, offset, keep
    )
    rows, channels, num_samples = audio.shape
    arrays = (
        audio.contiguous().view(-1).numpy(),
        channels,
        num_samples,
        whole.contiguous().numpy(),
        taps.contiguous().numpy(),
        controls.contiguous().numpy(),
        line.contiguous().numpy(),
        low.contiguous().numpy(),
        crossed,
        offset,
        out.view(-1).numpy(),
        line_out.numpy(),
        low_out.numpy(),
        written.numpy(),
        lows.numpy(),
    )
    _each_row(rows, channels * num_samples, lambda start, stop: delay_cpu.forward(*arrays, start, stop))
    return out, line_out, low_out, written, lows


def _each_row(rows: int, num_samples: int, task: Callable[[int, int], None]) -> None:
    """Rows are dealt to threads one by one: no other row is computed in lockstep with them."""
    threads.share(rows * WIDTH, num_samples // WIDTH, lambda start, stop: task(start // WIDTH, stop // WIDTH))


_forward = torch.library.custom_op("gainstage::delay_loop", _compute, mutates_args=(), device_types="cpu")


@_forward.register_fake
def _empty(
    audio: Tensor,
    whole: Tensor,
    taps: Tensor,
    controls: Tensor,
    line: Tensor,
    low: Tensor,
    crossed: bool,
    offset: int,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    del whole, taps, controls, crossed
    rows, channels, num_samples = audio.shape
    written = line.new_empty((rows, channels, line.shape[2] + num_samples if keep else 0))
    lows = low.new_empty((rows, channels, -(-(offset + num_samples) // GRID) if keep else 0))
    return audio.new_empty(audio.shape), line.new_empty(line.shape), low.new_empty(low.shape), written, lows


@torch.library.custom_op("gainstage::delay_loop_backward", mutates_args=(), device_types="cpu")
def _backward(
    grad_out: Tensor,
    grad_line_out: Tensor,
    grad_low_out: Tensor,
    audio: Tensor,
    whole: Tensor,
    taps: Tensor,
    controls: Tensor,
    written: Tensor,
    lows: Tensor,
    crossed: bool,
    offset: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    rows, channels, num_samples = audio.shape
    grad_audio, grad_taps = audio.new_empty(audio.shape), taps.new_zeros(taps.shape)
    grad_controls = controls.new_zeros(controls.shape)
    grad_line, grad_low = taps.new_empty(grad_line_out.shape), taps.new_empty(grad_low_out.shape)
    arrays = (
        grad_out.contiguous().view(-1).numpy(),
        grad_line_out.contiguous().numpy(),
        grad_low_out.contiguous().numpy(),
        audio.contiguous().view(-1).numpy(),
        channels,
        num_samples,
        whole.contiguous().numpy(),
        taps.contiguous().numpy(),
        controls.contiguous().numpy(),
        written.numpy(),
        lows.numpy(),
        crossed,
        offset,
        grad_audio.view(-1).numpy(),
        grad_taps.numpy(),
        grad_controls.numpy(),
        grad_line.numpy(),
        grad_low.numpy(),
    )
    _each_row(rows, channels * num_samples, lambda start, stop: delay_cpu.backward(*arrays, start, stop))
    return grad_audio, grad_taps, grad_controls, grad_line, grad_low


@_backward.register_fake
def _(
    grad_out: Tensor,
    grad_line_out: Tensor,
    grad_low_out: Tensor,
    audio: Tensor,
    whole: Tensor,
    taps: Tensor,
    controls: Tensor,
    written: Tensor,
    lows: Tensor,
    crossed: bool,
    offset: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    del grad_out, whole, written, lows, crossed, offset
    shaped = audio, taps, controls, grad_line_out, grad_low_out
    to_audio, to_taps, to_controls, to_line, to_low = (tensor.new_empty(tensor.shape) for tensor in shaped)
    return to_audio, to_taps, to_controls, to_line, to_low


def _keep_for_backward(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    audio, whole, taps, controls, line, low, *ctx.settings, _ = inputs
    ctx.save_for_backward(audio, whole, taps, controls, *output[3:])
    ctx.line_shape, ctx.low_shape = line.shape, low.shape
    ctx.set_materialize_grads(False)  # or zeros would be made for what is kept


def _differentiate(
    ctx: Any,
    grad_out: Tensor | None,
    grad_line: Tensor | None,
    grad_low: Tensor | None,
    _: Tensor | None,
    __: Tensor | None,
) -> tuple[Any, ...]:
    saved = ctx.saved_tensors  # once: checkpointing computes them anew each time
    audio, _, taps, *_ = saved
    grad_out = audio.new_zeros(audio.shape) if grad_out is None else grad_out
    grad_line = taps.new_zeros(ctx.line_shape) if grad_line is None else grad_line
    grad_low = taps.new_zeros(ctx.low_shape) if grad_low is None else grad_low
    grads = _backward(grad_out, grad_line, grad_low, *saved, *ctx.settings)
    return grads[0], None, *grads[1:], None, None, None


def _refuse(ctx: Any, *grads: Tensor) -> None:
    del ctx, grads
    raise RuntimeError(
        "the compiled delay has no second derivative: for that, call gainstage.kernels.block_delay.delay_loop"
    )


_forward.register_autograd(_differentiate, setup_context=_keep_for_backward)
_backward.register_autograd(_refuse)

"""Compressor and gate, exact sample by sample, from the level of their key to the gain on their audio."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from gainstage.kernels import backend, block_dynamics, dynamics_cpu, threads
from gainstage.kernels.dynamics_tiles import STATES
from gainstage.kernels.grid import GRID

Detector = Literal["peak", "rms"]


def compress(
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    state: Tensor,
    *,
    detector: Detector,
    rms_coefficient: float,
    offset: int = 0,
) -> tuple[Tensor, Tensor]:
    """Turn audio down by how far its key is above a threshold.

    Log domain, soft knee, then a smooth branching one-pole on the gain reduction. Detectors are linked: all
    channels of a row get one gain, from the largest (peak) or the mean (RMS) of their squares, so mono and
    dual mono are compressed alike.

    Args:
        audio: float32 or float64.
        key: what is listened to instead of `audio`.
        controls: float64, in this order: threshold_db, slope (1 − 1/ratio), knee_db, coefficient while the
            reduction rises (attack) and while it falls (release), each exp(−1/(τ·sample_rate)), makeup_db,
            mix. One point means constant; more run straight between the points of the control grid.
        state: float64 gain reduction in dB, mean square and samples left to hold; zeros after silence.
        detector: `peak`, or `rms` over a window.
        rms_coefficient: exp(−1/(window·sample_rate)); not used by `peak`.
        offset: samples (0 … 63) since the first grid point.

    Returns:
        The compressed audio and the state after its last sample. Differentiable in audio, key, controls and
        state.

    Shape: audio (rows, channels, samples), key (rows, key channels, samples), controls (rows, points, 7),
        state (rows, 3).

    References:
        Giannoulis, Massberg, Reiss: Digital dynamic range compressor design. JAES 60(6), 2012, section 2.
    """
    if not backend.has_compiled_kernels(audio.device):
        return block_dynamics.compress(
            audio, key, controls, state, detector=detector, rms_coefficient=rms_coefficient, offset=offset
        )
    return _run(audio, key, controls, state, False, 0, detector == "rms", rms_coefficient, offset)


def expand(
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    state: Tensor,
    *,
    hold_samples: int,
    detector: Detector,
    rms_coefficient: float,
    offset: int = 0,
) -> tuple[Tensor, Tensor]:
    """Turn audio down by how far its key is below a threshold: a gate, or gently an expander.

    The same detector, smoother and gain as in `compress`, the other side of the threshold, and a hold:
    `hold_samples` samples after the level was last at the threshold or above stay open too.

    Args:
        audio, key, detector, rms_coefficient, offset: as for `compress`.
        controls: float64, in this order: threshold_db, slope (ratio − 1), range_db (0 or more: how far it may
            turn down), coefficient while the reduction rises (closing) and while it falls (opening),
            makeup_db, mix.
        state: as for `compress`; the samples left to hold have no gradient.
        hold_samples: at rms, counted from where the mean falls below the threshold.

    Shape: as for `compress`.
    """
    if not backend.has_compiled_kernels(audio.device):
        return block_dynamics.expand(
            audio,
            key,
            controls,
            state,
            hold_samples=hold_samples,
            detector=detector,
            rms_coefficient=rms_coefficient,
            offset=offset,
        )
    return _run(audio, key, controls, state, True, hold_samples, detector == "rms", rms_coefficient, offset)


def _run(
    audio: Tensor, key: Tensor | None, controls: Tensor, state: Tensor, *settings: Any
) -> tuple[Tensor, Tensor]:
    inputs = (audio, key, controls, state)
    compute: Callable[..., Any] = _compute if backend.goes_straight(*inputs) else _forward
    out, state_out, _ = compute(*inputs, *settings, backend.wants_gradient(*inputs))
    return out, state_out


def _compute(
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    state: Tensor,
    is_gate: bool,
    hold: int,
    rms: bool,
    coefficient: float,
    offset: int,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    out, state_out, checkpoints = _empty(
        audio, key, controls, state, is_gate, hold, rms, coefficient, offset, keep
    )
    rows, channels, num_samples = audio.shape
    arrays = (
        *_signals(audio, key),
        controls.contiguous().numpy(),
        state.contiguous().numpy(),
        is_gate,
        hold,
        rms,
        coefficient,
        offset,
        out.view(-1).numpy(),
        state_out.numpy(),
        checkpoints.numpy(),
    )
    threads.share(
        rows, channels * num_samples, lambda start, stop: dynamics_cpu.forward(*arrays, start, stop)
    )
    return out, state_out, checkpoints


def _signals(audio: Tensor, key: Tensor | None) -> tuple[Any, int, Any, int, int]:
    """Flat audio and its channels, flat key and its channels (without one: the audio, 0), samples."""
    return (
        audio.contiguous().view(-1).numpy(),
        audio.shape[1],
        (audio if key is None else key.to(audio.dtype)).contiguous().view(-1).numpy(),
        0 if key is None else key.shape[1],
        audio.shape[2],
    )


_forward = torch.library.custom_op("gainstage::dynamics", _compute, mutates_args=(), device_types="cpu")


@_forward.register_fake
def _empty(
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    state: Tensor,
    is_gate: bool,
    hold: int,
    rms: bool,
    coefficient: float,
    offset: int,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    del key, controls, is_gate, hold, rms, coefficient
    count = -(-(offset + audio.shape[2]) // (GRID * dynamics_cpu.TILES)) if keep else 0
    checkpoints = state.new_empty((audio.shape[0], count, STATES))
    return audio.new_empty(audio.shape), state.new_empty(state.shape), checkpoints


@torch.library.custom_op("gainstage::dynamics_backward", mutates_args=(), device_types="cpu")
def _backward(
    grad_out: Tensor,
    grad_state_out: Tensor,
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    checkpoints: Tensor,
    is_gate: bool,
    hold: int,
    rms: bool,
    coefficient: float,
    offset: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rows, channels, num_samples = audio.shape
    grad_audio = audio.new_empty(audio.shape)
    grad_key = audio.new_empty(0) if key is None else audio.new_empty(key.shape)
    grad_controls, grad_state = controls.new_zeros(controls.shape), controls.new_empty((rows, STATES))
    arrays = (
        grad_out.contiguous().view(-1).numpy(),
        grad_state_out.contiguous().numpy(),
        *_signals(audio, key),
        controls.contiguous().numpy(),
        checkpoints.numpy(),
        is_gate,
        hold,
        rms,
        coefficient,
        offset,
        grad_audio.view(-1).numpy(),
        grad_key.view(-1).numpy(),
        grad_controls.numpy(),
        grad_state.numpy(),
    )
    threads.share(
        rows, channels * num_samples, lambda start, stop: dynamics_cpu.backward(*arrays, start, stop)
    )
    return grad_audio, grad_key if key is None else grad_key.to(key.dtype), grad_controls, grad_state


@_backward.register_fake
def _(
    grad_out: Tensor,
    grad_state_out: Tensor,
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    checkpoints: Tensor,
    is_gate: bool,
    hold: int,
    rms: bool,
    coefficient: float,
    offset: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    del grad_out, checkpoints, is_gate, hold, rms, coefficient, offset
    grad_key = audio.new_empty(0) if key is None else key.new_empty(key.shape)
    grads = audio.new_empty(audio.shape), grad_key, controls.new_empty(controls.shape)
    return *grads, grad_state_out.new_empty(grad_state_out.shape)


def _keep_for_backward(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    audio, key, controls, _, *ctx.settings, _ = inputs
    ctx.save_for_backward(audio, key, controls, output[2])
    ctx.set_materialize_grads(False)  # or zeros would be made for the checkpoints


def _differentiate(
    ctx: Any, grad_out: Tensor | None, grad_state: Tensor | None, _: Tensor | None
) -> tuple[Any, ...]:
    audio, key, controls, checkpoints = ctx.saved_tensors
    grad_out = audio.new_zeros(audio.shape) if grad_out is None else grad_out
    grad_state = controls.new_zeros((len(audio), STATES)) if grad_state is None else grad_state
    to_audio, to_key, *others = _backward(
        grad_out, grad_state, audio, key, controls, checkpoints, *ctx.settings
    )
    return to_audio, None if key is None else to_key, *others, *(None for _ in ctx.settings), None


def _refuse(ctx: Any, *grads: Tensor) -> None:
    del ctx, grads
    raise RuntimeError(
        "the compiled compressor and gate have no second derivative: "
        "for that, call compress or expand of gainstage.kernels.block_dynamics"
    )


_forward.register_autograd(_differentiate, setup_context=_keep_for_backward)
_backward.register_autograd(_refuse)

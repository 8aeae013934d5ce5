"""Noise in bands, each fading at its own rate: the sum that makes an impulse response of a room.

An envelope e^(level − rate·t) at t = 64·i + j is coarse[i]·fine[j], so no exponential is taken per sample.
"""

import torch
from torch import Tensor

from gainstage.kernels import backend, decay_cpu, threads
from gainstage.kernels.decay_cpu import STEP

__all__ = ["STEP", "gradients", "mixed"]


def mixed(noise: Tensor, coarse: Tensor, fine: Tensor, channels: int) -> Tensor:
    """Σ over bands of envelope · noise.

    Args:
        noise: a tile of noise in bands; it may be longer than the result.
        coarse, fine: the envelopes' two factors, float64.
        channels: how many of the noise's two channels are taken.

    Shape: noise (bands, 2, tile), coarse (rows, bands, steps), fine (rows, bands, 64)
        → (rows, channels, 64 · steps)
    """
    rows, bands, steps = coarse.shape
    out = noise.new_empty((rows, channels, steps * STEP))
    if not backend.has_compiled_kernels(noise.device):
        for row in range(rows):
            envelope = (coarse[row, :, :, None] * fine[row, :, None]).flatten(1).to(noise.dtype)
            out[row] = (envelope[:, None] * noise[:, :channels, : out.shape[-1]]).sum(0)
        return out
    arrays = (
        noise.contiguous().view(-1).numpy(),
        noise.shape[-1],
        coarse.contiguous().numpy(),
        fine.contiguous().view(-1).numpy(),
        out.view(-1).numpy(),
        channels,
    )
    threads.share(steps, STEP * rows * bands, lambda start, stop: decay_cpu.forward(*arrays, start, stop))
    return out


def gradients(grad: Tensor, noise: Tensor, coarse: Tensor, fine: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """What a tile adds to the gradients of the levels and of the rates.

    Args:
        grad: gradient of the whole response.
        noise, coarse, fine: as for `mixed`.
        first: the response's sample at which the tile begins.

    Shape: grad (rows, channels, samples) → (rows, bands) twice, float64
    """
    rows, bands, steps = coarse.shape
    channels, samples = grad.shape[1:]
    if not backend.has_compiled_kernels(grad.device):
        part = grad[..., first : first + steps * STEP].double()
        time = torch.arange(first, first + steps * STEP, dtype=torch.float64, device=grad.device)
        sums = []
        for row in range(rows):
            heard = (part[row] * noise[:, :channels, : len(time)]).sum(1)
            q = heard * (coarse[row, :, :, None] * fine[row, :, None]).flatten(1)
            sums.append(torch.stack([q.sum(-1), -(q @ time)]))
        both = torch.stack(sums, 1)
        return both[0], both[1]
    to_level, to_rate = coarse.new_zeros((2, rows, bands)).unbind(0)
    arrays = (
        grad.contiguous().view(-1).numpy(),
        samples,
        noise.contiguous().view(-1).numpy(),
        noise.shape[-1],
        coarse.contiguous().numpy(),
        fine.contiguous().view(-1).numpy(),
        channels,
        first,
        to_level.view(-1).numpy(),
        to_rate.view(-1).numpy(),
    )
    work = steps * STEP * channels
    threads.share(rows * bands, work, lambda start, stop: decay_cpu.backward(*arrays, start, stop))
    return to_level, to_rate

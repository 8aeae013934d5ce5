"""The delay of `kernels/delay.py` in plain torch operations: for any device, and to check the kernel.

No sample hears another within the shortest delay of all rows: blocks of that length are computed side by
side, one after the other.
"""

import torch
from torch import Tensor

from gainstage.kernels.block import between_points, scan
from gainstage.kernels.delay_cpu import AFTER, BEFORE, FEEDBACK, MIX, POLE, TAPS


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
    """What `gainstage.kernels.delay.delay_loop` computes, differentiable any number of times."""
    if audio.numel() == 0:
        return audio.clone(), line.clone(), low.clone()
    crossed = ping_pong and audio.shape[1] == 2
    c = between_points(controls, audio.shape[-1], offset).expand(-1, audio.shape[-1], -1).unsqueeze(1)
    dry = audio.double()
    source = torch.stack([dry.mean(1), torch.zeros_like(dry[:, 1])], 1) if crossed else dry
    heard = []
    block = int(whole.min()) - BEFORE
    for start in range(0, audio.shape[-1], block):
        now = c[:, :, start : start + block]
        e = _delayed(line, whole, taps, now.shape[2])
        dull = _low_pass(e, now[..., POLE], low)
        low = dull[..., -1]
        back = dull.flip(1) if crossed else dull
        w = source[..., start : start + block] + now[..., FEEDBACK] * back
        line = torch.cat([line, w], -1)[..., -line.shape[-1] :]
        heard.append(e)
    out = dry + c[..., MIX] * (torch.cat(heard, -1) - dry)
    return out.to(audio.dtype), line, low


def _delayed(line: Tensor, whole: Tensor, taps: Tensor, samples: int) -> Tensor:
    """The next samples of the delayed signal; nothing of them may be younger than the line."""
    first = line.shape[-1] - whole - AFTER
    place = first[:, None] + torch.arange(samples + TAPS - 1, device=line.device)
    window = line.gather(-1, place[:, None].expand(-1, line.shape[1], -1))
    return torch.einsum("rcnk,rk->rcn", window.unfold(-1, TAPS, 1), taps.flip(-1))


def _low_pass(e: Tensor, pole: Tensor, low: Tensor) -> Tensor:
    pole = pole.expand_as(e)
    states = scan(pole[..., None, None], ((1.0 - pole) * e).unsqueeze(-1), low.unsqueeze(-1))
    return states.squeeze(-1)

"""Gradients through songs that are longer than memory."""

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from gainstage.console.call import ConsoleState
from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.kernels.grid import GRID

SEGMENT = 1 << 18
"""Samples a segment: six seconds at 44.1 kHz."""


def mix_in_segments(
    console: Console,
    tracks: Tensor,
    parameters: Parameters,
    *,
    sample_rate: int,
    mask: Tensor | None = None,
    is_stereo: Tensor | None = None,
    start_sample: int | Tensor = 0,
    segment_samples: int = SEGMENT,
) -> Tensor:
    """What `Console.mix_in_time` gives, with the same gradients, in the memory of one segment.

    The song is rendered segment by segment with the state carried on. Of each segment only the state at its
    start is kept; on the way back it is rendered again. That is one render more, a third of the time; beside
    the tracks, the mix and the states (a reverb's past is 3.6 MB a return) memory does not grow with length.

    Args:
        console: the console.
        tracks, parameters, sample_rate, mask, is_stereo, start_sample: as for `Console.render`.
        segment_samples: a multiple of 64; shorter ones take less memory and, below some seconds, more time.

    Shape: tracks (batch, tracks, 2, samples) → (batch, 2, samples)

    Raises:
        ValueError: segments that do not lie on the control grid.
    """
    if segment_samples < GRID or segment_samples % GRID:
        raise ValueError(f"segment_samples is {segment_samples}; it must be a positive multiple of {GRID}")

    def render(block: Tensor, state: ConsoleState | None, start: int) -> tuple[Tensor, ConsoleState]:
        done = console.render(
            block,
            parameters,
            sample_rate=sample_rate,
            mask=mask,
            is_stereo=is_stereo,
            state=state,
            start_sample=start_sample + start,
        )
        return done.mix, done.state

    late = console.latency_samples(parameters, sample_rate=sample_rate)
    state: ConsoleState | None = None
    parts, end = [], tracks.shape[-1] + late
    for start in range(0, end, segment_samples):
        block = tracks[..., start : start + segment_samples]
        missing = min(segment_samples, end - start) - block.shape[-1]
        block = torch.nn.functional.pad(block, (0, missing)) if missing else block
        mix, state = checkpoint(render, block, state, start, use_reentrant=False, preserve_rng_state=False)
        parts.append(mix)
    return torch.cat(parts, dim=-1)[..., late:] if parts else tracks.sum(1)

"""Tracks in memory through a console, without a gradient."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.console.call import ConsoleState
from gainstage.console.console import Console
from gainstage.console.parameters import Parameters

BLOCK = 1 << 17
"""Samples a call: large enough for the console's fixed cost, small enough for the processor's cache."""


@torch.no_grad()
def render(
    tracks: Tensor,
    parameters: Parameters,
    console: Console,
    *,
    is_stereo: Tensor,
    sample_rate: int,
    num_samples: int | None = None,
) -> Tensor:
    """The mix of a song.

    Args:
        tracks: from the song's start; mono tracks hold their signal twice.
        parameters: a batch of one.
        console: the console that they set.
        is_stereo: which tracks are stereo.
        sample_rate: in Hz.
        num_samples: length of the mix: tails that are longer are dropped, silence follows tracks that are
            shorter. Default: that of the tracks.

    Shape: tracks (tracks, 2, samples), is_stereo (tracks,) → (2, num_samples)
    """
    late = console.latency_samples(parameters, sample_rate=sample_rate)
    length = late + (tracks.shape[-1] if num_samples is None else num_samples)
    state: ConsoleState | None = None
    mix = []
    for start in range(0, length, BLOCK):
        wanted = min(BLOCK, length - start)
        block = tracks[..., start : min(start + wanted, length)]
        block = pad(block, (0, wanted - block.shape[-1]))
        rendered = console.render(
            block[None],
            parameters,
            sample_rate=sample_rate,
            is_stereo=is_stereo[None],
            state=state,
            start_sample=start,
        )
        state = rendered.state
        mix.append(rendered.mix[0])
    return torch.cat(mix, dim=-1)[..., late:] if mix else tracks.new_zeros(2, 0)

"""Delay by whole samples, from call to call."""

import torch
from torch import Tensor


def delayed(audio: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
    """A signal later by as many samples as its past is long.

    Args:
        audio: this call's samples.
        past: what came before them, in its own dtype; zeros at the start of a song.

    Returns:
        The delayed signal, and the past for the next call.

    Shape: audio (..., samples), past (..., delay) → (..., samples), (..., delay)
    """
    if past.shape[-1] == 0:
        return audio, past
    joined = torch.cat((past.to(audio.dtype), audio), dim=-1)
    return joined[..., : audio.shape[-1]], joined[..., audio.shape[-1] :].to(past.dtype)


def delayed_rows(audio: Tensor, past: Tensor, delay_samples: list[int]) -> tuple[Tensor, Tensor]:
    """The same, with a delay of its own for each row; the past is as long as the longest.

    Shape: audio (rows, channels, samples), past (rows, channels, longest)
    """
    samples, longest = audio.shape[-1], past.shape[-1]
    joined = torch.cat((past, audio), dim=-1)
    rows = [
        row[..., longest - d : longest - d + samples] for row, d in zip(joined, delay_samples, strict=True)
    ]
    return torch.stack(rows), joined[..., samples:]
